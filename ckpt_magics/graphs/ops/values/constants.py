"""Ops that make tensors: constants, filled tensors, ranges, placeholders."""

from __future__ import annotations

import math

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import INT32, INT64, STRING, VARIANT, DType, dtype_by_number
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.formats.tensor_proto import MAX_FILLED_SIZE, repeated_value, tensor_proto_to_array
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, canonical_axis, shape_from_proto
from ckpt_magics.graphs.ops.row import UNKNOWN_RANK, Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.shape_rules import attr_shape, input_as_shape, like_input, shape_from_attr
from ckpt_magics.graphs.ops.sharing import first_input
from ckpt_magics.graphs.ops.type_sets import INDEX, dtypes
from ckpt_magics.proto.messages import TensorProto

__all__ = ["PLACEHOLDERS_ARE_TOLD", "ROWS", "check_shape_input", "zeros"]

LARGE = 1 << 16
"""Elements from which on a constant of one value is not written out; smaller ones are faster if they are."""

PLACEHOLDERS_ARE_TOLD = 22
"""Version of GraphDef since when an empty shape of a placeholder is a scalar's; before, it was any shape."""


def check_shape_input(shape: Array) -> tuple[int, ...]:
    """Return the shape that a tensor holds.

    Raises:
        InvalidArgumentError: It is no vector of sizes.
    """
    if np.ndim(shape) != 1:
        raise InvalidArgumentError(f"shape must be a vector of {{int32,int64}}, got shape {format_shape(shape.shape)}")
    sizes = tuple(int(size) for size in shape)
    if any(size < 0 for size in sizes):
        raise InvalidArgumentError(f"Dimension {min(sizes)} must be >= 0")
    return sizes


def _const_shape(ctx: ShapeContext) -> list[Shape]:
    return [shape_from_proto(ctx.attr("value").tensor_shape)]


def _const(ctx: KernelContext) -> Array:
    proto = ctx.attr("value")
    held, wanted = dtype_by_number(proto.dtype), ctx.output_dtypes[0]
    if held != wanted:
        raise InvalidArgumentError(f"Type mismatch between value ({held.c_name}) and dtype ({wanted.c_name})")
    value = _repeated(ctx, proto)
    if value is not None:
        return value
    value = tensor_proto_to_array(proto)
    value.flags.writeable = False
    return value


def _repeated(ctx: KernelContext, proto: TensorProto) -> Array:
    """Return a large constant that one value stands for as a view without memory of its own; None of other ones."""
    count = math.prod(dim.size for dim in proto.tensor_shape.dim)
    value = repeated_value(proto) if count >= LARGE else None
    # A few bytes in a file must not ask for any memory, once something is made of the constant.
    return None if value is None or (ctx.is_imported and value.nbytes > MAX_FILLED_SIZE) else value


def _fill_shape(ctx: ShapeContext) -> list[Shape]:
    dims = ctx.constant(0)
    if dims is not None and np.any(dims < 0):
        raise InvalidArgumentError("Fill dimensions must be >= 0")
    return [input_as_shape(ctx, 0)]


def _fill(ctx: KernelContext, dims: Array, value: Array) -> Array:
    return np.full(check_shape_input(dims), value, ctx.output_dtypes[0].numpy)


def zeros(dtype: DType, shape: tuple[int, ...]) -> Array:
    """Return zeros, or empty strings."""
    return np.full(shape, b"", object) if dtype == STRING else np.zeros(shape, dtype.numpy)


def _zeros_like(ctx: KernelContext, x: Array) -> Array:
    return x.zeros_like() if ctx.output_dtypes[0] == VARIANT else zeros(ctx.output_dtypes[0], np.shape(x))


def _ones_like(ctx: KernelContext, x: Array) -> Array:
    return np.ones(np.shape(x), ctx.output_dtypes[0].numpy)


