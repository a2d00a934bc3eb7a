"""Generated inputs for each op, for comparison with TensorFlow: one function per kind of op."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.graphs.ops.rows import OPS

SPECIALS = [0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 0.5, -0.5, 1.5, 2.5, -2.5, 100.0, -100.0, 1e-3]


@dataclass
class Case:
    """One call of an op: arrays (those in ``fixed`` are settings such as axes, not data) and attributes.

    ``outputs`` limits the comparison to the first few, where TensorFlow leaves the others uninitialized.
    """

    inputs: list[np.ndarray]
    attrs: dict[str, Any] = field(default_factory=dict)
    fixed: frozenset[int] = frozenset()
    outputs: int | None = None


Rng = np.random.Generator
Maker = Callable[[Rng, DType], Iterator[Case]]


def data(rng: Rng, dtype: DType, shape: tuple[int, ...], *, specials: bool = False, small: bool = False) -> np.ndarray:
    """Return random elements; with ``specials`` also NaN, infinities and signed zeros."""
    if dtype.is_bool:
        return rng.random(shape) < 0.5
    if dtype.name == "string":
        flat = [bytes(rng.integers(97, 100, rng.integers(0, 3)).astype(np.uint8)) for _ in range(int(np.prod(shape)))]
        return np.array([*flat, None], object)[:-1].reshape(shape)
    if dtype.numpy.kind in "iu":
        low = 0 if dtype.numpy.kind == "u" else -7
        return np.asarray(rng.integers(low, 8, shape)).astype(dtype.numpy)
    values = rng.standard_normal(shape) * (1 if small else 3)
    if specials:
        values = np.where(rng.random(shape) < 0.4, rng.choice(SPECIALS, shape), values)
    if dtype.is_complex:
        values = values + 1j * rng.standard_normal(shape)
    return np.asarray(values).astype(dtype.numpy)


SHAPES = [(), (1,), (5,), (2, 3), (3, 0), (2, 1, 4)]
PAIRS = [((), ()), ((3,), ()), ((2, 3), (3,)), ((2, 1, 3), (4, 1)), ((0, 3), (1, 3)), ((5,), (5,)), ((2, 3), (2,))]


def unary(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape in SHAPES:
        yield Case([data(rng, dtype, shape, specials=not dtype.is_complex)])


def rounding(rng: Rng, dtype: DType) -> Iterator[Case]:
    # TensorFlow 2.21 gives 0 for single integers, which cannot be meant.
    return unary(rng, dtype) if dtype.is_floating else iter(())


def binary(rng: Rng, dtype: DType) -> Iterator[Case]:
    for left, right in PAIRS:
        yield Case([data(rng, dtype, left, specials=not dtype.is_complex), data(rng, dtype, right, small=True)])


def division(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in binary(rng, dtype):
        if dtype.numpy.kind in "iu":
            case.inputs[1] = np.where(case.inputs[1] == 0, 3, case.inputs[1]).astype(dtype.numpy)
        yield case
    if not dtype.is_complex:  # whether that is infinite or NaN differs between compilers
        yield Case([data(rng, dtype, (3,)), np.zeros(3, dtype.numpy)])


def power(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in binary(rng, dtype):
        if dtype.numpy.kind == "i":
            case.inputs[1] = np.abs(case.inputs[1])
        yield case


def pair_of_one_shape(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape in SHAPES:
        yield Case([data(rng, dtype, shape), data(rng, dtype, shape)])


def reduction(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, axes, keep in [
        ((2, 3), 0, False), ((2, 3), [0, 1], True), ((2, 3), [-1], False), ((), [], False), ((2, 3, 4), [0, 2], False),
        ((0, 3), 0, False), ((0, 3), 1, True), ((2, 3), [], True), ((2, 3), 2, False), ((4,), [0, 0], False),
    ]:  # fmt: skip
        yield Case([data(rng, dtype, shape), np.array(axes, np.int32)], {"keep_dims": keep}, frozenset({1}))
    if dtype.is_floating:
        x = np.array([[1, np.nan, 2], [np.inf, -np.inf, 0], [-np.inf, 0, 1]], dtype.numpy)
        yield Case([x, np.array(1, np.int64)], {}, frozenset({1}))


def position(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, axis in [((5,), 0), ((2, 3), 1), ((2, 3), -2), ((2, 0), 1), ((0, 2), 1), ((2, 3, 4), 2), ((3,), 1)]:
        yield Case([data(rng, dtype, shape), np.array(axis, np.int32)], {}, frozenset({1}))


def position_among_nan(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield from position(rng, dtype)
    if dtype.is_floating:
        rows = [[1, np.nan, 2], [np.nan, 1, 2], [np.nan, 3, 1], [np.nan] * 3]
        yield Case([np.array(rows, dtype.numpy), np.array(1, np.int64)], {}, frozenset({1}))


def running(rng: Rng, dtype: DType) -> Iterator[Case]:
    for exclusive, reverse in itertools.product([False, True], repeat=2):
        attrs = {"exclusive": exclusive, "reverse": reverse}
        yield Case([data(rng, dtype, (2, 4)), np.array(1, np.int32)], attrs, frozenset({1}))
        yield Case([data(rng, dtype, (3, 2)), np.array(-2, np.int64)], attrs, frozenset({1}))


def matmul(rng: Rng, dtype: DType) -> Iterator[Case]:
    for a, b, transpose_a, transpose_b in [
        ((2, 3), (3, 4), False, False), ((3, 2), (3, 4), True, False), ((2, 3), (4, 3), False, True),
        ((3, 2), (4, 3), True, True), ((0, 3), (3, 2), False, False), ((2, 0), (0, 2), False, False),
        ((2, 3), (2, 3), False, False),
    ]:  # fmt: skip
        attrs = {"transpose_a": transpose_a, "transpose_b": transpose_b}
        yield Case([data(rng, dtype, a), data(rng, dtype, b)], attrs)


def batch_matmul(rng: Rng, dtype: DType) -> Iterator[Case]:
    for a, b, adj_x, adj_y in [
        ((2, 2, 3), (2, 3, 4), False, False), ((2, 3, 2), (2, 3, 4), True, False), ((5, 2, 3), (5, 4, 3), False, True),
    ]:  # fmt: skip
        yield Case([data(rng, dtype, a), data(rng, dtype, b)], {"adj_x": adj_x, "adj_y": adj_y})


def batch_matmul_v2(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield from batch_matmul(rng, dtype)
    yield Case([data(rng, dtype, (2, 3)), data(rng, dtype, (4, 3, 2))])
    yield Case([data(rng, dtype, (5, 1, 2, 3)), data(rng, dtype, (4, 3, 2))])


def bias_add(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, layout in [((2, 3), b"NHWC"), ((2, 4, 5, 3), b"NHWC"), ((2, 3, 4, 5), b"NCHW"), ((2, 4), b"NHWC")]:
        yield Case([data(rng, dtype, shape), data(rng, dtype, (3,))], {"data_format": layout})


def bias_add_v1(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([data(rng, dtype, (2, 3)), data(rng, dtype, (3,))])


def bias_add_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, layout in [((2, 3), b"NHWC"), ((2, 4, 5, 3), b"NHWC"), ((2, 3, 4, 5), b"NCHW")]:
        yield Case([data(rng, dtype, shape)], {"data_format": layout})


def matrices(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape in [(2, 3), (1, 1), (0, 3), (4, 5)]:
        yield Case([data(rng, dtype, shape)])


def cross_entropy(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([data(rng, dtype, (2, 3)), np.abs(data(rng, dtype, (2, 3), small=True))])
    yield Case([data(rng, dtype, (2, 3)), np.abs(data(rng, dtype, (1, 3), small=True))])


def sparse_cross_entropy(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([data(rng, dtype, (4, 3)), np.array([0, 2, 1, 1])])
    yield Case([data(rng, dtype, (2, 3)), np.array([2, 0], np.int32)])
    yield Case([data(rng, dtype, (2, 3)), np.array([3, 0], np.int32)])


def leaky_relu(rng: Rng, dtype: DType) -> Iterator[Case]:
    for alpha in (0.2, 0.0, 0.9, 2.0, -1.0):
        yield Case([data(rng, dtype, (2, 3), specials=True)], {"alpha": alpha})


def leaky_relu_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for alpha in (0.2, 0.0, 2.0, -1.0):
        yield Case([data(rng, dtype, (2, 3)), data(rng, dtype, (2, 3))], {"alpha": alpha})


def stitch(rng: Rng, dtype: DType) -> Iterator[Case]:
    for places, rest in [([[0, 2], [1]], (3,)), ([[3, 0, 1], [1, 2]], ()), ([[0, 1, 2]], (2, 0)), ([[], [0]], (2,))]:
        indices = [np.array(place, np.int32) for place in places]
        parts = [data(rng, dtype, (*place.shape, *rest)) for place in indices]
        yield Case([*indices, *parts], {"N": len(places)}, frozenset(range(len(places))))
    yield Case([np.array(0, np.int32), np.array([[1, 2]], np.int32), data(rng, dtype, (3,)),
                data(rng, dtype, (1, 2, 3))], {"N": 2}, frozenset({0, 1}))  # fmt: skip
    yield Case([np.array([0, 1], np.int32), data(rng, dtype, (3,))], {"N": 1})


def segment_sum(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, ids, count in [
        ((5, 2), [0, 3, 0, -1, 3], 4), ((4,), [2, 2, 1, 2], 3), ((2, 3), [[0, 1, 0], [1, 1, 0]], 2), ((0, 2), [], 3),
        ((2, 3), [0, 4], 4), ((3,), [0, 1], 2), ((2,), [-1, -1], 2), ((2, 3, 2), [[0, 1, 2], [2, 2, 2]], 5),
    ]:  # fmt: skip
        arrays = [data(rng, dtype, shape, small=True), np.array(ids, np.int64), np.array(count, np.int32)]
        yield Case(arrays, {}, frozenset({2}))


def unique(rng: Rng, dtype: DType) -> Iterator[Case]:
    for size in (0, 1, 8):
        yield Case([data(rng, dtype, (size,))])


def difference(rng: Rng, dtype: DType) -> Iterator[Case]:
    for left, right in [(6, 3), (0, 2), (4, 0)]:
        yield Case([data(rng, dtype, (left,)), data(rng, dtype, (right,))])


def any_shape(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape in SHAPES:
        yield Case([data(rng, dtype, shape)])


def fill(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape in [[], [3], [2, 0], [2, 3]]:
        yield Case([np.array(shape, np.int32), data(rng, dtype, ())], {}, frozenset({0}))
    yield Case([np.array([-1], np.int64), data(rng, dtype, ())], {}, frozenset({0}))


def number_range(rng: Rng, dtype: DType) -> Iterator[Case]:
    limits = [(0, 5, 1), (1, 10, 3), (5, 5, 1), (0, 5, 0), (5, 0, 1)]
    if dtype.numpy.kind != "u":
        limits += [(5, -1, -2), (0, 5, -1)]
    if dtype.is_floating:
        limits += [(0, 1, 0.25), (0.5, 3, 0.75), (0, 1, 0.1)]
    for limit in limits:
        yield Case([np.array(value, dtype.numpy) for value in limit], {}, frozenset({0, 1, 2}))


def line(rng: Rng, dtype: DType) -> Iterator[Case]:
    for start, stop, num in [(0, 1, 5), (3, -3, 7), (2, 5, 1), (0, 1, 0)]:
        arrays = [np.array(start, dtype.numpy), np.array(stop, dtype.numpy), np.array(num, np.int32)]
        yield Case(arrays, {}, frozenset({2}))


def one_hot(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, depth, axis in [((3,), 4, -1), ((2, 3), 3, 0), ((2, 3), 2, 1), ((), 3, -1), ((2,), 0, -1)]:
        indices = np.asarray(rng.integers(-1, depth + 1, shape)).astype(np.int64)
        on_off = [data(rng, dtype, ()), data(rng, dtype, ())]
        yield Case([indices, np.array(depth, np.int32), *on_off], {"axis": axis}, frozenset({1}))


def reshape(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, wanted in [
        ((2, 3), [6]), ((2, 3), [3, -1]), ((), [1, 1]), ((1,), []), ((0, 3), [3, 0]), ((2, 3), [4]), ((2, 3), [-1, 4]),
        ((2, 3), [-1, -1]), ((0, 3), [-1]), ((0, 3), [0, -1]), ((2, 3), [-2, 3]),
    ]:  # fmt: skip
        yield Case([data(rng, dtype, shape), np.array(wanted, np.int32)], {}, frozenset({1}))


def expand(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, axis in [((), 0), ((2,), 0), ((2,), 1), ((2, 3), -1), ((2, 3), -3), ((2, 3), 3)]:
        yield Case([data(rng, dtype, shape), np.array(axis, np.int32)], {}, frozenset({1}))


def squeeze(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, axes in [
        ((1, 2, 1), []),
        ((1, 2, 1), [0]),
        ((1, 2, 1), [-1]),
        ((1, 2), [1]),
        ((), []),
        ((1, 1), [0, 1]),
    ]:
        yield Case([data(rng, dtype, shape)], {"squeeze_dims": axes})


def transpose(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, perm in [((2, 3), [1, 0]), ((2, 3, 4), [2, 0, 1]), ((), []), ((2, 3), [0, 0]), ((0, 3), [1, 0])]:
        yield Case([data(rng, dtype, shape), np.array(perm, np.int32)], {}, frozenset({1}))


def permutation(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([np.array([3, 0, 2, 1], dtype.numpy)])
    yield Case([np.array([0, 0], dtype.numpy)])


def broadcast_to(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, wanted in [((3,), [2, 3]), ((), [4]), ((2, 1), [2, 5]), ((2,), [3]), ((1, 1), [0, 2])]:
        yield Case([data(rng, dtype, shape), np.array(wanted, np.int32)], {}, frozenset({1}))


def tile(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, by in [((2,), [3]), ((2, 3), [1, 2]), ((2, 3), [0, 2]), ((), []), ((2, 3), [2])]:
        yield Case([data(rng, dtype, shape), np.array(by, np.int32)], {}, frozenset({1}))


def two_shapes(rng: Rng, dtype: DType) -> Iterator[Case]:
    for left, right in [([2, 3], [3]), ([2, 1], [1, 3]), ([], [2]), ([1], [1]), ([2, 3], [2, 3]), ([2, 1, 3], [4, 1]),
                        ([1, 1], [1])]:  # fmt: skip
        yield Case([np.array(left, dtype.numpy), np.array(right, dtype.numpy)])


def several(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, count in [((2, 3), 1), ((2, 3), 3), ((), 2)]:
        yield Case([data(rng, dtype, shape) for _ in range(count)], {"N": count})


def pack(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, count, axis in [((), 3, 0), ((2, 3), 2, 0), ((2, 3), 2, 1), ((2, 3), 3, -1), ((2,), 1, 0)]:
        yield Case([data(rng, dtype, shape) for _ in range(count)], {"N": count, "axis": axis})
    yield Case([data(rng, dtype, (2,)), data(rng, dtype, (3,))], {"N": 2, "axis": 0})


def unpack(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, axis in [((3,), 0), ((2, 3), 1), ((2, 3), -2), ((1, 2), 0)]:
        yield Case([data(rng, dtype, shape)], {"num": shape[axis], "axis": axis})


def concat_v2(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shapes, axis in [([(2, 3), (4, 3)], 0), ([(2, 3), (2, 1)], -1), ([(1,), (2,), (0,)], 0), ([(2, 3), (3, 2)], 0)]:
        arrays = [data(rng, dtype, shape) for shape in shapes]
        yield Case([*arrays, np.array(axis, np.int32)], {"N": len(shapes)}, frozenset({len(shapes)}))


def concat(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in concat_v2(rng, dtype):
        yield Case([case.inputs[-1], *case.inputs[:-1]], case.attrs, frozenset({0}))


def concat_offset(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([np.array(1, np.int32), np.array([2, 3], dtype.numpy), np.array([2, 5], dtype.numpy)], {"N": 2})


def split(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, axis, count in [((4,), 0, 2), ((2, 6), 1, 3), ((2, 6), -1, 2), ((3,), 0, 2), ((2, 3), 0, 1)]:
        yield Case([np.array(axis, np.int32), data(rng, dtype, shape)], {"num_split": count}, frozenset({0}))


def split_v(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, sizes, axis in [((5,), [2, 3], 0), ((2, 6), [1, -1, 2], 1), ((3,), [3], 0), ((3,), [1, 1], 0)]:
        arrays = [data(rng, dtype, shape), np.array(sizes, np.int64), np.array(axis, np.int32)]
        yield Case(arrays, {"num_split": len(sizes)}, frozenset({1, 2}))


def part(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, begin, size in [((4,), [1], [2]), ((3, 4), [0, 1], [-1, 2]), ((3,), [3], [0]), ((3,), [1], [3]),
                               ((3,), [-1], [1]), ((), [], [])]:  # fmt: skip
        arrays = [data(rng, dtype, shape), np.array(begin, np.int32), np.array(size, np.int32)]
        yield Case(arrays, {}, frozenset({1, 2}))


def strided(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, spec, masks in [
        ((5,), ([1], [4], [2]), {}), ((5,), ([-1], [0], [-1]), {}), ((5,), ([0], [0], [1]), {"end_mask": 1}),
        ((5,), ([0], [0], [-1]), {"begin_mask": 1, "end_mask": 1}), ((3, 4), ([1], [2], [1]), {"shrink_axis_mask": 1}),
        ((3, 4), ([0, 1], [0, 3], [1, 1]), {"ellipsis_mask": 1}),
        ((3, 4), ([0, 1], [0, 2], [1, 1]), {"new_axis_mask": 1}),
        ((3, 4), ([0, 0, -1], [0] * 3, [1] * 3), {"ellipsis_mask": 1, "new_axis_mask": 2, "shrink_axis_mask": 4}),
        ((3, 4), ([-2, 9], [9, -9], [1, -2]), {}), ((3,), ([5], [6], [1]), {"shrink_axis_mask": 1}),
        ((3,), ([0], [2], [0]), {}), ((3,), ([0, 0], [1, 1], [1, 1]), {}),
        ((2, 3), ([-1], [0], [1]), {"shrink_axis_mask": 1}),
    ]:  # fmt: skip
        settings = [np.array(values, np.int32) for values in spec]
        yield Case([data(rng, dtype, shape), *settings], masks, frozenset({1, 2, 3}))


def strided_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, spec, masks, part in [
        ((5,), ([1], [4], [2]), {}, (2,)), ((5,), ([-1], [0], [-1]), {}, (4,)),
        ((3, 4), ([1], [2], [1]), {"shrink_axis_mask": 1}, (4,)),
        ((3, 4), ([0, 1], [0, 3], [1, 1]), {"ellipsis_mask": 1}, (3, 2)),
        ((3, 4), ([0, 1], [0, 2], [1, 1]), {"new_axis_mask": 1}, (1, 1, 4)), ((5,), ([1], [4], [2]), {}, (3,)),
    ]:  # fmt: skip
        settings = [np.array(values, np.int32) for values in (shape, *spec)]
        yield Case([*settings, data(rng, dtype, part)], masks, frozenset({0, 1, 2, 3}))


def gather(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, indices in [
        ((4,), [0, 3]),
        ((4, 2), [[1, 1], [0, 3]]),
        ((4,), 2),
        ((4,), [4]),
        ((4,), [-1]),
        ((3, 2), []),
    ]:
        yield Case([data(rng, dtype, shape), np.array(indices, np.int32)])


def gather_v2(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in gather(rng, dtype):
        yield Case([*case.inputs, np.array(0, np.int32)], {}, frozenset({2}))
    yield Case([data(rng, dtype, (2, 5)), np.array([4, 0], np.int32), np.array(-1, np.int32)], {}, frozenset({2}))
    batch = [data(rng, dtype, (2, 3, 4)), np.array([[0, 2], [1, 1]], np.int64), np.array(1, np.int32)]
    yield Case(batch, {"batch_dims": 1}, frozenset({2}))
    yield Case([*batch[:2], np.array(0, np.int32)], {"batch_dims": 1}, frozenset({2}))
    yield Case(batch, {"batch_dims": -1}, frozenset({2}))


def gather_nd(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, indices in [
        ((3, 4), [[0, 1], [2, 3]]),
        ((3, 4), [[2], [0]]),
        ((3, 4), [[3, 0]]),
        ((3,), [[[1]], [[0]]]),
        ((2, 3), [[], []]),
        ((2, 3), []),
    ]:
        yield Case([data(rng, dtype, shape), np.array(indices, np.int32)])


def pad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, around in [((2,), [[1, 2]]), ((2, 3), [[0, 1], [2, 0]]), ((2,), [[-1, 0]]), ((0,), [[1, 1]])]:
        yield Case([data(rng, dtype, shape), np.array(around, np.int32)], {}, frozenset({1}))


def pad_v2(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in pad(rng, dtype):
        yield Case([*case.inputs, data(rng, dtype, ())], {}, frozenset({1}))


def reverse(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([data(rng, dtype, (2, 3)), np.array([True, False])])


def reverse_v2(rng: Rng, dtype: DType) -> Iterator[Case]:
    for axes in ([0], [-1], [0, 1], []):
        yield Case([data(rng, dtype, (2, 3)), np.array(axes, np.int32)], {}, frozenset({1}))


def select(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, condition in [((2, 3), (2, 3)), ((2, 3), (2,)), ((2, 3), ()), ((3,), (3,)), ((), ()), ((2, 3), (3,))]:
        yield Case([rng.random(condition) < 0.5, data(rng, dtype, shape), data(rng, dtype, shape)])


def select_v2(rng: Rng, dtype: DType) -> Iterator[Case]:
    for condition, t, e in [((2, 3), (2, 3), (2, 3)), ((3,), (2, 3), ()), ((), (2, 1), (3,)), ((2,), (3,), ())]:
        yield Case([rng.random(condition) < 0.5, data(rng, dtype, t), data(rng, dtype, e)])


def clip(rng: Rng, dtype: DType) -> Iterator[Case]:
    low, high = np.array(1, dtype.numpy), np.array(4, dtype.numpy)
    for shape in SHAPES if not dtype.is_complex else ():
        yield Case([data(rng, dtype, shape, specials=True), low, high])
        yield Case([data(rng, dtype, shape), high, low])
        yield Case([data(rng, dtype, shape), data(rng, dtype, shape), data(rng, dtype, shape)])


def cast(rng: Rng, dtype: DType) -> Iterator[Case]:
    for target in OPS["OnesLike"].attrs[0].allowed:
        yield Case([data(rng, dtype, (2, 3))], {"DstT": target})


def bitcast(rng: Rng, dtype: DType) -> Iterator[Case]:
    for name in ("uint8", "int32", "float", "int64"):
        yield Case([data(rng, dtype, (2, 8))], {"type": as_dtype(name)})
        yield Case([data(rng, dtype, (2, 2))], {"type": as_dtype(name)})


def sized(rng: Rng, dtype: DType) -> Iterator[Case]:
    for out_type in ("int32", "int64"):
        yield Case([data(rng, dtype, (2, 3))], {"out_type": as_dtype(out_type)})
        yield Case([data(rng, dtype, ())], {"out_type": as_dtype(out_type)})


def shapes_of_several(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([data(rng, dtype, (2, 3)), data(rng, dtype, ())], {"N": 2})


def convolution(rng: Rng, dtype: DType) -> Iterator[Case]:
    for images, filters, strides, padding, more in [
        ((2, 5, 6, 3), (3, 3, 3, 4), [1, 1, 1, 1], b"SAME", {}),
        ((2, 5, 6, 3), (2, 3, 3, 4), [1, 2, 2, 1], b"VALID", {}),
        ((1, 7, 7, 2), (3, 3, 2, 1), [1, 2, 1, 1], b"SAME", {}),
        ((1, 7, 7, 2), (3, 2, 2, 1), [1, 1, 1, 1], b"VALID", {"dilations": [1, 2, 3, 1]}),
        ((1, 4, 4, 4), (2, 2, 2, 6), [1, 1, 1, 1], b"VALID", {}),
        ((1, 4, 4, 1), (3, 3, 1, 1), [1, 2, 2, 1], b"EXPLICIT", {"explicit_paddings": [0, 0, 1, 2, 0, 1, 0, 0]}),
        ((1, 4, 4, 3), (3, 3, 2, 1), [1, 1, 1, 1], b"SAME", {}),
        ((1, 2, 2, 1), (4, 4, 1, 1), [1, 1, 1, 1], b"VALID", {}),
    ]:
        attrs = {"strides": strides, "padding": padding, **more}
        yield Case([data(rng, dtype, images), data(rng, dtype, filters)], attrs)


CONVOLVED = [(2, 5, 6, 4), (2, 2, 2, 4), (1, 4, 7, 1), (1, 3, 4, 1)]
"""Shapes of what the first cases of `convolution` give."""


def undilated(rng: Rng, dtype: DType) -> Iterator[tuple[Case, Any]]:
    """Cases of convolutions with the shapes of their outputs, of which TensorFlow differentiates all on any machine."""
    for case, shape in zip(convolution(rng, dtype), CONVOLVED, strict=False):
        if set(case.attrs.get("dilations", [1])) == {1}:
            yield case, shape


def convolution_input(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case, shape in undilated(rng, dtype):
        images, filters = case.inputs
        back = data(rng, dtype, shape)
        if dtype.itemsize == 2:  # sums of whole numbers are the same in any order
            filters, back = np.rint(filters), np.rint(back)
        yield Case([np.array(images.shape, np.int32), filters, back], case.attrs, frozenset({0}))


def convolution_filter(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case, shape in undilated(rng, dtype):
        images, filters = case.inputs
        images = (images / 3).astype(dtype.numpy)
        back = data(rng, dtype, shape, small=True)
        if dtype.itemsize == 2:  # sums of whole numbers are the same in any order
            images, back = np.rint(images), np.rint(back)
        yield Case([images, np.array(filters.shape, np.int32), back], case.attrs, frozenset({1}))


POOLED = [(2, 2, 3, 3), (1, 3, 3, 2), (1, 3, 3, 2), (1, 1, 2, 1)]
"""Shapes of what the cases of `pooling` give."""


def max_pooling_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case, shape in zip(pooling(rng, dtype), POOLED, strict=True):
        images = case.inputs[0]
        margins = [(0, 0)] + [(0, 2)] * 2 + [(0, 0)]
        padded = np.pad(images, margins, mode="edge")
        yield Case([images, padded[:, : shape[1], : shape[2]], data(rng, dtype, shape)], case.attrs)


def max_pooling_grad_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in max_pooling_grad(rng, dtype):
        yield Case([*case.inputs[:2], data(rng, dtype, case.inputs[0].shape)], case.attrs)


def average_pooling_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case, shape in zip(pooling(rng, dtype), POOLED, strict=True):
        sizes = np.array(case.inputs[0].shape, np.int32)
        yield Case([sizes, data(rng, dtype, shape)], case.attrs, frozenset({0}))


def pooling(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, size, stride, padding in [
        ((2, 4, 6, 3), 2, 2, b"SAME"), ((1, 5, 5, 2), 3, 2, b"SAME"), ((1, 5, 5, 2), 3, 1, b"VALID"),
        ((1, 4, 5, 1), 2, 3, b"VALID"),
    ]:  # fmt: skip
        attrs = {"ksize": [1, size, size, 1], "strides": [1, stride, stride, 1], "padding": padding}
        yield Case([data(rng, dtype, shape)], attrs)


def normalization(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, more in [((2, 3, 4, 5), {}), ((2, 3, 4, 5), {"exponential_avg_factor": 0.25}), ((1, 1, 2, 5), {}),
                        ((2, 3, 4, 5), {"is_training": False, "epsilon": 0.01})]:  # fmt: skip
        arrays = [data(rng, as_dtype("float"), (5,), small=True) for _ in range(3)]
        variance = np.abs(data(rng, as_dtype("float"), (5,), small=True)) + np.float32(0.5)
        yield Case(
            [data(rng, dtype, shape), *arrays, variance], more, outputs=5 if more.get("is_training", True) else 3
        )


def normalization_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in normalization(rng, dtype):
        x, scale, _, mean, variance = case.inputs
        more = {key: value for key, value in case.attrs.items() if key != "exponential_avg_factor"}
        yield Case([data(rng, dtype, x.shape), x, scale, mean, variance], more, outputs=3)


def normalization_grad_v3(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in normalization_grad(rng, dtype):
        yield Case([*case.inputs, np.zeros((), np.float32)], case.attrs, outputs=3)


def string_join(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shapes in [[(), ()], [(2, 3), ()], [(2,), (2,)], [(2,), (3,)]]:
        yield Case([data(rng, dtype, shape) for shape in shapes], {"N": len(shapes), "separator": b"-"})


def full_match(rng: Rng, dtype: DType) -> Iterator[Case]:
    paths = np.array([b"s3://x", b"/s3://x", b"", b"s3://"], object)
    yield Case([paths], {"pattern": b"^s3://.*"})
    yield Case([paths[:1].reshape(())], {"pattern": b"s3"})


def sharded_name(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([np.array(b"a/b", object), np.array(1, np.int32), np.array(12, np.int32)])


def sharded_spec(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([np.array(b"a/b", object), np.array(12, np.int32)])


UNARY = (
    "Neg", "Abs", "Sign", "Sqrt", "Rsqrt", "Reciprocal", "Inv", "Square", "Exp", "Expm1", "Log", "Log1p", "Sin",
    "Cos", "Tan", "Sigmoid", "Tanh", "Floor", "Ceil",  "Rint", "IsNan", "IsInf", "IsFinite", "LogicalNot",
    "Conj", "Relu", "Relu6", "Elu", "Selu", "Softplus", "Softsign",
)  # fmt: skip
BINARY = (
    "Add", "AddV2", "Sub", "Mul", "DivNoNan", "Maximum", "Minimum", "SquaredDifference", "Equal", "NotEqual",
    "Less", "LessEqual", "Greater", "GreaterEqual", "LogicalAnd", "LogicalOr",
)  # fmt: skip
DERIVATIVES = (
    "ReluGrad", "Relu6Grad", "EluGrad", "SeluGrad", "SoftplusGrad", "SoftsignGrad", "SigmoidGrad", "TanhGrad",
    "SqrtGrad", "RsqrtGrad", "ReciprocalGrad", "InvGrad",
)  # fmt: skip
UNTOUCHED = (
    "Identity", "Snapshot", "StopGradient", "PreventGradient", "ZerosLike", "OnesLike", "Rank", "Where",
)  # fmt: skip

MAKERS: dict[str, Maker] = {
    **dict.fromkeys(UNARY,
        unary,
    ),
    **dict.fromkeys(BINARY,
        binary,
    ),
    **dict.fromkeys(["Div", "RealDiv", "TruncateDiv", "FloorDiv", "FloorMod", "Mod", "TruncateMod"], division),
    "Pow": power,
    "Round": rounding,
    **dict.fromkeys(DERIVATIVES, pair_of_one_shape), "LeakyReluGrad": leaky_relu_grad,
    "DynamicStitch": stitch, "ParallelDynamicStitch": stitch,
    "UnsortedSegmentSum": segment_sum, "Unique": unique, "ListDiff": difference,
    "StridedSliceGrad": strided_grad,
    **dict.fromkeys(["Sum", "Mean", "Prod", "Max", "Min", "All", "Any"], reduction),
    **dict.fromkeys(["ArgMax", "ArgMin"], position_among_nan),
    **dict.fromkeys(["Cumsum", "Cumprod"], running),
    "MatMul": matmul, "BatchMatMul": batch_matmul, "BatchMatMulV2": batch_matmul_v2,
    "BiasAdd": bias_add, "BiasAddV1": bias_add_v1, "BiasAddGrad": bias_add_grad,
    **dict.fromkeys(["Softmax", "LogSoftmax"], matrices),
    "SoftmaxCrossEntropyWithLogits": cross_entropy, "SparseSoftmaxCrossEntropyWithLogits": sparse_cross_entropy,
    "LeakyRelu": leaky_relu, "L2Loss": any_shape,
    **dict.fromkeys(UNTOUCHED, any_shape),
    "Fill": fill, "Range": number_range, "LinSpace": line, "OneHot": one_hot,
    "Reshape": reshape, "ExpandDims": expand, "Squeeze": squeeze, "Transpose": transpose,
    "InvertPermutation": permutation, "BroadcastTo": broadcast_to, "Tile": tile,
    "BroadcastArgs": two_shapes, "BroadcastGradientArgs": two_shapes,
    "AddN": several, "Pack": pack, "Unpack": unpack, "Concat": concat, "ConcatV2": concat_v2,
    "ConcatOffset": concat_offset, "Split": split, "SplitV": split_v,
    "Slice": part, "StridedSlice": strided, "Gather": gather, "GatherV2": gather_v2, "GatherNd": gather_nd,
    "Pad": pad, "PadV2": pad_v2, "Reverse": reverse, "ReverseV2": reverse_v2,
    "Select": select, "SelectV2": select_v2, "ClipByValue": clip, "Cast": cast, "Bitcast": bitcast,
    "Shape": sized, "Size": sized, "ShapeN": shapes_of_several,
    "Conv2D": convolution, "MaxPool": pooling, "AvgPool": pooling,
    "FusedBatchNorm": normalization, "FusedBatchNormV2": normalization, "FusedBatchNormV3": normalization,
    "FusedBatchNormGrad": normalization_grad, "FusedBatchNormGradV2": normalization_grad,
    "FusedBatchNormGradV3": normalization_grad_v3,
    "Conv2DBackpropInput": convolution_input, "Conv2DBackpropFilter": convolution_filter,
    "MaxPoolGrad": max_pooling_grad, "MaxPoolGradGrad": max_pooling_grad_grad, "AvgPoolGrad": average_pooling_grad,
    "StringJoin": string_join, "StaticRegexFullMatch": full_match,
    "ShardedFilename": sharded_name, "ShardedFilespec": sharded_spec,
}  # fmt: skip
"""The ops compared, each with what makes its inputs."""

TYPE_ATTRS = ("T", "dtype", "SrcT", "Tparams", "shape_type", "Tidx")
"""Names of the attribute that says the type of the data, the first that an op has."""

ANY_TYPE = ("float", "int32", "bool", "string", "complex64", "half")
"""Types to try with an op that takes all."""


def data_types(name: str) -> list[DType]:
    """Return the types of data to compare an op with."""
    attrs = {attr.name: attr for attr in OPS[name].attrs if attr.kind == "type"}
    for attr_name in TYPE_ATTRS:
        if attr_name in attrs and (attr_name != "Tidx" or name == "Range"):
            allowed = attrs[attr_name].allowed or [as_dtype(item) for item in ANY_TYPE]
            return [dtype for dtype in dict.fromkeys(allowed) if not dtype.is_quantized and dtype.name != "variant"]
    signature = OPS[name].signature
    return [as_dtype(next((kind for kind in ("string", "float") if f": {kind}" in signature), "bool"))]


def type_attr(name: str) -> str | None:
    """Return the attribute that says the type of an op's data, if it has one."""
    names = [attr.name for attr in OPS[name].attrs if attr.kind == "type"]
    return next((item for item in TYPE_ATTRS if item in names and (item != "Tidx" or name == "Range")), None)
