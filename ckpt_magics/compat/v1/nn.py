"""``tf.nn``: what neural networks are made of."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "atrous_conv2d": "graphs.nodes.windows",
    "avg_pool": "graphs.nodes.windows",
    "avg_pool2d": "graphs.nodes.windows",
    "avg_pool3d": "graphs.nodes.windows",
    "batch_normalization": "graphs.nodes.normalization",
    "bias_add": "graphs.nodes.networks",
    "conv1d": "graphs.nodes.windows",
    "conv2d": "graphs.nodes.windows",
    "conv2d_transpose": "graphs.nodes.windows",
    "conv3d": "graphs.nodes.windows",
    "convolution": "graphs.nodes.windows",
    "crelu": "graphs.nodes.networks",
    "depthwise_conv2d": "graphs.nodes.windows",
    "depthwise_conv2d_native": "graphs.nodes.windows",
    "dropout": "graphs.nodes.networks",
    "elu": "graphs.nodes.networks",
    "embedding_lookup": "graphs.nodes.embeddings",
    "fused_batch_norm": "graphs.nodes.normalization",
    "in_top_k": "graphs.nodes.networks",
    "l2_loss": "graphs.nodes.networks",
    "l2_normalize": "graphs.nodes.normalization",
    "leaky_relu": "graphs.nodes.networks",
    "local_response_normalization": "graphs.nodes.windows",
    "log_softmax": "graphs.nodes.networks",
    "lrn": "graphs.nodes.windows:local_response_normalization",
    "max_pool": "graphs.nodes.windows",
    "max_pool2d": "graphs.nodes.windows",
    "max_pool3d": "graphs.nodes.windows",
    "moments": "graphs.nodes.normalization",
    "relu": "graphs.nodes.networks",
    "relu6": "graphs.nodes.networks",
    "relu_layer": "graphs.nodes.networks",
    "selu": "graphs.nodes.networks",
    "separable_conv2d": "graphs.nodes.windows",
    "sigmoid": "graphs.nodes.mathematics",
    "sigmoid_cross_entropy_with_logits": "graphs.nodes.cross_entropies",
    "softmax": "graphs.nodes.networks",
    "softmax_cross_entropy_with_logits": "graphs.nodes.cross_entropies",
    "softmax_cross_entropy_with_logits_v2": "graphs.nodes.cross_entropies",
    "softplus": "graphs.nodes.networks",
    "softsign": "graphs.nodes.networks",
    "sparse_softmax_cross_entropy_with_logits": "graphs.nodes.cross_entropies",
    "swish": "graphs.nodes.networks",
    "tanh": "graphs.nodes.mathematics",
    "top_k": "graphs.nodes.networks",
    "weighted_cross_entropy_with_logits": "graphs.nodes.cross_entropies",
    "xw_plus_b": "graphs.nodes.networks",
    "zero_fraction": "graphs.nodes.networks",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
