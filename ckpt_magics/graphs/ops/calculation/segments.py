"""Ops that put parts of tensors together, or take them apart, by a number that each part has.

Format: tensorflow/core/kernels/dynamic_stitch_op.cc, unsorted_segment_*.cc, unique_op.cc and list_diff_op.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.reductions import accumulator
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_shapes, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.type_sets import INDEX, NUMBERS, SMALL_INDEX

__all__ = ["ROWS", "sum_rows"]


def _stitch_shape(ctx: ShapeContext) -> list[Shape]:
    count = ctx.attr("N")
    rest: list[Shape] = []
    highest, is_known = -1, True
    for index in range(count):
        indices, data = ctx.shape(index), ctx.shape(count + index)
        if indices is not None and data is not None:
            merge_shapes([data[: len(indices)], indices])
            rest.append(data[len(indices) :])
        value = ctx.constant(index)
        if value is None:
            is_known = False
        else:
            highest = max(highest, int(np.max(value, initial=-1)))
    parts = merge_shapes(rest)
    return [None if parts is None else (highest + 1 if is_known else None, *parts)]


def _stitch(_ctx: KernelContext, *inputs: Array) -> Array:
    indices, data = inputs[: len(inputs) // 2], inputs[len(inputs) // 2 :]
    for where, parts in zip(indices, data, strict=True):
        if np.shape(parts)[: np.ndim(where)] != np.shape(where):
            raise InvalidArgumentError(
                f"data[0].shape = {format_shape(np.shape(parts))} does not start with "
                f"indices[0].shape = {format_shape(np.shape(where))}"
            )
    rest = np.shape(data[0])[np.ndim(indices[0]) :]
    flat = np.concatenate([np.reshape(where, -1) for where in indices])
    rows = np.concatenate(
        [np.reshape(parts, (np.size(where), *rest)) for where, parts in zip(indices, data, strict=True)]
    )
    count = int(flat.max(initial=-1)) + 1
    if count > len(flat):
        raise InvalidArgumentError(f"indices up to {count - 1} name more rows than the {len(flat)} that are given")
    if flat.min(initial=0) < 0:
        raise InvalidArgumentError(f"indices[0] = {flat.min()} is out of range")
    merged = np.zeros((count, *rest), rows.dtype)
    merged[flat] = rows  # of several rows for one place the last one stays
    return merged


def _segments_shape(ctx: ShapeContext) -> list[Shape]:
    data, ids, number = ctx.shape(0), ctx.shape(1), ctx.constant(2)
    if data is None or ids is None:
        return [None]
    merge_shapes([data[: len(ids)], ids])
    return [(None if number is None else int(number), *data[len(ids) :])]


def sum_rows(values: Array, ids: Array, count: int) -> Array:
    """Add up rows that have the same number.

    Args:
        values: Shape [rows, ...].
        ids: int [rows], each below ``count``; rows of negative numbers are left out.
        count: Rows of the result.

    Returns:
        The dtype of ``values``, shape [count, ...].
    """
    kept = ids >= 0
    if not kept.all():
        values, ids = values[kept], ids[kept]
    wide = accumulator(values.dtype)
    total = np.zeros((count, *values.shape[1:]), wide)
    order = np.argsort(ids, kind="stable")
    starts = np.flatnonzero(np.diff(ids[order], prepend=-1))
    if len(starts):
        total[ids[order[starts]]] = np.add.reduceat(values[order].astype(wide, copy=False), starts, axis=0)
    return total.astype(values.dtype, copy=False)


def _unsorted_segment_sum(_ctx: KernelContext, data: Array, ids: Array, number: Array) -> Array:
    if data.shape[: np.ndim(ids)] != np.shape(ids):
        raise InvalidArgumentError(
            f"data.shape = {format_shape(data.shape)} does not start with segment_ids.shape = "
            f"{format_shape(np.shape(ids))}"
        )
    if number < 0:
        raise InvalidArgumentError(f"Input num_segments == {number} must not be negative.")
    flat = np.reshape(ids, -1)
    if flat.size and flat.max() >= number:
        raise InvalidArgumentError(f"segment_ids = {flat.max()} is out of range [0, {number})")
    return sum_rows(data.reshape(flat.size, *data.shape[np.ndim(ids) :]), flat, int(number))


def _unique_shape(ctx: ShapeContext) -> list[Shape]:
    shape = ctx.shape(0)
    return [(None,), None if shape is None else with_rank(shape, 1)]


def _unique(ctx: KernelContext, x: Array) -> tuple[Array, Array]:
    if np.ndim(x) != 1:
        raise InvalidArgumentError("unique expects a 1D vector.")
    _, first, positions = np.unique(x, return_index=True, return_inverse=True)
    # In the order in which they occur, not in that of their size.
    order = np.argsort(first)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return x[first[order]], ranks[positions.reshape(-1)].astype(ctx.output_dtypes[1].numpy)


def _difference_shape(_ctx: ShapeContext) -> list[Shape]:
    return [(None,), (None,)]


def _difference(ctx: KernelContext, x: Array, y: Array) -> tuple[Array, Array]:
    for name, value in (("x", x), ("y", y)):
        if np.ndim(value) != 1:
            raise InvalidArgumentError(f"{name} should be a 1D vector.")
    kept = np.flatnonzero(~np.isin(x, y))
    return x[kept], kept.astype(ctx.output_dtypes[1].numpy)


T = types("T")
POSITIONS = types("out_idx", INDEX, INT32)
STITCHED = "indices: N * int32, data: N * T -> merged: T"

ROWS: tuple[Op, ...] = (
    Op("DynamicStitch", STITCHED, (Attr("N", "int", minimum=1), T), _stitch_shape, _stitch),
    Op("ParallelDynamicStitch", STITCHED, (Attr("N", "int", minimum=1), T), _stitch_shape, _stitch),
    Op(
        "UnsortedSegmentSum",
        "data: T, segment_ids: Tindices, num_segments: Tnumsegments -> output: T",
        (types("T", NUMBERS), types("Tindices", SMALL_INDEX), types("Tnumsegments", INDEX, INT32)),
        _segments_shape,
        _unsorted_segment_sum,
    ),
    Op("Unique", "x: T -> y: T, idx: out_idx", (T, POSITIONS), _unique_shape, _unique),
    Op("ListDiff", "x: T, y: T -> out: T, idx: out_idx", (T, POSITIONS), _difference_shape, _difference),
)
