"""Ops that make images of another size, whole or of parts.

Format: tensorflow/core/kernels/image/resize_bilinear_op.cc, resize_nearest_neighbor_op.cc, resize_bicubic_op.cc,
crop_and_resize_op.cc, image_resizer_state.h.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_dims, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import input_as_shape
from ckpt_magics.graphs.ops.type_sets import dtypes

__all__ = ["ROWS"]

FLOAT32 = np.float32
TABLE_SIZE = 1 << 10
"""Steps between two pixels for which weights of a cubic are worked out."""


def _check_images(images: Array, size: Array) -> tuple[int, int]:
    """Return the height and width wanted.

    Raises:
        InvalidArgumentError: The images are none, or the size is none.
    """
    if np.ndim(images) != 4 or np.shape(size) != (2,):
        raise InvalidArgumentError(
            f"input must be 4-dimensional and size of two elements, got {format_shape(np.shape(images))} and "
            f"{format_shape(np.shape(size))}"
        )
    if np.any(size <= 0):
        raise InvalidArgumentError(f"output dimensions must be positive, got {size}")
    if not all(images.shape[1:3]):
        raise InvalidArgumentError("input image must be of non-zero size")
    return int(size[0]), int(size[1])


def _check(ctx: KernelContext, images: Array, size: Array) -> tuple[int, int]:
    """Return the height and width wanted.

    Raises:
        InvalidArgumentError: The images are none, or the size is none, or the settings go not together.
    """
    sizes = _check_images(images, size)
    if ctx.attr("align_corners") and ctx.attr("half_pixel_centers"):
        raise InvalidArgumentError("If half_pixel_centers is True, align_corners must be False.")
    return sizes


def _positions(ctx: KernelContext, wanted: int, given: int, *, nearest: bool = False) -> Array:
    """Return where each pixel of the result lies in the image, float32 as TensorFlow computes it."""
    corners = ctx.attr("align_corners") and wanted > 1
    scale = FLOAT32(given - 1) / FLOAT32(wanted - 1) if corners else FLOAT32(given) / FLOAT32(wanted)
    steps = np.arange(wanted, dtype=FLOAT32)
    if not ctx.attr("half_pixel_centers"):
        return steps * scale
    inside = (steps + FLOAT32(0.5)) * scale
    return inside if nearest else inside - FLOAT32(0.5)


def _bilinear(ctx: KernelContext, images: Array, size: Array) -> Array:
    height, width = _check(ctx, images, size)
    wide = images.astype(FLOAT32, copy=False)
    # Across first, then down, as TensorFlow rounds.
    across = _interpolated(wide, _positions(ctx, width, images.shape[2]), 2)
    return _interpolated(across, _positions(ctx, height, images.shape[1]), 1)


def _interpolated(images: Array, positions: Array, axis: int) -> Array:
    low = np.floor(positions)
    part = (positions - low).reshape(-1, *[1] * (images.ndim - 1 - axis))
    last = images.shape[axis] - 1
    before = np.take(images, np.maximum(low, 0).astype(np.int64), axis)
    after = np.take(images, np.minimum(np.ceil(positions).astype(np.int64), last), axis)
    return before + (after - before) * part


def _nearest(ctx: KernelContext, images: Array, size: Array) -> Array:
    taken = []
    for wanted, given in zip(_check(ctx, images, size), images.shape[1:3], strict=True):
        positions = _positions(ctx, wanted, given, nearest=True)
        rounded = np.floor(positions + FLOAT32(0.5)) if ctx.attr("align_corners") else np.floor(positions)
        taken.append(np.clip(rounded.astype(np.int64), 0, given - 1))
    return images[:, taken[0][:, None], taken[1]]


def _cubic_table(a: float) -> tuple[Array, Array]:
    """Return the weights of a cubic's inner and outer pixels, by the distance in steps."""
    near = np.arange(TABLE_SIZE + 1) / TABLE_SIZE
    far = near + 1
    return (
        (((a + 2) * near - (a + 3)) * near * near + 1).astype(FLOAT32),
        (((a * far - 5 * a) * far + 8 * a) * far - 4 * a).astype(FLOAT32),
    )


