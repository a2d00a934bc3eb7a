"""Convolution of each channel by filters of its own, and its gradients.

Format: tensorflow/core/kernels/depthwise_conv_op.cc, depthwise_conv_grad_op.cc.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.reductions import accumulator
from ckpt_magics.graphs.ops.nets.window_gradients import check_positions, image_sizes, told_shape
from ckpt_magics.graphs.ops.nets.windows import (
    ANY_PADDING,
    EXPLICIT,
    LAYOUT,
    Window,
    as_given,
    channels_last,
    conv_window,
    given_channels,
    output_shape,
)
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_dims, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.type_sets import FLOATS

__all__ = ["ROWS"]


def _shape(ctx: ShapeContext) -> list[Shape]:
    *sizes, depth, multiplier = with_rank(ctx.shape(1), 4)
    depth = merge_dims(given_channels(ctx, 4), depth)
    channels = None if depth is None or multiplier is None else depth * multiplier
    return output_shape(ctx, conv_window(ctx, sizes), channels)


def _checked(ctx: KernelContext, images: tuple[int, ...], filters: tuple[int, ...]) -> Window:
    """Return the window of filters.

    Raises:
        InvalidArgumentError: They do not go with the images, or are larger.
    """
    if len(filters) != 4 or filters[2] != images[-1]:
        raise InvalidArgumentError(
            f"input and filter must have the same depth: {images[-1]} vs {format_shape(filters)}"
        )
    window = conv_window(ctx, filters[:2])
    for axis in (0, 1):
        window.positions(axis, images[axis + 1])
    return window


def _conv(ctx: KernelContext, images: Array, filters: Array) -> Array:
    images = channels_last(ctx, images)
    window, wide = _checked(ctx, images.shape, np.shape(filters)), accumulator(images.dtype)
    height, width, depth, multiplier = filters.shape
    under, weights = window.view(images.astype(wide, copy=False), 0), filters.astype(wide, copy=False)
    total = np.zeros((*under.shape[:3], depth, multiplier), wide)
    # One element of the filter after the other: what is added up lies apart, and there are few of them.
    for row, column in itertools.product(range(height), range(width)):
        total += under[..., row, column, None] * weights[row, column]
    return as_given(ctx, total.reshape(*under.shape[:3], depth * multiplier).astype(images.dtype, copy=False))


def _by_channels(backprop: Array, filters: tuple[int, ...], wide: np.dtype[Any]) -> Array:
    """Return a gradient with the channels that come from one apart: [images, rows, columns, depth, multiplier].

    Raises:
        InvalidArgumentError: It does not have as many channels.
    """
    if backprop.shape[-1] != filters[2] * filters[3]:
        raise InvalidArgumentError(f"out_backprop has {backprop.shape[-1]} channels, not {filters[2] * filters[3]}")
    return backprop.astype(wide, copy=False).reshape(*backprop.shape[:3], *filters[2:])


def _images_grad(ctx: KernelContext, sizes: Array, filters: Array, out_backprop: Array) -> Array:
    backprop = channels_last(ctx, out_backprop)
    images = image_sizes(ctx, sizes, backprop)
    window, wide = _checked(ctx, images, np.shape(filters)), accumulator(out_backprop.dtype)
    check_positions(window, images, backprop)
    back = _by_channels(backprop, filters.shape, wide)
    weights = filters.astype(wide, copy=False).reshape(window.elements, *filters.shape[2:])
    total = window.padded(np.zeros(images, wide), 0)
    for part, weight in zip(window.parts(back.shape[1:3]), weights, strict=True):
        total[part] += np.sum(back * weight, axis=-1)
    result = window.without_margins(total, images[1:3])
    return as_given(ctx, np.ascontiguousarray(result, out_backprop.dtype))


def _filters_grad(ctx: KernelContext, images: Array, sizes: Array, out_backprop: Array) -> Array:
    images, backprop = channels_last(ctx, images), channels_last(ctx, out_backprop)
    filters = tuple(int(size) for size in sizes)
    window, wide = _checked(ctx, images.shape, filters), accumulator(images.dtype)
    check_positions(window, images.shape, backprop)
    back, padded = _by_channels(backprop, filters, wide), window.padded(images.astype(wide, copy=False), 0)
    sums = [np.einsum("nrcd,nrcdm->dm", padded[part], back) for part in window.parts(back.shape[1:3])]
    return np.reshape(np.asarray(sums, images.dtype), filters)


ATTRS = (
    types("T", FLOATS),
    Attr("strides", "list(int)"),
    ANY_PADDING,
    EXPLICIT,
    LAYOUT,
    Attr("dilations", "list(int)", (1, 1, 1, 1)),
)

ROWS: tuple[Op, ...] = (
    Op("DepthwiseConv2dNative", "input: T, filter: T -> output: T", ATTRS, _shape, _conv),
    Op(
        "DepthwiseConv2dNativeBackpropInput",
        "input_sizes: int32, filter: T, out_backprop: T -> output: T",
        ATTRS,
        told_shape(0, 4),
        _images_grad,
    ),
    Op(
        "DepthwiseConv2dNativeBackpropFilter",
        "input: T, filter_sizes: int32, out_backprop: T -> output: T",
        ATTRS,
        told_shape(1, 4),
        _filters_grad,
    ),
)
