"""Ops that take some elements of a tensor: slices, gathered rows, reversed and padded dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import BOOL, INT32
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, canonical_axis, merge_shapes, unknown_sizes, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import like_input, no_outputs, rank_of_vector, shape_from_input
from ckpt_magics.graphs.ops.sharing import is_part_aligned, only_if
from ckpt_magics.graphs.ops.type_sets import INDEX, NUMBERS, SMALL_INDEX, dtypes
from ckpt_magics.graphs.ops.variable_values import SessionVariable, locked

__all__ = ["ROWS"]


def _slice_shape(ctx: ShapeContext) -> list[Shape]:
    shape, begin, size = ctx.shape(0), ctx.constant(1), ctx.constant(2)
    if size is None:
        # Of rank 0 there is an empty one, which says as much as others.
        known = next((one for one in (shape, rank_of_vector(ctx, 2), rank_of_vector(ctx, 1)) if one is not None), None)
        return [None if known is None else (None,) * len(known)]
    result: list[int | None] = []
    for axis, length in enumerate(size.tolist()):
        if length >= 0:
            result.append(length)
            continue
        total = None if shape is None else shape[axis]
        result.append(None if total is None or begin is None else total - int(begin[axis]))
    return [tuple(result)]


def _slice(_ctx: KernelContext, value: Array, begin: Array, size: Array) -> Array:
    if len(begin) != np.ndim(value) or len(size) != np.ndim(value):
        raise InvalidArgumentError(
            f"Expected begin and size arguments to be 1-D tensors of size {np.ndim(value)}, but got shapes "
            f"{format_shape(begin.shape)} and {format_shape(size.shape)} instead."
        )
    region = []
    for axis, (start, length) in enumerate(zip(begin.tolist(), size.tolist(), strict=True)):
        total = value.shape[axis]
        stop = total if length == -1 else start + length
        if not 0 <= start <= total:
            raise InvalidArgumentError(f"Expected begin[{axis}] in [0, {total}], but got {start}")
        if not start <= stop <= total:
            raise InvalidArgumentError(f"Expected size[{axis}] in [0, {total - start}], but got {length}")
        region.append(slice(start, stop))
    return value[tuple(region)]


def _slices_rows(_ctx: KernelContext, value: Array, begin: Array, size: Array) -> bool:
    """Tell whether a slice takes all, or whole rows that begin where a tensor's memory may."""
    whole = [length in {-1, total} for total, length in zip(value.shape, size.tolist(), strict=True)]
    first = value.shape[0] - int(begin[0]) if whole and size[0] == -1 else 0 if not whole else int(size[0])
    return all(whole) or (all(whole[1:]) and is_part_aligned(value, int(begin[0]), first))


class _Masks:
    """The bit masks of a strided slice, bit ``i`` for entry ``i`` of begin, end and strides."""

    def __init__(self, ctx: ShapeContext | KernelContext) -> None:
        self.begin = ctx.attr("begin_mask")
        self.end = ctx.attr("end_mask")
        self.ellipsis = ctx.attr("ellipsis_mask")
        self.new_axis = ctx.attr("new_axis_mask")
        self.shrink = ctx.attr("shrink_axis_mask")
        if self.ellipsis & (self.ellipsis - 1):
            raise InvalidArgumentError("Multiple ellipses in slice spec not allowed")

    def consumes(self, count: int) -> int:
        """Return how many dimensions ``count`` entries take, the ellipsis not counted."""
        return sum(not (self.ellipsis | self.new_axis) >> entry & 1 for entry in range(count))


def _strided_slice(ctx: KernelContext, value: Array, begin: Array, end: Array, strides: Array) -> Array:
    return value[_strided_region(ctx, value, begin, end, strides)]


def _strided_region(ctx: KernelContext, value: Array, begin: Array, end: Array, strides: Array) -> tuple[Any, ...]:
    """Return what to put in the brackets behind an array for the part that a strided slice takes."""
    masks = _Masks(ctx)
    index: list[Any] = []
    _check_strides(strides)
    for entry, (start, stop, step) in enumerate(zip(begin.tolist(), end.tolist(), strides.tolist(), strict=True)):
        bit = 1 << entry
        if masks.ellipsis & bit:
            index.append(Ellipsis)
        elif masks.new_axis & bit:
            index.append(np.newaxis)
        elif masks.shrink & bit:
            index.append(start)
        else:
            index.append(slice(None if masks.begin & bit else start, None if masks.end & bit else stop, step))
    try:
        value[tuple(index)]
    except IndexError as error:
        raise InvalidArgumentError(f"slice index out of bounds: {error}") from error
    return tuple(index)


