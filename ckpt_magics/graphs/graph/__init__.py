"""Graphs: operations and tensors by name, scopes, devices, shapes as far as they are known."""
