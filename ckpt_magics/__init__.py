"""TensorFlow's checkpoint Saver and Reader for Jupyter, without TensorFlow."""
