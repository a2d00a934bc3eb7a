"""Ops of lists of tensors: values that hold tensors, in which the loops of TensorFlow 2 keep what iterations give.

A list is never changed: an op that sets an element gives a new list.

Format: tensorflow/core/kernels/list_kernels.cc, tensor_list.h, core/ops/list_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT32, DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.flow.tensor_list import TensorList, known_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, fits, merge_shapes, shape_from_proto
from ckpt_magics.graphs.ops.row import UNKNOWN_RANK, Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import attr_shape, scalar, unknown
from ckpt_magics.graphs.ops.type_sets import INDEX
from ckpt_magics.graphs.ops.values.constants import zeros
from ckpt_magics.proto.messages import TFT_ARRAY, TFT_TENSOR, TFT_VAR, FullTypeDef

__all__ = ["ROWS"]

MAX_RESERVED = 1 << 20
"""Elements without a value that a list can have; a damaged graph may ask for more than there is memory for."""


def _shape_of(tensor: Array) -> Shape:
    """Return the shape that a tensor tells: sizes, -1 for those that are not known, or a scalar -1 for no rank."""
    if not np.ndim(tensor):
        if tensor != -1:
            raise InvalidArgumentError("The only valid scalar shape tensor is the fully unknown shape specified as -1.")
        return None
    return tuple(None if size < 0 else int(size) for size in tensor)


def _list(handle: object, dtype: DType | None = None) -> TensorList:
    if not isinstance(handle, TensorList):
        raise InvalidArgumentError("Input handle is not a list.")
    if dtype is not None and handle.dtype != dtype:
        raise InvalidArgumentError(
            f"Invalid data types; op elements {dtype.c_name} but list elements {handle.dtype.c_name}"
        )
    return handle


def _place(items: TensorList, index: Array) -> int:
    if not 0 <= index < len(items.elements):
        raise InvalidArgumentError(f"Trying to access element {index} in a list with {len(items.elements)} elements.")
    return int(index)


def _empty(ctx: KernelContext, shape: Array, limit: Array) -> TensorList:
    return TensorList(ctx.attr("element_dtype"), _shape_of(shape), (), int(limit))


def _nothing(count: int) -> tuple[None, ...]:
    if not 0 <= count <= MAX_RESERVED:
        raise InvalidArgumentError(f"The num_elements to reserve must be 0 to {MAX_RESERVED}, but got {count}")
    return (None,) * count


def _reserve(ctx: KernelContext, shape: Array, count: Array) -> TensorList:
    return TensorList(ctx.attr("element_dtype"), _shape_of(shape), _nothing(int(count)))


def _push(ctx: KernelContext, handle: object, value: Array) -> TensorList:
    items = _list(handle, ctx.attr("element_dtype"))
    if 0 <= items.limit <= len(items.elements):
        raise InvalidArgumentError(f"Tried to push item into a full list; list size: {len(items.elements)}")
    return items.with_elements((*items.elements, items.check(value)))


def _pop(ctx: KernelContext, handle: object, shape: Array) -> tuple[TensorList, Array]:
    items = _list(handle, ctx.attr("element_dtype"))
    if not items.elements:
        raise InvalidArgumentError("Trying to pop from an empty list.")
    last = items.with_elements(items.elements[-1:]).filled(_shape_of(shape))
    return items.with_elements(items.elements[:-1]), last[0]


def _get(ctx: KernelContext, handle: object, index: Array, shape: Array) -> Array:
    items = _list(handle, ctx.attr("element_dtype"))
    value = items.elements[_place(items, index)]
    if value is not None:
        return value
    known = next((np.shape(item) for item in items.elements if item is not None), None)
    return zeros(items.dtype, known_shape(merge_shapes([items.element_shape, _shape_of(shape)]), known))


def _set(ctx: KernelContext, handle: object, index: Array, value: Array) -> TensorList:
    items = _list(handle, ctx.attr("element_dtype"))
    elements = list(items.elements)
    if ctx.attr("resize_if_index_out_of_bounds") and index >= len(elements):
        elements.extend(_nothing(int(index) + 1 - len(elements)))
        items = items.with_elements(elements)
    elements[_place(items, index)] = items.check(value)
    return items.with_elements(elements)


def _stacked(items: TensorList, asked: Shape) -> Array:
    if not items.elements:
        return zeros(items.dtype, (0, *known_shape(merge_shapes([items.element_shape, asked]))))
    values = items.filled(asked)
    for value in values:
        if np.shape(value) != np.shape(values[0]):
            raise InvalidArgumentError(
                f"Tried to stack list which contains elements of different shapes: {format_shape(np.shape(values[0]))} "
                f"and {format_shape(np.shape(value))}"
            )
    return np.stack(values)


def _stack(ctx: KernelContext, handle: object, shape: Array) -> Array:
    items, count = _list(handle, ctx.attr("element_dtype")), ctx.attr("num_elements")
    if count not in {-1, len(items.elements)}:
        raise InvalidArgumentError(
            f"Operation expected a list with {count} elements but got a list with {len(items.elements)} elements."
        )
    return _stacked(items, _shape_of(shape))


def _from_tensor(ctx: KernelContext, tensor: Array, shape: Array) -> TensorList:
    if not np.ndim(tensor):
        raise InvalidArgumentError("Tensor must be at least a vector, but saw shape: []")
    made = TensorList(ctx.attr("element_dtype"), _shape_of(shape), ())
    return made.with_elements(made.check(part) for part in tensor)


def _length(_ctx: KernelContext, handle: object) -> Array:
    return np.int32(len(_list(handle).elements))


def _element_shape(ctx: KernelContext, handle: object) -> Array:
    shape, dtype = _list(handle).element_shape, ctx.attr("shape_type").numpy
    return np.array(-1 if shape is None else [-1 if size is None else size for size in shape], dtype)


def _gather(ctx: KernelContext, handle: object, indices: Array, shape: Array) -> Array:
    items = _list(handle, ctx.attr("element_dtype"))
    return _stacked(items.with_elements(items.elements[_place(items, index)] for index in indices), _shape_of(shape))


def _scattered(items: TensorList, tensor: Array, indices: Array) -> TensorList:
    if len(indices) != len(tensor):
        raise InvalidArgumentError(
            f"Invalid number of rows in input tensor. Expected: {len(indices)} Actual: {len(tensor)}"
        )
    elements = list(items.elements)
    if len(indices) and int(np.max(indices)) >= len(elements):
        elements.extend(_nothing(int(np.max(indices)) + 1 - len(elements)))
    if np.any(indices < 0):
        raise InvalidArgumentError("Indices in TensorListScatter must all be non-negative.")
    for index, part in zip(indices, tensor, strict=True):
        elements[index] = items.check(part)
    return items.with_elements(elements)


def _scatter(ctx: KernelContext, tensor: Array, indices: Array, shape: Array, count: int = -1) -> TensorList:
    made = TensorList(ctx.attr("element_dtype"), _shape_of(shape), _nothing(max(int(count), 0)))
    if count >= 0 and len(indices) and np.max(indices) >= count:
        raise InvalidArgumentError(
            f"TensorListScatter: Trying to scatter at index {np.max(indices)} in list with size {count}"
        )
    return _scattered(made, tensor, indices)


def _scatter_into(ctx: KernelContext, handle: object, tensor: Array, indices: Array) -> TensorList:
    return _scattered(_list(handle, ctx.attr("element_dtype")), tensor, indices)


def _concatenated(items: TensorList, asked: Shape, leading: Sequence[int]) -> tuple[Array, Array]:
    rest = merge_shapes(None if shape is None else shape[1:] for shape in (asked, items.element_shape))
    known = next((np.shape(item)[1:] for item in items.elements if item is not None), None)
    values = []
    for index, item in enumerate(items.elements):
        first = (
            leading[index] if index < len(leading) else next((s[0] for s in (asked, items.element_shape) if s), None)
        )
        values.append(item if item is not None else zeros(items.dtype, known_shape((first, *known_shape(rest, known)))))
    if not values:
        return zeros(items.dtype, (0, *known_shape(rest))), np.zeros(0, np.int64)
    for value in values:
        if not np.ndim(value) or value.shape[1:] != values[0].shape[1:] or not fits(value.shape[1:], rest):
            raise InvalidArgumentError(
                "Tried to concat list which contains elements of different shapes: "
                f"{format_shape(np.shape(values[0]))} and {format_shape(np.shape(value))}"
            )
    return np.concatenate(values), np.array([len(value) for value in values], np.int64)


def _concat(ctx: KernelContext, handle: object) -> tuple[Array, Array]:
    return _concatenated(_list(handle, ctx.attr("element_dtype")), shape_from_proto(ctx.attr("element_shape")), ())


def _concat_v2(ctx: KernelContext, handle: object, shape: Array, leading: Array) -> tuple[Array, Array]:
    items = _list(handle, ctx.attr("element_dtype"))
    return _concatenated(items, _shape_of(shape), [int(size) for size in leading])


def _split(ctx: KernelContext, tensor: Array, shape: Array, lengths: Array) -> TensorList:
    if not np.ndim(tensor) or np.any(lengths < 0) or int(np.sum(lengths)) != len(tensor):
        raise InvalidArgumentError(
            f"Unused values in tensor, or too few. Length of tensor: {np.shape(tensor)[:1]} lengths: {lengths}"
        )
    made = TensorList(ctx.attr("element_dtype"), _shape_of(shape), ())
    parts = np.split(tensor, np.cumsum(lengths)[:-1]) if len(lengths) else []
    return made.with_elements(made.check(part) for part in parts)


def _resize(_ctx: KernelContext, handle: object, size: Array) -> TensorList:
    items = _list(handle)
    if size < 0:
        raise InvalidArgumentError(f"TensorListSlice expects size to be non-negative. Got: {size}")
    return items.with_elements(items.elements[:size] + _nothing(max(int(size) - len(items.elements), 0)))


def _concat_lists(ctx: KernelContext, left: object, right: object) -> TensorList:
    lists = [_list(item, ctx.attr("element_dtype")) for item in (left, right)]
    return lists[0].with_elements(lists[0].elements + lists[1].elements)


def _popped_shape(ctx: ShapeContext) -> list[Shape]:
    return [(), _told(ctx, 1)]


def _item_shape(ctx: ShapeContext) -> list[Shape]:
    return [_told(ctx, 2)]


def _told(ctx: ShapeContext, index: int) -> Shape:
    value = ctx.constant(index)
    return None if value is None else _shape_of(value)


def _stack_shape(ctx: ShapeContext) -> list[Shape]:
    element, count = _told(ctx, 1), ctx.attr("num_elements")
    return [None if element is None else (None if count < 0 else count, *element)]


def _gather_shape(ctx: ShapeContext) -> list[Shape]:
    element, indices = _told(ctx, 2), ctx.shape(1)
    return [None if element is None or indices is None else (indices[0], *element)]


def _concat_shape(ctx: ShapeContext) -> list[Shape]:
    element = attr_shape(ctx, "element_shape")
    return [None if element is None else (None, *element[1:]), (None,)]


def _concat_v2_shape(ctx: ShapeContext) -> list[Shape]:
    element = _told(ctx, 1)
    return [None if element is None else (None, *element[1:]), (None,)]


ELEMENT, SHAPE_TYPE = types("element_dtype"), types("shape_type", INDEX)
BOTH = (ELEMENT, SHAPE_TYPE)
LIST = FullTypeDef(
    type_id=TFT_ARRAY,
    args=[FullTypeDef(type_id=TFT_TENSOR, args=[FullTypeDef(type_id=TFT_VAR, s="element_dtype")])],
)

ROWS: tuple[Op, ...] = (
    Op(
        "EmptyTensorList",
        "element_shape: shape_type, max_num_elements: int32 -> handle: variant",
        BOTH,
        scalar,
        _empty,
        full_type=LIST,
    ),
    Op(
        "TensorListReserve",
        "element_shape: shape_type, num_elements: int32 -> handle: variant",
        BOTH,
        scalar,
        _reserve,
        full_type=LIST,
    ),
    Op(
        "TensorListPushBack",
        "input_handle: variant, tensor: element_dtype -> output_handle: variant",
        (ELEMENT,),
        scalar,
        _push,
        full_type=LIST,
    ),
    Op(
        "TensorListPopBack",
        "input_handle: variant, element_shape: int32 -> output_handle: variant, tensor: element_dtype",
        (ELEMENT,),
        _popped_shape,
        _pop,
    ),
    Op(
        "TensorListGetItem",
        "input_handle: variant, index: int32, element_shape: Tshape -> item: element_dtype",
        (ELEMENT, types("Tshape", INDEX, INT32)),
        _item_shape,
        _get,
    ),
    Op(
        "TensorListSetItem",
        "input_handle: variant, index: int32, item: element_dtype -> output_handle: variant",
        (ELEMENT, flag("resize_if_index_out_of_bounds")),
        scalar,
        _set,
        full_type=LIST,
    ),
    Op(
        "TensorListStack",
        "input_handle: variant, element_shape: int32 -> tensor: element_dtype",
        (ELEMENT, Attr("num_elements", "int", -1)),
        _stack_shape,
        _stack,
    ),
    Op(
        "TensorListFromTensor",
        "tensor: element_dtype, element_shape: shape_type -> output_handle: variant",
        BOTH,
        scalar,
        _from_tensor,
        full_type=LIST,
    ),
    Op("TensorListLength", "input_handle: variant -> length: int32", (), scalar, _length),
    Op(
        "TensorListElementShape",
        "input_handle: variant -> element_shape: shape_type",
        (SHAPE_TYPE,),
        unknown,
        _element_shape,
    ),
    Op(
        "TensorListGather",
        "input_handle: variant, indices: int32, element_shape: int32 -> values: element_dtype",
        (ELEMENT,),
        _gather_shape,
        _gather,
    ),
    Op(
        "TensorListScatter",
        "tensor: element_dtype, indices: int32, element_shape: shape_type -> output_handle: variant",
        BOTH,
        scalar,
        _scatter,
        full_type=LIST,
    ),
    Op(
        "TensorListScatterV2",
        "tensor: element_dtype, indices: int32, element_shape: shape_type, num_elements: int32"
        " -> output_handle: variant",
        BOTH,
        scalar,
        _scatter,
        full_type=LIST,
    ),
    Op(
        "TensorListScatterIntoExistingList",
        "input_handle: variant, tensor: element_dtype, indices: int32 -> output_handle: variant",
        (ELEMENT,),
        scalar,
        _scatter_into,
        full_type=LIST,
    ),
    Op(
        "TensorListConcat",
        "input_handle: variant -> tensor: element_dtype, lengths: int64",
        (ELEMENT, Attr("element_shape", "shape", UNKNOWN_RANK)),
        _concat_shape,
        _concat,
    ),
    Op(
        "TensorListConcatV2",
        "input_handle: variant, element_shape: shape_type, leading_dims: int64"
        " -> tensor: element_dtype, lengths: int64",
        BOTH,
        _concat_v2_shape,
        _concat_v2,
    ),
    Op(
        "TensorListSplit",
        "tensor: element_dtype, element_shape: shape_type, lengths: int64 -> output_handle: variant",
        BOTH,
        scalar,
        _split,
        full_type=LIST,
    ),
    Op("TensorListResize", "input_handle: variant, size: int32 -> output_handle: variant", (), scalar, _resize),
    Op(
        "TensorListConcatLists",
        "input_a: variant, input_b: variant -> output: variant",
        (ELEMENT,),
        scalar,
        _concat_lists,
        full_type=LIST,
    ),
)
