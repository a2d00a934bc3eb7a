"""Where the pixels of images of another size, and of parts of images, lie in the images.

All in float32, as TensorFlow computes it: what lies between two pixels depends on the last bit.

Format: tensorflow/core/util/image_resizer_state.h, core/kernels/image/resize_bicubic_op.cc, crop_and_resize_op.cc.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import KernelContext, flag
from ckpt_magics.graphs.ops.type_sets import dtypes

__all__ = [
    "CROPPED_PIXELS",
    "FLOAT32",
    "WHERE",
    "CroppedBox",
    "Neighbours",
    "check_boxes",
    "check_settings",
    "cropped_boxes",
    "cubic_weights",
    "nearest_pixels",
    "neighbours",
    "pixel_positions",
    "rounded_up",
]

FLOAT32 = np.float32
TABLE_SIZE = 1 << 10
"""Steps between two pixels for which weights of a cubic are worked out."""

WHERE = (flag("align_corners"), flag("half_pixel_centers"))
CROPPED_PIXELS = dtypes("uint8 uint16 int8 int16 int32 int64 half float double")


def check_settings(ctx: KernelContext) -> None:
    """Check that a node places pixels in one way.

    Raises:
        InvalidArgumentError: It names two.
    """
    if ctx.attr("align_corners") and ctx.attr("half_pixel_centers"):
        raise InvalidArgumentError("If half_pixel_centers is True, align_corners must be False.")


def pixel_positions(ctx: KernelContext, wanted: int, given: int, *, nearest: bool = False) -> Array:
    """Return where each pixel of the result lies in the image, float32 as TensorFlow computes it."""
    corners = ctx.attr("align_corners") and wanted > 1
    scale = FLOAT32(given - 1) / FLOAT32(wanted - 1) if corners else FLOAT32(given) / FLOAT32(wanted)
    steps = np.arange(wanted, dtype=FLOAT32)
    if not ctx.attr("half_pixel_centers"):
        return steps * scale
    inside = (steps + FLOAT32(0.5)) * scale
    return inside if nearest else inside - FLOAT32(0.5)


@dataclass(frozen=True)
class Neighbours:
    """The two pixels along one dimension that each position lies between.

    Attributes:
        before: Those before, int64.
        after: Those after, int64.
        part: How far it is from the first to the second one.
    """

    before: Array
    after: Array
    part: Array


def neighbours(positions: Array, given: int) -> Neighbours:
    """Return the pixels around positions, in an image of some size; beyond the edge that is the last one."""
    low = np.floor(positions)
    before = np.maximum(low, 0).astype(np.int64)
    return Neighbours(before, np.minimum(np.ceil(positions).astype(np.int64), given - 1), positions - low)


def rounded_up(positions: Array) -> Array:
    """Return the nearest pixels, int64; the later one of two."""
    return np.floor(positions + FLOAT32(0.5)).astype(np.int64)


def nearest_pixels(ctx: KernelContext, wanted: int, given: int) -> Array:
    """Return the pixel that each one of the result is, int64."""
    positions = pixel_positions(ctx, wanted, given, nearest=True)
    places = rounded_up(positions) if ctx.attr("align_corners") else np.floor(positions).astype(np.int64)
    return np.clip(places, 0, given - 1)


def _cubic_table(a: float) -> tuple[Array, Array]:
    """Return the weights of a cubic's inner and outer pixels, by the distance in steps."""
    near = np.arange(TABLE_SIZE + 1) / TABLE_SIZE
    far = near + 1
    return (
        (((a + 2) * near - (a + 3)) * near * near + 1).astype(FLOAT32),
        (((a * far - 5 * a) * far + 8 * a) * far - 4 * a).astype(FLOAT32),
    )


def cubic_weights(ctx: KernelContext, wanted: int, given: int) -> tuple[Array, Array]:
    """Return the four pixels that each of the result is made of, and their weights: [wanted, 4] each."""
    keys = ctx.attr("half_pixel_centers")
    positions = pixel_positions(ctx, wanted, given)
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
        weights = np.where(large, weights * (FLOAT32(1) / np.where(large, total, FLOAT32(1))), weights)
    return inside, weights


@dataclass(frozen=True)
class CroppedBox:
    """A part of an image: those of its pixels that lie in the image.

    Attributes:
        rows: Which ones down they are, int64.
        columns: Which ones across they are, int64.
        down: Where in the image they lie, float32, one for each of the rows.
        across: The same for the columns.
    """

    rows: Array
    columns: Array
    down: Array
    across: Array


def cropped_boxes(boxes: Array, wanted: Sequence[int], given: Sequence[int]) -> Iterator[CroppedBox]:
    """Yield where the pixels of each part lie.

    Args:
        boxes: From where to where the parts reach, [n, 4]: top, left, bottom, right; from 0 to 1 is the whole image.
        wanted: Height and width of the parts.
        given: Height and width of the images.
    """
    for top, left, bottom, right in boxes:
        down, across = _cropped(top, bottom, wanted[0], given[0]), _cropped(left, right, wanted[1], given[1])
        rows, columns = (
            np.flatnonzero((places >= 0) & (places <= size - 1))
            for places, size in zip((down, across), given, strict=True)
        )
        yield CroppedBox(rows, columns, down[rows], across[columns])


def _cropped(start: Array, end: Array, wanted: int, given: int) -> Array:
    if wanted == 1:
        return np.array([FLOAT32(0.5) * (start + end) * FLOAT32(given - 1)], FLOAT32)
    scale = (end - start) * FLOAT32(given - 1) / FLOAT32(wanted - 1)
    return (start * FLOAT32(given - 1) + np.arange(wanted, dtype=FLOAT32) * scale).astype(FLOAT32)


def check_boxes(images: int, boxes: Array, which: Array) -> None:
    """Check that parts are those of images.

    Args:
        images: How many there are.
        boxes: From where to where the parts reach.
        which: The image of each part.

    Raises:
        InvalidArgumentError: There is not one box per part, or no such image.
    """
    if np.ndim(which) != 1 or np.shape(boxes) != (len(which), 4):
        raise InvalidArgumentError(
            f"there must be boxes [n, 4] with n indices, got {format_shape(np.shape(boxes))} and "
            f"{format_shape(np.shape(which))}"
        )
    if np.any((which < 0) | (which >= images)):
        raise InvalidArgumentError(f"box_index has values outside [0, {images})")
