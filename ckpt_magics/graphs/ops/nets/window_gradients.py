"""What convolutions and pools give back: gradients of their images and filters, in any number of dimensions.

Each of the window's elements is one strided part of the images, so that a gradient is as many products or sums as the
window has elements. ``Conv2DBackpropInput`` is also the transposed convolution of decoders.

Format: tensorflow/core/kernels/conv_grad_input_ops.cc, conv_grad_filter_ops.cc, maxpooling_op.cc and avgpooling_op.cc,
on a CPU.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.reductions import accumulator
from ckpt_magics.graphs.ops.nets.windows import (
    ANY_PADDING,
    CONV_ATTRS,
    EXPLICIT,
    LAYOUT,
    PADDING,
    POOL_SIZES,
    Window,
    as_given,
    channels_first,
    channels_last,
    conv_window,
    lowest,
    pool_shape,
    pool_window,
)
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_shapes, with_rank
from ckpt_magics.graphs.ops.row import KernelContext, Op, ShapeContext, ShapeRule, types
from ckpt_magics.graphs.ops.shape_rules import input_as_shape
from ckpt_magics.graphs.ops.type_sets import FLOATS, REAL_NUMBERS, dtypes

__all__ = [
    "POOLED",
    "ROWS",
    "avg_pool_grad",
    "check_positions",
    "conv_filter",
    "conv_input",
    "image_sizes",
    "max_pool_grad",
    "max_pool_grad_grad",
    "told_shape",
]


def _images_shape(ctx: ShapeContext) -> list[Shape]:
    """Rule of the gradient of images, whose shape an input holds; in old graphs it is height and width alone."""
    filters, backprop, sizes = with_rank(ctx.shape(1), 4), with_rank(ctx.shape(2), 4), input_as_shape(ctx, 0)
    if sizes is None or len(sizes) != 2:
        shape = merge_shapes([sizes, (None,) * 4])
        # How many images there are is taken from the gradient alone.
        return [shape if sizes is None or shape is None else (backprop[0], *shape[1:])]
    return [(backprop[0], filters[2], *sizes) if channels_first(ctx) else (backprop[0], *sizes, filters[2])]


def told_shape(index: int, rank: int) -> ShapeRule:
    """Return the rule of a gradient whose shape an input holds."""
    return lambda ctx: [merge_shapes([input_as_shape(ctx, index), (None,) * rank])]


def check_positions(window: Window, images: tuple[int, ...], backprop: Array) -> None:
    """Refuse a gradient that is not of the size that the window's positions over the images give."""
    expected = tuple(window.positions(axis, images[axis + 1]) for axis in range(len(window.sizes)))
    if backprop.shape[:-1] != (images[0], *expected):
        raise InvalidArgumentError(
            f"Computed and provided output sizes do not match: out_backprop has shape {format_shape(backprop.shape)}, "
            f"expected positions {expected} for input shape {format_shape(images)}"
        )


def image_sizes(ctx: KernelContext, sizes: Array, backprop: Array) -> tuple[int, ...]:
    """Return the shape of images, told in the node's layout, with the channels last.

    Raises:
        InvalidArgumentError: There is not one size per dimension, or one is negative.
    """
    given = [int(size) for size in np.reshape(sizes, -1)]
    if len(given) != backprop.ndim or min(given) < 0:
        raise InvalidArgumentError(f"the images' sizes must be {backprop.ndim} that are not negative, got {given}")
    return (given[0], *given[2:], given[1]) if channels_first(ctx) else tuple(given)


def _whole_sizes(ctx: KernelContext, sizes: Array, filters: Array, backprop: Array) -> tuple[int, ...]:
    """Return the shape of images of which height and width alone may be told, with the channels last."""
    if np.size(sizes) == 2 == backprop.ndim - 2:
        return backprop.shape[0], *(int(size) for size in sizes), filters.shape[2]
    return image_sizes(ctx, sizes, backprop)


