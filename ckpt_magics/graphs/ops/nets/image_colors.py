"""Ops that change the colours of images.

Format: tensorflow/core/kernels/image/adjust_contrast_op.cc, colorspace_op.h, adjust_hue_op.cc, adjust_saturation_op.cc;
core/ops/image_ops.cc.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_dims, with_rank_at_least
from ckpt_magics.graphs.ops.row import KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.type_sets import dtypes

__all__ = ["ROWS"]


def _check_colors(images: Array) -> None:
    if np.ndim(images) < 1 or images.shape[-1] != 3:
        raise InvalidArgumentError(f"input must have 3 channels but instead has {format_shape(np.shape(images))}")


def _contrast(_ctx: KernelContext, images: Array, factor: Array) -> Array:
    if np.ndim(images) < 3:
        raise InvalidArgumentError(f"input must be at least 3-D, got shape {format_shape(np.shape(images))}")
    wide = images.astype(np.float32)
    mean = wide.mean((-3, -2), keepdims=True, dtype=np.float64).astype(np.float32)
    return ((wide - mean) * np.float32(factor) + mean).astype(images.dtype)


def _to_hsv(_ctx: KernelContext, images: Array) -> Array:
    """Return hue, saturation and value of red, green and blue, all from 0 to 1."""
    _check_colors(images)
    wide = images.astype(np.float32 if images.dtype.itemsize < 4 else images.dtype)
    red, green, blue = (wide[..., index] for index in range(3))
    value = wide.max(-1)
    spread = value - wide.min(-1)
    saturation = np.where(value > 0, spread / np.where(value > 0, value, 1), 0)
    step = 1 / (6 * np.where(spread > 0, spread, 1))
    hue = np.where(
        red == value,
        step * (green - blue),
        np.where(green == value, step * (blue - red) + 2 / 6, step * (red - green) + 4 / 6),
    )
    hue = np.where(spread > 0, np.where(hue < 0, hue + 1, hue), 0)
    return np.stack([hue, saturation, value], -1).astype(images.dtype)


def _to_rgb(_ctx: KernelContext, images: Array) -> Array:
    """Return red, green and blue of hue, saturation and value."""
    _check_colors(images)
    wide = images.astype(np.float32 if images.dtype.itemsize < 4 else images.dtype)
    hue, saturation, value = (wide[..., index] for index in range(3))
    turn = hue * 6
    parts = [np.abs(turn - 3) - 1, 2 - np.abs(turn - 2), 2 - np.abs(turn - 4)]
    colors = [(1 - saturation + saturation * np.clip(part, 0, 1)) * value for part in parts]
    return np.stack(colors, -1).astype(images.dtype)


def _hue(ctx: KernelContext, images: Array, delta: Array) -> Array:
    hsv = _to_hsv(ctx, images.astype(np.float32))
    hsv[..., 0] = np.mod(hsv[..., 0] + np.float32(delta), np.float32(1))
    return _to_rgb(ctx, hsv).astype(images.dtype)


def _saturation(ctx: KernelContext, images: Array, scale: Array) -> Array:
    hsv = _to_hsv(ctx, images.astype(np.float32))
    hsv[..., 1] = np.clip(hsv[..., 1] * np.float32(scale), 0, 1)
    return _to_rgb(ctx, hsv).astype(images.dtype)


def _deep(ctx: ShapeContext) -> list[Shape]:
    return [with_rank_at_least(ctx.shape(0), 3)]


def _colored(ctx: ShapeContext) -> list[Shape]:
    shape = with_rank_at_least(ctx.shape(0), 1)
    return [None if shape is None else (*shape[:-1], merge_dims(shape[-1], 3))]


HALF_OR_FLOAT = types("T", dtypes("half float"), FLOAT)
SPACES = types("T", dtypes("half bfloat16 float double"), FLOAT)

ROWS: tuple[Op, ...] = (
    Op("AdjustContrastv2", "images: T, contrast_factor: float -> output: T", (HALF_OR_FLOAT,), _deep, _contrast),
    Op("AdjustHue", "images: T, delta: float -> output: T", (HALF_OR_FLOAT,), _deep, _hue),
    Op("AdjustSaturation", "images: T, scale: float -> output: T", (HALF_OR_FLOAT,), _deep, _saturation),
    Op("RGBToHSV", "images: T -> output: T", (SPACES,), _colored, _to_hsv),
    Op("HSVToRGB", "images: T -> output: T", (SPACES,), _colored, _to_rgb),
)
