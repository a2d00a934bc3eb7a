"""Cast, which changes the type of every element, and Bitcast, which reads the same bytes as another type."""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.row import KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import like_input
from ckpt_magics.graphs.ops.sharing import first_input, only_if
from ckpt_magics.graphs.ops.type_sets import dtypes

__all__ = ["BITCAST_ROW", "CAST_ROW", "cast_array"]


def cast_array(x: Array, target: DType) -> Array:
    """Return the elements as another type; what does not fit wraps, or is whatever the machine's conversion gives.

    Raises:
        UnimplementedError: The types cannot be converted into each other.
    """
    if x.dtype == target.numpy:
        return x
    if "O" in {x.dtype.kind, target.numpy.kind}:
        raise UnimplementedError(f"Cast {x.dtype.name} to {target.c_name} is not supported")
    if np.iscomplexobj(x) and target.numpy.kind != "c":
        x = np.real(x) if target.numpy.kind != "b" else x
    return x.astype(target.numpy)


def _cast(ctx: KernelContext, x: Array) -> Array:
    return cast_array(x, ctx.output_dtypes[0])


def _has_output_type(ctx: KernelContext, x: Array) -> bool:
    return bool(x.dtype == ctx.output_dtypes[0].numpy)


def _bitcast_shape(ctx: ShapeContext) -> list[Shape]:
    shape, before, after = ctx.shape(0), ctx.attr("T").itemsize, ctx.attr("type").itemsize
    if shape is None or before == after:
        return [shape]
    if before > after:
        return [(*shape, before // after)]
    if not shape or shape[-1] not in {None, after // before}:
        raise InvalidArgumentError(f"Cannot bitcast due to shape: the last dimension must be {after // before}")
    return [shape[:-1]]


def _bitcast(ctx: KernelContext, x: Array) -> Array:
    source, target = x.dtype.itemsize, ctx.output_dtypes[0].numpy
    if source < target.itemsize and (np.ndim(x) == 0 or x.shape[-1] * source != target.itemsize):
        raise InvalidArgumentError(f"Cannot bitcast from {x.dtype.name} to {target.name}: shape {list(x.shape)}")
    shape = x.shape[:-1] if source < target.itemsize else x.shape
    shape = (*shape, source // target.itemsize) if source > target.itemsize else shape
    return np.frombuffer(np.ascontiguousarray(x).tobytes(), target).reshape(shape)


BITCAST_TYPES = dtypes(
    "bfloat16 half float double int64 int32 uint8 uint16 uint32 uint64 int8 int16 complex64 complex128 qint8 quint8 "
    "qint16 quint16 qint32"
)

CAST_ROW = Op(
    "Cast",
    "x: SrcT -> y: DstT",
    (types("SrcT"), types("DstT"), flag("Truncate")),
    like_input(),
    _cast,
    sharing=only_if(_has_output_type),
)
BITCAST_ROW = Op(
    "Bitcast",
    "input: T -> output: type",
    (types("T", BITCAST_TYPES), types("type", BITCAST_TYPES)),
    _bitcast_shape,
    _bitcast,
    sharing=first_input,
)
