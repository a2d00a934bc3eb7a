"""``tf.nn``: what neural networks are made of."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "batch_normalization": "compat.networks",
    "bias_add": "compat.networks",
    "dropout": "compat.networks",
    "elu": "compat.networks",
    "embedding_lookup": "compat.networks",
    "l2_loss": "compat.networks",
    "l2_normalize": "compat.networks",
    "leaky_relu": "compat.networks",
    "log_softmax": "compat.networks",
    "moments": "compat.networks",
    "relu": "compat.networks",
    "relu6": "compat.networks",
    "relu_layer": "compat.networks",
    "selu": "compat.networks",
    "sigmoid": "compat.mathematics",
    "sigmoid_cross_entropy_with_logits": "compat.networks",
    "softmax": "compat.networks",
    "softmax_cross_entropy_with_logits": "compat.networks",
    "softmax_cross_entropy_with_logits_v2": "compat.networks",
    "softplus": "compat.networks",
    "softsign": "compat.networks",
    "sparse_softmax_cross_entropy_with_logits": "compat.networks",
    "tanh": "compat.mathematics",
    "xw_plus_b": "compat.networks",
    "zero_fraction": "compat.networks",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
