"""Precision, recall and their like at thresholds.

Format: tensorflow/python/ops/metrics_impl.py, precision_at_thresholds and sensitivity_at_specificity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import INT32, INT64
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.measures.areas import JUST_OUTSIDE, threshold_counts
from ckpt_magics.graphs.measures.metrics import Collections, Metric, collected
from ckpt_magics.graphs.nodes.described import described
from ckpt_magics.graphs.nodes.mathematics import absolute, cast, divide, equal
from ckpt_magics.graphs.nodes.reductions import argmax, argmin, cumsum, reduce_min
from ckpt_magics.graphs.variables.variable_scope import variable_scope

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments

__all__ = [
    "precision_at_thresholds",
    "recall_at_thresholds",
    "sensitivity_at_specificity",
    "specificity_at_sensitivity",
]

TINY = 1e-7
"""Added where a sum may be 0."""

Counts = dict[str, Any]


def _at_thresholds(name: str, others: str, text: str) -> Callable[..., Metric]:
    """Return the part of the hits in the sum of the hits and the ``others``, at each of some thresholds."""
    default_name = name

    def function(
        labels: object,
        predictions: object,
        thresholds: Sequence[float],
        weights: object = None,
        metrics_collections: Collections = None,
        updates_collections: Collections = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default_name, [predictions, labels, weights]):
            counts, updates = threshold_counts(labels, predictions, thresholds, weights, ("true_positives", others))
            measured = default_name.partition("_")[0]
            value, update = (
                divide(each["true_positives"], TINY + each["true_positives"] + each[others], name=f"{measured}_{which}")
                for each, which in ((counts, "value"), (updates, "update_op"))
            )
            return collected(value, metrics_collections), collected(update, updates_collections)

    return described(function, default_name, text)


precision_at_thresholds = _at_thresholds(
    "precision_at_thresholds", "false_positives", "Add, for each threshold, the part that is True of what is above it."
)
recall_at_thresholds = _at_thresholds(
    "recall_at_thresholds", "false_negatives", "Add, for each threshold, the part that is above it of what is True."
)


def _sensitivity(counts: Counts, specificity: float, name: str) -> Tensor:
    quiet, alarms = counts["true_negatives"], counts["false_positives"]
    distances = absolute(divide(quiet, quiet + alarms + TINY) - specificity)
    place = cast(argmin(distances, 0), INT32)
    return _rate_at(place, counts["true_positives"], counts["false_negatives"], name)


def _specificity(counts: Counts, sensitivity: float, name: str) -> Tensor:
    hits, misses = counts["true_positives"], counts["false_negatives"]
    distances = absolute(divide(hits, hits + misses + TINY) - sensitivity)
    # The last of several nearest ones.
    nearest = cumsum(cast(equal(reduce_min(distances), distances), INT64))
    return _rate_at(cast(argmax(nearest, 0), INT32), counts["true_negatives"], counts["false_positives"], name)


def _rate_at(place: Tensor, found: Any, others: Any, name: str) -> Tensor:  # noqa: ANN401 -- variables or references
    found, others = (each.as_tensor() if hasattr(each, "as_tensor") else each for each in (found, others))
    return divide(found[place], found[place] + others[place] + TINY, name)


def sensitivity_at_specificity(
    labels: object,
    predictions: object,
    specificity: float,
    weights: object = None,
    num_thresholds: int = 200,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Add the part of the True labels that are found where the part of the False ones is nearest to a given one."""
    _check_rate("specificity", specificity)
    with variable_scope(name, "sensitivity_at_specificity", [predictions, labels, weights]):
        counts, updates = threshold_counts(labels, predictions, _places(num_thresholds), weights)
        value = collected(_sensitivity(counts, specificity, "value"), metrics_collections)
        return value, collected(_sensitivity(updates, specificity, "update_op"), updates_collections)


def specificity_at_sensitivity(
    labels: object,
    predictions: object,
    sensitivity: float,
    weights: object = None,
    num_thresholds: int = 200,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Add the part of the False labels that are found where the part of the True ones is nearest to a given one."""
    _check_rate("sensitivity", sensitivity)
    with variable_scope(name, "specificity_at_sensitivity", [predictions, labels, weights]):
        counts, updates = threshold_counts(labels, predictions, _places(num_thresholds), weights)
        value = collected(_specificity(counts, sensitivity, "value"), metrics_collections)
        return value, collected(_specificity(updates, sensitivity, "update_op"), updates_collections)


def _check_rate(name: str, rate: float) -> None:
    if not 0 <= rate <= 1:
        raise ValueError(f"`{name}` must be in the range [0, 1]. Currently, `{name}` is {rate}.")


def _places(count: int) -> list[float]:
    """Return so many thresholds, evenly, the first and last of them just outside of [0, 1]."""
    inner = [(index + 1) / (count - 1) for index in range(count - 2)]
    return [0.0 - JUST_OUTSIDE, *inner, 1.0 + JUST_OUTSIDE]
