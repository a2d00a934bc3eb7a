"""Activations, softmaxes and losses of neural networks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import FLOAT, INT64, DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.elementwise import function
from ckpt_magics.graphs.ops.calculation.reductions import accumulator
from ckpt_magics.graphs.ops.partial_shapes import (
    Array,
    Shape,
    broadcast_shapes,
    merge_shapes,
    with_rank,
    with_rank_at_least,
)
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.shape_rules import like_input, scalar
from ckpt_magics.graphs.ops.type_sets import FLOATS, INDEX, REAL_NUMBERS, dtypes

__all__ = ["ROWS", "SELU_ALPHA", "SELU_SCALE"]

SELU_ALPHA = 1.7580993408473768599402175208123
"""Scale times alpha of the self-normalizing network's activation, below zero."""
SELU_SCALE = 1.0507009873554804934193349852946


def _relu(x: Array) -> Array:
    return np.maximum(x, x.dtype.type(0))


def _relu6(x: Array) -> Array:
    return np.minimum(np.maximum(x, x.dtype.type(0)), x.dtype.type(6))


def _elu(x: Array) -> Array:
    return np.where(x < 0, np.expm1(x), x)


def _selu(x: Array) -> Array:
    return np.where(x < 0, x.dtype.type(SELU_ALPHA) * np.expm1(x), x.dtype.type(SELU_SCALE) * x)


def _leaky_relu(ctx: KernelContext, x: Array) -> Array:
    # Not the greater of the two: alpha may be above 1 or below 0.
    return np.where(x > 0, x, x * x.dtype.type(ctx.attr("alpha")))


def _softplus(x: Array) -> Array:
    return np.logaddexp(x.astype(accumulator(x.dtype)), 0).astype(x.dtype)


def _softsign(x: Array) -> Array:
    return x / (np.abs(x) + x.dtype.type(1))


def _shifted(logits: Array) -> Array:
    """Return logits less the greatest of their row, so that their exponentials cannot overflow."""
    wide = logits.astype(accumulator(logits.dtype), copy=False)
    return wide - np.maximum.reduce(wide, axis=-1, keepdims=True, initial=-np.inf)


def _softmax(logits: Array) -> Array:
    # In place: the array is fresh, and memory is what this costs most.
    weights = _shifted(logits)
    np.exp(weights, out=weights)
    weights /= np.add.reduce(weights, axis=-1, keepdims=True)
    return weights.astype(logits.dtype, copy=False)


def _wide_log_softmax(logits: Array) -> Array:
    shifted = _shifted(logits)
    shifted -= np.log(np.add.reduce(np.exp(shifted), axis=-1, keepdims=True))
    return shifted


def _log_softmax(logits: Array) -> Array:
    return _wide_log_softmax(logits).astype(logits.dtype, copy=False)


def _at_least_vector(ctx: ShapeContext) -> list[Shape]:
    return [with_rank_at_least(ctx.shape(0), 1)]


def _cross_entropy_shape(ctx: ShapeContext) -> list[Shape]:
    pair = with_rank(ctx.shape(0), 2), with_rank(ctx.shape(1), 2)
    try:
        # TensorFlow takes a batch of unknown size and one of 1 for the same.
        shape = merge_shapes(pair)
    except InvalidArgumentError:
        shape = broadcast_shapes(*pair)
    return [None if shape is None else shape[:1], shape]


def _cross_entropy(_ctx: KernelContext, features: Array, labels: Array) -> tuple[Array, Array]:
    if np.ndim(features) != 2 or np.ndim(labels) != 2:
        raise InvalidArgumentError(
            f"logits and labels must be broadcastable: logits_size={format_shape(features.shape)} "
            f"labels_size={format_shape(labels.shape)}"
        )
    log_softmax = _wide_log_softmax(features)
    if features.shape != labels.shape:
        log_softmax = np.broadcast_to(log_softmax, np.broadcast_shapes(features.shape, labels.shape))
    loss = -np.add.reduce(labels * log_softmax, axis=-1)
    backprop = np.exp(log_softmax) - labels
    return loss.astype(features.dtype, copy=False), backprop.astype(features.dtype, copy=False)


def _sparse_cross_entropy_shape(ctx: ShapeContext) -> list[Shape]:
    features, labels = with_rank(ctx.shape(0), 2), with_rank(ctx.shape(1), 1)
    batch = merge_shapes([features[:1], labels])
    return [batch, None if batch is None else (*batch, features[1])]


def _sparse_cross_entropy(_ctx: KernelContext, features: Array, labels: Array) -> tuple[Array, Array]:
    if np.ndim(features) != 2 or labels.shape != features.shape[:1]:
        raise InvalidArgumentError(
            "logits and labels must have the same first dimension, got logits shape "
            f"{format_shape(features.shape)} and labels shape {format_shape(labels.shape)}"
        )
    classes = features.shape[1]
    if np.any((labels < 0) | (labels >= classes)):
        wrong = labels[(labels < 0) | (labels >= classes)][0]
        raise InvalidArgumentError(
            f"Received a label value of {wrong} which is outside the valid range of [0, {classes}).  "
            f"Label values: {' '.join(map(str, labels))}"
        )
    log_softmax = _wide_log_softmax(features)
    rows = np.arange(len(labels))
    backprop = np.exp(log_softmax)
    backprop[rows, labels] -= 1
    return (-log_softmax[rows, labels]).astype(features.dtype), backprop.astype(features.dtype)


def _l2_loss(_ctx: KernelContext, t: Array) -> Array:
    wide = t.astype(accumulator(t.dtype))
    return (np.sum(wide * wide) * wide.dtype.type(0.5)).astype(t.dtype)


def _activation(name: str, allowed: Sequence[DType], kernel: Kernel) -> Op:
    """Return the row of a function of each feature."""
    return Op(name, "features: T -> activations: T", (types("T", allowed),), like_input(), kernel)


RELU_TYPES = (*REAL_NUMBERS, *dtypes("qint8"))
LEAKY_TYPES = dtypes("half bfloat16 float double")

ROWS: tuple[Op, ...] = (
    _activation("Relu", RELU_TYPES, function(_relu)),
    _activation("Relu6", REAL_NUMBERS, function(_relu6)),
    _activation("Elu", FLOATS, function(_elu)),
    _activation("Selu", FLOATS, function(_selu)),
    _activation("Softplus", FLOATS, function(_softplus)),
    _activation("Softsign", FLOATS, function(_softsign)),
    Op(
        "LeakyRelu",
        "features: T -> activations: T",
        (Attr("alpha", "float", 0.2), types("T", LEAKY_TYPES, FLOAT)),
        like_input(),
        _leaky_relu,
    ),
    Op("Softmax", "logits: T -> softmax: T", (types("T", FLOATS),), _at_least_vector, function(_softmax)),
    Op("LogSoftmax", "logits: T -> logsoftmax: T", (types("T", FLOATS),), _at_least_vector, function(_log_softmax)),
    Op(
        "SoftmaxCrossEntropyWithLogits",
        "features: T, labels: T -> loss: T, backprop: T",
        (types("T", FLOATS),),
        _cross_entropy_shape,
        _cross_entropy,
    ),
    Op(
        "SparseSoftmaxCrossEntropyWithLogits",
        "features: T, labels: Tlabels -> loss: T, backprop: T",
        (types("T", FLOATS), types("Tlabels", INDEX, INT64)),
        _sparse_cross_entropy_shape,
        _sparse_cross_entropy,
    ),
    Op("L2Loss", "t: T -> output: T", (types("T", FLOATS),), scalar, _l2_loss),
)
