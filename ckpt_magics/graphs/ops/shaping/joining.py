"""Ops that join tensors along a dimension and split them again."""

from __future__ import annotations

import itertools

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT32, INT64
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, canonical_axis, merge_dims, merge_shapes
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.sharing import is_part_aligned, is_row_aligned, only_if
from ckpt_magics.graphs.ops.type_sets import INDEX, dtypes

__all__ = ["ROWS"]


def _pack_shape(ctx: ShapeContext) -> list[Shape]:
    count = ctx.attr("N")
    shape = merge_shapes(ctx.shape(index) for index in range(count))
    if shape is None:
        return [None]
    axis = canonical_axis(ctx.attr("axis"), len(shape) + 1, "axis")
    return [(*shape[:axis], count, *shape[axis:])]


def _pack(ctx: KernelContext, *values: Array) -> Array:
    first = np.shape(values[0])
    for index, value in enumerate(values):
        if np.shape(value) != first:
            raise InvalidArgumentError(
                f"Shapes of all inputs must match: values[0].shape = {format_shape(first)} != "
                f"values[{index}].shape = {format_shape(np.shape(value))}"
            )
    axis = canonical_axis(ctx.attr("axis"), len(first) + 1, "axis")
    return np.stack([np.asarray(value, ctx.output_dtypes[0].numpy) for value in values], axis)


def _unpack_shape(ctx: ShapeContext) -> list[Shape]:
    shape, count = ctx.shape(0), ctx.attr("num")
    if shape is None:
        return [None] * count
    axis = canonical_axis(ctx.attr("axis"), len(shape), "axis")
    merge_dims(shape[axis], count)
    return [shape[:axis] + shape[axis + 1 :]] * count


def _unpack(ctx: KernelContext, value: Array) -> tuple[Array, ...]:
    axis = canonical_axis(ctx.attr("axis"), np.ndim(value), "axis")
    if value.shape[axis] != ctx.attr("num"):
        raise InvalidArgumentError(
            f"Input shape axis {axis} must equal {ctx.attr('num')}, got shape {format_shape(value.shape)}"
        )
    return tuple(np.moveaxis(value, axis, 0))


def _joined(shapes: list[Shape], axis: Array | None) -> list[Shape]:
    rank = next((len(shape) for shape in shapes if shape is not None), None)
    if rank is None:
        return [None]
    if axis is None:
        return [(None,) * rank]
    position = canonical_axis(int(axis.item()), rank, "concat dimension")
    along = [None if shape is None else shape[position] for shape in shapes]
    others = merge_shapes((*shape[:position], None, *shape[position + 1 :]) for shape in shapes if shape is not None)
    total = None if None in along else sum(size for size in along if size is not None)
    return [None if others is None else (*others[:position], total, *others[position + 1 :])]


def _concat_shape(ctx: ShapeContext) -> list[Shape]:
    return _joined([ctx.shape(index + 1) for index in range(ctx.attr("N"))], ctx.constant(0))


def _concat_v2_shape(ctx: ShapeContext) -> list[Shape]:
    count = ctx.attr("N")
    return _joined([ctx.shape(index) for index in range(count)], ctx.constant(count))


def _join(values: tuple[Array, ...], axis: Array) -> Array:
    rank = np.ndim(values[0])
    position = canonical_axis(int(axis.item()), rank, "concat dimension")
    for index, value in enumerate(values):
        same = [own == other for own, other in zip(np.shape(value), values[0].shape, strict=False)]
        if np.ndim(value) != rank or not all(same[:position] + same[position + 1 :]):
            raise InvalidArgumentError(
                f"ConcatOp : Dimension mismatch: shape[0] = {format_shape(values[0].shape)} vs. "
                f"shape[{index}] = {format_shape(np.shape(value))}"
            )
    return np.concatenate(values, position)


def _concat(_ctx: KernelContext, axis: Array, *values: Array) -> Array:
    return _join(values, axis)


def _concat_v2(_ctx: KernelContext, *inputs: Array) -> Array:
    return _join(inputs[:-1], inputs[-1])


def _concat_offset_shape(ctx: ShapeContext) -> list[Shape]:
    return [ctx.shape(index + 1) for index in range(ctx.attr("N"))]


def _concat_offset(_ctx: KernelContext, axis: Array, *shapes: Array) -> tuple[Array, ...]:
    position = canonical_axis(int(axis), len(shapes[0]), "concat dimension")
    offsets, start = [], 0
    for index, shape in enumerate(shapes):
        if np.any(np.delete(shape != shapes[0], position)):
            raise InvalidArgumentError(
                f"All dimensions except {position} must match. Input {index} has shape {format_shape(shape.tolist())} "
                f"and doesn't match input 0 with shape {format_shape(shapes[0].tolist())}."
            )
        offset = np.zeros_like(shape)
        offset[position] = start
        start += int(shape[position])
        offsets.append(offset)
    return tuple(offsets)


