"""Session: runs a graph's ops with NumPy."""
