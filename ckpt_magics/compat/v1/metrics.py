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
    "mean_cosine_distance": "graphs.measures.metrics",
    "mean_iou": "graphs.measures.confusions",
    "mean_per_class_accuracy": "graphs.measures.confusions",
    "mean_relative_error": "graphs.measures.metrics",
    "mean_squared_error": "graphs.measures.metrics",
    "mean_tensor": "graphs.measures.metrics",
    "percentage_below": "graphs.measures.metrics",
    "precision": "graphs.measures.metrics",
    "precision_at_thresholds": "graphs.measures.thresholds",
    "recall": "graphs.measures.metrics",
    "recall_at_thresholds": "graphs.measures.thresholds",
    "root_mean_squared_error": "graphs.measures.metrics",
    "sensitivity_at_specificity": "graphs.measures.thresholds",
    "specificity_at_sensitivity": "graphs.measures.thresholds",
    "true_negatives": "graphs.measures.metrics",
    "true_positives": "graphs.measures.metrics",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
