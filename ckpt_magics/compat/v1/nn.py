"""``tf.nn``: what neural networks are made of."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "batch_normalization": "graphs.nodes.networks",
    "bias_add": "graphs.nodes.networks",
    "dropout": "graphs.nodes.networks",
    "elu": "graphs.nodes.networks",
    "embedding_lookup": "graphs.nodes.networks",
    "l2_loss": "graphs.nodes.networks",
    "l2_normalize": "graphs.nodes.networks",
    "leaky_relu": "graphs.nodes.networks",
    "log_softmax": "graphs.nodes.networks",
    "moments": "graphs.nodes.networks",
    "relu": "graphs.nodes.networks",
    "relu6": "graphs.nodes.networks",
    "relu_layer": "graphs.nodes.networks",
    "selu": "graphs.nodes.networks",
    "sigmoid": "graphs.nodes.mathematics",
    "sigmoid_cross_entropy_with_logits": "graphs.nodes.networks",
    "softmax": "graphs.nodes.networks",
    "softmax_cross_entropy_with_logits": "graphs.nodes.networks",
    "softmax_cross_entropy_with_logits_v2": "graphs.nodes.networks",
    "softplus": "graphs.nodes.networks",
    "softsign": "graphs.nodes.networks",
    "sparse_softmax_cross_entropy_with_logits": "graphs.nodes.networks",
    "tanh": "graphs.nodes.mathematics",
    "xw_plus_b": "graphs.nodes.networks",
    "zero_fraction": "graphs.nodes.networks",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
