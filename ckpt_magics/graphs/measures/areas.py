"""The area under the curve of hits over false alarms, for many thresholds at once.

Format: tensorflow/python/ops/metrics_impl.py, auc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import BOOL, FLOAT
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.measures.metrics import Collections, Metric, collected, metric_variable
from ckpt_magics.graphs.measures.weighting import broadcast_weights, squeezed, without_last
from ckpt_magics.graphs.nodes.arrays import expand_dims, reshape, shape, stack, tile, transpose
from ckpt_magics.graphs.nodes.assertions import assert_greater_equal, assert_less_equal
from ckpt_magics.graphs.nodes.build import convert_to_tensor
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import (
    cast,
    divide,
    greater,
    logical_and,
    logical_not,
    maximum,
    minimum,
    multiply,
)
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.variables.initialization import assign_add
from ckpt_magics.graphs.variables.variable_scope import variable_scope

__all__ = ["JUST_OUTSIDE", "auc", "threshold_counts"]

JUST_OUTSIDE = 1e-7
"""How far the outermost thresholds are beyond 0 and 1."""

EPSILON = 1.0e-6
"""Added where a sum may be 0."""

MESSAGE = "predictions must be in [0, 1]"


def auc(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    labels: object,
    predictions: object,
    weights: object = None,
    num_thresholds: int = 200,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    curve: str = "ROC",
    name: str | None = None,
    summation_method: str = "trapezoidal",
    thresholds: Sequence[float] | None = None,
) -> Metric:
    """Add the area under a curve: of hits over false alarms (ROC), or of precision over recall (PR).

    Args:
        labels: Truth values.
        predictions: Numbers from 0 to 1.
        weights: A weight for each.
        num_thresholds: How many thresholds make the curve.
        metrics_collections: Collections for the number.
        updates_collections: Collections for the update.
        curve: Which curve.
        name: Name of the variable scope.
        summation_method: How the area between two thresholds is taken: trapezoidal, minoring or majoring.
        thresholds: The thresholds between 0 and 1, instead of evenly spread ones.

    Raises:
        ValueError: There is no such curve or method.
    """
    if curve not in {"ROC", "PR"}:
        raise ValueError(f"Curve must be either ROC or PR. Curve {curve} is unknown.")
    if summation_method not in HEIGHTS:
        raise ValueError(
            f"Invalid summation_method: {summation_method} summation_method should be one of {', '.join(HEIGHTS)}."
        )
    with variable_scope(name, "auc", [labels, predictions, weights]):
        inner = sorted(thresholds or ()) or [(i + 1) / (num_thresholds - 1) for i in range(num_thresholds - 2)]
        places = [0.0 - JUST_OUTSIDE, *inner, 1.0 + JUST_OUTSIDE]
        counts, updates = threshold_counts(labels, predictions, places, weights)
        value = _area(counts, curve, summation_method, "value")
        update = _area(updates, curve, summation_method, "update_op")
        return collected(value, metrics_collections), collected(update, updates_collections)


def threshold_counts(
    labels: object,
    predictions: object,
    thresholds: Sequence[float],
    weights: object,
    wanted: Sequence[str] | None = None,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Add variables that count hits and misses at each threshold; return them and their updates, by kind.

    Args:
        labels: Truth values.
        predictions: Numbers from 0 to 1.
        thresholds: The thresholds.
        weights: A weight for each prediction.
        wanted: The kinds to count. Default: all.
    """
    given = convert_to_tensor(predictions)
    checks = [
        assert_greater_equal(given, cast(0.0, given.dtype), message=MESSAGE),
        assert_less_equal(given, cast(1.0, given.dtype), message=MESSAGE),
    ]
    with get_default_graph().control_dependencies(checks):
        truths, guesses = without_last(cast(labels, BOOL), cast(given, FLOAT))
        guesses.shape.assert_is_compatible_with(truths.shape)
        factors = squeezed(weights, guesses)
    count = len(thresholds)
    column = reshape(guesses, [-1, 1])
    number = column.shape[0].value
    levels = tile(
        expand_dims(constant(list(thresholds)), [1]), stack([1, shape(column)[0] if number is None else number])
    )
    above = greater(tile(transpose(column), [count, 1]), levels)
    true = tile(reshape(cast(truths, BOOL), [1, -1]), [count, 1])
    below, false = logical_not(above), logical_not(true)
    if factors is not None:
        row = reshape(broadcast_weights(cast(factors, FLOAT), guesses), [1, -1])
        factors = tile(row, [count, 1])
    kinds = {
        "true_positives": (true, above),
        "false_negatives": (true, below),
        "true_negatives": (false, below),
        "false_positives": (false, above),
    }
    counts, updates = {}, {}
    for kind, pair in kinds.items():
        if wanted is not None and kind not in wanted:
            continue
        counts[kind] = metric_variable([count], FLOAT, name=kind)
        found = cast(logical_and(*pair), FLOAT)
        found = found if factors is None else found * factors
        updates[kind] = assign_add(counts[kind], reduce_sum(found, 1))
    return counts, updates


def _area(counts: dict[str, Any], curve: str, method: str, name: str) -> Tensor:
    hits, misses = counts["true_positives"], counts["false_negatives"]
    alarms, quiet = counts["false_positives"], counts["true_negatives"]
    recall = divide(hits + EPSILON, hits + misses + EPSILON)
    if curve == "ROC":
        x, y = divide(alarms, alarms + quiet + EPSILON), recall
    else:
        x, y = recall, divide(hits + EPSILON, hits + alarms + EPSILON)
    width = x[:-1] - x[1:]
    return reduce_sum(multiply(width, HEIGHTS[method](y[:-1], y[1:])), name=name)


HEIGHTS = {
    "trapezoidal": lambda first, second: (first + second) / 2.0,
    "minoring": minimum,
    "majoring": maximum,
}
"""How high the curve is taken to be between two thresholds, by the method's name."""
