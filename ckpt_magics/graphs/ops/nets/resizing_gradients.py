"""What images of another size, and parts of images, give back to the images, and to where the parts were cut out.

Each pixel's gradient goes to the pixels that it was made of, by the weights that these had.

Format: tensorflow/core/kernels/image/resize_bilinear_op.cc, resize_nearest_neighbor_op.cc, resize_bicubic_op.cc,
crop_and_resize_op.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.reductions import accumulator
from ckpt_magics.graphs.ops.nets.pixel_places import (
    CROPPED_PIXELS,
    FLOAT32,
    WHERE,
    CroppedBox,
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
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.shape_rules import input_as_shape
from ckpt_magics.graphs.ops.type_sets import dtypes

__all__ = ["ROWS"]


def _check(grads: Array, images: Array) -> None:
    if np.ndim(grads) != 4 or np.ndim(images) != 4 or 0 in {*grads.shape[1:3], *images.shape[1:3]}:
        raise InvalidArgumentError(
            f"gradients and images must be 4-dimensional and not empty, got {format_shape(np.shape(grads))} and "
            f"{format_shape(np.shape(images))}"
        )
    if (grads.shape[0], grads.shape[3]) != (images.shape[0], images.shape[3]):
        raise InvalidArgumentError("gradients and images must be as many, with as many channels")


def _spread(grads: Array, places: Array, axis: int, size: int) -> Array:
    """Add slices of gradients up where they belong along one dimension, which has another size then."""
    moved = np.moveaxis(grads, axis, 0)
    total = np.zeros((size, *moved.shape[1:]), grads.dtype)
    np.add.at(total, places, moved)
    return np.moveaxis(total, 0, axis)


def _along(weights: Array, axis: int) -> Array:
    """Return one weight per slice of images along a dimension."""
    return weights.reshape(-1, *[1] * (3 - axis))


Taps = Sequence[tuple[Array, Array]]
"""Pixels that each pixel of a result is made of, one after the other: which ones, and how much they count."""


def _linear(places: Neighbours) -> Taps:
    return [(places.before, 1 - places.part), (places.after, places.part)]


def _spread_all(grads: Array, rows: Taps, columns: Taps, sizes: Sequence[int], dtype: np.dtype[Any]) -> Array:
    """Add gradients up over the images that they come from.

    Args:
        grads: Shape [images, rows, columns, channels].
        rows: What the rows are made of.
        columns: What the columns are made of.
        sizes: Height and width of the images.
        dtype: To add up in; the products are float32.
    """
    total = np.zeros((len(grads), *sizes, grads.shape[-1]), dtype)
    for row, row_weights in rows:
        weighted = grads * _along(row_weights, 1)
        parts = [
            _spread((weighted * _along(weights, 2)).astype(dtype), places, 2, sizes[1]) for places, weights in columns
        ]
        total += _spread(np.sum(parts, 0), row, 1, sizes[0])
    return total


def _bilinear(ctx: KernelContext, grads: Array, images: Array) -> Array:
    _check(grads, images)
    check_settings(ctx)
    sizes = images.shape[1:3]
    rows, columns = (
        _linear(neighbours(pixel_positions(ctx, wanted, given), given))
        for wanted, given in zip(grads.shape[1:3], sizes, strict=True)
    )
    return _spread_all(grads, rows, columns, sizes, accumulator(images.dtype)).astype(images.dtype)


def _nearest(ctx: KernelContext, grads: Array, size: Array) -> Array:
    if np.ndim(grads) != 4 or np.shape(size) != (2,) or np.any(size <= 0) or 0 in grads.shape[1:3]:
        raise InvalidArgumentError(
            f"gradients must be 4-dimensional and the size two numbers above 0, got {format_shape(np.shape(grads))} "
            f"and {size}"
        )
    check_settings(ctx)
    total = grads.astype(accumulator(grads.dtype), copy=False)
    for axis, given in zip((1, 2), size.tolist(), strict=True):
        total = _spread(total, nearest_pixels(ctx, grads.shape[axis], given), axis, given)
    return total.astype(grads.dtype)


def _bicubic(ctx: KernelContext, grads: Array, images: Array) -> Array:
    _check(grads, images)
    check_settings(ctx)
    rows, columns = (
        list(zip(*(part.T for part in cubic_weights(ctx, wanted, given)), strict=True))
        for wanted, given in zip(grads.shape[1:3], images.shape[1:3], strict=True)
    )
    return _spread_all(grads.astype(images.dtype, copy=False), rows, columns, images.shape[1:3], images.dtype)


def _check_crops(grads: Array, boxes: Array, which: Array, shape: tuple[int, ...]) -> None:
    """Refuse gradients of other parts than there are."""
    if len(shape) != 4 or min(shape) <= 0:
        raise InvalidArgumentError(f"images must be 4-dimensional and not empty, got {format_shape(shape)}")
    if np.ndim(grads) != 4 or grads.shape[0] != len(boxes) or grads.shape[3] != shape[3] or 0 in grads.shape[1:3]:
        raise InvalidArgumentError(f"gradients {format_shape(np.shape(grads))} are not those of {len(boxes)} parts")
    check_boxes(shape[0], boxes, which)


def _crop_images(ctx: KernelContext, grads: Array, boxes: Array, which: Array, image_size: Array) -> Array:
    shape = tuple(int(size) for size in np.reshape(image_size, -1))
    _check_crops(grads, boxes, which, shape)
    dtype = ctx.output_dtypes[0].numpy
    total = np.zeros(shape, accumulator(dtype))
    for grad, index, box in zip(grads, which, cropped_boxes(boxes, grads.shape[1:3], shape[1:3]), strict=True):
        inside = grad[np.ix_(box.rows, box.columns)]
        if ctx.attr("method") == b"nearest":
            np.add.at(total[index], np.ix_(rounded_up(box.down), rounded_up(box.across)), inside)
        else:
            rows, columns = _linear(neighbours(box.down, shape[1])), _linear(neighbours(box.across, shape[2]))
            total[index] += _spread_all(inside[None], rows, columns, shape[1:3], total.dtype)[0]
    return total.astype(dtype, copy=False)


def _crop_boxes(_ctx: KernelContext, grads: Array, images: Array, boxes: Array, which: Array) -> Array:
    _check_crops(grads, boxes, which, np.shape(images))
    result = np.zeros((len(boxes), 4), FLOAT32)
    places = cropped_boxes(boxes, grads.shape[1:3], images.shape[1:3])
    for row, grad, index, box in zip(result, grads, which, places, strict=True):
        down, across = _slopes(images[index].astype(FLOAT32), box)
        inside = grad[np.ix_(box.rows, box.columns)]
        row[[0, 2]] = _ends((down * inside).sum((1, 2)), box.rows, grad.shape[0], images.shape[1])
        row[[1, 3]] = _ends((across * inside).sum((0, 2)), box.columns, grad.shape[1], images.shape[2])
    return result


def _slopes(image: Array, box: CroppedBox) -> tuple[Array, Array]:
    """Return how the values at the pixels of a part change when they are moved down, and across."""
    rows, columns = neighbours(box.down, image.shape[0]), neighbours(box.across, image.shape[1])
    (top_left, top_right), (bottom_left, bottom_right) = (
        (image[np.ix_(one, columns.before)], image[np.ix_(one, columns.after)]) for one in (rows.before, rows.after)
    )
    across, down = columns.part[:, None], rows.part[:, None, None]
    return (
        (1 - across) * (bottom_left - top_left) + across * (bottom_right - top_right),
        (1 - down) * (top_right - top_left) + down * (bottom_right - bottom_left),
    )


def _ends(slopes: Array, pixels: Array, wanted: int, given: int) -> list[Array]:
    """Return what moves the two ends of a part along one dimension.

    Args:
        slopes: For each pixel what moves it.
        pixels: Which ones of the part these are.
        wanted: The part's size.
        given: The image's size.
    """
    if wanted == 1:
        return [slopes.sum() * FLOAT32(0.5) * FLOAT32(given - 1)] * 2
    shares = pixels.astype(FLOAT32) * (FLOAT32(given - 1) / FLOAT32(wanted - 1))
    return [(slopes * (given - 1 - shares)).sum(), (slopes * shares).sum()]


def _like_images(ctx: ShapeContext) -> list[Shape]:
    return [ctx.shape(1)]


def _sized(ctx: ShapeContext) -> list[Shape]:
    grads, size = with_rank(ctx.shape(0), 4), with_rank(input_as_shape(ctx, 1), 2)
    return [(grads[0], *size, grads[3])]


ROWS: tuple[Op, ...] = (
    Op(
        "ResizeBilinearGrad",
        "grads: float, original_image: T -> output: T",
        (types("T", dtypes("float bfloat16 half double")), *WHERE),
        _like_images,
        _bilinear,
    ),
    Op(
        "ResizeNearestNeighborGrad",
        "grads: T, size: int32 -> output: T",
        (types("T", dtypes("uint8 int8 int32 half float double bfloat16")), *WHERE),
        _sized,
        _nearest,
    ),
    Op(
        "ResizeBicubicGrad",
        "grads: float, original_image: T -> output: T",
        (types("T", dtypes("float double")), *WHERE),
        _like_images,
        _bicubic,
    ),
    Op(
        "CropAndResizeGradImage",
        "grads: float, boxes: float, box_ind: int32, image_size: int32 -> output: T",
        (
            types("T", dtypes("float half double")),
            Attr("method", "string", b"bilinear", allowed=(b"bilinear", b"nearest")),
        ),
        lambda ctx: [with_rank(input_as_shape(ctx, 3), 4)],
        _crop_images,
    ),
    Op(
        "CropAndResizeGradBoxes",
        "grads: float, image: T, boxes: float, box_ind: int32 -> output: float",
        (types("T", CROPPED_PIXELS), Attr("method", "string", b"bilinear", allowed=(b"bilinear",))),
        lambda ctx: [ctx.shape(2)],
        _crop_boxes,
    ),
)
