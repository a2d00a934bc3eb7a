"""A module or package for each kind of file that holds tensors, and how one is told and opened."""
