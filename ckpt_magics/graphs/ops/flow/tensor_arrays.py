"""Ops of arrays of tensors, in which loops keep what each iteration gives.

An array is made by each run that gets to its op, and lives as long as the run holds its handle. What is written is read
through the ``flow`` of the op that wrote, which orders the two and holds nothing.

Format: tensorflow/core/kernels/tensor_array.h, tensor_array_ops.cc, core/ops/data_flow_ops.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, fits, merge_shapes, shape_from_proto
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

__all__ = ["ROWS", "TensorArrayState"]


@dataclass(slots=True)
class _Element:
    """One place of an array.

    Attributes:
        written: It was written to.
        value: What was written; None stands for zeros of ``shape``.
        shape: Shape of what was written.
        was_read: It was read.
    """

    written: bool = False
    value: Array | None = None
    shape: tuple[int, ...] = ()
    was_read: bool = False


class TensorArrayState:
    """One array of tensors.

    Args:
        dtype: Type of every element.
        size: How many there are at first.
        element_shape: What the shape of each must be.
        is_dynamic: Writing behind the end makes it longer.
        clears: What was read is forgotten.
        is_identical: All have one shape.
        adds_up: A place is written to more than once, and holds the sum, as gradients do.
    """

    def __init__(
        self,
        dtype: DType,
        size: int,
        element_shape: Shape,
        *,
        is_dynamic: bool = False,
        clears: bool = True,
        is_identical: bool = False,
        adds_up: bool = False,
    ) -> None:
        if size < 0:
            raise InvalidArgumentError(f"Size should be >= 0, but is {size}")
        self.dtype = dtype
        self.is_dynamic = is_dynamic
        self._element_shape = element_shape
        self._clears = clears
        self._is_identical = is_identical
        self._adds_up = adds_up
        self._size = size
        # Only those that something is known of: a damaged graph may ask for more than there is memory for.
        self._elements: dict[int, _Element] = {}
        self._gradients: dict[bytes, TensorArrayState] = {}

    def __len__(self) -> int:
        return self._size

    def write(self, index: int, value: Array) -> None:
        """Put a tensor into a place.

        Raises:
            InvalidArgumentError: There is no such place, it is taken, or the tensor does not fit.
        """
        element = self._place_to_write(index)
        if not fits(np.shape(value), self._element_shape):
            raise InvalidArgumentError(
                f"Could not write to TensorArray index {index} because the value shape is "
                f"{format_shape(np.shape(value))} which is incompatible with the TensorArray's inferred element shape: "
                f"{self._element_shape} (consider setting infer_shape=False)."
            )
        if self._is_identical:
            self._element_shape = np.shape(value)
        if element.written:
            value = self._sum(index, element, value)
        element.written, element.value, element.shape = True, value, np.shape(value)

    def _place_to_write(self, index: int) -> _Element:
        if self.is_dynamic:
            self._size = max(self._size, index + 1)
        if not 0 <= index < len(self):
            raise InvalidArgumentError(
                f"Tried to write to index {index} but array is not resizeable and size is: {len(self)}"
            )
        return self._elements.setdefault(index, _Element())

    def _sum(self, index: int, element: _Element, value: Array) -> Array:
        if element.was_read:
            raise InvalidArgumentError(
                f"Could not write to TensorArray index {index} because it has already been read."
            )
        if not self._adds_up:
            raise InvalidArgumentError(
                f"Could not write to TensorArray index {index} because it has already been written to."
            )
        if np.shape(value) != element.shape:
            raise InvalidArgumentError(
                f"Could not aggregate to TensorArray index {index} because the existing shape is "
                f"{format_shape(element.shape)} but the new input shape is {format_shape(np.shape(value))}."
            )
        return value if element.value is None else np.add(element.value, value)

    def read(self, index: int) -> Array:
        """Return what is in a place, zeros where nothing was written and the shape is known.

        Raises:
            InvalidArgumentError: There is no such place, or nothing in it.
        """
        if not 0 <= index < len(self):
            raise InvalidArgumentError(f"Tried to read from index {index} but array size is: {len(self)}")
        element = self._elements.setdefault(index, _Element())
        if element.was_read and self._clears:
            raise InvalidArgumentError(
                f"Could not read index {index} twice because it was cleared after a previous read (perhaps try setting "
                "clear_after_read = false?)"
            )
        value = self._zeros(index, element) if element.value is None else element.value
        element.was_read = True
        if self._clears:
            element.value = None
        return value

    def _zeros(self, index: int, element: _Element) -> Array:
        shape: Shape = element.shape if element.written else self._element_shape
        return zeros(self.dtype, _defined(shape, f"Could not read from TensorArray index {index}"))

    def element_shape(self, asked: Shape) -> tuple[int, ...]:
        """Return the shape of every element, for an array without any.

        Raises:
            InvalidArgumentError: It is not known.
        """
        return _defined(merge_shapes([self._element_shape, asked]), "TensorArray has size zero")

    def gradient(self, source: bytes, prepended: tuple[int, ...]) -> TensorArrayState:
        """Return the array that collects gradients for this one, one for each source.

        Args:
            source: Which gradient it is of several.
            prepended: Dimensions that each element has before those of this array's.
        """
        self.is_dynamic = False
        if source not in self._gradients:
            shape = None if self._element_shape is None else (*prepended, *self._element_shape)
            made = TensorArrayState(
                self.dtype, len(self), shape, clears=self._clears, is_identical=self._is_identical, adds_up=True
            )
            made._elements = {
                index: _Element(written=True, shape=(*prepended, *own.shape))
                for index, own in self._elements.items()
                if own.written
            }
            self._gradients[source] = made
        return self._gradients[source]

    def close(self) -> None:
        """Forget every element."""
        self._elements.clear()
        self._size = 0


def _defined(shape: Shape, what: str) -> tuple[int, ...]:
    if shape is None or None in shape:
        raise InvalidArgumentError(f"{what}, but element shape {shape} is not fully defined")
    return tuple(size for size in shape if size is not None)


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
        return zeros(array.dtype, (0, *_defined(asked, "TensorArray has size zero"))), np.zeros(0, np.int64)
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
