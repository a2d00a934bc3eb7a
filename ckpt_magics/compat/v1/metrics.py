"""``tf.metrics``: numbers over many runs, kept in local variables."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "accuracy": "graphs.measures.metrics",
    "auc": "graphs.measures.areas",
    "false_negatives": "graphs.measures.metrics",
    "false_positives": "graphs.measures.metrics",
    "mean": "graphs.measures.metrics",
    "mean_absolute_error": "graphs.measures.metrics",
    "mean_squared_error": "graphs.measures.metrics",
    "mean_tensor": "graphs.measures.metrics",
    "percentage_below": "graphs.measures.metrics",
    "precision": "graphs.measures.metrics",
    "recall": "graphs.measures.metrics",
    "root_mean_squared_error": "graphs.measures.metrics",
    "true_negatives": "graphs.measures.metrics",
    "true_positives": "graphs.measures.metrics",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
