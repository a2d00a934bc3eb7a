"""Named tensors, their regions, and the names that people know them by."""
