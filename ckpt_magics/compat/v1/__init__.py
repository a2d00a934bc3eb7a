"""The names of tensorflow.compat.v1 that this package covers."""
