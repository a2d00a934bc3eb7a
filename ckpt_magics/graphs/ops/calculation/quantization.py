"""Ops that round to a few levels, as nets that are trained for it hold them.

Format: tensorflow/core/kernels/fake_quant_ops_functor.h.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_dims, merge_shapes, with_rank, with_rank_at_least
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, flag
from ckpt_magics.graphs.ops.shape_rules import like_input

__all__ = ["ROWS"]

FLOAT32 = np.float32
HALF = FLOAT32(0.5)


@dataclass(frozen=True)
class _Levels:
    """The levels between two numbers that are moved so that 0 is one; float32, one of each per channel.

    Attributes:
        least: The first level.
        most: The last one.
        scale: From one to the next.
        is_nothing: Both numbers are 0.
    """

    least: Array
    most: Array
    scale: Array
    is_nothing: Array

    @classmethod
    def between(cls, ctx: KernelContext, low: Array, high: Array) -> _Levels:
        bits = ctx.attr("num_bits")
        if not 2 <= bits <= 16:
            raise InvalidArgumentError(f"num_bits must be between 2 and 16, inclusive, got {bits}")
        first, last = FLOAT32(1 if ctx.attr("narrow_range") else 0), FLOAT32((1 << bits) - 1)
        scale = (high - low) / (last - first)
        # Halves go up, as C++ rounds numbers that are not negative.
        zero = np.floor(np.clip(first - low / np.where(scale == 0, FLOAT32(1), scale), first, last) + HALF)
        return cls((first - zero) * scale, (last - zero) * scale, scale, (low == 0) & (high == 0))

    def nearest(self, x: Array) -> Array:
        inverse = FLOAT32(1) / np.where(self.scale == 0, FLOAT32(1), self.scale)
        steps = np.floor((np.clip(x, self.least, self.most) - self.least) * inverse + HALF)
        return np.where(self.is_nothing, FLOAT32(0), steps * self.scale + self.least).astype(FLOAT32)

    def gradients(self, grad: Array, x: Array) -> tuple[Array, Array, Array]:
        """Return what reaches the elements, and those whose place the first and the last level have taken."""
        inside = self.is_nothing | ((x >= self.least) & (x <= self.most))
        below, above = ~inside & (x < self.least), ~inside & (x > self.most)
        return tuple(np.where(mask, grad, FLOAT32(0)) for mask in (inside, below, above))  # type: ignore[return-value]


def _by_attrs(ctx: KernelContext, _x: Array) -> _Levels:
    low, high = FLOAT32(ctx.attr("min")), FLOAT32(ctx.attr("max"))
    if low >= high:
        raise InvalidArgumentError(f"min has to be smaller than max, was: {low} >= {high}")
    return _Levels.between(ctx, low, high)


def _by_inputs(ctx: KernelContext, _x: Array, low: Array, high: Array) -> _Levels:
    if np.size(low) != 1 or np.size(high) != 1:
        raise InvalidArgumentError("`min` and `max` must be scalars")
    return _Levels.between(ctx, np.reshape(low, ()), np.reshape(high, ()))


def _by_channels(ctx: KernelContext, x: Array, low: Array, high: Array) -> _Levels:
    if not np.ndim(x) or not np.shape(low) == np.shape(high) == x.shape[-1:]:
        raise InvalidArgumentError(
            f"min and max have incorrect size, expected [{np.shape(x)[-1:]}], got {format_shape(np.shape(low))} and "
            f"{format_shape(np.shape(high))}"
        )
    return _Levels.between(ctx, low, high)


def _nearest(levels: Callable[..., _Levels]) -> Kernel:
    """Return the kernel that rounds to the levels that a node's inputs and attributes say."""
    return lambda ctx, x, *limits: levels(ctx, x, *limits).nearest(x)


def _check_gradients(grad: Array, x: Array) -> None:
    if np.shape(grad) != np.shape(x):
        raise InvalidArgumentError(
            f"gradient and input must be the same size, got {format_shape(np.shape(grad))} and "
            f"{format_shape(np.shape(x))}"
        )


def _attrs_grad(ctx: KernelContext, grad: Array, x: Array) -> Array:
    _check_gradients(grad, x)
    return _by_attrs(ctx, x).gradients(grad, x)[0]


def _limits_grad(levels: Callable[..., _Levels], kept: int) -> Kernel:
    """Return the kernel of a gradient by elements and limits, which have as many dimensions as are kept."""

    def kernel(ctx: KernelContext, grad: Array, x: Array, low: Array, high: Array) -> tuple[Array, ...]:
        _check_gradients(grad, x)
        inside, below, above = levels(ctx, x, low, high).gradients(grad, x)
        others = tuple(range(np.ndim(x) - kept))
        return inside, below.sum(others, FLOAT32), above.sum(others, FLOAT32)

    return kernel


def _scalars_shape(ctx: ShapeContext) -> list[Shape]:
    for index in (2, 3):
        with_rank(ctx.shape(index), 0)
    return [merge_shapes([ctx.shape(0), ctx.shape(1)]), (), ()]


def _channels_shape(ctx: ShapeContext) -> list[Shape]:
    x = merge_shapes([with_rank_at_least(ctx.shape(0), 1), ctx.shape(1)])
    channels = None if x is None else x[-1]
    for index in (2, 3):
        channels = merge_dims(channels, with_rank(ctx.shape(index), 1)[0])
    return [None if x is None else (*x[:-1], channels), (channels,), (channels,)]


LEVELS = (Attr("num_bits", "int", 8), flag("narrow_range"))
LIMITS = "inputs: float, min: float, max: float -> outputs: float"

LIMITS_BACK = (
    "gradients: float, inputs: float, min: float, max: float -> "
    "backprops_wrt_input: float, backprop_wrt_min: float, backprop_wrt_max: float"
)

ROWS: tuple[Op, ...] = (
    Op(
        "FakeQuantWithMinMaxArgs",
        "inputs: float -> outputs: float",
        (Attr("min", "float", -6.0), Attr("max", "float", 6.0), *LEVELS),
        like_input(),
        _nearest(_by_attrs),
    ),
    Op(
        "FakeQuantWithMinMaxVars",
        LIMITS,
        LEVELS,
        like_input(),
        _nearest(_by_inputs),
    ),
    Op(
        "FakeQuantWithMinMaxVarsPerChannel",
        LIMITS,
        LEVELS,
        like_input(),
        _nearest(_by_channels),
    ),
    Op(
        "FakeQuantWithMinMaxArgsGradient",
        "gradients: float, inputs: float -> backprops: float",
        (Attr("min", "float", -6.0), Attr("max", "float", 6.0), *LEVELS),
        like_input(),
        _attrs_grad,
    ),
    Op("FakeQuantWithMinMaxVarsGradient", LIMITS_BACK, LEVELS, _scalars_shape, _limits_grad(_by_inputs, 0)),
    Op(
        "FakeQuantWithMinMaxVarsPerChannelGradient",
        LIMITS_BACK,
        LEVELS,
        _channels_shape,
        _limits_grad(_by_channels, 1),
    ),
)
