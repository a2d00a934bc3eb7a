"""How fast the package is, beside TensorFlow, safetensors, NumPy and the plain input and output of the same bytes."""
