"""Ops of arrays of tensors, in which loops keep what each iteration gives.

An array is made by each run that gets to its op, and lives as long as the run holds its handle. What is written is read
through the ``flow`` of the op that wrote, which orders the two and holds nothing.

Format: tensorflow/core/kernels/tensor_array.h, tensor_array_ops.cc, core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.flow.tensor_array_state import TensorArrayState, defined_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, fits, shape_from_proto
from ckpt_magics.graphs.ops.row import (
    UNKNOWN_RANK,
    Attr,
    Kernel,
    KernelContext,
    Op,
    ShapeContext,
    ShapeRule,
    flag,
    types,
)
from ckpt_magics.graphs.ops.shape_rules import attr_shape, no_outputs, reference, scalar, unknown
from ckpt_magics.graphs.ops.values.constants import zeros

__all__ = ["ROWS"]


def _array(handle: object) -> TensorArrayState:
    if not isinstance(handle, TensorArrayState):
        raise InvalidArgumentError("the handle is none of a TensorArray")
    return handle


def _make(ctx: KernelContext, size: Array) -> tuple[TensorArrayState, Array]:
    made = TensorArrayState(
        ctx.attr("dtype"),
        int(size),
        shape_from_proto(ctx.attr("element_shape")),
        is_dynamic=ctx.attr("dynamic_size"),
        clears=ctx.attr("clear_after_read"),
        is_identical=len(ctx.output_dtypes) > 1 and ctx.attr("identical_element_shapes"),
    )
    return made, np.float32(0)


def _gradient(ctx: KernelContext, handle: object, flow: Array, prepended: Sequence[int] = ()) -> tuple[object, Array]:
    return _array(handle).gradient(ctx.attr("source"), tuple(map(int, prepended))), flow


def _only_handle(kernel: Kernel) -> Kernel:
    """Return the kernel of an op that gives the handle alone."""
    return lambda ctx, *inputs: kernel(ctx, *inputs)[0]


def _check_type(array: TensorArrayState, dtype: DType) -> None:
    if array.dtype != dtype:
        raise InvalidArgumentError(f"TensorArray dtype is {array.dtype.c_name} but Op has dtype {dtype.c_name}")


def _write(ctx: KernelContext, handle: object, index: Array, value: Array, flow: Array) -> Array:
    array = _array(handle)
    _check_type(array, ctx.attr("T"))
    array.write(int(index), value)
    return flow


def _read(ctx: KernelContext, handle: object, index: Array, _flow: Array) -> Array:
    array = _array(handle)
    _check_type(array, ctx.attr("dtype"))
    return array.read(int(index))


def _gather(ctx: KernelContext, handle: object, indices: Array, _flow: Array) -> Array:
    array = _array(handle)
    _check_type(array, ctx.attr("dtype"))
    asked = shape_from_proto(ctx.attr("element_shape"))
    if not len(indices):
        return zeros(array.dtype, (0, *array.element_shape(asked)))
    values = [array.read(int(index)) for index in indices]
    for value in values:
        if np.shape(value) != np.shape(values[0]) or not fits(np.shape(value), asked):
            raise InvalidArgumentError(
                f"TensorArray has inconsistent shapes. Index 0 has shape: {format_shape(np.shape(values[0]))} but "
                f"another index has shape: {format_shape(np.shape(value))}"
            )
    return np.stack(values)


def _pack(ctx: KernelContext, handle: object, flow: Array) -> Array:
    return _gather(ctx, handle, np.arange(len(_array(handle))), flow)


def _scatter(ctx: KernelContext, handle: object, indices: Array, value: Array, flow: Array) -> Array:
    array = _array(handle)
    _check_type(array, ctx.attr("T"))
    if len(indices) != len(value):
        raise InvalidArgumentError(
            f"Expected len(indices) == values.shape[0], but saw: {len(indices)} vs. {len(value)}"
        )
    for index, part in zip(indices, value, strict=True):
        array.write(int(index), part)
    return flow


def _unpack(ctx: KernelContext, handle: object, value: Array, flow: Array) -> Array:
    return _scatter(ctx, handle, np.arange(len(value)), value, flow)


def _concat(ctx: KernelContext, handle: object, _flow: Array) -> tuple[Array, Array]:
    array = _array(handle)
    _check_type(array, ctx.attr("dtype"))
    asked = shape_from_proto(ctx.attr("element_shape_except0"))
    values = [array.read(index) for index in range(len(array))]
    if not values:
        return zeros(array.dtype, (0, *defined_shape(asked, "TensorArray has size zero"))), np.zeros(0, np.int64)
    for value in values:
        if not np.ndim(value) or value.shape[1:] != values[0].shape[1:] or not fits(value.shape[1:], asked):
            raise InvalidArgumentError(
                "TensorArray has inconsistent shapes. Index 0 has (excepting dimension 0) shape: "
                f"{format_shape(np.shape(values[0])[1:])} but another index has (excepting dimension 0) shape: "
                f"{format_shape(np.shape(value)[1:])}"
            )
    return np.concatenate(values), np.array([len(value) for value in values], np.int64)


def _split(ctx: KernelContext, handle: object, value: Array, lengths: Array, flow: Array) -> Array:
    array = _array(handle)
    _check_type(array, ctx.attr("T"))
    if not np.ndim(value) or np.any(lengths < 0) or int(np.sum(lengths)) != len(value):
        raise InvalidArgumentError(
            f"Expected sum of lengths to be equal to values.shape[0], but sum of lengths is {np.sum(lengths)} and "
            f"value's shape is: {format_shape(np.shape(value))}"
        )
    if not array.is_dynamic and len(array) != len(lengths):
        raise InvalidArgumentError(
            f"TensorArray's size is not equal to the size of lengths ({len(array)} vs. {len(lengths)}), and the "
            "TensorArray is not marked as dynamically resizeable"
        )
    for index, part in enumerate(np.split(value, np.cumsum(lengths)[:-1]) if len(lengths) else []):
        array.write(index, part)
    return flow


def _size(_ctx: KernelContext, handle: object, _flow: Array) -> Array:
    return np.int32(len(_array(handle)))


def _close(_ctx: KernelContext, handle: object) -> None:
    _array(handle).close()


def _handle_and_flow(_ctx: ShapeContext) -> list[Shape]:
    return [(2,), ()]


def _gather_shape(ctx: ShapeContext) -> list[Shape]:
    indices, element = ctx.shape(1), attr_shape(ctx, "element_shape")
    return [None if indices is None or element is None else (*indices, *element)]


def _pack_shape(ctx: ShapeContext) -> list[Shape]:
    element = attr_shape(ctx, "element_shape")
    return [None if element is None else (None, *element)]


def _concat_shape(ctx: ShapeContext) -> list[Shape]:
    rest = attr_shape(ctx, "element_shape_except0")
    return [None if rest is None else (None, *rest), (None,)]


T, DTYPE = (types("T"),), types("dtype")
ANY_SHAPE = Attr("element_shape", "shape", UNKNOWN_RANK)
REST = Attr("element_shape_except0", "shape", UNKNOWN_RANK)
NAME = Attr("tensor_array_name", "string", b"")
DYNAMIC, CLEARS = flag("dynamic_size"), flag("clear_after_read", True)
SOURCE = (Attr("source", "string"),)

VERSIONS = {"": "Ref(string)", "V2": "string", "V3": "resource"}
"""Suffix of the ops' names, and what handles are."""