def _strided_assign(ctx: KernelContext, variable: SessionVariable, *inputs: Array) -> SessionVariable | None:
    *bounds, value = inputs
    with locked([variable]):
        region = _strided_region(ctx, variable.read(), *bounds)
        array = variable.take()
        if np.shape(array[region]) != np.shape(value) and np.ndim(value):
            variable.put_back(array)
            raise InvalidArgumentError(
                f"Shape of value {format_shape(np.shape(value))} is not the shape of the part that is assigned to, "
                f"{format_shape(np.shape(array[region]))}"
            )
        array[region] = value
        variable.put_back(array)
    return variable if ctx.output_dtypes else None


def _strided_slice_grad(ctx: KernelContext, shape: Array, *inputs: Array) -> Array:
    *bounds, dy = inputs
    result = np.full(tuple(shape.tolist()), b"" if dy.dtype == object else 0, dy.dtype)
    region = _strided_region(ctx, result, *bounds)
    if result[region].shape != dy.shape:
        raise InvalidArgumentError(
            f"shape of dy was {format_shape(dy.shape)} instead of {format_shape(result[region].shape)}"
        )
    result[region] = dy
    return result


def _strides_over_rows(ctx: KernelContext, value: Array, *bounds: Array) -> bool:
    """Tell whether a strided slice takes all, or whole rows that begin where a tensor's memory may."""
    taken = _strided_slice(ctx, np.arange(value.size).reshape(value.shape), *bounds).reshape(-1)
    if taken.size == 0 or np.any(np.diff(taken) != 1):
        return False
    row = value.size // value.shape[0] if value.ndim else 1
    start, end = int(taken[0]), int(taken[-1]) + 1
    return taken.size == value.size or (
        start % row == end % row == 0 and is_part_aligned(value, start // row, end // row)
    )


def _strided_slice_shape(ctx: ShapeContext) -> list[Shape]:
    shape, (entries,) = ctx.shape(0), with_rank(merge_shapes(ctx.shape(index) for index in (1, 2, 3)), 1)
    bounds = [ctx.constant(index) for index in (1, 2, 3)]
    if shape is None or entries is None or bounds[2] is None:
        return [None]
    _check_strides(bounds[2])
    masks, dims = _Masks(ctx), list(shape)
    missing = len(shape) - masks.consumes(entries)
    if missing < 0:
        raise InvalidArgumentError(f"Index out of range using input dim {len(shape)}; input has only {len(shape)} dims")
    result: list[int | None] = []
    for entry in range(entries):
        bit = 1 << entry
        if masks.ellipsis & bit:
            result += [dims.pop(0) for _ in range(missing)]
        elif masks.new_axis & bit:
            result.append(1)
        elif masks.shrink & bit:
            _check_index(None if bounds[1] is None else bounds[0], entry, dims.pop(0))
        else:
            result.append(_strided_size(bounds, entry, masks, dims.pop(0)))
    return [(*result, *dims)]


def _check_strides(strides: Array) -> None:
    if not np.all(strides):
        raise InvalidArgumentError(f"strides[{int(np.argmin(np.abs(strides)))}] must be non-zero")


def _check_index(begin: Array | None, entry: int, size: int | None) -> None:
    if begin is not None and size is not None and not -size <= begin[entry] < size:
        raise InvalidArgumentError(f"slice index {begin[entry]} of dimension {entry} out of bounds.")


def _strided_size(bounds: list[Array], entry: int, masks: _Masks, size: int | None) -> int | None:
    """Return the size of one dimension of a strided slice, if what is known of begin, end and strides tells it."""
    begin, end, strides = bounds
    start = None if masks.begin >> entry & 1 else begin
    stop = None if masks.end >> entry & 1 else end
    is_whole = bool(masks.begin & masks.end & 1 << entry)
    if size is None or not (is_whole or (begin is not None and end is not None)):
        return None
    step = int(strides[entry])
    region = slice(None if start is None else int(start[entry]), None if stop is None else int(stop[entry]), step)
    return len(range(*region.indices(size)))


def _gather_shape(ctx: ShapeContext) -> list[Shape]:
    params, indices = ctx.shape(0), ctx.shape(1)
    return [None if params is None or indices is None else (*indices, *params[1:])]


def _gather_v2_shape(ctx: ShapeContext) -> list[Shape]:
    params, indices, axis, batch = ctx.shape(0), ctx.shape(1), ctx.constant(2), ctx.attr("batch_dims")
    if params is None or indices is None:
        return [None]
    if axis is None:
        # As TensorFlow has it: a negative number of dimensions is not counted from the end here.
        return [unknown_sizes(len(params) - 1 + len(indices) - batch)]
    batch = batch + len(indices) if batch < 0 else batch
    position = canonical_axis(int(axis.item()), len(params), "axis")
    return [(*params[:position], *indices[batch:], *params[position + 1 :])]


def _check_indices(indices: Array, limit: int) -> None:
    if indices.size and (indices.min() < 0 or indices.max() >= limit):
        where = np.argwhere((np.asarray(indices) < 0) | (np.asarray(indices) >= limit))[0].tolist()
        place = ",".join(map(str, where))
        raise InvalidArgumentError(f"indices[{place}] = {np.asarray(indices)[tuple(where)]} is not in [0, {limit})")


def _gather(_ctx: KernelContext, params: Array, indices: Array) -> Array:
    _check_indices(indices, params.shape[0])
    return np.take(params, indices, axis=0)


def _resource_gather_shape(ctx: ShapeContext) -> list[Shape]:
    params, indices = ctx.handle_shape(0), ctx.shape(1)
    if params is None or indices is None:
        return [None]
    batch = ctx.attr("batch_dims")
    return [(*indices, *params[batch + 1 :])]


def _resource_gather(ctx: KernelContext, resource: SessionVariable, indices: Array) -> Array:
    batch = ctx.attr("batch_dims")
    return _gather_v2(ctx, resource.read(), indices, np.array(batch))


def _gather_v2(ctx: KernelContext, params: Array, indices: Array, axis: Array) -> Array:
    position = canonical_axis(int(axis.item()), np.ndim(params), "axis")
    batch = ctx.attr("batch_dims")
    batch = batch + np.ndim(indices) if batch < 0 else batch
    if batch > position:
        raise InvalidArgumentError(f"batch_dims ({batch}) must be less than or equal to axis ({position})")
    _check_indices(indices, params.shape[position])
    if not batch:
        return np.take(params, indices, axis=position)
    flat_params = params.reshape(-1, *params.shape[batch:])
    flat_indices = np.asarray(indices).reshape(len(flat_params), *indices.shape[batch:])
    rows = [np.take(row, wanted, position - batch) for row, wanted in zip(flat_params, flat_indices, strict=True)]
    shape = (*params.shape[:position], *indices.shape[batch:], *params.shape[position + 1 :])
    return np.array(rows, params.dtype).reshape(shape)


def _gather_nd_shape(ctx: ShapeContext) -> list[Shape]:
    params, indices = ctx.shape(0), ctx.shape(1)
    if params is None or not indices or indices[-1] is None:
        return [None]
    return [(*indices[:-1], *params[indices[-1] :])]


def _gather_nd(_ctx: KernelContext, params: Array, indices: Array) -> Array:
    depth = indices.shape[-1]
    if depth > params.ndim:
        raise InvalidArgumentError(f"index innermost dimension length must be <= params rank; saw: {depth}")
    for axis in range(depth):
        _check_indices(indices[..., axis], params.shape[axis])
    if depth == 0:
        # An index of no coordinates is the whole.
        return np.broadcast_to(params, (*indices.shape[:-1], *params.shape))
    return params[tuple(np.moveaxis(indices, -1, 0))]


def pad_shape(ctx: ShapeContext) -> list[Shape]:
    shape, paddings = ctx.shape(0), ctx.constant(1)
    around_each = ctx.shape(1)
    if shape is None and around_each is not None and around_each[0] is not None:
        shape = unknown_sizes(around_each[0])
    if shape is None or paddings is None:
        return [None if shape is None else (None,) * len(shape)]
    check_paddings(paddings, len(shape))
    around = paddings.sum(axis=1).tolist()
    return [tuple(None if size is None else size + extra for size, extra in zip(shape, around, strict=True))]


def check_paddings(paddings: Array, rank: int) -> None:
    if paddings.shape != (rank, 2):
        raise InvalidArgumentError(f"paddings must have shape [{rank},2], got {format_shape(paddings.shape)}")
    if np.any(paddings < 0):
        raise InvalidArgumentError(f"Paddings must be non-negative: {paddings.tolist()}")


def _pad(ctx: KernelContext, value: Array, paddings: Array, fill: Array = None) -> Array:
    check_paddings(paddings, value.ndim)
    if value.ndim == 0:
        return value
    default = b"" if value.dtype == object else ctx.output_dtypes[0].numpy.type(0)
    return np.pad(value, paddings.tolist(), constant_values=default if fill is None else fill)


def pads_nothing(_ctx: KernelContext, _value: Array, paddings: Array, *_fill: Array) -> bool:
    return not np.any(paddings)


def _reverse_shape(ctx: ShapeContext) -> list[Shape]:
    (dims,) = with_rank(ctx.shape(1), 1)
    return [ctx.shape(0) if dims is None else with_rank(ctx.shape(0), dims)]


def _reverse(_ctx: KernelContext, tensor: Array, dims: Array) -> Array:
    return np.flip(tensor, tuple(np.flatnonzero(dims).tolist()))


def _reverse_v2(_ctx: KernelContext, tensor: Array, axis: Array) -> Array:
    axes = [canonical_axis(int(item), np.ndim(tensor), "axis") for item in axis]
    return np.flip(tensor, tuple(axes))


def _where_shape(ctx: ShapeContext) -> list[Shape]:
    shape = ctx.shape(0)
    return [(None, None if shape is None else len(shape))]


def _where(_ctx: KernelContext, value: Array) -> Array:
    if np.ndim(value) == 0:
        raise InvalidArgumentError("WhereOp : Unhandled input dimensions: 0")
    return np.argwhere(value)


T = types("T")
PADDING = types("Tpaddings", INDEX, INT32)
REVERSE_TYPES = dtypes(
    "uint8 int8 uint16 int16 uint32 int32 uint64 int64 bool bfloat16 half float double complex64 complex128 string"
)
REVERSE_V2_TYPES = dtypes(
    "uint8 int8 uint16 int16 int32 uint32 int64 uint64 bool bfloat16 half float double complex64 complex128 string"
)
MASKS = tuple(Attr(f"{name}_mask", "int", 0) for name in ("begin", "end", "ellipsis", "new_axis", "shrink_axis"))

ROWS: tuple[Op, ...] = (
    Op(
        "Slice",
        "input: T, begin: Index, size: Index -> output: T",
        (T, types("Index", INDEX)),
        _slice_shape,
        _slice,
        sharing=only_if(_slices_rows),
    ),
    Op(
        "StridedSlice",
        "input: T, begin: Index, end: Index, strides: Index -> output: T",
        (T, types("Index", SMALL_INDEX), *MASKS),
        _strided_slice_shape,
        _strided_slice,
        sharing=only_if(_strides_over_rows),
    ),
    Op(
        "StridedSliceAssign",
        "ref: Ref(T), begin: Index, end: Index, strides: Index, value: T -> output_ref: Ref(T)",
        (T, types("Index", INDEX), *MASKS),
        like_input(),
        _strided_assign,
    ),
    Op(
        "ResourceStridedSliceAssign",
        "ref: resource, begin: Index, end: Index, strides: Index, value: T ->",
        (T, types("Index", INDEX), *MASKS),
        no_outputs,
        _strided_assign,
        is_stateful=True,
    ),
    Op(
        "StridedSliceGrad",
        "shape: Index, begin: Index, end: Index, strides: Index, dy: T -> output: T",
        (T, types("Index", INDEX), *MASKS),
        shape_from_input(),
        _strided_slice_grad,
    ),
    Op(
        "Gather",
        "params: Tparams, indices: Tindices -> output: Tparams",
        (flag("validate_indices", True), types("Tparams"), types("Tindices", INDEX)),
        _gather_shape,
        _gather,
    ),
    Op(
        "ResourceGather",
        "resource: resource, indices: Tindices -> output: dtype",
        (Attr("batch_dims", "int", 0), flag("validate_indices", True), types("dtype"), types("Tindices", INDEX)),
        _resource_gather_shape,
        _resource_gather,
        is_stateful=True,
    ),
    Op(
        "GatherV2",
        "params: Tparams, indices: Tindices, axis: Taxis -> output: Tparams",
        (Attr("batch_dims", "int", 0), types("Tparams"), types("Tindices", SMALL_INDEX), types("Taxis", INDEX)),
        _gather_v2_shape,
        _gather_v2,
    ),
    Op(
        "GatherNd",
        "params: Tparams, indices: Tindices -> output: Tparams",
        (types("Tparams"), types("Tindices", SMALL_INDEX), Attr("bad_indices_policy", "string", b"")),
        _gather_nd_shape,
        _gather_nd,
    ),
    Op(
        "Pad",
        "input: T, paddings: Tpaddings -> output: T",
        (T, PADDING),
        pad_shape,
        _pad,
        sharing=only_if(pads_nothing),
    ),
    Op(
        "PadV2",
        "input: T, paddings: Tpaddings, constant_values: T -> output: T",
        (T, PADDING),
        pad_shape,
        _pad,
        sharing=only_if(pads_nothing),
    ),
    Op("Reverse", "tensor: T, dims: bool -> output: T", (types("T", REVERSE_TYPES),), _reverse_shape, _reverse),
    Op(
        "ReverseV2",
        "tensor: T, axis: Tidx -> output: T",
        (types("Tidx", INDEX, INT32), types("T", REVERSE_V2_TYPES)),
        like_input(),
        _reverse_v2,
        sharing=only_if(lambda _, tensor, axis: all(tensor.shape[item] == 1 for item in axis.tolist())),
    ),
    Op("Where", "input: T -> index: int64", (types("T", (*NUMBERS, BOOL), BOOL),), _where_shape, _where),
)
