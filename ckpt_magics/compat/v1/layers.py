"""``tf.layers``: variables and the nodes that use them, made together."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "AveragePooling1D": "graphs.layers.pooling_layers",
    "AveragePooling2D": "graphs.layers.pooling_layers",
    "AveragePooling3D": "graphs.layers.pooling_layers",
    "BatchNormalization": "graphs.layers.batch_normalization",
    "Conv1D": "graphs.layers.convolution_layers",
    "Conv2D": "graphs.layers.convolution_layers",
    "Conv2DTranspose": "graphs.layers.convolution_layers",
    "Conv3D": "graphs.layers.convolution_layers",
    "Dense": "graphs.layers.core_layers",
    "Dropout": "graphs.layers.core_layers",
    "Flatten": "graphs.layers.core_layers",
    "Layer": "graphs.layers.layer",
    "MaxPooling1D": "graphs.layers.pooling_layers",
    "MaxPooling2D": "graphs.layers.pooling_layers",
    "MaxPooling3D": "graphs.layers.pooling_layers",
    "SeparableConv2D": "graphs.layers.convolution_layers",
    "average_pooling1d": "graphs.layers.pooling_layers",
    "average_pooling2d": "graphs.layers.pooling_layers",
    "average_pooling3d": "graphs.layers.pooling_layers",
    "batch_normalization": "graphs.layers.batch_normalization",
    "conv1d": "graphs.layers.convolution_layers",
    "conv2d": "graphs.layers.convolution_layers",
    "conv2d_transpose": "graphs.layers.convolution_layers",
    "conv3d": "graphs.layers.convolution_layers",
    "dense": "graphs.layers.core_layers",
    "dropout": "graphs.layers.core_layers",
    "flatten": "graphs.layers.core_layers",
    "max_pooling1d": "graphs.layers.pooling_layers",
    "max_pooling2d": "graphs.layers.pooling_layers",
    "max_pooling3d": "graphs.layers.pooling_layers",
    "separable_conv2d": "graphs.layers.convolution_layers",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
