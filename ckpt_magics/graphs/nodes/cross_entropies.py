"""Cross entropies of labels with logits.

Format: tensorflow/python/ops/nn_ops.py and nn_impl.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import concat, part, rank, reshape, shape, stop_gradient, transpose, zeros_like
from ckpt_magics.graphs.nodes.assertions import assert_equal
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.mathematics import cast, number_range, subtract
from ckpt_magics.graphs.nodes.old_names import either

__all__ = [
    "sigmoid_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits",
    "softmax_cross_entropy_with_logits_v2",
    "sparse_softmax_cross_entropy_with_logits",
    "weighted_cross_entropy_with_logits",
]

HALVES = frozenset({"float16", "bfloat16"})
"""Types of logits whose cross entropy is computed in float32."""


def sigmoid_cross_entropy_with_logits(labels: object = None, logits: object = None, name: str | None = None) -> Tensor:
    """Add ``-labels * log(sigmoid(logits)) - (1 - labels) * log(1 - sigmoid(logits))``, computed without overflow.

    Raises:
        ValueError: Labels or logits are missing, or they are of different shapes.
    """
    _check_given(labels, logits)
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        scores, wanted = _alike(labels, logits)
        zeros = zeros_like(scores)
        positive = output("GreaterEqual", scores, zeros)
        above = output("Select", positive, scores, zeros)
        magnitude = output("Select", positive, -scores, scores)
        return output("AddV2", above - scores * wanted, output("Log1p", output("Exp", magnitude)), name=scope)


def weighted_cross_entropy_with_logits(
    labels: object = None,
    logits: object = None,
    pos_weight: Any = None,  # noqa: ANN401 -- a number or tensor
    name: str | None = None,
    targets: object = None,
) -> Tensor:
    """Add the cross entropy of `sigmoid_cross_entropy_with_logits`, the part of the positive labels weighted."""
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        scores, wanted = _alike(either("labels", labels, "targets", targets), logits)
        weight = 1 + (pos_weight - 1) * wanted
        negative = (1 - wanted) * scores
        rest = output("Log1p", output("Exp", -output("Abs", scores))) + output("Relu", -scores)
        return output("AddV2", negative, weight * rest, name=scope)


def _alike(labels: object, logits: object) -> tuple[Tensor, Tensor]:
    scores, wanted = convert_to_tensor(logits, name="logits"), convert_to_tensor(labels, name="labels")
    if not scores.shape.is_compatible_with(wanted.shape):
        raise ValueError(
            f"`logits` and `labels` must have the same shape, received ({scores.shape} vs {wanted.shape})."
        )
    return scores, wanted


def softmax_cross_entropy_with_logits(
    labels: object = None,
    logits: object = None,
    dim: int = -1,
    name: str | None = None,
    axis: int | None = None,
) -> Tensor:
    """Add the cross entropy of labels with the softmax of logits; no gradient goes to the labels.

    Raises:
        ValueError: Labels or logits are missing.
    """
    _check_given(labels, logits)
    with name_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as scope:
        fixed = stop_gradient(labels, name="labels_stop_gradient")
    return softmax_cross_entropy_with_logits_v2(fixed, logits, dim if axis is None else axis, scope)


def softmax_cross_entropy_with_logits_v2(
    labels: object, logits: object, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Tensor:
    """Add the cross entropy of labels with the softmax of logits, the classes along one dimension, -1 by default."""
    along = -1 if axis is None and dim is None else either("axis", axis, "dim", dim)
    with name_scope(name, "softmax_cross_entropy_with_logits", [logits, labels]) as scope:
        given = convert_to_tensor(logits, name="logits")
        wanted = convert_to_tensor(labels, name="labels")
        scores = cast(given, FLOAT) if given.dtype.name in HALVES else given
        wanted = cast(wanted, scores.dtype)
        dimensions = rank(scores)
        if along != -1:
            scores, wanted = (_moved_to_end(tensor, along, dimensions) for tensor in (scores, wanted))
        sizes = shape(scores)
        losses = apply("SoftmaxCrossEntropyWithLogits", _rows(scores), _rows(wanted), name=scope)[0]
        result = reshape(losses, part(sizes, [0], [subtract(dimensions, 1)]))
        if given.shape.ndims is not None:
            left = given.shape.as_list()
            del left[along]  # type: ignore[arg-type]  # an index
            result.set_shape(left)
        return cast(result, given.dtype)


def _moved_to_end(tensor: Tensor, along: object, dimensions: Tensor) -> Tensor:
    index: Any = along
    order = [number_range(index), number_range(index + 1, dimensions), [index]]
    return transpose(tensor, concat(order, 0))


def _rows(scores: Tensor) -> Tensor:
    """Add a matrix with a row for each place and a column for each class."""
    dimensions = rank(scores)
    classes = part(shape(scores), [subtract(dimensions, 1)], [1])
    rows = reshape(scores, concat([[-1], classes], 0))
    sizes = scores.shape.sizes
    if sizes is not None and None not in sizes[:-1]:
        rows.set_shape([int(np.prod([size for size in sizes[:-1] if size is not None])), sizes[-1]])
    return rows


def sparse_softmax_cross_entropy_with_logits(
    labels: object = None, logits: object = None, name: str | None = None
) -> Tensor:
    """Add the cross entropy of the class that each label names with the softmax of the logits.

    Raises:
        ValueError: Labels or logits are missing, or their shapes don't go together.
    """
    _check_given(labels, logits)
    with name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]):
        wanted, given = convert_to_tensor(labels), convert_to_tensor(logits)
        scores = cast(given, FLOAT) if given.dtype.name == "float16" else given
        sizes = shape(wanted)
        _check_labels(wanted, given)
        if given.shape.ndims == 2:
            return cast(_sparse(scores, wanted, name), given.dtype)
        known = wanted.shape.is_fully_defined() and given.shape[:-1].is_fully_defined()
        checks = [] if known else [assert_equal(shape(wanted), shape(given)[:-1])]
        with get_default_graph().control_dependencies(checks):
            classes = shape(given)[rank(given) - 1]
            rows = reshape(scores, [-1, classes])
            losses = reshape(_sparse(rows, reshape(wanted, [-1]), name), sizes)
            losses.set_shape(wanted.shape)
            return cast(losses, given.dtype)


def _sparse(logits: Tensor, labels: Tensor, name: str | None) -> Tensor:
    losses: Tensor = apply("SparseSoftmaxCrossEntropyWithLogits", logits, labels, name=name)[0]
    return losses


def _check_labels(labels: Tensor, logits: Tensor) -> None:
    ranks = labels.shape.ndims, logits.shape.ndims
    if ranks[1] == 0:
        raise ValueError(f"`logits` cannot be a scalar. Received logits={logits}`")
    if None not in ranks and ranks[0] != ranks[1] - 1:  # type: ignore[operator]  # None is none of them
        raise ValueError(
            "`labels.shape.rank` must equal `logits.shape.rank - 1`. Received: "
            f"labels.shape={labels.shape} of rank {ranks[0]} and logits.shape={logits.shape} of rank {ranks[1]}"
        )
    outer = logits.shape[:-1]
    if labels.shape.is_fully_defined() and outer.is_fully_defined() and labels.shape != outer:
        raise ValueError(
            "`labels.shape` must equal `logits.shape` except for the last dimension. "
            f"Received: labels.shape={labels.shape} and logits.shape={logits.shape}"
        )


def _check_given(labels: object, logits: object) -> None:
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")
