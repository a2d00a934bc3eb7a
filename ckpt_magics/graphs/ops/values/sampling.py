"""Ops that draw random numbers: with seeds the same ones as TensorFlow's.

Operations without seeds draw other numbers in every session. Of float64 normals the last bits may differ from
TensorFlow's, whose sines and logarithms are those of the machine's C library.

Follows tensorflow/core/kernels/{random_op,random_op_cpu,random_shuffle_op}.cc.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import FLOAT, INT32, INT64, DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, with_rank
from ckpt_magics.graphs.ops.philox import RESERVED, Philox, Words, normal_pairs, scrambled, unit_doubles, unit_floats
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.shape_rules import input_as_shape, like_input, shape_from_input
from ckpt_magics.graphs.ops.sharing import only_if
from ckpt_magics.graphs.ops.type_sets import FLOATS, INDEX, REAL_NUMBERS
from ckpt_magics.graphs.ops.values.constants import check_shape_input

__all__ = ["ROWS", "SEEDS"]

TRUNCATION = 2.0
"""A truncated normal leaves out what lies as many standard deviations from the mean, or more."""

_FLOAT16, _BFLOAT16 = (10, 15), (7, 127)
"""Bits of the mantissa of the short floats, and the exponent that stands for 0."""


def _words(ctx: KernelContext, count: int, each: int) -> Words:
    """Return blocks of random bits for some numbers of which a block makes ``each``, uint32 [blocks, 4]."""
    counter = ctx.philox.reserve(count * RESERVED)
    return ctx.philox.words(counter, np.arange(-(-count // each), dtype=np.uint64))


def _each(dtype: np.dtype[np.generic]) -> int:
    """Return how many numbers of a type a block of 128 bits makes."""
    return 2 if dtype.itemsize == 8 else 4


def _wide(dtype: np.dtype[np.floating]) -> np.dtype[np.floating]:
    """Return the type that normal numbers are made in."""
    return np.dtype(np.float64 if dtype.itemsize == 8 else np.float32)


def _standard_normal(ctx: KernelContext, shape: Array) -> Array:
    sizes, dtype = check_shape_input(shape), ctx.output_dtypes[0].numpy
    count = math.prod(sizes)
    numbers = normal_pairs(_words(ctx, count, _each(dtype)), _wide(dtype))
    return numbers.reshape(-1)[:count].astype(dtype, copy=False).reshape(sizes)


def _truncated_normal(ctx: KernelContext, shape: Array) -> Array:
    """Draw groups of four float32 or two float64, each from bits of its own, until all of them lie inside."""
    sizes, dtype = check_shape_input(shape), ctx.output_dtypes[0].numpy
    count, each = math.prod(sizes), _each(dtype)
    counter = ctx.philox.reserve(count * RESERVED)
    numbers = np.empty((-(-count // each), each), _wide(dtype))
    filled = np.zeros(len(numbers), np.intp)
    left, block = np.arange(len(numbers)), 0
    while left.size:
        words = ctx.philox.words(counter, left.astype(np.uint64) * np.uint64(each * RESERVED // 4) + np.uint64(block))
        drawn = normal_pairs(words, numbers.dtype)
        places = filled[left, None] + np.cumsum(inside := np.abs(drawn) < TRUNCATION, axis=1) - 1
        rows, columns = np.nonzero(inside & (places < each))
        numbers[left[rows], places[rows, columns]] = drawn[rows, columns]
        filled[left] += np.count_nonzero(inside, axis=1)
        left, block = left[filled[left] < each], block + 1
    return numbers.reshape(-1)[:count].astype(dtype, copy=False).reshape(sizes)


def _uniform(ctx: KernelContext, shape: Array) -> Array:
    sizes, dtype = check_shape_input(shape), ctx.output_dtypes[0].numpy
    count = math.prod(sizes)
    words = _words(ctx, count, _each(dtype))
    return _unit_numbers(words, dtype)[:count].reshape(sizes)


def _unit_numbers(words: Words, dtype: np.dtype[np.generic]) -> Array:
    if dtype.itemsize == 8:
        return unit_doubles(words.reshape(-1, 2))
    if dtype.itemsize == 4:
        return unit_floats(words.reshape(-1))
    return _unit_shorts(words.reshape(-1), dtype)


def _unit_shorts(words: Words, dtype: np.dtype[np.generic]) -> npt.NDArray[np.generic]:
    """Return float16 or bfloat16 of [0, 1): random mantissas of numbers from 1 to 2, less 1."""
    mantissa, exponent = _FLOAT16 if dtype == np.float16 else _BFLOAT16
    bits = (words & np.uint32((1 << mantissa) - 1)).astype(np.uint16) | np.uint16(exponent << mantissa)
    numbers: npt.NDArray[np.generic] = bits.view(dtype) - dtype.type(1)
    return numbers


def _uniform_int(ctx: KernelContext, shape: Array, minval: Array, maxval: Array) -> Array:
    if minval >= maxval:
        raise InvalidArgumentError(f"Need minval < maxval, got {minval} >= {maxval}")
    sizes, dtype = check_shape_input(shape), ctx.output_dtypes[0].numpy
    count = math.prod(sizes)
    words = _words(ctx, count, _each(dtype))
    unsigned = np.dtype(f"u{dtype.itemsize}")
    bits = words.reshape(-1)[:count]
    if dtype.itemsize == 8:
        pairs = words.reshape(-1, 2)[:count].astype(np.uint64)
        bits = pairs[:, 0] | pairs[:, 1] << np.uint64(32)
    # The width need not fit into the signed type, but sums that go round do.
    numbers = bits % unsigned.type(int(maxval) - int(minval)) + unsigned.type(int(minval) % (1 << 8 * dtype.itemsize))
    return numbers.view(dtype).reshape(sizes)


def _shuffle(ctx: KernelContext, value: Array) -> Array:
    count = len(value) if np.ndim(value) else 1
    if np.size(value) <= 1 or count <= 1:
        return value
    counter = ctx.philox.reserve((count + 2) // 4)
    words = ctx.philox.words(counter, np.arange((count + 2) // 4, dtype=np.uint64)).reshape(-1)
    # Each in its turn changes places with one of those from it on.
    steps = (words[: count - 1] % np.arange(count, 1, -1, dtype=np.uint32)).tolist()
    order = list(range(count))
    for index, step in enumerate(steps):
        order[index], order[index + step] = order[index + step], order[index]
    return np.asarray(value)[order]


def _multinomial(ctx: KernelContext, logits: Array, num_samples: Array) -> Array:
    """Draw classes of each row by where even numbers lie between the sums of the probabilities.

    TensorFlow takes the rows of large batches in parts, as many as the machine has threads for, and then draws others.
    """
    if np.ndim(logits) != 2 or np.ndim(num_samples) or num_samples < 0 or not logits.shape[1]:
        raise InvalidArgumentError(
            f"logits should be a matrix with at least one class, num_samples a scalar that is not negative, got "
            f"{np.shape(logits)} and {num_samples}"
        )
    rows, count = len(logits), int(num_samples)
    counter = ctx.philox.reserve(rows * -(-count // 4) * 8 * RESERVED)
    words = ctx.philox.words(counter, np.arange(-(-rows * count // 2), dtype=np.uint64))
    drawn = unit_doubles(words.reshape(-1, 2))[: rows * count].reshape(rows, count)
    classes = np.empty((rows, count), ctx.output_dtypes[0].numpy)
    for row, sums, numbers in zip(classes, _running_sums(logits), drawn, strict=True):
        row[:] = np.searchsorted(sums, numbers * sums[-1], side="right")
    return classes


def _running_sums(logits: Array) -> npt.NDArray[np.float64]:
    """Return the probabilities of the classes up to each, not of 1 in all; those that are not finite have none."""
    wide = logits.astype(np.float64)
    is_finite = np.isfinite(wide)
    most = np.max(wide, axis=1, keepdims=True, where=is_finite, initial=-np.inf)
    shares = np.exp(np.where(is_finite, wide - np.where(np.isfinite(most), most, 0), -np.inf))
    return np.cumsum(shares, axis=1)


def _multinomial_shape(ctx: ShapeContext) -> list[Shape]:
    count = ctx.constant(1)
    return [(with_rank(ctx.shape(0), 2)[0], None if count is None else int(count))]


@dataclass(frozen=True)
class _Told:
    """What a kernel draws from where the seed is an input: a stream that begins anew each time."""

    philox: Philox
    output_dtypes: Sequence[DType]


def _stateless(draw: Kernel) -> Kernel:
    """Return the kernel that draws as another one does, by a seed that is an input."""

    def kernel(ctx: KernelContext, shape: Array, seed: Array) -> Array:
        if np.shape(seed) != (2,):
            raise InvalidArgumentError(f"seed must have shape [2], not {format_shape(np.shape(seed))}")
        return draw(_Told(scrambled(*(int(part) for part in seed)), ctx.output_dtypes), shape)

    return kernel


def _stateless_shape(ctx: ShapeContext) -> list[Shape]:
    with_rank(ctx.shape(1), 1)
    return [input_as_shape(ctx, 0)]


def _stateless_row(name: str, draw: Kernel) -> Op:
    attrs = types("dtype", FLOATS, FLOAT), types("T", INDEX, INT32), types("Tseed", INDEX, INT64)
    return Op(name, "shape: T, seed: Tseed -> output: dtype", attrs, _stateless_shape, _stateless(draw))


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
    _stateless_row("StatelessRandomUniform", _uniform),
    _stateless_row("StatelessRandomNormal", _standard_normal),
    _stateless_row("StatelessTruncatedNormal", _truncated_normal),
    Op(
        "Multinomial",
        "logits: T, num_samples: int32 -> output: output_dtype",
        (*SEEDS, types("T", REAL_NUMBERS), types("output_dtype", INDEX, INT64)),
        _multinomial_shape,
        _multinomial,
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
