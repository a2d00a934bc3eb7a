"""Layers: variables and the nodes that use them, made together, with the names that TensorFlow gives them."""
