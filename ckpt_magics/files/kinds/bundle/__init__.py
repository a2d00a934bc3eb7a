"""V2 checkpoints: an index of tensors, and data files with their values."""
