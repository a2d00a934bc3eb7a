"""Batch normalization, in its three versions, and that by the channels around.

Format: tensorflow/core/kernels/fused_batch_norm_op.cc, lrn_op.cc, on a CPU.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import FLOAT, DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.reductions import accumulator
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_dims, merge_shapes, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.type_sets import dtypes

__all__ = ["ROWS"]


def _channel_axis(data_format: bytes) -> int:
    return 1 if data_format.startswith(b"NC") else -1


def _shapes(ctx: ShapeContext) -> list[Shape]:
    rank = len(ctx.attr("data_format"))
    x, axis = with_rank(ctx.shape(0), rank), _channel_axis(ctx.attr("data_format"))
    channels = x[axis]
    # With a factor of 1, training has no use for the mean and variance so far.
    forgets = ctx.attr("is_training") and ctx.attr("exponential_avg_factor") == 1
    for index in range(1, 3 if forgets else 5):
        channels = merge_dims(channels, with_rank(ctx.shape(index), 1)[0])
    sizes = list(x)
    sizes[axis] = channels
    return [tuple(sizes), (channels,), (channels,), (channels,), (channels,)]


def _shapes_v3(ctx: ShapeContext) -> list[Shape]:
    return [*_shapes(ctx), None]


def _normalize(ctx: KernelContext, x: Array, scale: Array, offset: Array, *statistics: Array) -> tuple[Array, ...]:
    axis = _channel_axis(ctx.attr("data_format")) % x.ndim
    if x.ndim != len(ctx.attr("data_format")) or scale.shape != (x.shape[axis],):
        raise InvalidArgumentError(
            f"scale must have the same number of elements as the channels of x, got {format_shape(scale.shape)} and "
            f"{format_shape(x.shape)}"
        )
    wide = np.moveaxis(x.astype(accumulator(x.dtype), copy=False), axis, -1)
    mean, variance, *outputs = _statistics(ctx, wide, *statistics)
    factor = scale / np.sqrt(variance + scale.dtype.type(ctx.attr("epsilon")))
    y = np.moveaxis((wide - mean) * factor + offset, -1, axis)
    return (y.astype(x.dtype, copy=False), *outputs)


def _statistics(ctx: KernelContext, x: Array, mean: Array, variance: Array) -> tuple[Array, ...]:
    """Return what to normalize with, then the four outputs that follow the normalized values."""
    if not ctx.attr("is_training"):
        return mean, variance, mean, variance, mean, variance
    others, count = tuple(range(x.ndim - 1)), int(np.prod(x.shape[:-1]))
    own_mean, own_variance = np.mean(x, axis=others, dtype=x.dtype), np.var(x, axis=others, dtype=x.dtype)
    # What a model keeps for later is the estimate for all images, not the variance of these.
    unbiased = own_variance * x.dtype.type(count / max(count - 1, 1))
    new = x.dtype.type(ctx.attr("exponential_avg_factor"))
    if new == 1:
        return own_mean, own_variance, own_mean, unbiased, own_mean, own_variance
    old = x.dtype.type(1) - new
    return own_mean, own_variance, old * mean + new * own_mean, old * variance + new * unbiased, own_mean, own_variance


def _normalize_v3(ctx: KernelContext, *inputs: Array) -> tuple[Array, ...]:
    # The last output carries a GPU library's notes; on a CPU it means nothing.
    return (*_normalize(ctx, *inputs), np.zeros((), np.float32))


def _grad_shapes(ctx: ShapeContext) -> list[Shape]:
    rank = len(ctx.attr("data_format"))
    y, x, axis = with_rank(ctx.shape(0), rank), with_rank(ctx.shape(1), rank), _channel_axis(ctx.attr("data_format"))
    channels = merge_dims(y[axis], x[axis])
    for index in range(2, 5):
        channels = merge_dims(channels, with_rank(ctx.shape(index), 1)[0])
    sizes = list(y)
    sizes[axis] = channels
    return [tuple(sizes), (channels,), (channels,), (0,), (0,)]


def _normalize_grad(ctx: KernelContext, *inputs: Array) -> tuple[Array, ...]:
    y_backprop, x, scale, mean, variance = inputs[:5]
    axis = _channel_axis(ctx.attr("data_format")) % x.ndim
    if y_backprop.shape != x.shape or scale.shape != (x.shape[axis],):
        raise InvalidArgumentError(
            f"x and y_backprop must have same shape, and scale one element per channel, got "
            f"{format_shape(y_backprop.shape)}, {format_shape(x.shape)} and {format_shape(scale.shape)}"
        )
    wide = accumulator(x.dtype)
    dy, centered = (np.moveaxis(item.astype(wide, copy=False), axis, -1) for item in (y_backprop, x))
    centered = centered - mean
    factor = 1 / np.sqrt(variance + variance.dtype.type(ctx.attr("epsilon")))
    others = tuple(range(x.ndim - 1))
    offset_backprop, products = np.sum(dy, axis=others), np.sum(dy * centered, axis=others)
    if ctx.attr("is_training"):
        count = wide.type(max(int(np.prod(dy.shape[:-1])), 1))
        dy = dy - offset_backprop / count - centered * (factor * factor * products / count)
    x_backprop = np.moveaxis(dy * (scale * factor), -1, axis).astype(x.dtype, copy=False)
    nothing = np.zeros(0, scale.dtype)
    return x_backprop, (products * factor).astype(scale.dtype), offset_backprop.astype(scale.dtype), nothing, nothing


def _local_response(ctx: KernelContext, x: Array) -> Array:
    if np.ndim(x) != 4:
        raise InvalidArgumentError("in must be 4-dimensional")
    wide = x.astype(np.float32, copy=False)
    return (wide / _size_around(ctx, wide) ** ctx.attr("beta")).astype(x.dtype)


def _size_around(ctx: KernelContext, x: Array) -> Array:
    """Return what the neighbours of each element have for their size, float64."""
    return ctx.attr("bias") + ctx.attr("alpha") * _sum_around(ctx, np.square(x))


def _sum_around(ctx: KernelContext, x: Array) -> Array:
    """Return the sum of each element's neighbours along the channels, float64."""
    # As differences of running sums from the start.
    running = np.concatenate([np.zeros((*x.shape[:3], 1)), np.cumsum(x, axis=3, dtype=np.float64)], axis=3)
    radius, depth = min(ctx.attr("depth_radius"), x.shape[3]), x.shape[3]
    places = np.arange(depth)
    return np.asarray(
        running[..., np.minimum(places + radius + 1, depth)] - running[..., np.maximum(places - radius, 0)]
    )