def _split_shape(ctx: ShapeContext) -> list[Shape]:
    axis, shape, count = ctx.constant(0), ctx.shape(1), ctx.attr("num_split")
    if shape is None:
        return [None] * count
    if axis is None:
        return [(None,) * len(shape)] * count
    position = canonical_axis(int(axis.item()), len(shape), "split dimension")
    size = shape[position]
    if size is not None and size % count:
        raise InvalidArgumentError(f"Dimension size must be evenly divisible by {count} but is {size}")
    return [(*shape[:position], None if size is None else size // count, *shape[position + 1 :])] * count


def _split(ctx: KernelContext, axis: Array, value: Array) -> tuple[Array, ...]:
    count = ctx.attr("num_split")
    position = canonical_axis(int(axis.item()), np.ndim(value), "split dimension")
    if value.shape[position] % count:
        raise InvalidArgumentError(
            f"Number of ways to split should evenly divide the split dimension, but got split_dim {position} "
            f"(size = {value.shape[position]}) and num_split {count}"
        )
    return tuple(np.split(value, count, position))


def _sizes(sizes: Array, total: int | None) -> list[int | None]:
    """Return the sizes of the parts; one of them may be -1 for what the others leave."""
    known = sum(int(size) for size in sizes if size >= 0)
    rest = None if total is None else total - known
    if rest is not None and (rest < 0 or (rest and all(size >= 0 for size in sizes))):
        raise InvalidArgumentError(
            "Determined shape must either match input shape along split_dim exactly if fully specified, or be less "
            f"than the size of the input along split_dim if not fully specified.  Got: {known}"
        )
    return [rest if size < 0 else int(size) for size in sizes]


def _split_v_shape(ctx: ShapeContext) -> list[Shape]:
    shape, sizes, axis, count = ctx.shape(0), ctx.constant(1), ctx.constant(2), ctx.attr("num_split")
    if shape is None:
        return [None] * count
    if axis is None:
        return [(None,) * len(shape)] * count
    position = canonical_axis(int(axis.item()), len(shape), "split dimension")
    parts = [None] * count if sizes is None else _sizes(sizes, shape[position])
    return [(*shape[:position], part, *shape[position + 1 :]) for part in parts]


def _split_v(_ctx: KernelContext, value: Array, sizes: Array, axis: Array) -> tuple[Array, ...]:
    position = canonical_axis(int(axis.item()), np.ndim(value), "split dimension")
    ends = np.cumsum([part or 0 for part in _sizes(sizes, value.shape[position])])
    return tuple(np.split(value, ends[:-1], position))


def _takes_rows(value: Array, axis: Array) -> bool:
    return int(axis) % np.ndim(value) == 0 and is_row_aligned(value)


def _splits_rows(_ctx: KernelContext, value: Array, sizes: Array, axis: Array) -> bool:
    """Tell whether there is one part, or all parts are whole rows that begin where a tensor's memory may."""
    if len(sizes) == 1:
        return True
    if int(axis) % np.ndim(value):
        return False
    ends = [0, *itertools.accumulate(part or 0 for part in _sizes(sizes, value.shape[0]))]
    return all(is_part_aligned(value, start, end) for start, end in itertools.pairwise(ends))


T = types("T")
COUNT_TWO = Attr("N", "int", minimum=2)
AXIS = Attr("axis", "int", 0)

ROWS: tuple[Op, ...] = (
    Op(
        "Pack",
        "values: N * T -> output: T",
        (Attr("N", "int", minimum=1), T, AXIS),
        _pack_shape,
        _pack,
        sharing=only_if(lambda _, *values: len(values) == 1),
    ),
    Op(
        "Unpack",
        "value: T -> output: num * T",
        (Attr("num", "int", minimum=0), T, AXIS),
        _unpack_shape,
        _unpack,
        sharing=only_if(lambda ctx, value: _takes_rows(value, ctx.attr("axis"))),
    ),
    Op("Concat", "concat_dim: int32, values: N * T -> output: T", (COUNT_TWO, T), _concat_shape, _concat),
    Op(
        "ConcatV2",
        "values: N * T, axis: Tidx -> output: T",
        (COUNT_TWO, T, types("Tidx", INDEX, INT32)),
        _concat_v2_shape,
        _concat_v2,
    ),
    Op(
        "ConcatOffset",
        "concat_dim: int32, shape: N * shape_type -> offset: N * shape_type",
        (COUNT_TWO, types("shape_type", INDEX, INT32)),
        _concat_offset_shape,
        _concat_offset,
    ),
    Op(
        "Split",
        "split_dim: int32, value: T -> output: num_split * T",
        (Attr("num_split", "int", minimum=1), T),
        _split_shape,
        _split,
        sharing=only_if(lambda ctx, axis, value: ctx.attr("num_split") == 1 or _takes_rows(value, axis), 1),
    ),
    Op(
        "SplitV",
        "value: T, size_splits: Tlen, split_dim: int32 -> output: num_split * T",
        (Attr("num_split", "int", minimum=1), T, types("Tlen", dtypes("int8 int32 int64"), INT64)),
        _split_v_shape,
        _split_v,
        sharing=only_if(_splits_rows),
    ),
)
