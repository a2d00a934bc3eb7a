"""Ops that draw random numbers.

Distributions, shapes and dtypes are TensorFlow's; the numbers are not. TensorFlow draws from Philox streams that it
steps through block by block; here each operation has a NumPy generator, seeded with the operation's two seeds. Seeded
operations give the same numbers in every new session, as in TensorFlow.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.ops.constants import check_shape_input
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, types
from ckpt_magics.graphs.ops.shape_rules import like_input, shape_from_input
from ckpt_magics.graphs.ops.sharing import only_if
from ckpt_magics.graphs.ops.type_sets import FLOATS, INDEX

__all__ = ["ROWS"]

TRUNCATION = 2.0
"""A truncated normal redraws what lies more than this many standard deviations from the mean."""


def _standard_normal(ctx: KernelContext, shape: Array) -> Array:
    return ctx.random.standard_normal(check_shape_input(shape)).astype(ctx.output_dtypes[0].numpy)


def _truncated_normal(ctx: KernelContext, shape: Array) -> Array:
    values = ctx.random.standard_normal(check_shape_input(shape))
    outside = np.abs(values) > TRUNCATION
    while outside.any():
        values[outside] = ctx.random.standard_normal(np.count_nonzero(outside))
        outside = np.abs(values) > TRUNCATION
    return values.astype(ctx.output_dtypes[0].numpy)


def _uniform(ctx: KernelContext, shape: Array) -> Array:
    dtype = ctx.output_dtypes[0].numpy
    values = ctx.random.random(check_shape_input(shape)).astype(dtype)
    # Rounding to fewer bits can reach 1, which the half-open interval leaves out.
    below_one = np.nextafter(dtype.type(1), dtype.type(0))
    return np.minimum(values, below_one).astype(dtype, copy=False)


def _uniform_int(ctx: KernelContext, shape: Array, minval: Array, maxval: Array) -> Array:
    if minval >= maxval:
        raise InvalidArgumentError(f"Need minval < maxval, got {minval} >= {maxval}")
    return ctx.random.integers(minval, maxval, check_shape_input(shape), dtype=ctx.output_dtypes[0].numpy)


def _shuffle(ctx: KernelContext, value: Array) -> Array:
    return value if np.ndim(value) == 0 or len(value) == 1 else ctx.random.permutation(value, axis=0)


SEEDS = (Attr("seed", "int", 0), Attr("seed2", "int", 0))
FLOAT_ATTRS = (*SEEDS, types("dtype", FLOATS), types("T", INDEX))

ROWS: tuple[Op, ...] = (
    Op(
        "RandomStandardNormal",
        "shape: T -> output: dtype",
        FLOAT_ATTRS,
        shape_from_input(),
        _standard_normal,
        is_stateful=True,
    ),
    Op(
        "TruncatedNormal",
        "shape: T -> output: dtype",
        FLOAT_ATTRS,
        shape_from_input(),
        _truncated_normal,
        is_stateful=True,
    ),
    Op("RandomUniform", "shape: T -> output: dtype", FLOAT_ATTRS, shape_from_input(), _uniform, is_stateful=True),
    Op(
        "RandomUniformInt",
        "shape: T, minval: Tout, maxval: Tout -> output: Tout",
        (*SEEDS, types("Tout", INDEX), types("T", INDEX)),
        shape_from_input(),
        _uniform_int,
        is_stateful=True,
    ),
    Op(
        "RandomShuffle",
        "value: T -> output: T",
        (*SEEDS, types("T")),
        like_input(),
        _shuffle,
        sharing=only_if(lambda _, value: np.size(value) == 1 or np.shape(value)[0] == 1),
        is_stateful=True,
    ),
)
