"""Ops that round to a few levels, as nets that are trained for it hold them.

Format: tensorflow/core/kernels/fake_quant_ops_functor.h.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, flag
from ckpt_magics.graphs.ops.shape_rules import like_input

__all__ = ["ROWS"]

FLOAT32 = np.float32
HALF = FLOAT32(0.5)


def _rounded(ctx: KernelContext, x: Array, low: Array, high: Array) -> Array:
    """Return the level nearest to each element, of those between two numbers that are moved so that 0 is a level."""
    bits = ctx.attr("num_bits")
    if not 2 <= bits <= 16:
        raise InvalidArgumentError(f"num_bits must be between 2 and 16, inclusive, got {bits}")
    first, last = FLOAT32(1 if ctx.attr("narrow_range") else 0), FLOAT32((1 << bits) - 1)
    scale = (high - low) / (last - first)
    zero = np.clip(first - low / np.where(scale == 0, FLOAT32(1), scale), first, last)
    # Halves go up, as C++ rounds numbers that are not negative.
    zero = np.floor(zero + HALF)
    least, most = (first - zero) * scale, (last - zero) * scale
    steps = np.floor((np.clip(x, least, most) - least) * (FLOAT32(1) / np.where(scale == 0, FLOAT32(1), scale)) + HALF)
    return np.where((low == 0) & (high == 0), FLOAT32(0), steps * scale + least).astype(FLOAT32)


def _by_attrs(ctx: KernelContext, x: Array) -> Array:
    low, high = FLOAT32(ctx.attr("min")), FLOAT32(ctx.attr("max"))
    if low >= high:
        raise InvalidArgumentError(f"min has to be smaller than max, was: {low} >= {high}")
    return _rounded(ctx, x, low, high)


def _by_inputs(ctx: KernelContext, x: Array, low: Array, high: Array) -> Array:
    if np.size(low) != 1 or np.size(high) != 1:
        raise InvalidArgumentError("`min` and `max` must be scalars")
    return _rounded(ctx, x, np.reshape(low, ()), np.reshape(high, ()))


def _by_channels(ctx: KernelContext, x: Array, low: Array, high: Array) -> Array:
    if not np.ndim(x) or not np.shape(low) == np.shape(high) == x.shape[-1:]:
        raise InvalidArgumentError(
            f"min and max have incorrect size, expected [{np.shape(x)[-1:]}], got {format_shape(np.shape(low))} and "
            f"{format_shape(np.shape(high))}"
        )
    return _rounded(ctx, x, low, high)


LEVELS = (Attr("num_bits", "int", 8), flag("narrow_range"))
LIMITS = "inputs: float, min: float, max: float -> outputs: float"

ROWS: tuple[Op, ...] = (
    Op(
        "FakeQuantWithMinMaxArgs",
        "inputs: float -> outputs: float",
        (Attr("min", "float", -6.0), Attr("max", "float", 6.0), *LEVELS),
        like_input(),
        _by_attrs,
    ),
    Op("FakeQuantWithMinMaxVars", LIMITS, LEVELS, like_input(), _by_inputs),
    Op("FakeQuantWithMinMaxVarsPerChannel", LIMITS, LEVELS, like_input(), _by_channels),
)
