"""Protocol buffer messages of TensorFlow's files, under a package name of our own."""
