"""Python objects that hold tensors, taken apart and filled again: a row per kind of leaf and container."""