def conv_input(ctx: KernelContext, sizes: Array, filters: Array, out_backprop: Array) -> Array:
    """Kernel of the gradient of a convolution's images."""
    backprop = channels_last(ctx, out_backprop)
    images = _whole_sizes(ctx, sizes, filters, backprop)
    if np.ndim(filters) != backprop.ndim:
        raise InvalidArgumentError(f"filter must have {backprop.ndim} dimensions, got {np.ndim(filters)}")
    *spread, depth, channels = filters.shape
    window = conv_window(ctx, spread)
    check_positions(window, images, backprop)
    if depth == 0 or images[-1] % depth or channels != backprop.shape[-1]:
        raise InvalidArgumentError(
            f"input depth must be evenly divisible by filter depth: {images[-1]} vs {depth}, and filter and "
            f"out_backprop must have the same out_depth: {channels} vs {backprop.shape[-1]}"
        )
    wide, groups = accumulator(out_backprop.dtype), images[-1] // depth
    total = window.padded(np.zeros(images, wide), 0)
    # One product for all of the window's elements, as far as memory goes: [positions, channels] x [channels, elements].
    back = np.ascontiguousarray(backprop, wide).reshape(-1, groups, channels // groups)
    weights = filters.astype(wide, copy=False).reshape(window.elements, depth, groups, channels // groups)
    for part, weight in zip(window.parts(backprop.shape[1:-1]), weights, strict=True):
        products = [back[:, group] @ weight[:, group].T for group in range(groups)]
        total[part] += np.concatenate(products, 1).reshape(*backprop.shape[:-1], images[-1])
    result = window.without_margins(total, images[1:-1])
    return as_given(ctx, np.ascontiguousarray(result, out_backprop.dtype))


def conv_filter(ctx: KernelContext, images: Array, sizes: Array, out_backprop: Array) -> Array:
    """Kernel of the gradient of a convolution's filters."""
    images, backprop = channels_last(ctx, images), channels_last(ctx, out_backprop)
    if len(sizes) != images.ndim:
        raise InvalidArgumentError(f"filter_sizes must have {images.ndim} elements, got {len(sizes)}")
    *spread, depth, channels = (int(size) for size in sizes)
    window = conv_window(ctx, spread)
    check_positions(window, images.shape, backprop)
    if depth == 0 or images.shape[-1] % depth or channels != backprop.shape[-1]:
        raise InvalidArgumentError(f"filter sizes {format_shape(tuple(sizes))} do not go with the images")
    wide, groups = accumulator(images.dtype), images.shape[-1] // depth
    padded = window.padded(images.astype(wide, copy=False), 0)
    back = np.ascontiguousarray(backprop, wide).reshape(-1, groups, channels // groups)
    total = np.empty((window.elements, depth, groups, channels // groups), wide)
    for element, part in enumerate(window.parts(backprop.shape[1:-1])):
        under = padded[part].reshape(-1, groups, depth)
        for group in range(groups):
            np.matmul(under[:, group].T, back[:, group], out=total[element, :, group])
    return total.reshape(*spread, depth, channels).astype(images.dtype, copy=False)


def _greatest(window: Window, padded: Array, positions: Sequence[int]) -> Array:
    """Return which of the window's elements is the greatest at each position, the first of several."""
    parts = window.parts(positions)
    best = padded[next(parts)].copy()
    which = np.zeros(best.shape, np.int32)
    for element, part in enumerate(parts, 1):
        greater = padded[part] > best
        np.copyto(best, padded[part], where=greater)
        which[greater] = element
    return which


def max_pool_grad(ctx: KernelContext, orig_input: Array, _: Array, grad: Array) -> Array:
    """Kernel that gives each position's gradient to the element that the pool took."""
    images, backprop = channels_last(ctx, orig_input), channels_last(ctx, grad)
    window = pool_window(ctx)
    check_positions(window, images.shape, backprop)
    which = _greatest(window, window.padded(images, lowest(images.dtype)), backprop.shape[1:-1])
    total = window.padded(np.zeros(images.shape, grad.dtype), 0)
    zero = grad.dtype.type(0)
    for element, part in enumerate(window.parts(backprop.shape[1:-1])):
        total[part] += np.where(which == element, backprop, zero)
    return as_given(ctx, np.ascontiguousarray(window.without_margins(total, images.shape[1:-1])))


def max_pool_grad_grad(ctx: KernelContext, orig_input: Array, orig_output: Array, grad: Array) -> Array:
    """Kernel that takes, at each position, what reached the element that the pool took."""
    images, pooled, given = (channels_last(ctx, item) for item in (orig_input, orig_output, grad))
    window = pool_window(ctx)
    check_positions(window, images.shape, pooled)
    values, padded = window.padded(images, lowest(images.dtype)), window.padded(given, 0)
    inside = window.padded(np.ones((1, *images.shape[1:-1], 1), np.uint8), 0) > 0
    taken, is_open = np.zeros(pooled.shape, grad.dtype), np.ones(pooled.shape, np.bool_)
    for part in window.parts(pooled.shape[1:-1]):
        # The first of several elements that the pool may have taken.
        is_here = is_open & inside[part] & (values[part] == pooled)
        np.copyto(taken, padded[part], where=is_here)
        is_open &= ~is_here
    return as_given(ctx, taken)


def avg_pool_grad(ctx: KernelContext, shape: Array, grad: Array) -> Array:
    """Kernel that spreads each position's gradient over the elements that the pool took the mean of."""
    backprop = channels_last(ctx, grad)
    images = image_sizes(ctx, shape, backprop)
    window = pool_window(ctx)
    check_positions(window, images, backprop)
    wide, positions = accumulator(grad.dtype), backprop.shape[1:-1]
    # What is added around counts in neither the sum nor the number.
    inside, count = window.padded(np.ones((1, *images[1:-1], 1), wide), 0), np.zeros((1, *positions, 1), wide)
    for part in window.parts(positions):
        count += inside[part]
    share, total = backprop.astype(wide, copy=False) / count, window.padded(np.zeros(images, wide), 0)
    for part in window.parts(positions):
        total[part] += share
    result = window.without_margins(total, images[1:-1])
    return as_given(ctx, np.ascontiguousarray(result, grad.dtype))


MAX_POOL_TYPES = (types("T", REAL_NUMBERS, FLOAT),)
POOLED = "orig_input: T, orig_output: T, grad: T -> output: T"

ROWS: tuple[Op, ...] = (
    Op(
        "Conv2DBackpropInput",
        "input_sizes: int32, filter: T, out_backprop: T -> output: T",
        (types("T", (*FLOATS, *dtypes("int32"))), *CONV_ATTRS),
        _images_shape,
        conv_input,
    ),
    Op(
        "Conv2DBackpropFilter",
        "input: T, filter_sizes: int32, out_backprop: T -> output: T",
        (types("T", FLOATS), *CONV_ATTRS),
        told_shape(1, 4),
        conv_filter,
    ),
    Op(
        "MaxPoolGrad",
        POOLED,
        (*POOL_SIZES, ANY_PADDING, EXPLICIT, LAYOUT, *MAX_POOL_TYPES),
        lambda ctx: [with_rank(ctx.shape(0), 4)],
        max_pool_grad,
    ),
    Op(
        "MaxPoolGradGrad",
        POOLED,
        (*POOL_SIZES, PADDING, LAYOUT, types("T", REAL_NUMBERS)),
        pool_shape,
        max_pool_grad_grad,
    ),
    Op(
        "AvgPoolGrad",
        "orig_input_shape: int32, grad: T -> output: T",
        (*POOL_SIZES, PADDING, LAYOUT, types("T", FLOATS)),
        told_shape(0, 4),
        avg_pool_grad,
    ),
)
