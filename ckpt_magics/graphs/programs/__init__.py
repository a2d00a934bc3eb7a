"""What TensorFlow programs have around their graph: flags, log messages, settings of sessions."""
