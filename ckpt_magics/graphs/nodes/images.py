"""Images of another size, turned or cut.

Format: tensorflow/python/ops/image_ops_impl.py, random_crop_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import FLOAT, INT32
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import expand_dims, identity, pad, part, reshape, reverse, shape, squeeze, stack
from ckpt_magics.graphs.nodes.arrays import transpose as transposed
from ckpt_magics.graphs.nodes.assertions import assertion
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.conditional import cond
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.described import described
from ckpt_magics.graphs.nodes.mathematics import cast, less, maximum, minimum, rounded
from ckpt_magics.graphs.nodes.random_values import random_uniform
from ckpt_magics.graphs.nodes.reductions import reduce_all
from ckpt_magics.graphs.nodes.static_values import get_static_value

__all__ = [
    "ResizeMethod",
    "central_crop",
    "crop_and_resize",
    "crop_to_bounding_box",
    "flip_left_right",
    "flip_up_down",
    "pad_to_bounding_box",
    "random_crop",
    "random_flip_left_right",
    "random_flip_up_down",
    "resize_area",
    "resize_bicubic",
    "resize_bilinear",
    "resize_image_with_crop_or_pad",
    "resize_images",
    "resize_nearest_neighbor",
    "rot90",
    "transpose_image",
]


Pixels = Any
"""A number, or a tensor."""


class ResizeMethod:
    """How pixels of another size are made, by number."""

    BILINEAR = 0
    NEAREST_NEIGHBOR = 1
    BICUBIC = 2
    AREA = 3


_OPS: dict[object, str] = {
    ResizeMethod.BILINEAR: "ResizeBilinear",
    ResizeMethod.NEAREST_NEIGHBOR: "ResizeNearestNeighbor",
    ResizeMethod.BICUBIC: "ResizeBicubic",
    ResizeMethod.AREA: "ResizeArea",
    "bilinear": "ResizeBilinear",
    "nearest": "ResizeNearestNeighbor",
    "bicubic": "ResizeBicubic",
    "area": "ResizeArea",
}


def resize_images(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    images: object,
    size: object,
    method: object = ResizeMethod.BILINEAR,
    align_corners: bool = False,
    preserve_aspect_ratio: bool = False,
    name: str | None = None,
) -> Tensor:
    """Add images of another size.

    Args:
        images: [height, width, channels], or several of them.
        size: New height and width.
        method: As `ResizeMethod` counts, or by name: bilinear, nearest, bicubic, area.
        align_corners: Whether the pixels in the corners stay.
        preserve_aspect_ratio: Whether the size is a limit, and the proportion stays.
        name: Of the scope.

    Raises:
        ValueError: The images' rank is none of these, or the method or size is none.
    """
    if method not in _OPS:
        raise ValueError(f"Resize method is not implemented: {method}")
    with name_scope(name, "resize", [images, size]):
        given = convert_to_tensor(images, name="images")
        batch = _as_batch(given)
        wanted = convert_to_tensor(size, INT32, name="size")
        if not wanted.shape.is_compatible_with([2]):
            raise ValueError("'size' must be a 1-D Tensor of 2 elements: new_height, new_width")
        if preserve_aspect_ratio:
            wanted = _in_proportion(batch, wanted)
        told = get_static_value(wanted)
        sizes = [None, None] if told is None else [int(value) for value in told]
        if None in sizes or batch.shape.as_list()[1:3] != sizes:
            batch = output(_OPS[method], batch, wanted, align_corners=align_corners)
            batch.set_shape([None, *sizes, None])
        return _like_given(given, batch)


def _in_proportion(batch: Tensor, size: Tensor) -> Tensor:
    known, told = batch.shape.as_list()[1:3], get_static_value(size)
    if told is not None and None not in known:
        given = np.array(known, np.float32)
        scales = told.astype(np.float32) / given
        return constant(np.rint(scales.min() * given).astype(np.int32), name="size")
    sizes = [cast(value, FLOAT) for value in _sizes(batch)]
    scale = minimum(cast(size[0], FLOAT) / sizes[0], cast(size[1], FLOAT) / sizes[1])
    return stack([cast(rounded(scale * value), INT32) for value in sizes])


def _as_batch(image: Tensor) -> Tensor:
    """Return images with a dimension that counts them.

    Raises:
        ValueError: They have another rank than 3 or 4.
    """
    if image.shape.ndims not in {3, 4}:
        raise ValueError(f"'images' (shape {image.shape}) must have either 3 or 4 dimensions.")
    return expand_dims(image, 0) if image.shape.ndims == 3 else image


def _like_given(given: Tensor, batch: Tensor) -> Tensor:
    return squeeze(batch, axis=[0]) if given.shape.ndims == 3 else batch


def _sizes(batch: Tensor) -> list[Any]:
    """Return height and width of images, numbers where they are known."""
    known = batch.shape.as_list()[1:3]
    if None not in known:
        return list(known)
    found = shape(batch)
    return [found[axis] if value is None else value for axis, value in enumerate(known, 1)]


def _resizer(op_type: str, name: str, how: str) -> Callable[..., Tensor]:
    def function(
        images: object,
        size: object,
        align_corners: bool = False,
        name: str | None = None,
        half_pixel_centers: bool = False,
    ) -> Tensor:
        attrs = {"align_corners": align_corners}
        if op_type != "ResizeArea":
            attrs["half_pixel_centers"] = half_pixel_centers
        return output(op_type, images, size, name=name, **attrs)

    return described(function, name, f"Add images [images, height, width, channels] of another size, {how}.")


resize_bilinear = _resizer("ResizeBilinear", "resize_bilinear", "each pixel a mean of four")
resize_nearest_neighbor = _resizer("ResizeNearestNeighbor", "resize_nearest_neighbor", "each pixel the nearest one")
resize_bicubic = _resizer("ResizeBicubic", "resize_bicubic", "each pixel made of sixteen")
resize_area = _resizer("ResizeArea", "resize_area", "each pixel the mean of its area")


def crop_and_resize(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    image: object,
    boxes: object,
    box_ind: object = None,
    crop_size: object = None,
    method: str = "bilinear",
    extrapolation_value: float = 0,
    name: str | None = None,
    box_indices: object = None,
) -> Tensor:
    """Add parts of images, [boxes, height, width, channels], all of one size.

    Args:
        image: The images, [images, height, width, channels].
        boxes: Top, left, bottom and right of each part, of a size of 1.
        box_ind: Which image each is of.
        crop_size: Height and width of the parts.
        method: "bilinear" or "nearest".
        extrapolation_value: What stands outside an image.
        name: Of the node.
        box_indices: The same as ``box_ind``.
    """
    which = box_ind if box_indices is None else box_indices
    attrs = {"method": method, "extrapolation_value": float(extrapolation_value)}
    return output("CropAndResize", image, boxes, which, crop_size, name=name, **attrs)


def _flipper(axis: int, name: str, what: str) -> Callable[[object], Tensor]:
    def function(image: object) -> Tensor:
        with name_scope(None, name, [image]):
            given = convert_to_tensor(image, name="image")
            _as_rank(given)
            return reverse(given, [axis + (given.shape.ndims == 4)])

    return described(function, name, f"Add images whose {what} are in the reverse order.")


def _as_rank(image: Tensor) -> None:
    if image.shape.ndims not in {3, 4}:
        raise ValueError(f"'image' (shape {image.shape}) must have either 3 or 4 dimensions.")


flip_left_right = _flipper(1, "flip_left_right", "columns")
flip_up_down = _flipper(0, "flip_up_down", "rows")


def _random_flipper(axis: int, name: str, what: str) -> Callable[..., Tensor]:
    def function(image: object, seed: int | None = None) -> Tensor:
        with name_scope(None, name, [image]) as scope:
            given = convert_to_tensor(image, name="image")
            _as_rank(given)
            if given.shape.ndims == 4:
                return _some_flipped(given, axis + 1, seed)
            chance = random_uniform([], 0, 1.0, seed=seed)
            flipped: Tensor = cond(less(chance, 0.5), lambda: reverse(given, [axis]), lambda: given, name=scope)
            flipped.set_shape(given.shape)
            return flipped

    return described(function, name, f"Add images of which each by chance has its {what} in the reverse order.")


def _some_flipped(images: Tensor, axis: int, seed: int | None) -> Tensor:
    count = shape(images)[0]
    chances = random_uniform([count], 0, 1.0, seed=seed)
    flips = cast(rounded(reshape(chances, [count, 1, 1, 1])), images.dtype)
    return flips * reverse(images, [axis]) + (1 - flips) * images


random_flip_left_right = _random_flipper(1, "random_flip_left_right", "columns")
random_flip_up_down = _random_flipper(0, "random_flip_up_down", "rows")


def transpose_image(image: object, name: str | None = None) -> Tensor:
    """Add images whose rows are the columns."""
    with name_scope(name, "transpose", [image]):
        given = convert_to_tensor(image, name="image")
        _as_rank(given)
        return transposed(given, [1, 0, 2] if given.shape.ndims == 3 else [0, 2, 1, 3])


def rot90(image: object, k: int = 1, name: str | None = None) -> Tensor:
    """Add images that are turned to the left ``k`` times by a quarter."""
    with name_scope(name, "rot90", [image]):
        given = convert_to_tensor(image, name="image")
        _as_rank(given)
        rows, columns = (0, 1) if given.shape.ndims == 3 else (1, 2)
        axes = [1, 0, 2] if given.shape.ndims == 3 else [0, 2, 1, 3]
        return [
            lambda: given,
            lambda: reverse(transposed(given, axes), [rows]),
            lambda: reverse(given, [rows, columns]),
            lambda: transposed(reverse(given, [rows]), axes),
        ][k % 4]()


def _checked(value: Tensor, conditions: dict[str, Any]) -> Tensor:
    """Return a tensor that is there only where conditions hold, which are known now or in a run.

    Raises:
        ValueError: One does not.
    """
    checks = []
    for message, holds in conditions.items():
        if isinstance(holds, Tensor):
            checks.append(assertion(holds, [message]))
        elif not holds:
            raise ValueError(message)
    if not checks:
        return value
    with get_default_graph().control_dependencies(checks):
        return identity(value)


def _told(sizes: list[Any]) -> list[int | None]:
    return [None if isinstance(size, Tensor) else size for size in sizes]


def crop_to_bounding_box(
    image: object,
    offset_height: Pixels,
    offset_width: Pixels,
    target_height: Pixels,
    target_width: Pixels,
) -> Tensor:
    """Add a part of images.

    Args:
        image: [height, width, channels], or several of them.
        offset_height: Row of its upper edge.
        offset_width: Column of its left edge.
        target_height: Its height.
        target_width: Its width.

    Raises:
        ValueError: It is not inside.
    """
    with name_scope(None, "crop_to_bounding_box", [image]):
        given = convert_to_tensor(image, name="image")
        batch = _as_batch(given)
        height, width = _sizes(batch)
        conditions = {
            "offset_width must be >= 0.": offset_width >= 0,
            "offset_height must be >= 0.": offset_height >= 0,
            "target_width must be > 0.": target_width > 0,
            "target_height must be > 0.": target_height > 0,
            "width must be >= target + offset.": width >= target_width + offset_width,
            "height must be >= target + offset.": height >= target_height + offset_height,
        }
        known = batch.shape.as_list()
        batch = _checked(batch, conditions)
        cropped = part(batch, stack([0, offset_height, offset_width, 0]), stack([-1, target_height, target_width, -1]))
        cropped.set_shape([known[0], *_told([target_height, target_width]), known[3]])
        return _like_given(given, cropped)


def pad_to_bounding_box(
    image: object,
    offset_height: Pixels,
    offset_width: Pixels,
    target_height: Pixels,
    target_width: Pixels,
) -> Tensor:
    """Add larger images, with zeros around; see `crop_to_bounding_box`.

    Raises:
        ValueError: They would not be larger.
    """
    with name_scope(None, "pad_to_bounding_box", [image]):
        given = convert_to_tensor(image, name="image")
        batch = _as_batch(given)
        height, width = _sizes(batch)
        below, beside = target_height - offset_height - height, target_width - offset_width - width
        conditions = {
            "offset_height must be >= 0": offset_height >= 0,
            "offset_width must be >= 0": offset_width >= 0,
            "width must be <= target - offset": beside >= 0,
            "height must be <= target - offset": below >= 0,
        }
        known = batch.shape.as_list()
        batch = _checked(batch, conditions)
        around = reshape(stack([0, 0, offset_height, below, offset_width, beside, 0, 0]), [4, 2])
        padded = pad(batch, around)
        padded.set_shape([known[0], *_told([target_height, target_width]), known[3]])
        return _like_given(given, padded)


def resize_image_with_crop_or_pad(image: object, target_height: Pixels, target_width: Pixels) -> Tensor:
    """Add the middle of images, with zeros around where they are smaller.

    Raises:
        ValueError: The size is not positive.
    """
    with name_scope(None, "resize_image_with_crop_or_pad", [image]):
        given = convert_to_tensor(image, name="image")
        batch = _as_batch(given)
        positive = {
            "target_width must be > 0.": target_width > 0,
            "target_height must be > 0.": target_height > 0,
        }
        batch = _checked(batch, positive)
        sizes, targets = _sizes(batch), (target_height, target_width)
        more = [target - size for target, size in zip(targets, sizes, strict=True)]
        cut = [_larger(-difference // 2, 0) for difference in more]
        around = [_larger(difference // 2, 0) for difference in more]
        kept = [_smaller(target, size) for target, size in zip(targets, sizes, strict=True)]
        cropped = crop_to_bounding_box(batch, *cut, *kept)
        return _like_given(given, pad_to_bounding_box(cropped, around[0], around[1], target_height, target_width))


def _larger(one: Pixels, other: Pixels) -> Pixels:
    return maximum(one, other) if isinstance(one, Tensor) or isinstance(other, Tensor) else max(one, other)


def _smaller(one: Pixels, other: Pixels) -> Pixels:
    return minimum(one, other) if isinstance(one, Tensor) or isinstance(other, Tensor) else min(one, other)


def central_crop(image: object, central_fraction: float) -> Tensor:
    """Add the middle of images, a fraction of their height and width.

    Raises:
        ValueError: The fraction is not above 0 and at most 1.
    """
    if not 0 < central_fraction <= 1:
        raise ValueError("central_fraction must be within (0, 1]")
    with name_scope(None, "central_crop", [image]):
        given = convert_to_tensor(image, name="image")
        _as_rank(given)
        if central_fraction == 1:
            return given
        first = given.shape.ndims - 3  # type: ignore[operator]  # it is 3 or 4
        known = given.shape.as_list()
        sizes = [
            known[first + axis] if known[first + axis] is not None else shape(given)[first + axis] for axis in (0, 1)
        ]
        starts = [_cut_off(size, central_fraction) for size in sizes]
        kept = [size - 2 * start for size, start in zip(sizes, starts, strict=True)]
        middle = part(given, stack([0] * first + [*starts, 0]), stack([-1] * first + [*kept, -1]))
        middle.set_shape([*known[:first], *_told(kept), known[-1]])
        return middle


def _cut_off(size: Pixels, fraction: float) -> Pixels:
    if not isinstance(size, Tensor):
        return int((size - size * fraction) / 2)
    wide = cast(size, "float64")
    return cast((wide - wide * fraction) / 2, INT32)


def random_crop(value: object, size: object, seed: int | None = None, name: str | None = None) -> Tensor:
    """Add a part of a tensor of the given shape, somewhere inside."""
    with name_scope(name, "random_crop", [value, size]) as scope:
        given = convert_to_tensor(value, name="value")
        wanted = convert_to_tensor(size, INT32, name="size")
        sizes = shape(given)
        fits = assertion(reduce_all(sizes >= wanted), ["Need value.shape >= size, got ", sizes, wanted], 1000)
        with get_default_graph().control_dependencies([fits]):
            sizes = identity(sizes)
        limit = sizes - wanted + 1
        offset = random_uniform(shape(sizes), dtype=INT32, maxval=2**31 - 1, seed=seed) % limit
        return part(given, offset, wanted, name=scope)