def _cubic_weights(ctx: KernelContext, wanted: int, given: int) -> tuple[Array, Array]:
    """Return the four pixels that each of the result is made of, and their weights: [wanted, 4] each."""
    keys = ctx.attr("half_pixel_centers")
    positions = _positions(ctx, wanted, given)
    low = np.floor(positions)
    steps = np.rint((positions - low) * FLOAT32(TABLE_SIZE)).astype(np.int64)
    near, far = _cubic_table(-0.5 if keys else -0.75)
    weights = np.stack([far[steps], near[steps], near[TABLE_SIZE - steps], far[TABLE_SIZE - steps]], 1)
    places = low.astype(np.int64)[:, None] + np.arange(-1, 3)
    inside = np.clip(places, 0, given - 1)
    if keys:
        # What lies outside counts nothing, and the rest makes up for it.
        weights = np.where(inside == places, weights, FLOAT32(0))
        total = weights.sum(1, keepdims=True)
        large = np.abs(total) >= 1000 * np.finfo(FLOAT32).tiny
        weights = np.where(large, weights / np.where(large, total, 1), weights).astype(FLOAT32)
    return inside, weights


def _bicubic(ctx: KernelContext, images: Array, size: Array) -> Array:
    height, width = _check(ctx, images, size)
    rows, row_weights = _cubic_weights(ctx, height, images.shape[1])
    columns, column_weights = _cubic_weights(ctx, width, images.shape[2])
    wide = images.astype(FLOAT32, copy=False)
    down = sum(wide[:, rows[:, tap]] * row_weights[:, tap, None, None] for tap in range(4))
    return sum(np.asarray(down)[:, :, columns[:, tap]] * column_weights[:, tap, None] for tap in range(4))


def _area(ctx: KernelContext, images: Array, size: Array) -> Array:
    height, width = _check_images(images, size)
    wide = images.astype(FLOAT32, copy=False)
    down = _area_weights(ctx, height, images.shape[1])
    across = _area_weights(ctx, width, images.shape[2])
    return np.einsum("nrcd,hr,wc->nhwd", wide, down, across, optimize=True).astype(FLOAT32, copy=False)


def _area_weights(ctx: KernelContext, wanted: int, given: int) -> Array:
    """Return how much each pixel counts in each of the result, float32 [wanted, given]."""
    corners = ctx.attr("align_corners") and wanted > 1
    scale = FLOAT32((given - 1) / (wanted - 1)) if corners else FLOAT32(given / wanted)
    starts = np.arange(wanted, dtype=FLOAT32) * scale
    ends = np.arange(1, wanted + 1, dtype=FLOAT32) * scale
    weights = np.zeros((wanted, given), FLOAT32)
    for row, start, end in zip(weights, starts, ends, strict=True):
        for place in range(int(np.floor(start)), int(np.ceil(end))):
            # Beyond the edge the last pixel counts.
            row[min(max(place, 0), given - 1)] += min(place + 1, end) - max(place, start)
    return weights / scale


def _crop(ctx: KernelContext, images: Array, boxes: Array, which: Array, size: Array) -> Array:
    if np.ndim(images) != 4 or np.shape(boxes) != (len(which), 4) or np.shape(size) != (2,) or np.any(size <= 0):
        raise InvalidArgumentError(
            f"crop_and_resize takes images of 4 dimensions, boxes [n, 4] with n indices and a size of two, got "
            f"{format_shape(np.shape(images))}, {format_shape(np.shape(boxes))}, {format_shape(np.shape(size))}"
        )
    if np.any((which < 0) | (which >= len(images))):
        raise InvalidArgumentError(f"box_index has values outside [0, {len(images)})")
    nothing = FLOAT32(ctx.attr("extrapolation_value"))
    sample = _sample_nearest if ctx.attr("method") == b"nearest" else _sample_bilinear
    height, width = int(size[0]), int(size[1])
    crops = np.full((len(boxes), height, width, images.shape[3]), nothing, FLOAT32)
    for crop, (top, left, bottom, right), index in zip(crops, boxes, which, strict=True):
        down = _cropped_positions(top, bottom, height, images.shape[1])
        across = _cropped_positions(left, right, width, images.shape[2])
        rows, columns = (_inside(*pair) for pair in ((down, images.shape[1]), (across, images.shape[2])))
        crop[np.ix_(rows, columns)] = sample(images[index], down[rows], across[columns])
    return crops


