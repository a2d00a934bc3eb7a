"""Layers as ``tf.contrib`` and slim have them: in scopes of arguments, with weights and biases as model variables."""
