"""``tf.contrib.layers``: layers with weights and biases, initializers and regularizers."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

HOMES = {
    "apply_regularization": "graphs.slim.slim_initializers",
    "avg_pool2d": "graphs.slim.slim_shapes",
    "batch_norm": "graphs.slim.slim_normalization",
    "conv1d": "graphs.slim.slim_layers",
    "conv2d": "graphs.slim.slim_layers",
    "conv2d_transpose": "graphs.slim.slim_layers",
    "conv3d": "graphs.slim.slim_layers",
    "convolution": "graphs.slim.slim_layers",
    "convolution1d": "graphs.slim.slim_layers:conv1d",
    "convolution2d": "graphs.slim.slim_layers:conv2d",
    "convolution2d_transpose": "graphs.slim.slim_layers:conv2d_transpose",
    "convolution3d": "graphs.slim.slim_layers:conv3d",
    "dropout": "graphs.slim.slim_shapes",
    "flatten": "graphs.slim.slim_shapes",
    "fully_connected": "graphs.slim.slim_layers",
    "l1_l2_regularizer": "graphs.slim.slim_initializers",
    "l1_regularizer": "graphs.slim.slim_initializers",
    "l2_regularizer": "graphs.slim.slim_initializers",
    "layer_norm": "graphs.slim.slim_normalization",
    "max_pool2d": "graphs.slim.slim_shapes",
    "one_hot_encoding": "graphs.slim.slim_shapes",
    "repeat": "graphs.slim.slim_shapes",
    "separable_conv2d": "graphs.slim.slim_layers",
    "separable_convolution2d": "graphs.slim.slim_layers:separable_conv2d",
    "softmax": "graphs.slim.slim_shapes",
    "stack": "graphs.slim.slim_shapes",
    "sum_regularizer": "graphs.slim.slim_initializers",
    "variance_scaling_initializer": "graphs.slim.slim_initializers",
    "xavier_initializer": "graphs.slim.slim_initializers",
    "xavier_initializer_conv2d": "graphs.slim.slim_initializers:xavier_initializer",
}

__all__ = list(HOMES)

__getattr__, __dir__ = lazy_names(__name__, HOMES)
