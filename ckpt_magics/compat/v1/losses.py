"""``tf.losses``: weighted losses that the graph collects."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "Reduction": "graphs.measures.losses",
    "absolute_difference": "graphs.measures.losses",
    "add_loss": "graphs.measures.losses",
    "compute_weighted_loss": "graphs.measures.losses",
    "cosine_distance": "graphs.measures.losses",
    "get_losses": "graphs.measures.losses",
    "get_regularization_loss": "graphs.measures.losses",
    "get_regularization_losses": "graphs.measures.losses",
    "get_total_loss": "graphs.measures.losses",
    "hinge_loss": "graphs.measures.losses",
    "huber_loss": "graphs.measures.losses",
    "log_loss": "graphs.measures.losses",
    "mean_pairwise_squared_error": "graphs.measures.losses",
    "mean_squared_error": "graphs.measures.losses",
    "sigmoid_cross_entropy": "graphs.measures.losses",
    "softmax_cross_entropy": "graphs.measures.losses",
    "sparse_softmax_cross_entropy": "graphs.measures.losses",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