def _cropped_positions(start: Array, end: Array, wanted: int, given: int) -> Array:
    if wanted == 1:
        return np.array([FLOAT32(0.5) * (start + end) * FLOAT32(given - 1)], FLOAT32)
    scale = (end - start) * FLOAT32(given - 1) / FLOAT32(wanted - 1)
    return (start * FLOAT32(given - 1) + np.arange(wanted, dtype=FLOAT32) * scale).astype(FLOAT32)


def _inside(positions: Array, given: int) -> Array:
    return np.flatnonzero((positions >= 0) & (positions <= given - 1))


def _sample_bilinear(image: Array, down: Array, across: Array) -> Array:
    return _interpolated(_interpolated(image.astype(FLOAT32)[None], across, 2), down, 1)[0]


def _sample_nearest(image: Array, down: Array, across: Array) -> Array:
    rows, columns = (np.floor(positions + FLOAT32(0.5)).astype(np.int64) for positions in (down, across))
    return image[np.ix_(rows, columns)].astype(FLOAT32)


def _resized_shape(ctx: ShapeContext) -> list[Shape]:
    images, size = with_rank(ctx.shape(0), 4), input_as_shape(ctx, 1)
    rows, columns = with_rank(size, 2)
    return [(images[0], rows, columns, images[3])]


def _crop_shape(ctx: ShapeContext) -> list[Shape]:
    images, boxes, (count,) = with_rank(ctx.shape(0), 4), with_rank(ctx.shape(1), 2), with_rank(ctx.shape(2), 1)
    merge_dims(boxes[1], 4)
    rows, columns = with_rank(input_as_shape(ctx, 3), 2)
    return [(merge_dims(boxes[0], count), rows, columns, images[3])]


PIXELS = dtypes("int8 uint8 int16 uint16 int32 int64 half float double bfloat16")
# TensorFlow's definition does name bfloat16 twice.
BILINEAR_PIXELS = dtypes("int8 uint8 int16 uint16 int32 int64 bfloat16 half float double bfloat16")
CROPPED_PIXELS = dtypes("uint8 uint16 int8 int16 int32 int64 half float double")
WHERE = (flag("align_corners"), flag("half_pixel_centers"))


def _resize(name: str, pixels: tuple[DType, ...], kernel: Callable[..., Array], output: str = "float") -> Op:
    signature = f"images: T, size: int32 -> resized_images: {output}"
    return Op(name, signature, (types("T", pixels), *WHERE), _resized_shape, kernel)


ROWS: tuple[Op, ...] = (
    Op(
        "ResizeArea",
        "images: T, size: int32 -> resized_images: float",
        (types("T", PIXELS), flag("align_corners")),
        _resized_shape,
        _area,
    ),
    _resize("ResizeBilinear", BILINEAR_PIXELS, _bilinear),
    _resize("ResizeNearestNeighbor", PIXELS, _nearest, "T"),
    _resize("ResizeBicubic", PIXELS, _bicubic),
    Op(
        "CropAndResize",
        "image: T, boxes: float, box_ind: int32, crop_size: int32 -> crops: float",
        (
            types("T", CROPPED_PIXELS),
            Attr("method", "string", b"bilinear", allowed=(b"bilinear", b"nearest")),
            Attr("extrapolation_value", "float", 0.0),
        ),
        _crop_shape,
        _crop,
    ),
)