def _range_size(start: Array, limit: Array, delta: Array) -> int:
    if delta == 0:
        raise InvalidArgumentError(f"Requires delta != 0: {delta}")
    if (start > limit) if delta > 0 else (start < limit):
        sign, relation = (">", "<=") if delta > 0 else ("<", ">=")
        raise InvalidArgumentError(f"Requires start {relation} limit when delta {sign} 0: {start}/{limit}")
    if isinstance(delta, int):
        return int(-((start - limit) // delta))
    # In the type itself: TensorFlow's rounding decides whether the last step still fits.
    return int(np.ceil(np.abs((limit - start) / delta)))


def _range_shape(ctx: ShapeContext) -> list[Shape]:
    values = [ctx.constant(index) for index in range(3)]
    if any(value is None for value in values):
        return [(None,)]
    return [(_range_size(*(_exact(value) for value in values)),)]


def _exact(value: Array) -> Array:
    """Return a number as a Python int if it is whole by its type, so that differences cannot overflow."""
    return value.item() if value.dtype.kind in "iu" else value[()]


def _range(ctx: KernelContext, start: Array, limit: Array, delta: Array) -> Array:
    dtype = ctx.output_dtypes[0].numpy
    size = _range_size(_exact(start), _exact(limit), _exact(delta))
    if dtype.kind in "iu":
        return (start.item() + np.arange(size, dtype=np.int64) * delta.item()).astype(dtype)
    # TensorFlow adds delta again and again in the type itself; the rounding errors are part of the result.
    return np.cumsum(np.concatenate([[start], np.broadcast_to(delta, max(size - 1, 0))]).astype(dtype))[:size]


def _lin_space_shape(ctx: ShapeContext) -> list[Shape]:
    num = ctx.constant(2)
    _check_count(num)
    return [(None if num is None else int(num),)]


def _check_count(num: Array) -> None:
    if num is not None and num <= 0:
        raise InvalidArgumentError(f"Requires num > 0: {num}")


def _lin_space(ctx: KernelContext, start: Array, stop: Array, num: Array) -> Array:
    _check_count(num)
    return np.linspace(start.item(), stop.item(), int(num)).astype(ctx.output_dtypes[0].numpy)


def _one_hot_shape(ctx: ShapeContext) -> list[Shape]:
    indices, depth = ctx.shape(0), ctx.constant(1)
    if indices is None:
        return [None]
    axis = canonical_axis(ctx.attr("axis"), len(indices) + 1)
    return [(*indices[:axis], None if depth is None else int(depth), *indices[axis:])]


def _one_hot(ctx: KernelContext, indices: Array, depth: Array, on_value: Array, off_value: Array) -> Array:
    if depth < 0:
        raise InvalidArgumentError(f"depth must be non-negative, got: {depth}")
    axis = canonical_axis(ctx.attr("axis"), np.ndim(indices) + 1)
    shape = [1] * (np.ndim(indices) + 1)
    shape[axis] = int(depth)
    hit = np.expand_dims(indices, axis) == np.arange(depth, dtype=np.int64).reshape(shape)
    return np.where(hit, on_value, off_value)


def _placeholder(ctx: KernelContext) -> Array:
    dtype = ctx.output_dtypes[0].c_name
    shape = shape_from_proto(ctx.attr("shape"))
    known = "" if not shape else f" and shape {format_shape(shape)}"
    raise InvalidArgumentError(
        f"You must feed a value for placeholder tensor '{visible(ctx.node_name)}' with dtype {dtype}{known}"
    )


def _placeholder_shape(ctx: ShapeContext) -> list[Shape]:
    shape = attr_shape(ctx, "shape")
    return [shape if shape or ctx.graph_version() >= PLACEHOLDERS_ARE_TOLD else None]


def _given(_ctx: KernelContext, value: Array) -> Array:
    return value


ONES_TYPES = dtypes(
    "bfloat16 half float double int8 uint8 int16 uint16 int32 uint32 int64 uint64 complex64 complex128 bool"
)
RANGE_TYPES = dtypes("bfloat16 half float double int8 int16 int32 int64 uint16 uint32 uint64")
LIN_SPACE_TYPES = dtypes("bfloat16 half float double")
ONE_HOT_INDEX_TYPES = dtypes("uint8 int8 int32 int64")

ROWS: tuple[Op, ...] = (
    Op("Const", "-> output: dtype", (Attr("value", "tensor"), types("dtype")), _const_shape, _const),
    Op(
        "Fill",
        "dims: index_type, value: T -> output: T",
        (types("T"), types("index_type", INDEX, INT32)),
        _fill_shape,
        _fill,
    ),
    Op("ZerosLike", "x: T -> y: T", (types("T"),), like_input(), _zeros_like),
    Op("OnesLike", "x: T -> y: T", (types("T", ONES_TYPES),), like_input(), _ones_like),
    Op(
        "Range",
        "start: Tidx, limit: Tidx, delta: Tidx -> output: Tidx",
        (types("Tidx", RANGE_TYPES, INT32),),
        _range_shape,
        _range,
    ),
    Op(
        "LinSpace",
        "start: T, stop: T, num: Tidx -> output: T",
        (types("T", LIN_SPACE_TYPES), types("Tidx", INDEX, INT32)),
        _lin_space_shape,
        _lin_space,
    ),
    Op(
        "OneHot",
        "indices: TI, depth: int32, on_value: T, off_value: T -> output: T",
        (Attr("axis", "int", -1), types("T"), types("TI", ONE_HOT_INDEX_TYPES, INT64)),
        _one_hot_shape,
        _one_hot,
    ),
    Op(
        "Placeholder",
        "-> output: dtype",
        (types("dtype"), Attr("shape", "shape", UNKNOWN_RANK)),
        _placeholder_shape,
        _placeholder,
    ),
    Op(
        "PlaceholderV2",
        "-> output: dtype",
        (types("dtype"), Attr("shape", "shape")),
        shape_from_attr(),
        _placeholder,
        deprecation=(23, "Placeholder now behaves the same as PlaceholderV2."),
    ),
    Op(
        "PlaceholderWithDefault",
        "input: dtype -> output: dtype",
        (types("dtype"), Attr("shape", "shape")),
        shape_from_attr(),
        _given,
        sharing=first_input,
    ),
)
