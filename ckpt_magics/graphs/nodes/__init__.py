"""Functions that add nodes to the default graph, with the names and attributes that TensorFlow gives them."""
