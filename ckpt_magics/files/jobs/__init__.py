"""Work on whole checkpoints: save, verify, salvage."""