Deprecations = tuple[tuple[int, str] | None, ...]


def _versions(
    name: str,
    signature: str,
    attrs: tuple[Attr, ...],
    rules: tuple[ShapeRule, Kernel],
    since: Deprecations,
) -> list[Op]:
    """Return the rows of an op that takes a handle first, for each kind of handle.

    Args:
        name: The op's name without its version.
        signature: Its arguments after the handle.
        attrs: Its attributes.
        rules: Shape rule and kernel.
        since: Why graphs should not have the first and the second version.
    """
    return [
        Op(
            f"TensorArray{name}{version}",
            f"handle: {kind}{signature}",
            attrs,
            *rules,
            is_stateful=version == "V3",
            deprecation=reason,
        )
        for (version, kind), reason in zip(VERSIONS.items(), (*since, None), strict=True)
    ]


def _since(name: str, first: int = 16, first_name: str = "") -> Deprecations:
    return (first, f"Use TensorArray{first_name or name}V3"), (26, f"Use TensorArray{name}V3")


ROWS: tuple[Op, ...] = (
    Op(
        "TensorArray",
        "size: int32 -> handle: Ref(string)",
        (DTYPE, DYNAMIC, CLEARS, NAME, ANY_SHAPE),
        unknown,
        _only_handle(_make),
        is_stateful=True,
        deprecation=(16, "Use TensorArrayV3"),
    ),
    Op(
        "TensorArrayV2",
        "size: int32 -> handle: string",
        (DTYPE, ANY_SHAPE, DYNAMIC, CLEARS, NAME),
        reference,
        _only_handle(_make),
        is_stateful=True,
        deprecation=(26, "Use TensorArrayV3"),
    ),
    Op(
        "TensorArrayV3",
        "size: int32 -> handle: resource, flow: float",
        (DTYPE, ANY_SHAPE, DYNAMIC, CLEARS, flag("identical_element_shapes"), NAME),
        _handle_and_flow,
        _make,
        is_stateful=True,
    ),
    Op(
        "TensorArrayGrad",
        "handle: string, flow_in: float -> grad_handle: Ref(string)",
        SOURCE,
        unknown,
        _only_handle(_gradient),
        is_stateful=True,
        deprecation=(16, "Use TensorArrayGradV3"),
    ),
    Op(
        "TensorArrayGradV2",
        "handle: string, flow_in: float -> grad_handle: string",
        SOURCE,
        reference,
        _only_handle(_gradient),
        is_stateful=True,
        deprecation=(26, "Use TensorArrayGradV3"),
    ),
    Op(
        "TensorArrayGradV3",
        "handle: resource, flow_in: float -> grad_handle: resource, flow_out: float",
        SOURCE,
        _handle_and_flow,
        _gradient,
        is_stateful=True,
    ),
    Op(
        "TensorArrayGradWithShape",
        "handle: resource, flow_in: float, shape_to_prepend: int32 -> grad_handle: resource, flow_out: float",
        SOURCE,
        _handle_and_flow,
        _gradient,
        is_stateful=True,
    ),
    *_versions(
        "Write", ", index: int32, value: T, flow_in: float -> flow_out: float", T, (scalar, _write), _since("Write")
    ),
    *_versions("Read", ", index: int32, flow_in: float -> value: dtype", (DTYPE,), (unknown, _read), _since("Read")),
    *_versions(
        "Gather",
        ", indices: int32, flow_in: float -> value: dtype",
        (DTYPE, ANY_SHAPE),
        (_gather_shape, _gather),
        _since("Gather"),
    ),
    *_versions(
        "Scatter",
        ", indices: int32, value: T, flow_in: float -> flow_out: float",
        T,
        (scalar, _scatter),
        _since("Scatter", 19, "Grad"),
    ),
    *_versions(
        "Concat",
        ", flow_in: float -> value: dtype, lengths: int64",
        (DTYPE, REST),
        (_concat_shape, _concat),
        ((16, "Use TensorArrayGradV3"), None),
    ),
    *_versions(
        "Split",
        ", value: T, lengths: int64, flow_in: float -> flow_out: float",
        T,
        (scalar, _split),
        _since("Split"),
    ),
    *_versions("Size", ", flow_in: float -> size: int32", (), (scalar, _size), _since("Size")),
    *_versions("Close", " ->", (), (no_outputs, _close), _since("Close")),
    Op(
        "TensorArrayPack",
        "handle: Ref(string), flow_in: float -> value: dtype",
        (DTYPE, ANY_SHAPE),
        _pack_shape,
        _pack,
        deprecation=(16, "Use TensorArrayGatherV3 with RangeOp"),
    ),
    Op(
        "TensorArrayUnpack",
        "handle: Ref(string), value: T, flow_in: float -> flow_out: float",
        T,
        scalar,
        _unpack,
        deprecation=(20, "Use TensorArrayScatterV3 with RangeOp"),
    ),
)
