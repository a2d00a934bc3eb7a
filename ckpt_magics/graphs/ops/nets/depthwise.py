"""Convolution of each channel by filters of its own.

Format: tensorflow/core/kernels/depthwise_conv_op.cc.
"""

from __future__ import annotations

import itertools

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.reductions import accumulator
from ckpt_magics.graphs.ops.nets.windows import (
    ANY_PADDING,
    EXPLICIT,
    LAYOUT,
    as_given,
    channels_last,
    conv_window,
    output_shape,
)
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_dims, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.type_sets import FLOATS

__all__ = ["ROWS"]


def _shape(ctx: ShapeContext) -> list[Shape]:
    height, width, depth, multiplier = with_rank(ctx.shape(1), 4)
    images = with_rank(ctx.shape(0), 4)
    depth = merge_dims(images[1 if ctx.attr("data_format") == b"NCHW" else 3], depth)
    channels = None if depth is None or multiplier is None else depth * multiplier
    return output_shape(ctx, conv_window(ctx, (height, width)), channels)


def _conv(ctx: KernelContext, images: Array, filters: Array) -> Array:
    images = channels_last(ctx, images)
    if filters.ndim != 4 or filters.shape[2] != images.shape[3]:
        raise InvalidArgumentError(
            f"input and filter must have the same depth: {images.shape[3]} vs {format_shape(filters.shape)}"
        )
    height, width, depth, multiplier = filters.shape
    window, wide = conv_window(ctx, (height, width)), accumulator(images.dtype)
    for axis in (0, 1):
        window.positions(axis, images.shape[axis + 1])
    under, weights = window.view(images.astype(wide, copy=False), 0), filters.astype(wide, copy=False)
    total = np.zeros((*under.shape[:3], depth, multiplier), wide)
    # One element of the filter after the other: what is added up lies apart, and there are few of them.
    for row, column in itertools.product(range(height), range(width)):
        total += under[..., row, column, None] * weights[row, column]
    return as_given(ctx, total.reshape(*under.shape[:3], depth * multiplier).astype(images.dtype, copy=False))


ROWS: tuple[Op, ...] = (
    Op(
        "DepthwiseConv2dNative",
        "input: T, filter: T -> output: T",
        (
            types("T", FLOATS),
            Attr("strides", "list(int)"),
            ANY_PADDING,
            EXPLICIT,
            LAYOUT,
            Attr("dilations", "list(int)", (1, 1, 1, 1)),
        ),
        _shape,
        _conv,
    ),
)
