"""Ops that slide a window over images, or over volumes: convolution and pooling.

Format: tensorflow/core/kernels/conv_ops.cc, conv_ops_3d.cc, maxpooling_op.cc, avgpooling_op.cc, pooling_ops_3d.cc.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.graphs.ops.calculation.reductions import accumulator
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.type_sets import FLOATS, dtypes

__all__ = [
    "ANY_PADDING",
    "CONV_ATTRS",
    "EXPLICIT",
    "LAYOUT",
    "PADDING",
    "POOL_SIZES",
    "ROWS",
    "Window",
    "as_given",
    "avg_pool",
    "channels_first",
    "channels_last",
    "conv",
    "conv_shape",
    "conv_window",
    "given_channels",
    "lowest",
    "max_pool",
    "output_shape",
    "pool_shape",
    "pool_window",
]


@dataclass(frozen=True)
class Window:
    """How a window moves along the dimensions of space: height and width, or a volume's three.

    Attributes:
        sizes: Its elements in each dimension of space; None while that is unknown, which only shape rules see.
        strides: Steps between neighbouring positions.
        dilations: Steps between neighbouring elements.
        padding: ``SAME``, ``VALID`` or ``EXPLICIT``.
        explicit: Elements added before and after each dimension, for ``EXPLICIT``.
    """

    sizes: tuple[int | None, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    padding: bytes
    explicit: tuple[tuple[int, int], ...]

    @property
    def elements(self) -> int:
        """How many elements it has."""
        return math.prod(size or 0 for size in self.sizes)

    def reach(self, axis: int) -> int:
        """Return how many elements lie under the window from end to end."""
        return ((self.sizes[axis] or 1) - 1) * self.dilations[axis] + 1

    def positions(self, axis: int, size: int | None) -> int | None:
        """Return how many positions the window takes along a dimension.

        Raises:
            InvalidArgumentError: The window is larger than the image.
        """
        if size is None:
            return None
        if self.padding == b"SAME":
            return -(-size // self.strides[axis])
        if self.sizes[axis] is None:
            return None
        added = sum(self.explicit[axis]) if self.padding == b"EXPLICIT" else 0
        room = size + added - self.reach(axis)
        if room < -1 or (room < 0 and self.strides[axis] == 1 and size == 0):
            raise InvalidArgumentError(
                f"Computed output size would be negative: {room // self.strides[axis] + 1} [input_size: {size}, "
                f"effective_filter_size: {self.reach(axis)}, stride: {self.strides[axis]}]"
            )
        return room // self.strides[axis] + 1

    def margins(self, axis: int, size: int) -> tuple[int, int]:
        """Return the elements added before and after a dimension."""
        if self.padding == b"EXPLICIT":
            return self.explicit[axis]
        if self.padding == b"VALID":
            return 0, 0
        total = max((-(-size // self.strides[axis]) - 1) * self.strides[axis] + self.reach(axis) - size, 0)
        return total // 2, total - total // 2

    def padded(self, images: Array, fill: float) -> Array:
        """Return images with the elements added around, or the images themselves where there are none."""
        margins = [self.margins(axis, images.shape[axis + 1]) for axis in range(len(self.sizes))]
        return np.pad(images, [(0, 0), *margins, (0, 0)], constant_values=fill) if any(map(any, margins)) else images

    def without_margins(self, padded: Array, sizes: Sequence[int]) -> Array:
        """Return the images inside of what `padded` returned, a view.

        Args:
            padded: What it returned.
            sizes: The images' sizes in each dimension of space.
        """
        starts = [self.margins(axis, size)[0] for axis, size in enumerate(sizes)]
        inside = [slice(start, start + size) for start, size in zip(starts, sizes, strict=True)]
        return padded[(slice(None), *inside)]

    def parts(self, positions: Sequence[int]) -> Iterator[tuple[slice, ...]]:
        """Yield where each of the window's elements lies, in padded images, over all positions.

        Args:
            positions: How many there are in each dimension of space.
        """
        for element in itertools.product(*(range(size or 0) for size in self.sizes)):
            steps = (self._steps(axis, place, positions[axis]) for axis, place in enumerate(element))
            yield slice(None), *steps

    def _steps(self, axis: int, element: int, positions: int) -> slice:
        start = element * self.dilations[axis]
        return slice(start, start + (positions - 1) * self.strides[axis] + 1, self.strides[axis])

    def view(self, images: Array, fill: float) -> Array:
        """Return what lies under the window.

        Args:
            images: Shape [images, space …, channels].
            fill: Value of the elements added around.

        Returns:
            A view of shape [images, positions …, channels, window …].
        """
        padded, rank = self.padded(images, fill), len(self.sizes)
        reaches = [self.reach(axis) for axis in range(rank)]
        under = np.lib.stride_tricks.sliding_window_view(padded, reaches, tuple(range(1, rank + 1)))
        steps = [slice(None, None, step) for step in (*self.strides, 1, *self.dilations)]
        return under[(slice(None), *steps)]


def channels_first(ctx: ShapeContext | KernelContext) -> bool:
    """Return whether the node's images have their channels before the dimensions of space."""
    return ctx.attr("data_format") in {b"NCHW", b"NCDHW"}


