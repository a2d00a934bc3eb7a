"""Ops that slide a window over images: convolution and pooling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    "channels_last",
    "conv_window",
    "output_shape",
    "pool_window",
]


@dataclass(frozen=True)
class Window:
    """How a window moves along height and width.

    Attributes:
        sizes: Its elements in each of the two dimensions; None while that is unknown, which only shape rules see.
        strides: Steps between neighbouring positions.
        dilations: Steps between neighbouring elements.
        padding: ``SAME``, ``VALID`` or ``EXPLICIT``.
        explicit: Elements added before and after each dimension, for ``EXPLICIT``.
    """

    sizes: tuple[int | None, int | None]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    padding: bytes
    explicit: tuple[tuple[int, int], tuple[int, int]]

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
        margins = [self.margins(axis, images.shape[axis + 1]) for axis in (0, 1)]
        return np.pad(images, [(0, 0), *margins, (0, 0)], constant_values=fill) if any(map(any, margins)) else images

    def without_margins(self, padded: Array, height: int, width: int) -> Array:
        """Return the images inside of what `padded` returned, a view."""
        top, left = self.margins(0, height)[0], self.margins(1, width)[0]
        return padded[:, top : top + height, left : left + width]

    def parts(self, rows: int, columns: int) -> Iterator[tuple[slice, slice, slice]]:
        """Yield where each of the window's elements lies, in padded images, over all positions.

        Args:
            rows: Positions along the height.
            columns: Positions along the width.
        """
        for down in range(self.sizes[0] or 0):
            for across in range(self.sizes[1] or 0):
                yield slice(None), self._steps(0, down, rows), self._steps(1, across, columns)

    def _steps(self, axis: int, element: int, positions: int) -> slice:
        start = element * self.dilations[axis]
        return slice(start, start + (positions - 1) * self.strides[axis] + 1, self.strides[axis])

    def view(self, images: Array, fill: float) -> Array:
        """Return what lies under the window.

        Args:
            images: Shape [images, height, width, channels].
            fill: Value of the elements added around.

        Returns:
            A view of shape [images, rows, columns, channels, window height, window width].
        """
        padded = self.padded(images, fill)
        reaches = (self.reach(0), self.reach(1))
        under = np.lib.stride_tricks.sliding_window_view(padded, reaches, (1, 2))
        (down, across), (rows, columns) = self.strides, self.dilations
        return under[:, ::down, ::across, :, ::rows, ::columns]


def _spatial(ctx: ShapeContext | KernelContext, values: list[int]) -> tuple[int, int]:
    """Return the two entries for height and width of a list with one entry per dimension."""
    first = 2 if ctx.attr("data_format") == b"NCHW" else 1
    return values[first], values[first + 1]


def _window(
    ctx: ShapeContext | KernelContext, sizes: tuple[int | None, int | None], *, dilated: bool, explicit: bool
) -> Window:
    around = ctx.attr("explicit_paddings") if explicit else []
    first = 4 if ctx.attr("data_format") == b"NCHW" else 2
    margins = ((around[first], around[first + 1]), (around[first + 2], around[first + 3])) if around else ((0, 0),) * 2
    return Window(
        sizes,
        _spatial(ctx, ctx.attr("strides")),
        _spatial(ctx, ctx.attr("dilations")) if dilated else (1, 1),
        ctx.attr("padding"),
        margins,
    )


def channels_last(ctx: KernelContext, images: Array) -> Array:
    """Return images with their channels in the last dimension, a view.

    Raises:
        InvalidArgumentError: They are not of four dimensions.
    """
    if images.ndim != 4:
        raise InvalidArgumentError(f"input must be 4-dimensional, got {images.ndim} dimensions")
    return np.moveaxis(images, 1, 3) if ctx.attr("data_format") == b"NCHW" else images


def as_given(ctx: KernelContext, images: Array) -> Array:
    """Return images whose channels are last in the layout that the node asks for, a view."""
    return np.moveaxis(images, 3, 1) if ctx.attr("data_format") == b"NCHW" else images


def output_shape(ctx: ShapeContext, window: Window, channels: int | None) -> list[Shape]:
    """Return the shape of what a window gives, in the layout that the node asks for."""
    images = with_rank(ctx.shape(0), 4)
    first = 2 if ctx.attr("data_format") == b"NCHW" else 1
    rows, columns = (window.positions(axis, images[first + axis]) for axis in (0, 1))
    return [(images[0], channels, rows, columns) if first == 2 else (images[0], rows, columns, channels)]


def conv_window(ctx: ShapeContext | KernelContext, sizes: tuple[int | None, int | None]) -> Window:
    """Return the window of a convolution with filters of some height and width."""
    return _window(ctx, sizes, dilated=True, explicit=True)


def _conv_shape(ctx: ShapeContext) -> list[Shape]:
    height, width, depth, channels = with_rank(ctx.shape(1), 4)
    images = with_rank(ctx.shape(0), 4)
    given = images[1 if ctx.attr("data_format") == b"NCHW" else 3]
    if given is not None and depth is not None and (depth == 0 or given % depth):
        raise InvalidArgumentError(f"Depth of input ({given}) is not a multiple of input depth of filter ({depth})")
    return output_shape(ctx, conv_window(ctx, (height, width)), channels)


def _conv(ctx: KernelContext, images: Array, filters: Array) -> Array:
    images = channels_last(ctx, images)
    height, width, depth, _ = filters.shape
    if depth == 0 or images.shape[3] % depth:
        raise InvalidArgumentError(
            f"input depth must be evenly divisible by filter depth: {images.shape[3]} vs {depth}"
        )
    window = conv_window(ctx, (height, width))
    for axis in (0, 1):
        window.positions(axis, images.shape[axis + 1])
    wide = accumulator(images.dtype)
    under = window.view(images.astype(wide, copy=False), 0)
    groups = images.shape[3] // depth
    parts = [
        np.tensordot(part, weights, ((3, 4, 5), (2, 0, 1)))
        for part, weights in zip(
            np.split(under, groups, 3), np.split(filters.astype(wide, copy=False), groups, 3), strict=True
        )
    ]
    return as_given(ctx, np.concatenate(parts, 3).astype(images.dtype, copy=False))


def pool_window(ctx: ShapeContext | KernelContext, *, explicit: bool) -> Window:
    """Return the window of a pool."""
    return _window(ctx, _spatial(ctx, ctx.attr("ksize")), dilated=False, explicit=explicit)


def _max_pool_shape(ctx: ShapeContext) -> list[Shape]:
    images = with_rank(ctx.shape(0), 4)
    return output_shape(ctx, pool_window(ctx, explicit=True), images[1 if ctx.attr("data_format") == b"NCHW" else 3])


def _avg_pool_shape(ctx: ShapeContext) -> list[Shape]:
    images = with_rank(ctx.shape(0), 4)
    return output_shape(ctx, pool_window(ctx, explicit=False), images[1 if ctx.attr("data_format") == b"NCHW" else 3])


def _max_pool(ctx: KernelContext, images: Array) -> Array:
    images = channels_last(ctx, images)
    lowest = np.iinfo(images.dtype).min if images.dtype.kind in "iu" else -np.inf
    return as_given(ctx, np.max(pool_window(ctx, explicit=True).view(images, lowest), axis=(4, 5)))


def _avg_pool(ctx: KernelContext, images: Array) -> Array:
    images = channels_last(ctx, images)
    window, wide = pool_window(ctx, explicit=False), accumulator(images.dtype)
    total = np.sum(window.view(images.astype(wide, copy=False), 0), axis=(4, 5))
    # What is added around counts in neither the sum nor the number.
    count = np.sum(window.view(np.ones((1, *images.shape[1:3], 1), wide), 0), axis=(4, 5))
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
        _conv_shape,
        _conv,
    ),
    Op(
        "MaxPool",
        "input: T -> output: T",
        (types("T", MAX_POOL_TYPES, FLOAT), *POOL_SIZES, ANY_PADDING, EXPLICIT, POOL_LAYOUT),
        _max_pool_shape,
        _max_pool,
    ),
    Op(
        "AvgPool",
        "value: T -> output: T",
        (*POOL_SIZES, PADDING, LAYOUT, types("T", FLOATS)),
        _avg_pool_shape,
        _avg_pool,
    ),
)
