"""Ops that sort rows into tensors by an index: partitions, scatters and segments.

Format: tensorflow/core/kernels/dynamic_partition_op.cc, scatter_nd_op.cc, segment_reduction_ops_impl.h,
sparse_to_dense_op.cc.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT32, DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import like_input, shape_from_input
from ckpt_magics.graphs.ops.type_sets import INDEX, NUMBERS, REAL_NUMBERS, SMALL_INDEX, dtypes
from ckpt_magics.graphs.ops.values.constants import check_shape_input, zeros

__all__ = ["ROWS"]


def _partition_shape(ctx: ShapeContext) -> list[Shape]:
    data, partitions, count = ctx.shape(0), ctx.shape(1), ctx.attr("num_partitions")
    if data is None or partitions is None:
        return [None] * count
    return [(None, *data[len(partitions) :])] * count


def _partition(ctx: KernelContext, data: Array, partitions: Array) -> tuple[Array, ...]:
    count, rank = ctx.attr("num_partitions"), np.ndim(partitions)
    if data.shape[:rank] != np.shape(partitions):
        raise InvalidArgumentError(
            f"data.shape must start with partitions.shape, got data.shape = {format_shape(data.shape)}, "
            f"partitions.shape = {format_shape(np.shape(partitions))}"
        )
    if np.any((partitions < 0) | (partitions >= count)):
        raise InvalidArgumentError(f"partitions are not all in [0, {count})")
    # A mask of no dimensions would add one.
    rows, where = data.reshape(-1, *data.shape[rank:]), np.reshape(partitions, -1)
    return tuple(rows[where == index] for index in range(count))


Change = Callable[[Array, tuple[Array, ...], Array], None]


def _scattered(target: Array, indices: Array, updates: Array, change: Change) -> Array:
    """Return an array, which is the caller's own, changed at the places that the last dimension of indices names."""
    depth = indices.shape[-1] if np.ndim(indices) else 1
    wanted = (*np.shape(indices)[:-1], *target.shape[depth:])
    if not np.ndim(indices) or depth > target.ndim or np.shape(updates) != wanted:
        raise InvalidArgumentError(
            f"Dimensions of indices {format_shape(np.shape(indices))} and updates {format_shape(np.shape(updates))} do "
            f"not fit shape {format_shape(target.shape)}"
        )
    places = tuple(indices[..., axis] for axis in range(depth))
    for axis, place in enumerate(places):
        if np.any((place < 0) | (place >= target.shape[axis])):
            raise InvalidArgumentError(f"indices do not all index into shape {format_shape(target.shape)}")
    if not depth:
        change(target[None], (np.zeros(indices.shape[:-1], np.intp),), updates)
    else:
        change(target, places, updates)
    return target


def _replace(target: Array, places: tuple[Array, ...], updates: Array) -> None:
    target[places] = updates


def _add(target: Array, places: tuple[Array, ...], updates: Array) -> None:
    np.add.at(target, places, updates)


def _subtract(target: Array, places: tuple[Array, ...], updates: Array) -> None:
    np.subtract.at(target, places, updates)


def _largest(target: Array, places: tuple[Array, ...], updates: Array) -> None:
    np.maximum.at(target, places, updates)


def _smallest(target: Array, places: tuple[Array, ...], updates: Array) -> None:
    np.minimum.at(target, places, updates)


def _scatter_nd(ctx: KernelContext, indices: Array, updates: Array, shape: Array) -> Array:
    made = zeros(ctx.output_dtypes[0], check_shape_input(shape))
    return _scattered(made, indices, updates, _add)


def _changing(change: Change) -> Kernel:
    """Return the kernel that changes a copy of a tensor."""

    def kernel(_ctx: KernelContext, tensor: Array, indices: Array, updates: Array) -> Array:
        return _scattered(np.array(tensor), indices, updates, change)

    return kernel


def _sparse_to_dense(_ctx: KernelContext, indices: Array, shape: Array, values: Array, default: Array) -> Array:
    dense = np.full(check_shape_input(shape), default)
    rows = np.reshape(indices, (-1, dense.ndim if np.ndim(indices) > 1 else 1))
    return _scattered(dense, rows, np.broadcast_to(values, len(rows)), _replace)


def _segment_shape(ctx: ShapeContext) -> list[Shape]:
    data = ctx.shape(0)
    return [None if data is None else (None, *data[1:])]


Reduce = Callable[[Array], Array]


def _segments(reduce: Reduce, empty: int) -> Kernel:
    """Return the kernel that reduces the rows of each segment, whose numbers do not decrease.

    Args:
        reduce: Makes one row of several.
        empty: What a segment without rows has.
    """

    def kernel(_ctx: KernelContext, data: Array, segments: Array) -> Array:
        if np.ndim(segments) != 1 or len(segments) != len(data):
            raise InvalidArgumentError("segment_ids should be the same size as dimension 0 of input.")
        if len(segments) and (segments[0] < 0 or np.any(np.diff(segments) < 0)):
            raise InvalidArgumentError("segment ids are not increasing")
        result = np.full((int(segments[-1]) + 1 if len(segments) else 0, *data.shape[1:]), empty, data.dtype)
        numbers, starts = np.unique(segments, return_index=True)
        for number, rows in zip(numbers, np.split(data, starts[1:]), strict=False):
            result[number] = reduce(rows)
        return result

    return kernel