def _local_response_grad(ctx: KernelContext, grads: Array, x: Array, y: Array) -> Array:
    if np.ndim(x) != 4 or not x.shape == np.shape(y) == np.shape(grads):
        raise InvalidArgumentError("input_grads, input_image, and out_image should have the same shape")
    wide, dy = x.astype(np.float64), grads.astype(np.float64)
    size, beta = _size_around(ctx, wide), ctx.attr("beta")
    # Each element counts for itself, and for the sizes of all its neighbours.
    shared = _sum_around(ctx, dy * y.astype(np.float64) / size)
    return (dy * size**-beta - 2 * ctx.attr("alpha") * beta * wide * shared).astype(x.dtype)


def _attrs(type_attrs: tuple[Attr, ...], layouts: tuple[bytes, ...]) -> tuple[Attr, ...]:
    epsilon, *others = _grad_attrs((), layouts)
    return (*type_attrs, epsilon, Attr("exponential_avg_factor", "float", 1.0), *others)


def _grad_attrs(type_attrs: tuple[Attr, ...], layouts: tuple[bytes, ...]) -> tuple[Attr, ...]:
    return (
        *type_attrs,
        Attr("epsilon", "float", 0.0001),
        Attr("data_format", "string", b"NHWC", allowed=layouts),
        flag("is_training", True),
    )


def _two_types(statistics: tuple[DType, ...]) -> tuple[Attr, ...]:
    return types("T", dtypes("half bfloat16 float")), types("U", statistics)


NEIGHBOURS = (
    Attr("depth_radius", "int", 5),
    Attr("bias", "float", 1.0),
    Attr("alpha", "float", 1.0),
    Attr("beta", "float", 0.5),
    types("T", dtypes("half bfloat16 float"), FLOAT),
)
IMAGES = (b"NHWC", b"NCHW")
VOLUMES = (b"NDHWC", b"NCDHW")
INPUTS = "x: T, scale: U, offset: U, mean: U, variance: U"
OUTPUTS = "y: T, batch_mean: U, batch_variance: U, reserve_space_1: U, reserve_space_2: U"
GRAD_INPUTS = "y_backprop: T, x: T, scale: float32, reserve_space_1: U, reserve_space_2: U"
GRAD_OUTPUTS = "x_backprop: T, scale_backprop: U, offset_backprop: U, reserve_space_3: U, reserve_space_4: U"

ROWS: tuple[Op, ...] = (
    Op(
        "FusedBatchNorm",
        f"{INPUTS} -> {OUTPUTS}".replace(": U", ": T"),
        _attrs((types("T", dtypes("float")),), IMAGES),
        _shapes,
        _normalize,
    ),
    Op("FusedBatchNormV2", f"{INPUTS} -> {OUTPUTS}", _attrs(_two_types(dtypes("float")), IMAGES), _shapes, _normalize),
    Op(
        "FusedBatchNormV3",
        f"{INPUTS} -> {OUTPUTS}, reserve_space_3: U",
        _attrs(_two_types(dtypes("bfloat16 float")), (*IMAGES, *VOLUMES)),
        _shapes_v3,
        _normalize_v3,
    ),
    Op(
        "FusedBatchNormGrad",
        f"{GRAD_INPUTS} -> {GRAD_OUTPUTS}".replace(": U", ": T").replace(": float32", ": T"),
        _grad_attrs((types("T", dtypes("float")),), IMAGES),
        _grad_shapes,
        _normalize_grad,
    ),
    Op(
        "FusedBatchNormGradV2",
        f"{GRAD_INPUTS} -> {GRAD_OUTPUTS}",
        _grad_attrs(_two_types(dtypes("float")), IMAGES),
        _grad_shapes,
        _normalize_grad,
    ),
    Op(
        "FusedBatchNormGradV3",
        f"{GRAD_INPUTS}, reserve_space_3: U -> {GRAD_OUTPUTS}".replace(
            "reserve_space_3: U, reserve_space_4", "reserve_space_4: U, reserve_space_5"
        ),
        _grad_attrs(_two_types(dtypes("float")), (*IMAGES, *VOLUMES)),
        _grad_shapes,
        _normalize_grad,
    ),
    Op("LRN", "input: T -> output: T", NEIGHBOURS, lambda ctx: [with_rank(ctx.shape(0), 4)], _local_response),
    Op(
        "LRNGrad",
        "input_grads: T, input_image: T, output_image: T -> output: T",
        NEIGHBOURS,
        lambda ctx: [merge_shapes([with_rank(ctx.shape(index), 4) for index in range(3)])],
        _local_response_grad,
    ),
)