Entry = TypeVar("Entry")


def _spatial(ctx: ShapeContext | KernelContext, values: Sequence[Entry]) -> tuple[Entry, ...]:
    """Return the entries for the dimensions of space of a list with one entry per dimension."""
    return tuple(values[2:] if channels_first(ctx) else values[1:-1])


def _window(ctx: ShapeContext | KernelContext, sizes: tuple[int | None, ...], dilations: tuple[int, ...]) -> Window:
    """Return a window by what the node says of it.

    Raises:
        InvalidArgumentError: The node's lists do not have an entry for each dimension.
    """
    strides, padding = _spatial(ctx, ctx.attr("strides")), ctx.attr("padding")
    around = ctx.attr("explicit_paddings") if padding == b"EXPLICIT" else ()
    pairs = list(zip(around[::2], around[1::2], strict=False)) or [(0, 0)] * (len(sizes) + 2)
    margins = _spatial(ctx, pairs)
    if not len(sizes) == len(strides) == len(dilations) == len(margins):
        raise InvalidArgumentError(f"Sliding window strides field must specify {len(sizes) + 2} dimensions")
    return Window(sizes, strides, dilations, padding, margins)


def channels_last(ctx: KernelContext, images: Array) -> Array:
    """Return images with their channels in the last dimension, a view.

    Raises:
        InvalidArgumentError: They have another number of dimensions than the node's window.
    """
    rank = len(ctx.attr("strides"))
    if np.ndim(images) != rank:
        raise InvalidArgumentError(f"input must be {rank}-dimensional, got {np.ndim(images)} dimensions")
    return np.moveaxis(images, 1, -1) if channels_first(ctx) else images


def as_given(ctx: KernelContext, images: Array) -> Array:
    """Return images whose channels are last in the layout that the node asks for, a view."""
    return np.moveaxis(images, -1, 1) if channels_first(ctx) else images


def output_shape(ctx: ShapeContext, window: Window, channels: int | None) -> list[Shape]:
    """Return the shape of what a window gives, in the layout that the node asks for."""
    images, rank = with_rank(ctx.shape(0), len(window.sizes) + 2), len(window.sizes)
    first = 2 if channels_first(ctx) else 1
    positions = (window.positions(axis, images[first + axis]) for axis in range(rank))
    return [(images[0], channels, *positions) if first == 2 else (images[0], *positions, channels)]


def given_channels(ctx: ShapeContext, rank: int) -> int | None:
    """Return how many channels images of a known rank have."""
    return with_rank(ctx.shape(0), rank)[1 if channels_first(ctx) else -1]


def conv_window(ctx: ShapeContext | KernelContext, sizes: Sequence[int | None]) -> Window:
    """Return the window of a convolution with filters of some size."""
    return _window(ctx, tuple(sizes), _spatial(ctx, ctx.attr("dilations")))


def conv_shape(ctx: ShapeContext) -> list[Shape]:
    """Rule of a convolution, in as many dimensions of space as it has strides for."""
    rank = len(ctx.attr("dilations"))
    *sizes, depth, channels = with_rank(ctx.shape(1), rank)
    given = given_channels(ctx, rank)
    if given is not None and depth is not None and (depth == 0 or given % depth):
        raise InvalidArgumentError(f"Depth of input ({given}) is not a multiple of input depth of filter ({depth})")
    return output_shape(ctx, conv_window(ctx, sizes), channels)


