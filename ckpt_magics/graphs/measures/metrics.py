"""The functions of ``tf.metrics``: numbers over many runs, kept in local variables.

Each returns the number so far and an operation that takes in what one run has.

Format: tensorflow/python/ops/metrics_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import BOOL, FLOAT
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import ShapeLike
from ckpt_magics.graphs.measures.weighting import broadcast_weights, squeezed, without_last
from ckpt_magics.graphs.nodes.arrays import ones_like, size, where, zeros_like
from ckpt_magics.graphs.nodes.build import identity, name_scope, no_op, zeros
from ckpt_magics.graphs.nodes.described import described
from ckpt_magics.graphs.nodes.mathematics import (
    absolute,
    cast,
    div_no_nan,
    divide,
    equal,
    greater,
    less,
    logical_and,
    maximum,
    multiply,
    sqrt,
    squared_difference,
)
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.variables.initialization import assign_add
from ckpt_magics.graphs.variables.replicas import VariableAggregation, VariableSynchronization
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.graphs.variables.variable_scope import variable_scope

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments

Metric = tuple[Tensor, Tensor]
"""The number, and the operation that takes in what one run has."""

Collections = Sequence[str] | str | None


def metric_variable(shape: ShapeLike, dtype: object, validate_shape: bool = True, name: str | None = None) -> Variable:
    """Return a local variable of zeros that a metric keeps."""
    return Variable(
        lambda: zeros(shape, dtype),
        trainable=False,
        collections=[GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES],
        validate_shape=validate_shape,
        synchronization=VariableSynchronization.ON_READ,
        aggregation=VariableAggregation.SUM,
        name=name,
    )


def collected(tensor: Tensor, collections: Collections) -> Tensor:
    """Put a tensor into collections, and return it."""
    if collections:
        get_default_graph().add_to_collections(collections, tensor)
    return tensor


def mean(
    values: object,
    weights: object = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Add the weighted mean of all values so far."""
    with variable_scope(name, "mean", [values, weights]):
        wide = cast(values, FLOAT)
        total = metric_variable([], FLOAT, name="total")
        count = metric_variable([], FLOAT, name="count")
        wide, number = _weighted(wide, weights)
        added = assign_add(total, reduce_sum(wide))
        with get_default_graph().control_dependencies([wide]):
            counted = assign_add(count, number)
        value = collected(div_no_nan(total, maximum(count, 0), name="value"), metrics_collections)
        update = div_no_nan(added, maximum(counted, 0), name="update_op")
        return value, collected(update, updates_collections)


def _weighted(values: Tensor, weights: object) -> tuple[Tensor, Tensor]:
    """Return weighted values, and the sum of the weights."""
    if weights is None:
        return values, cast(size(values), FLOAT)
    factors = broadcast_weights(cast(squeezed(weights, values), FLOAT), values)
    return multiply(values, factors), reduce_sum(factors)


