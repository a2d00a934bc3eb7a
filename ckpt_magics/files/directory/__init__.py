"""A directory of checkpoints: its state file, which one is the latest, which ones are kept, what lies there."""
