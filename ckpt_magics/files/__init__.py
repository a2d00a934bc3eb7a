"""Checkpoints as files and tensors; knows no graph, no DataFrame and no notebook."""
