"""The graph of objects in a TF 2 checkpoint, and what tensors are for by their names."""