def mean_tensor(
    values: object,
    weights: object = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Add the weighted mean of all tensors so far, element by element."""
    with variable_scope(name, "mean", [values, weights]):
        wide = cast(values, FLOAT)
        total = metric_variable(wide.shape, FLOAT, name="total_tensor")
        count = metric_variable(wide.shape, FLOAT, name="count_tensor")
        number = ones_like(wide)
        if weights is not None:
            factors = broadcast_weights(cast(squeezed(weights, wide), FLOAT), wide)
            wide = multiply(wide, factors)
            number = multiply(number, factors)
        added = assign_add(total, wide)
        with get_default_graph().control_dependencies([wide]):
            counted = assign_add(count, number)
        value = collected(div_no_nan(total, maximum(count, 0), name="value"), metrics_collections)
        update = div_no_nan(added, maximum(counted, 0), name="update_op")
        return value, collected(update, updates_collections)


def _compared(labels: object, predictions: object, weights: object) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return labels, predictions and weights of shapes that go together."""
    truths, guesses = without_last(labels, predictions)
    guesses.shape.assert_is_compatible_with(truths.shape)
    return truths, guesses, squeezed(weights, guesses)


def accuracy(
    labels: object,
    predictions: object,
    weights: object = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Add the part of the predictions that are the label."""
    truths, guesses, factors = _compared(labels, predictions, weights)
    hits = cast(equal(cast(guesses, truths.dtype), truths), FLOAT)
    return mean(hits, factors, metrics_collections, updates_collections, name or "accuracy")


def _mean_of(name: str, error: Callable[[Tensor, Tensor], Tensor], text: str) -> Callable[..., Metric]:
    default_name = name

    def function(
        labels: object,
        predictions: object,
        weights: object = None,
        metrics_collections: Collections = None,
        updates_collections: Collections = None,
        name: str | None = None,
    ) -> Metric:
        truths, guesses, factors = _compared(labels, predictions, weights)
        errors = error(truths, guesses)
        return mean(errors, factors, metrics_collections, updates_collections, name or default_name)

    return described(function, default_name, text)


mean_absolute_error = _mean_of(
    "mean_absolute_error",
    lambda labels, predictions: absolute(predictions - labels),
    "Add the mean of the absolute differences.",
)
mean_squared_error = _mean_of("mean_squared_error", squared_difference, "Add the mean of the squared differences.")


def root_mean_squared_error(
    labels: object,
    predictions: object,
    weights: object = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Add the root of the mean of the squared differences."""
    truths, guesses, factors = _compared(labels, predictions, weights)
    squared, update = mean_squared_error(truths, guesses, factors, name=name or "root_mean_squared_error")
    return collected(sqrt(squared), metrics_collections), collected(sqrt(update), updates_collections)


def mean_relative_error(
    labels: object,
    predictions: object,
    normalizer: object,
    weights: object = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Add the mean of the absolute differences, each divided by its normalizer; 0 where that is 0."""
    truths, guesses, factors = _compared(labels, predictions, weights)
    divisors, guesses = without_last(normalizer, guesses)
    guesses.shape.assert_is_compatible_with(divisors.shape)
    errors = where(equal(divisors, 0.0), zeros_like(truths), divide(absolute(truths - guesses), divisors))
    return mean(errors, factors, metrics_collections, updates_collections, name or "mean_relative_error")


def mean_cosine_distance(
    labels: object,
    predictions: object,
    dim: int,
    weights: object = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Add 1 minus the mean cosine of vectors of length 1 along a dimension."""
    truths, guesses, factors = _compared(labels, predictions, weights)
    cosines = reduce_sum(multiply(guesses, truths), axis=[dim], keepdims=True)
    value, update = (1.0 - each for each in mean(cosines, factors, name=name or "mean_cosine_distance"))
    return collected(value, metrics_collections), collected(update, updates_collections)


def percentage_below(
    values: object,
    threshold: object,
    weights: object = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Add the part of the values that are less than a threshold."""
    below = cast(less(values, threshold), FLOAT)
    return mean(below, weights, metrics_collections, updates_collections, name or "percentage_below_threshold")


def _count(values: Tensor, weights: Tensor | None, metrics: Collections, updates: Collections) -> Metric:
    """Add the weighted number of the values that are True."""
    with name_scope(None, "assert_type", [values]):
        no_op("statically_determined_correct_type")
    count = metric_variable([], FLOAT, name="count")
    numbers = cast(values, FLOAT)
    if weights is not None:
        numbers = multiply(numbers, cast(weights, FLOAT))
    value = collected(identity(count), metrics)
    return value, collected(assign_add(count, reduce_sum(numbers)), updates)


def _counting(name: str, label: bool, prediction: bool, text: str) -> Callable[..., Metric]:
    default_name = name

    def function(
        labels: object,
        predictions: object,
        weights: object = None,
        metrics_collections: Collections = None,
        updates_collections: Collections = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default_name, [predictions, labels, weights]):
            guesses, truths = cast(predictions, BOOL), cast(labels, BOOL)
            truths, guesses, factors = _compared(truths, guesses, weights)
            found = logical_and(equal(truths, label), equal(guesses, prediction))
            return _count(found, factors, metrics_collections, updates_collections)

    return described(function, default_name, text)


true_positives = _counting("true_positives", True, True, "Add the number of the True labels that are predicted.")
false_positives = _counting("false_positives", False, True, "Add the number of the False labels predicted as True.")
true_negatives = _counting("true_negatives", False, False, "Add the number of the False labels that are predicted.")
false_negatives = _counting("false_negatives", True, False, "Add the number of the True labels predicted as False.")


def _hit_rate(name: str, others: Callable[..., Metric], text: str) -> Callable[..., Metric]:
    """Return the part of the hits in the sum of the hits and what ``others`` counts."""
    default_name = name

    def rate(hits: Any, misses: Any, name: str) -> Tensor:  # noqa: ANN401 -- tensors or references
        return where(greater(hits + misses, 0), divide(hits, hits + misses), 0, name)

    def function(
        labels: object,
        predictions: object,
        weights: object = None,
        metrics_collections: Collections = None,
        updates_collections: Collections = None,
        name: str | None = None,
    ) -> Metric:
        with variable_scope(name, default_name, [predictions, labels, weights]):
            guesses, truths = cast(predictions, BOOL), cast(labels, BOOL)
            truths, guesses, factors = _compared(truths, guesses, weights)
            hits, misses = true_positives(truths, guesses, factors), others(truths, guesses, factors)
            value = collected(rate(hits[0], misses[0], "value"), metrics_collections)
            return value, collected(rate(hits[1], misses[1], "update_op"), updates_collections)

    return described(function, default_name, text)


precision = _hit_rate("precision", false_positives, "Add the part of what is predicted True that is so.")
recall = _hit_rate("recall", false_negatives, "Add the part of the True labels that are predicted.")
