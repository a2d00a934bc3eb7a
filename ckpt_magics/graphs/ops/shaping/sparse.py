"""Ops on sparse tensors: the places of elements as rows of a matrix, the elements, and the shape of the whole.

Format: tensorflow/core/kernels/sparse_reorder_op.cc, sparse_tensor_dense_matmul_op.cc, sparse_reduce_op.cc,
sparse_reshape_op.cc, sparse_concat_op.cc, sparse_dense_binary_op_shared.cc, sparse_softmax_op.cc,
sparse_tensor_dense_add_op.cc and sparse_fill_empty_rows_op.cc.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT64
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.binary import divided
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_dims, merge_shapes, with_rank
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import input_as_shape, like_input
from ckpt_magics.graphs.ops.type_sets import INDEX, NUMBERS, REAL_NUMBERS, dtypes
from ckpt_magics.graphs.ops.values.constants import check_shape_input

__all__ = ["ROWS"]


def _check(indices: Array, values: Array, shape: Array) -> None:
    """Refuse three arrays that are no sparse tensor."""
    if np.ndim(indices) != 2 or np.ndim(values) != 1 or np.ndim(shape) != 1:
        raise InvalidArgumentError(
            "Input indices should be a matrix, values and shape vectors, but received shapes "
            f"{', '.join(format_shape(np.shape(part)) for part in (indices, values, shape))}"
        )
    if indices.shape != (len(values), len(shape)):
        raise InvalidArgumentError(
            f"indices of shape {format_shape(indices.shape)} do not fit {len(values)} values in {len(shape)} dimensions"
        )
    outside = np.any((indices < 0) | (indices >= shape), axis=1)
    if np.any(outside):
        entry = int(np.argmax(outside))
        place = ",".join(map(str, indices[entry].tolist()))
        raise InvalidArgumentError(
            f"indices[{entry}] = [{place}] is out of bounds: need 0 <= index < {format_shape(shape.tolist())}"
        )


def _in_order(indices: Array) -> Array:
    """Return the order in which rows of indices count up."""
    return np.lexsort(indices.T[::-1]) if indices.shape[1] else np.arange(len(indices))


def _reorder_shape(ctx: ShapeContext) -> list[Shape]:
    return [with_rank(ctx.shape(0), 2), with_rank(ctx.shape(1), 1)]


def _reorder(_ctx: KernelContext, indices: Array, values: Array, shape: Array) -> tuple[Array, Array]:
    _check(indices, values, shape)
    order = _in_order(indices)
    return indices[order], values[order]


def _reorder_sharing(_ctx: KernelContext, indices: Array, *_: Array) -> Sequence[int]:
    """What counts up already is handed on, unless a place comes twice."""
    places = indices.tolist()
    return (0, 1) if all(map(operator.lt, places, places[1:])) else ()


def _matmul_shape(ctx: ShapeContext) -> list[Shape]:
    left, right = with_rank(input_as_shape(ctx, 2), 2), with_rank(ctx.shape(3), 2)
    return [(left[1 if ctx.attr("adjoint_a") else 0], right[0 if ctx.attr("adjoint_b") else 1])]


def _matmul(ctx: KernelContext, indices: Array, values: Array, shape: Array, dense: Array) -> Array:
    _check(indices, values, shape)
    rows, columns, sizes = indices[:, 0], indices[:, 1], shape.tolist()
    if ctx.attr("adjoint_a"):
        rows, columns, sizes, values = columns, rows, sizes[::-1], np.conj(values)
    if ctx.attr("adjoint_b"):
        dense = np.conj(dense.T)
    if sizes[1] != len(dense):
        raise InvalidArgumentError(
            f"Cannot multiply A and B because inner dimension does not match: {sizes[1]} vs. {len(dense)}.  Did you "
            f"forget a transpose?  Dimensions of A: {format_shape(sizes)}.  Dimensions of B: "
            f"{format_shape(dense.shape)}"
        )
    product = np.zeros((sizes[0], dense.shape[1]), dense.dtype)
    np.add.at(product, rows, values[:, None] * dense[columns])
    return product


def _reduced_shape(ctx: ShapeContext) -> list[Shape]:
    shape, axes = ctx.constant(2), ctx.constant(3)
    if shape is None or axes is None:
        return [None]
    gone = {int(axis) % len(shape) for axis in axes.reshape(-1)}
    sizes = [1 if axis in gone else int(size) for axis, size in enumerate(shape)]
    return [tuple(size for axis, size in enumerate(sizes) if ctx.attr("keep_dims") or axis not in gone)]


def _reducing(function: np.ufunc) -> Kernel:
    """Return the kernel that puts elements together along axes; where there are none it gives zeros."""

    def kernel(ctx: KernelContext, indices: Array, values: Array, shape: Array, axes: Array) -> Array:
        _check(indices, values, shape)
        rank = len(shape)
        for axis in axes.reshape(-1).tolist():
            if not -rank <= axis < rank:
                raise InvalidArgumentError(f"Invalid reduction dimension {axis}, for input with {rank} dimensions.")
        gone = {axis % rank for axis in axes.reshape(-1).tolist()} or set(range(rank))
        sizes = [1 if axis in gone else size for axis, size in enumerate(shape.tolist())]
        result = np.zeros(check_shape_input(np.array(sizes, np.int64)), values.dtype)
        if len(values):
            kept = np.where([axis in gone for axis in range(rank)], 0, indices)
            order = _in_order(kept)
            kept = kept[order]
            starts = _starts(kept)
            result[tuple(kept[starts].T)] = function.reduceat(values[order], starts, dtype=values.dtype)
        return (
            result
            if ctx.attr("keep_dims")
            else result.reshape([shape[axis] for axis in range(rank) if axis not in gone])
        )

    return kernel


def _reshape_shape(ctx: ShapeContext) -> list[Shape]:
    indices, wanted = with_rank(ctx.shape(0), 2), with_rank(ctx.shape(2), 1)
    return [(indices[0], wanted[0]), (wanted[0],)]


def _reshape(_ctx: KernelContext, indices: Array, shape: Array, wanted: Array) -> tuple[Array, Array]:
    _check(indices, indices[:, 0] if indices.shape[1] else np.zeros(len(indices)), shape)
    total = int(np.prod(shape, dtype=object)) if len(shape) else 1
    sizes, unknown = wanted.tolist(), np.flatnonzero(wanted == -1)
    if len(unknown) > 1:
        raise InvalidArgumentError(f"only one output dimension may be -1, not both {unknown[0]} and {unknown[1]}")
    known = int(np.prod([size for size in sizes if size != -1], dtype=object))
    if len(unknown):
        sizes[unknown[0]] = total // known if known else 0
    count = int(np.prod(sizes, dtype=object)) if sizes else 1
    if count != total or min(sizes, default=0) < 0:
        raise InvalidArgumentError(
            f"Input to reshape is a tensor with {total} dense values, but the requested shape has {count}"
        )
    result = np.array(sizes, np.int64)
    return _places(_flat(indices, shape), result), result


def _flat(indices: Array, shape: Array) -> Array:
    steps = np.append(np.cumprod(shape[:0:-1])[::-1], 1).astype(np.int64) if len(shape) else shape
    return indices @ steps


def _places(flat: Array, shape: Array) -> Array:
    places = np.empty((len(flat), len(shape)), np.int64)
    for axis in reversed(range(len(shape))):
        flat, places[:, axis] = np.divmod(flat, max(int(shape[axis]), 1))
    return places


def _concat_shape(ctx: ShapeContext) -> list[Shape]:
    count = ctx.attr("N")
    indices = [with_rank(ctx.shape(index), 2) for index in range(count)]
    values = [with_rank(ctx.shape(index), 1) for index in range(count, 2 * count)]
    shape = with_rank(merge_shapes(ctx.shape(index) for index in range(2 * count, 3 * count)), 1)
    rows = [merge_dims(places[0], elements[0]) for places, elements in zip(indices, values, strict=True)]
    total = None if None in rows else sum(size for size in rows if size is not None)
    columns = merge_shapes((places[1],) for places in indices)
    return [(total, *(columns or ())), (total,), shape]


def _concat(ctx: KernelContext, *parts: Array) -> tuple[Array, Array, Array]:
    count = ctx.attr("N")
    indices, values, shapes = parts[:count], parts[count : 2 * count], parts[2 * count :]
    for each in zip(indices, values, shapes, strict=True):
        _check(*each)
    rank = len(shapes[0])
    axis = ctx.attr("concat_dim")
    if not -rank <= axis < rank:
        raise InvalidArgumentError(f"Concat dimension must be in range [{-rank}, {rank}), got {axis}")
    _check_alike(shapes, axis % rank)
    starts = np.cumsum([0, *(shape[axis] for shape in shapes)])
    moved = [own + start * (np.arange(rank) == axis % rank) for own, start in zip(indices, starts, strict=False)]
    joined, shape = np.concatenate(moved), shapes[0].copy()
    shape[axis] = starts[-1]
    order = _in_order(joined)
    return joined[order], np.concatenate(values)[order], shape


def _check_alike(shapes: tuple[Array, ...], axis: int) -> None:
    for number, shape in enumerate(shapes):
        if len(shape) != len(shapes[0]):
            raise InvalidArgumentError(
                f"Ranks of all input tensors must match: expected {len(shapes[0])} but got {len(shape)} at position "
                f"{number}"
            )
        for place in range(len(shape)):
            if place != axis and shape[place] != shapes[0][place]:
                raise InvalidArgumentError(
                    f"Input shapes must match: expected {shapes[0][place]} for dimension {place} but got "
                    f"{shape[place]} at position {number}"
                )


def _values_shape(ctx: ShapeContext) -> list[Shape]:
    return [(with_rank(ctx.shape(0), 2)[0],)]


def _with_dense(function: Callable[[Array, Array], Array]) -> Kernel:
    """Return the kernel that puts each element together with that of a dense tensor which is spread over the whole."""

    def kernel(_ctx: KernelContext, indices: Array, values: Array, shape: Array, dense: Array) -> Array:
        _check(indices, values, shape)
        rank = len(shape)
        spread = rank - np.ndim(dense)
        own = np.array(np.shape(dense), np.int64)
        if spread < 0 or np.any((own != 1) & (own != shape[spread:])):
            raise InvalidArgumentError(
                "SparseDenseBinaryOpShared broadcasts dense to sparse only; got incompatible shapes: "
                f"{format_shape(shape.tolist())} vs. {format_shape(np.shape(dense))}"
            )
        places = np.where(own == 1, 0, indices[:, spread:])
        return function(values, np.asarray(dense)[tuple(places.T)])

    return kernel


def _softmax(_ctx: KernelContext, indices: Array, values: Array, shape: Array) -> Array:
    _check(indices, values, shape)
    if not len(values):
        return values
    _, group = np.unique(indices[:, :-1], axis=0, return_inverse=True)
    group = group.reshape(-1)
    highest = np.full(group.max() + 1, -np.inf, values.dtype)
    np.maximum.at(highest, group, values)
    powers = np.exp(values - highest[group])
    sums = np.zeros_like(highest)
    np.add.at(sums, group, powers)
    return powers / sums[group]


def _dense_add(_ctx: KernelContext, indices: Array, values: Array, shape: Array, dense: Array) -> Array:
    _check(indices, values, shape)
    if np.shape(dense) != tuple(shape.tolist()):
        raise InvalidArgumentError(
            f"Dimensions of the sparse tensor, {format_shape(shape.tolist())}, do not equal those of the dense one, "
            f"{format_shape(np.shape(dense))}"
        )
    result = np.array(dense)
    if not len(shape):
        return result + np.sum(values, dtype=values.dtype)
    np.add.at(result, tuple(indices.T), values)
    return result


def _sum_shape(ctx: ShapeContext) -> list[Shape]:
    shape = with_rank(ctx.shape(2), 1)
    return [(None, shape[0]), (None,), shape]


def _sum(_ctx: KernelContext, *parts: Array) -> tuple[Array, Array, Array]:
    first, second, threshold = parts[:3], parts[3:6], parts[6]
    for each in (first, second):
        _check(*each)
    shape = first[2]
    if not np.array_equal(shape, second[2]):
        raise InvalidArgumentError(
            f"Ranks and sizes of the two must match, got shapes {format_shape(shape.tolist())} and "
            f"{format_shape(second[2].tolist())}"
        )
    indices, values = np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]])
    order = _in_order(indices)
    indices, values = indices[order], values[order]
    if len(values):
        starts = _starts(indices)
        indices, values = indices[starts], np.add.reduceat(values, starts, dtype=values.dtype)
        kept = np.abs(values) >= threshold
        indices, values = indices[kept], values[kept]
    return indices, values, shape


def _sum_gradient(_ctx: KernelContext, grad: Array, *indices: Array) -> tuple[Array, Array]:
    *own, together = indices
    if np.shape(grad) != (len(together),):
        raise InvalidArgumentError(
            f"# elements and rows should match for the gradient of shape {format_shape(np.shape(grad))} and the sum's "
            f"indices of shape {format_shape(np.shape(together))}"
        )
    places = {tuple(row): number for number, row in enumerate(together.tolist())}
    padded = np.append(grad, grad.dtype.type(0))  # for what was left out of the sum
    first, second = (padded[np.array([places.get(tuple(row), -1) for row in each.tolist()], np.int64)] for each in own)
    return first, second


def _starts(indices: Array) -> Array:
    """Return where in rows of indices, which are in order, another one begins."""
    return np.flatnonzero(np.append(True, np.any(indices[1:] != indices[:-1], axis=1)))


def _filled_shape(ctx: ShapeContext) -> list[Shape]:
    indices, shape = with_rank(ctx.shape(0), 2), input_as_shape(ctx, 2)
    rows = shape[0] if shape else None
    return [(None, indices[1]), (None,), (rows,), (indices[0],)]


def _filled(
    _ctx: KernelContext, indices: Array, values: Array, shape: Array, default: Array
) -> tuple[Array, Array, Array, Array]:
    _check(indices, values, shape)
    is_empty = np.ones(int(shape[0]), np.bool_)
    is_empty[indices[:, 0]] = False
    rows = np.flatnonzero(is_empty)
    added = np.zeros((len(rows), len(shape)), np.int64)
    added[:, 0] = rows
    together = np.concatenate([indices, added])
    order = np.argsort(together[:, 0], kind="stable")
    places = np.empty_like(order)
    places[order] = np.arange(len(order))
    filled = np.concatenate([values, np.full(len(rows), default, values.dtype)])
    return together[order], filled[order], is_empty, places[: len(values)].astype(np.int64)


T = types("T")
SPARSE = "input_indices: int64, input_values: T, input_shape: int64"
WITH_DENSE = "sp_indices: int64, sp_values: T, sp_shape: int64, dense: T -> output: T"
REDUCED = f"{SPARSE}, reduction_axes: int32 -> output: T"

ROWS: tuple[Op, ...] = (
    Op(
        "SparseReorder",
        f"{SPARSE} -> output_indices: int64, output_values: T",
        (T,),
        _reorder_shape,
        _reorder,
        sharing=_reorder_sharing,
    ),
    Op(
        "SparseTensorDenseMatMul",
        "a_indices: Tindices, a_values: T, a_shape: int64, b: T -> product: T",
        (T, types("Tindices", INDEX, INT64), flag("adjoint_a"), flag("adjoint_b")),
        _matmul_shape,
        _matmul,
    ),
    Op(
        "SparseReduceSum",
        REDUCED,
        (flag("keep_dims"), types("T", NUMBERS)),
        _reduced_shape,
        _reducing(np.add),
    ),
    Op(
        "SparseReduceMax",
        REDUCED,
        (flag("keep_dims"), types("T", REAL_NUMBERS)),
        _reduced_shape,
        _reducing(np.maximum),
    ),
    Op(
        "SparseReshape",
        "input_indices: int64, input_shape: int64, new_shape: int64 -> output_indices: int64, output_shape: int64",
        (),
        _reshape_shape,
        _reshape,
    ),
    Op(
        "SparseConcat",
        "indices: N * int64, values: N * T, shapes: N * int64 -> output_indices: int64, output_values: T, "
        "output_shape: int64",
        (Attr("concat_dim", "int"), Attr("N", "int", minimum=2), T),
        _concat_shape,
        _concat,
    ),
    Op(
        "SparseAdd",
        "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, b_shape: int64, thresh: Treal "
        "-> sum_indices: int64, sum_values: T, sum_shape: int64",
        (types("T", NUMBERS), types("Treal", REAL_NUMBERS)),
        _sum_shape,
        _sum,
    ),
    Op(
        "SparseAddGrad",
        "backprop_val_grad: T, a_indices: int64, b_indices: int64, sum_indices: int64 -> a_val_grad: T, b_val_grad: T",
        (types("T", NUMBERS),),
        lambda ctx: [(with_rank(ctx.shape(index), 2)[0],) for index in (1, 2)],
        _sum_gradient,
    ),
    Op("SparseDenseCwiseMul", WITH_DENSE, (types("T", NUMBERS),), _values_shape, _with_dense(np.multiply)),
    Op("SparseDenseCwiseDiv", WITH_DENSE, (types("T", NUMBERS),), _values_shape, _with_dense(divided)),
    Op(
        "SparseSoftmax",
        "sp_indices: int64, sp_values: T, sp_shape: int64 -> output: T",
        (types("T", dtypes("half float double")),),
        lambda ctx: [with_rank(ctx.shape(1), 1)],
        _softmax,
    ),
    Op(
        "SparseTensorDenseAdd",
        "a_indices: Tindices, a_values: T, a_shape: Tindices, b: T -> output: T",
        (types("T", NUMBERS), types("Tindices", INDEX)),
        like_input(3),
        _dense_add,
    ),
    Op(
        "SparseFillEmptyRows",
        "indices: int64, values: T, dense_shape: int64, default_value: T -> output_indices: int64, output_values: T, "
        "empty_row_indicator: bool, reverse_index_map: int64",
        (T,),
        _filled_shape,
        _filled,
    ),
)
