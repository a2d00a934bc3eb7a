"""How often each class is taken for each other one, and measures of that.

Format: tensorflow/python/ops/confusion_matrix.py and metrics_impl.py, mean_iou and mean_per_class_accuracy.
"""

from __future__ import annotations

from ckpt_magics.files.formats.dtypes import DOUBLE, FLOAT, INT32, INT64
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.measures.metrics import Collections, Metric, collected, metric_variable
from ckpt_magics.graphs.measures.weighting import without_last
from ckpt_magics.graphs.nodes.arrays import ones_like, reshape, shape, size, stack, transpose, where
from ckpt_magics.graphs.nodes.assertions import assert_less, assert_non_negative
from ckpt_magics.graphs.nodes.build import convert_to_tensor, identity, name_scope, ones, output
from ckpt_magics.graphs.nodes.gates import with_dependencies
from ckpt_magics.graphs.nodes.mathematics import (
    cast,
    div_no_nan,
    divide,
    equal,
    greater,
    maximum,
    multiply,
    not_equal,
)
from ckpt_magics.graphs.nodes.reductions import reduce_max, reduce_mean, reduce_sum
from ckpt_magics.graphs.variables.initialization import assign_add
from ckpt_magics.graphs.variables.row_changes import scatter_add
from ckpt_magics.graphs.variables.variable_scope import variable_scope

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments

__all__ = ["confusion_matrix", "mean_iou", "mean_per_class_accuracy"]


def confusion_matrix(
    labels: object,
    predictions: object,
    num_classes: object = None,
    dtype: object = INT32,
    name: str | None = None,
    weights: object = None,
) -> Tensor:
    """Add the number of times that each class was predicted for each label.

    Args:
        labels: Classes, one dimension.
        predictions: What was taken for them.
        num_classes: How many there are. Default: one more than the largest.
        dtype: Type of the result.
        name: Scope of the nodes.
        weights: What each example counts. Default: 1.

    Returns:
        dtype [classes, classes], a row for each label.
    """
    with name_scope(name, "confusion_matrix", [predictions, labels, num_classes, weights]):
        truths, guesses = without_last(labels, predictions)
        truths, guesses = cast(truths, INT64), cast(guesses, INT64)
        truths, guesses = (_checked(each, assert_non_negative(each)) for each in (truths, guesses))
        if num_classes is None:
            classes = maximum(reduce_max(guesses), reduce_max(truths)) + 1
        else:
            classes = cast(num_classes, INT64)
            truths, guesses = (_checked(each, assert_less(each, classes)) for each in (truths, guesses))
        places = transpose(stack([truths, guesses]))
        counts = ones(shape(guesses), dtype) if weights is None else cast(weights, dtype)
        return output("ScatterNd", places, counts, stack([classes, classes]))


def _checked(tensor: Tensor, check: object) -> Tensor:
    return with_dependencies([check], tensor)


def _flat(values: object, dtype: object) -> Tensor:
    tensor = cast(values, dtype)
    return tensor if tensor.shape.ndims == 1 else reshape(tensor, [-1])


def mean_iou(
    labels: object,
    predictions: object,
    num_classes: int,
    weights: object = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Add the mean, over the classes that occur, of hits in all examples that have a class or are taken for it."""
    with variable_scope(name, "mean_iou", [predictions, labels, weights]):
        convert_to_tensor(predictions).shape.assert_is_compatible_with(convert_to_tensor(labels).shape)
        total = metric_variable([num_classes, num_classes], DOUBLE, name="total_confusion_matrix")
        factors = None if weights is None else _flat(weights, DOUBLE)
        found = confusion_matrix(_flat(labels, INT64), _flat(predictions, INT64), num_classes, DOUBLE, weights=factors)
        update = identity(assign_add(total, found), name="update_op")
        value = collected(_mean_over_union(total.read_value(), "mean_iou"), metrics_collections)
        return value, collected(update, updates_collections)


def _mean_over_union(counts: Tensor, name: str) -> Tensor:
    hits = cast(output("DiagPart", counts), FLOAT)
    union = cast(reduce_sum(counts, 0), FLOAT) + cast(reduce_sum(counts, 1), FLOAT) - hits
    occurring = reduce_sum(cast(not_equal(union, 0), FLOAT))
    parts = divide(hits, where(greater(union, 0), union, ones_like(union)))
    return where(greater(occurring, 0), reduce_sum(parts, name=name) / occurring, 0.0)


def mean_per_class_accuracy(
    labels: object,
    predictions: object,
    num_classes: int,
    weights: object = None,
    metrics_collections: Collections = None,
    updates_collections: Collections = None,
    name: str | None = None,
) -> Metric:
    """Add the mean, over all classes, of the part of a class's examples that are predicted.

    As in TensorFlow, the operation that takes a run in gives these parts, not their mean.
    """
    with variable_scope(name, "mean_accuracy", [predictions, labels, weights]):
        truths = _flat(labels, INT64)
        with get_default_graph().control_dependencies([assert_less(truths, cast(num_classes, INT64))]):
            truths = identity(truths)
        convert_to_tensor(predictions).shape.assert_is_compatible_with(convert_to_tensor(labels).shape)
        total = metric_variable([num_classes], FLOAT, name="total")
        count = metric_variable([num_classes], FLOAT, name="count")
        number = ones([size(truths)], FLOAT)
        hits = cast(equal(_flat(predictions, INT64), truths), FLOAT)
        if weights is not None:
            factors = _flat(weights, FLOAT)
            number, hits = multiply(number, factors), multiply(hits, factors)
        all_so_far, hits_so_far = scatter_add(total, truths, number), scatter_add(count, truths, hits)
        value = reduce_mean(div_no_nan(count, maximum(total, 0)), name="mean_accuracy")
        update = div_no_nan(hits_so_far, maximum(all_so_far, 0), name="update_op")
        return collected(value, metrics_collections), collected(update, updates_collections)
