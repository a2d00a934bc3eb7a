"""Ops that slide a window over volumes: convolution and pooling in three dimensions.

Format: tensorflow/core/kernels/conv_ops_3d.cc, pooling_ops_3d.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.ops.calculation.reductions import accumulator
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, with_rank
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.type_sets import FLOATS, dtypes

__all__ = ["ROWS"]

SPACE = 3
"""Dimensions of a volume."""


def _spatial(ctx: ShapeContext | KernelContext, values: Sequence[int]) -> tuple[int, ...]:
    """Return the entries for the volume of a list with one entry per dimension."""
    first = 2 if ctx.attr("data_format") == b"NCDHW" else 1
    return tuple(values[first : first + SPACE])


def _positions(padding: bytes, size: int | None, reach: int, stride: int) -> int | None:
    """Return how many positions a window takes along a dimension.

    Raises:
        InvalidArgumentError: The window is larger than the volume.
    """
    if size is None:
        return None
    if padding == b"SAME":
        return -(-size // stride)
    if size < reach:
        raise InvalidArgumentError(
            f"Computed output size would be negative: [input_size: {size}, effective_filter_size: {reach}, stride: "
            f"{stride}]"
        )
    return (size - reach) // stride + 1


def _reaches(sizes: Sequence[int], dilations: Sequence[int]) -> list[int]:
    return [(size - 1) * dilation + 1 for size, dilation in zip(sizes, dilations, strict=True)]


def _under(ctx: KernelContext, volumes: Array, sizes: Sequence[int], dilations: Sequence[int], fill: float) -> Array:
    """Return what lies under a window, a view [volumes, positions …, channels, window …]."""
    strides, padding, reaches = _spatial(ctx, ctx.attr("strides")), ctx.attr("padding"), _reaches(sizes, dilations)
    margins = []
    for size, reach, stride in zip(volumes.shape[1:4], reaches, strides, strict=True):
        count = _positions(padding, size, reach, stride) or 0
        missing = max((count - 1) * stride + reach - size, 0) if padding == b"SAME" else 0
        margins.append((missing // 2, missing - missing // 2))
    padded = np.pad(volumes, [(0, 0), *margins, (0, 0)], constant_values=fill) if any(map(any, margins)) else volumes
    view = np.lib.stride_tricks.sliding_window_view(padded, reaches, (1, 2, 3))
    steps = [slice(None, None, step) for step in (*strides, 1, *dilations)]
    return view[(slice(None), *steps)]


def _channels_last(ctx: KernelContext, volumes: Array) -> Array:
    if np.ndim(volumes) != SPACE + 2:
        raise InvalidArgumentError(f"input must be 5-dimensional, got {np.ndim(volumes)} dimensions")
    return np.moveaxis(volumes, 1, 4) if ctx.attr("data_format") == b"NCDHW" else volumes


def _as_given(ctx: KernelContext, volumes: Array) -> Array:
    return np.moveaxis(volumes, 4, 1) if ctx.attr("data_format") == b"NCDHW" else volumes


def _conv(ctx: KernelContext, volumes: Array, filters: Array) -> Array:
    volumes = _channels_last(ctx, volumes)
    if np.ndim(filters) != SPACE + 2 or filters.shape[3] == 0 or volumes.shape[4] % filters.shape[3]:
        raise InvalidArgumentError(
            f"input depth must be evenly divisible by filter depth: {volumes.shape} vs {np.shape(filters)}"
        )
    wide = accumulator(volumes.dtype)
    under = _under(ctx, volumes.astype(wide, copy=False), filters.shape[:3], _spatial(ctx, ctx.attr("dilations")), 0)
    groups = volumes.shape[4] // filters.shape[3]
    parts = [
        np.tensordot(part, weights, ((4, 5, 6, 7), (3, 0, 1, 2)))
        for part, weights in zip(
            np.split(under, groups, 4), np.split(filters.astype(wide, copy=False), groups, 4), strict=True
        )
    ]
    return _as_given(ctx, np.concatenate(parts, 4).astype(volumes.dtype, copy=False))


def _pool(reduce: Callable[[KernelContext, Array], Array]) -> Kernel:
    """Return the kernel that reduces what lies under the window."""

    def kernel(ctx: KernelContext, volumes: Array) -> Array:
        return _as_given(ctx, reduce(ctx, _channels_last(ctx, volumes)).astype(volumes.dtype, copy=False))

    return kernel


def _largest(ctx: KernelContext, volumes: Array) -> Array:
    under = _under(ctx, volumes, _spatial(ctx, ctx.attr("ksize")), (1, 1, 1), -np.inf)
    return np.asarray(np.max(under, axis=(5, 6, 7)))


def _average(ctx: KernelContext, volumes: Array) -> Array:
    wide, sizes = accumulator(volumes.dtype), _spatial(ctx, ctx.attr("ksize"))
    total = np.sum(_under(ctx, volumes.astype(wide, copy=False), sizes, (1, 1, 1), 0), axis=(5, 6, 7))
    # What is added around counts in neither the sum nor the number.
    ones = np.ones((1, *volumes.shape[1:4], 1), wide)
    return np.asarray(total / np.sum(_under(ctx, ones, sizes, (1, 1, 1), 0), axis=(5, 6, 7)))


def _window_shape(
    ctx: ShapeContext, sizes: Sequence[int | None], dilations: Sequence[int], channels: int | None
) -> list[Shape]:
    shape, strides = with_rank(ctx.shape(0), SPACE + 2), _spatial(ctx, ctx.attr("strides"))
    first = 2 if ctx.attr("data_format") == b"NCDHW" else 1
    moved: list[int | None] = []
    for axis, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        known = size is not None or ctx.attr("padding") == b"SAME"
        reach = ((size or 1) - 1) * dilations[axis] + 1
        moved.append(_positions(ctx.attr("padding"), shape[first + axis], reach, stride) if known else None)
    return [(shape[0], channels, *moved) if first == 2 else (shape[0], *moved, channels)]


def _conv_shape(ctx: ShapeContext) -> list[Shape]:
    *sizes, _, channels = with_rank(ctx.shape(1), SPACE + 2)
    return _window_shape(ctx, sizes, _spatial(ctx, ctx.attr("dilations")), channels)


def _pool_shape(ctx: ShapeContext) -> list[Shape]:
    shape = with_rank(ctx.shape(0), SPACE + 2)
    channels = shape[1 if ctx.attr("data_format") == b"NCDHW" else 4]
    return _window_shape(ctx, _spatial(ctx, ctx.attr("ksize")), (1, 1, 1), channels)


STRIDES = Attr("strides", "list(int)", minimum=5)
PADDING = Attr("padding", "string", allowed=(b"SAME", b"VALID"))
LAYOUT = Attr("data_format", "string", b"NDHWC", allowed=(b"NDHWC", b"NCDHW"))
POOL = (Attr("ksize", "list(int)", minimum=5), STRIDES, PADDING, LAYOUT)

ROWS: tuple[Op, ...] = (
    Op(
        "Conv3D",
        "input: T, filter: T -> output: T",
        (types("T", FLOATS), STRIDES, PADDING, LAYOUT, Attr("dilations", "list(int)", (1, 1, 1, 1, 1))),
        _conv_shape,
        _conv,
    ),
    Op(
        "MaxPool3D",
        "input: T -> output: T",
        (*POOL, types("T", dtypes("half bfloat16 float"))),
        _pool_shape,
        _pool(_largest),
    ),
    Op("AvgPool3D", "input: T -> output: T", (*POOL, types("T", FLOATS)), _pool_shape, _pool(_average)),
)
