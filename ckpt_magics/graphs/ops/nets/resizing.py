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
from ckpt_magics.graphs.ops.nets.pixel_places import (
    CROPPED_PIXELS,
    FLOAT32,
    WHERE,
    Neighbours,
    check_boxes,
    check_settings,
    cropped_boxes,
    cubic_weights,
    nearest_pixels,
    neighbours,
    pixel_positions,
    rounded_up,
)
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_dims, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import input_as_shape
from ckpt_magics.graphs.ops.type_sets import dtypes

__all__ = ["ROWS"]


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
    check_settings(ctx)
    return _check_images(images, size)


def _bilinear(ctx: KernelContext, images: Array, size: Array) -> Array:
    height, width = _check(ctx, images, size)
    wide = images.astype(FLOAT32, copy=False)
    # Across first, then down, as TensorFlow rounds.
    across = _interpolated(wide, neighbours(pixel_positions(ctx, width, images.shape[2]), images.shape[2]), 2)
    return _interpolated(across, neighbours(pixel_positions(ctx, height, images.shape[1]), images.shape[1]), 1)


def _interpolated(images: Array, places: Neighbours, axis: int) -> Array:
    part = places.part.reshape(-1, *[1] * (images.ndim - 1 - axis))
    before, after = np.take(images, places.before, axis), np.take(images, places.after, axis)
    return before + (after - before) * part


def _nearest(ctx: KernelContext, images: Array, size: Array) -> Array:
    pairs = zip(_check(ctx, images, size), images.shape[1:3], strict=True)
    rows, columns = (nearest_pixels(ctx, wanted, given) for wanted, given in pairs)
    return images[:, rows[:, None], columns]


def _bicubic(ctx: KernelContext, images: Array, size: Array) -> Array:
    height, width = _check(ctx, images, size)
    rows, row_weights = cubic_weights(ctx, height, images.shape[1])
    columns, column_weights = cubic_weights(ctx, width, images.shape[2])
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
    if np.ndim(images) != 4 or np.shape(size) != (2,) or np.any(size <= 0):
        raise InvalidArgumentError(
            f"crop_and_resize takes images of 4 dimensions and a size of two, got {format_shape(np.shape(images))} and "
            f"{format_shape(np.shape(size))}"
        )
    check_boxes(len(images), boxes, which)
    sample = _sample_nearest if ctx.attr("method") == b"nearest" else _sample_bilinear
    height, width = int(size[0]), int(size[1])
    nothing = FLOAT32(ctx.attr("extrapolation_value"))
    crops = np.full((len(boxes), height, width, images.shape[3]), nothing, FLOAT32)
    for crop, index, box in zip(crops, which, cropped_boxes(boxes, (height, width), images.shape[1:3]), strict=True):
        crop[np.ix_(box.rows, box.columns)] = sample(images[index], box.down, box.across)
    return crops


def _sample_bilinear(image: Array, down: Array, across: Array) -> Array:
    height, width = image.shape[:2]
    wide = _interpolated(image.astype(FLOAT32)[None], neighbours(across, width), 2)
    return np.asarray(_interpolated(wide, neighbours(down, height), 1)[0])


def _sample_nearest(image: Array, down: Array, across: Array) -> Array:
    return image[np.ix_(rounded_up(down), rounded_up(across))].astype(FLOAT32)


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