def conv(ctx: KernelContext, images: Array, filters: Array) -> Array:
    """Kernel of a convolution, in as many dimensions of space as it has strides for."""
    images = channels_last(ctx, images)
    if np.ndim(filters) != images.ndim or filters.shape[-2] == 0 or images.shape[-1] % filters.shape[-2]:
        raise InvalidArgumentError(
            f"input depth must be evenly divisible by filter depth: {images.shape} vs {np.shape(filters)}"
        )
    *sizes, depth, _ = filters.shape
    window, rank, wide = conv_window(ctx, sizes), len(sizes), accumulator(images.dtype)
    for axis in range(rank):
        window.positions(axis, images.shape[axis + 1])
    under = window.view(images.astype(wide, copy=False), 0)
    groups = images.shape[-1] // depth
    axes = (tuple(range(rank + 1, 2 * rank + 2)), (rank, *range(rank)))
    parts = [
        np.tensordot(part, weights, axes)
        for part, weights in zip(
            np.split(under, groups, rank + 1), np.split(filters.astype(wide, copy=False), groups, -1), strict=True
        )
    ]
    return as_given(ctx, np.concatenate(parts, -1).astype(images.dtype, copy=False))


def pool_window(ctx: ShapeContext | KernelContext) -> Window:
    """Return the window of a pool."""
    sizes = _spatial(ctx, ctx.attr("ksize"))
    return _window(ctx, sizes, (1,) * len(sizes))


def pool_shape(ctx: ShapeContext) -> list[Shape]:
    """Rule of a pool, in as many dimensions of space as its window has."""
    return output_shape(ctx, pool_window(ctx), given_channels(ctx, len(ctx.attr("ksize"))))


def max_pool(ctx: KernelContext, images: Array) -> Array:
    """Kernel of the greatest elements under a window."""
    images = channels_last(ctx, images)
    window = pool_window(ctx)
    return as_given(ctx, np.max(window.view(images, lowest(images.dtype)), axis=_window_axes(window)))


def lowest(dtype: np.dtype[Any]) -> float:
    """Return what is not greater than any element of a type."""
    return float(np.iinfo(dtype).min) if dtype.kind in "iu" else -np.inf


def _window_axes(window: Window) -> tuple[int, ...]:
    return tuple(range(-len(window.sizes), 0))


def avg_pool(ctx: KernelContext, images: Array) -> Array:
    """Kernel of the mean of the elements under a window."""
    images = channels_last(ctx, images)
    window, wide = pool_window(ctx), accumulator(images.dtype)
    total = np.sum(window.view(images.astype(wide, copy=False), 0), axis=_window_axes(window))
    # What is added around counts in neither the sum nor the number.
    ones = np.ones((1, *images.shape[1:-1], 1), wide)
    count = np.sum(window.view(ones, 0), axis=_window_axes(window))
    return as_given(ctx, (total / count).astype(images.dtype, copy=False))


ANY_PADDING = Attr("padding", "string", allowed=(b"SAME", b"VALID", b"EXPLICIT"))
PADDING = Attr("padding", "string", allowed=(b"SAME", b"VALID"))
EXPLICIT = Attr("explicit_paddings", "list(int)", ())
LAYOUT = Attr("data_format", "string", b"NHWC", allowed=(b"NHWC", b"NCHW"))
POOL_LAYOUT = Attr("data_format", "string", b"NHWC", allowed=(b"NHWC", b"NCHW", b"NCHW_VECT_C"))
CONV_ATTRS = (
    Attr("strides", "list(int)"),
    flag("use_cudnn_on_gpu", True),
    ANY_PADDING,
    EXPLICIT,
    LAYOUT,
    Attr("dilations", "list(int)", (1, 1, 1, 1)),
)
POOL_SIZES = (Attr("ksize", "list(int)", minimum=4), Attr("strides", "list(int)", minimum=4))
MAX_POOL_TYPES = dtypes("half bfloat16 float double int32 int64 uint8 int16 int8 uint16 qint8")

ROWS: tuple[Op, ...] = (
    Op(
        "Conv2D",
        "input: T, filter: T -> output: T",
        (types("T", dtypes("half bfloat16 float double int32")), *CONV_ATTRS),
        conv_shape,
        conv,
    ),
    Op(
        "MaxPool",
        "input: T -> output: T",
        (types("T", MAX_POOL_TYPES, FLOAT), *POOL_SIZES, ANY_PADDING, EXPLICIT, POOL_LAYOUT),
        pool_shape,
        max_pool,
    ),
    Op(
        "AvgPool",
        "value: T -> output: T",
        (*POOL_SIZES, PADDING, LAYOUT, types("T", FLOATS)),
        pool_shape,
        avg_pool,
    ),
)
