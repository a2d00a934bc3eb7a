"""V1 checkpoints: one table of saved slices, in one file or several."""
