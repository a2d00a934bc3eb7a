"""Images of other types, colours and brightness.

Format: tensorflow/python/ops/image_ops_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import FLOAT, HALF, DType, as_dtype
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import expand_dims, identity, shape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.mathematics import (
    add,
    cast,
    clip_by_value,
    divide,
    floordiv,
    maximum,
    multiply,
    rsqrt,
)
from ckpt_magics.graphs.nodes.products import tensordot
from ckpt_magics.graphs.nodes.random_values import random_uniform
from ckpt_magics.graphs.nodes.reductions import reduce_mean, reduce_prod, reduce_std

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_hue",
    "adjust_saturation",
    "convert_image_dtype",
    "grayscale_to_rgb",
    "hsv_to_rgb",
    "per_image_standardization",
    "random_brightness",
    "random_contrast",
    "random_hue",
    "random_saturation",
    "rgb_to_grayscale",
    "rgb_to_hsv",
    "saturate_cast",
]

GRAY = (0.2989, 0.5870, 0.1140)
"""How bright red, green and blue are."""


def saturate_cast(value: object, dtype: object, name: str | None = None) -> Tensor:
    """Add a tensor of another type; what is beyond its limits becomes the limit."""
    wanted = as_dtype(dtype)
    with name_scope(name, "saturate_cast", [value]) as scope:
        given = convert_to_tensor(value, name="value")
        low, high = _limits(wanted)
        own_low, own_high = _limits(given.dtype)
        if own_low < low or own_high > high:
            kind = given.dtype.numpy.type
            # The largest number of the one type may round to one beyond it in the other.
            top = kind(high) if int(kind(high)) <= high else np.nextafter(kind(high), kind(0))
            given = clip_by_value(given, max(low, own_low) if given.dtype.is_integer else kind(low), top)
        return cast(given, wanted, name=scope)


def _limits(dtype: DType) -> tuple[Any, Any]:
    info = np.iinfo(dtype.numpy) if dtype.is_integer else np.finfo(dtype.numpy)
    return info.min, info.max


def convert_image_dtype(image: object, dtype: object, saturate: bool = False, name: str | None = None) -> Tensor:
    """Add an image of another type: integers go up to their largest number, others to 1.

    Args:
        image: Of any shape.
        dtype: The type.
        saturate: Whether what is beyond the limits becomes the limit.
        name: Of the node.

    Raises:
        AttributeError: A type is neither of integers nor of fractions.
    """
    images, wanted = convert_to_tensor(image, name="image"), as_dtype(dtype)
    given = images.dtype
    for kind in (wanted, given):
        if not (kind.is_integer or kind.is_floating):
            raise AttributeError("dtype must be either floating point or integer")
    if wanted == given:
        return identity(images, name=name)
    convert = saturate_cast if saturate else cast
    with name_scope(name, "convert_image", [images]) as scope:
        if given.is_integer and wanted.is_integer:
            return _rescaled(images, wanted, convert, scope)
        if given.is_floating and wanted.is_floating:
            return cast(images, wanted, name=scope)
        if given.is_integer:
            return multiply(cast(images, wanted), 1.0 / _limits(given)[1], name=scope)
        # Half a step more, so that the cast rounds.
        return convert(multiply(images, _limits(wanted)[1] + 0.5), wanted, name=scope)


def _rescaled(images: Tensor, wanted: DType, convert: Callable[..., Tensor], scope: str) -> Tensor:
    given, largest = int(_limits(images.dtype)[1]), int(_limits(wanted)[1])
    if given > largest:
        return convert(floordiv(images, (given + 1) // (largest + 1)), wanted, name=scope)
    return multiply(convert(images, wanted), (largest + 1) // (given + 1), name=scope)


def _as_float(images: Tensor) -> Tensor:
    return images if images.dtype in {HALF, FLOAT} else convert_image_dtype(images, FLOAT)


def per_image_standardization(image: object) -> Tensor:
    """Add images whose pixels have mean 0 and deviation 1 each; flat ones become 0."""
    with name_scope(None, "per_image_standardization", [image]) as scope:
        images = cast(convert_to_tensor(image, name="image"), FLOAT)
        count = reduce_prod(shape(images)[-3:])
        mean = reduce_mean(images, axis=[-1, -2, -3], keepdims=True)
        deviation = reduce_std(images, axis=[-1, -2, -3], keepdims=True)
        least = rsqrt(cast(count, FLOAT))
        return divide(images - mean, maximum(deviation, least), name=scope)


def adjust_brightness(image: object, delta: object) -> Tensor:
    """Add an image with ``delta`` more on each pixel, of a range of 1."""
    with name_scope(None, "adjust_brightness", [image, delta]) as scope:
        images = convert_to_tensor(image, name="image")
        wide = _as_float(images)
        brighter = add(wide, cast(delta, wide.dtype), name=scope)
        return convert_image_dtype(brighter, images.dtype, saturate=True)


def adjust_contrast(images: object, contrast_factor: object) -> Tensor:
    """Add images whose pixels are ``contrast_factor`` times as far from the mean of their channel."""
    return _adjusted("AdjustContrastv2", "adjust_contrast", images, contrast_factor)


def adjust_hue(image: object, delta: object, name: str | None = None) -> Tensor:
    """Add an image with its hues turned by ``delta``, of a circle of 1."""
    return _adjusted("AdjustHue", "adjust_hue", image, delta, name)


def adjust_saturation(image: object, saturation_factor: object, name: str | None = None) -> Tensor:
    """Add an image with ``saturation_factor`` times the saturation."""
    return _adjusted("AdjustSaturation", "adjust_saturation", image, saturation_factor, name)


def _adjusted(op_type: str, default_name: str, image: object, factor: object, name: str | None = None) -> Tensor:
    with name_scope(name, default_name, [image, factor]):
        images = convert_to_tensor(image, name="images")
        changed = output(op_type, _as_float(images), factor)
        return convert_image_dtype(changed, images.dtype, saturate=op_type == "AdjustContrastv2")


def random_brightness(image: object, max_delta: float, seed: int | None = None) -> Tensor:
    """Add an image that is brighter or darker by at most ``max_delta``.

    Raises:
        ValueError: ``max_delta`` is negative.
    """
    if max_delta < 0:
        raise ValueError("max_delta must be non-negative.")
    return adjust_brightness(image, random_uniform([], -max_delta, max_delta, seed=seed))


def random_contrast(image: object, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """Add an image with some contrast between ``lower`` and ``upper`` times its own.

    Raises:
        ValueError: These are no limits.
    """
    return adjust_contrast(image, _between(lower, upper, seed))


def random_saturation(image: object, lower: float, upper: float, seed: int | None = None) -> Tensor:
    """Add an image with some saturation between ``lower`` and ``upper`` times its own; see `random_contrast`."""
    return adjust_saturation(image, _between(lower, upper, seed))


def _between(lower: float, upper: float, seed: int | None) -> Tensor:
    if upper <= lower:
        raise ValueError("upper must be > lower.")
    if lower < 0:
        raise ValueError("lower must be non-negative.")
    return random_uniform([], lower, upper, seed=seed)


def random_hue(image: object, max_delta: float, seed: int | None = None) -> Tensor:
    """Add an image with its hues turned by at most ``max_delta``.

    Raises:
        ValueError: ``max_delta`` is not from 0 to 0.5.
    """
    if not 0 <= max_delta <= 0.5:
        raise ValueError("max_delta must be in [0, 0.5].")
    return adjust_hue(image, random_uniform([], -max_delta, max_delta, seed=seed))


def rgb_to_grayscale(images: object, name: str | None = None) -> Tensor:
    """Add the brightness of images of red, green and blue, with one channel."""
    with name_scope(name, "rgb_to_grayscale", [images]) as scope:
        given = convert_to_tensor(images, name="images")
        gray = tensordot(convert_image_dtype(given, FLOAT), list(GRAY), [-1, -1])
        return convert_image_dtype(expand_dims(gray, -1), given.dtype, name=scope)


def grayscale_to_rgb(images: object, name: str | None = None) -> Tensor:
    """Add images of three equal channels."""
    with name_scope(name, "grayscale_to_rgb", [images]) as scope:
        given = convert_to_tensor(images, name="images")
        repeats = [1] * ((given.shape.ndims or 1) - 1) + [3]
        return output("Tile", given, repeats, name=scope)


def rgb_to_hsv(images: object, name: str | None = None) -> Tensor:
    """Add hue, saturation and value of images of red, green and blue from 0 to 1."""
    return output("RGBToHSV", images, name=name)


def hsv_to_rgb(images: object, name: str | None = None) -> Tensor:
    """Add red, green and blue of images of hue, saturation and value."""
    return output("HSVToRGB", images, name=name)