def _mean(rows: Array) -> Array:
    total = np.sum(rows, axis=0)
    if rows.dtype.kind not in "iu":
        return total / rows.dtype.type(len(rows))
    return np.sign(total) * (np.abs(total) // len(rows))  # towards zero, as C++ divides


def _unsorted_shape(ctx: ShapeContext) -> list[Shape]:
    data, segments, count = ctx.shape(0), ctx.shape(1), ctx.constant(2)
    if data is None or segments is None:
        return [None]
    return [(None if count is None else int(count), *data[len(segments) :])]


def _unsorted(change: Change, start: Callable[[DType], object]) -> Kernel:
    """Return the kernel that reduces the rows of each segment; rows of negative segments are dropped.

    Args:
        change: Adds rows to what there is.
        start: Returns what a segment without rows has, by the dtype.
    """

    def kernel(ctx: KernelContext, data: Array, segments: Array, count: Array) -> Array:
        rank = np.ndim(segments)
        if data.shape[:rank] != np.shape(segments):
            raise InvalidArgumentError(
                f"data.shape = {format_shape(data.shape)} does not start with segment_ids.shape = "
                f"{format_shape(np.shape(segments))}"
            )
        where = np.reshape(segments, -1)
        if np.any(where >= count):
            raise InvalidArgumentError(f"segment_ids are not all below {count}")
        result = np.full((int(count), *data.shape[rank:]), start(ctx.output_dtypes[0]), data.dtype)
        change(result, (where[where >= 0],), data.reshape(-1, *data.shape[rank:])[where >= 0])
        return result

    return kernel


T = types("T")
BAD_INDICES = Attr("bad_indices_policy", "string", b"")
UPDATED = "tensor: T, indices: Tindices, updates: T -> output: T"
SEGMENTS = "data: T, segment_ids: Tindices -> output: T"
UPDATE_INDEX = types("Tindices", dtypes("int16 int32 int64 uint16"))
INDICES = types("Tindices", INDEX)


def _segment(name: str, allowed: tuple[DType, ...], reduce: Reduce, empty: int = 0) -> Op:
    return Op(f"Segment{name}", SEGMENTS, (types("T", allowed), INDICES), _segment_shape, _segments(reduce, empty))


def _unsorted_segment(name: str, change: Change, start: Callable[[DType], object]) -> Op:
    return Op(
        f"UnsortedSegment{name}",
        "data: T, segment_ids: Tindices, num_segments: Tnumsegments -> output: T",
        (types("T", REAL_NUMBERS), INDICES, types("Tnumsegments", INDEX, INT32)),
        _unsorted_shape,
        _unsorted(change, start),
    )


ROWS: tuple[Op, ...] = (
    Op(
        "DynamicPartition",
        "data: T, partitions: int32 -> outputs: num_partitions * T",
        (Attr("num_partitions", "int", minimum=1), T),
        _partition_shape,
        _partition,
    ),
    Op(
        "ScatterNd",
        "indices: Tindices, updates: T, shape: Tindices -> output: T",
        (T, types("Tindices", SMALL_INDEX), BAD_INDICES),
        shape_from_input(2),
        _scatter_nd,
    ),
    Op("TensorScatterUpdate", UPDATED, (T, UPDATE_INDEX, BAD_INDICES), like_input(), _changing(_replace)),
    Op("TensorScatterAdd", UPDATED, (T, INDICES, BAD_INDICES), like_input(), _changing(_add)),
    Op("TensorScatterSub", UPDATED, (T, INDICES, BAD_INDICES), like_input(), _changing(_subtract)),
    Op("TensorScatterMax", UPDATED, (T, INDICES, BAD_INDICES), like_input(), _changing(_largest)),
    Op("TensorScatterMin", UPDATED, (T, INDICES, BAD_INDICES), like_input(), _changing(_smallest)),
    Op(
        "SparseToDense",
        "sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, default_value: T -> dense: T",
        (flag("validate_indices", True), T, INDICES),
        shape_from_input(1),
        _sparse_to_dense,
    ),
    _segment("Sum", NUMBERS, lambda rows: np.sum(rows, axis=0, dtype=rows.dtype)),
    _segment("Mean", NUMBERS, _mean),
    _segment("Prod", NUMBERS, lambda rows: np.prod(rows, axis=0, dtype=rows.dtype), 1),
    _segment("Max", REAL_NUMBERS, lambda rows: np.max(rows, axis=0)),
    _segment("Min", REAL_NUMBERS, lambda rows: np.min(rows, axis=0)),
    _unsorted_segment("Max", _largest, lambda dtype: dtype.min),
    _unsorted_segment("Min", _smallest, lambda dtype: dtype.max),
)
