"""How the pickle in a PyTorch file says a tensor: where its elements lie, and how many of which dtype.

A tensor is a call of ``torch._utils._rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks)``; or of
``_rebuild_tensor_v3``, with the dtype behind that, for the dtypes that have no storage class; or of
``_rebuild_parameter`` around one of these. The storage is a persistent id, ``("storage", class, key, device,
elements)``; the elements are counted as the class has them, bytes if it is untyped. Offset and strides count elements
of the tensor. Several tensors may lie in one storage, and overlap; of those that are written here each has its own.

Format: torch/serialization.py (_save, persistent_id) and torch/_utils.py of PyTorch 2.13.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError, DataLossError, InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.files.formats.pickle_tree import MAX_PICKLE, Applied, Global, Items, Persistent
from ckpt_magics.files.formats.shapes import checked_shape, dense_strides, format_shape, span_of

__all__ = [
    "DTYPES",
    "PLAIN_HELP",
    "StorageId",
    "StridedPlace",
    "encode_state_dict",
    "plain_value",
    "storage_id",
    "tensor_of_call",
]

STORAGE_CLASSES: dict[str, DType] = {
    "DoubleStorage": as_dtype("float64"),
    "FloatStorage": as_dtype("float32"),
    "HalfStorage": as_dtype("float16"),
    "BFloat16Storage": as_dtype("bfloat16"),
    "LongStorage": as_dtype("int64"),
    "IntStorage": as_dtype("int32"),
    "ShortStorage": as_dtype("int16"),
    "CharStorage": as_dtype("int8"),
    "ByteStorage": as_dtype("uint8"),
    "BoolStorage": as_dtype("bool"),
    "ComplexFloatStorage": as_dtype("complex64"),
    "ComplexDoubleStorage": as_dtype("complex128"),
}
"""The classes of storages whose elements have a dtype."""

UNTYPED = Global("torch.storage", "UntypedStorage")

DTYPES: tuple[DType, ...] = (
    *STORAGE_CLASSES.values(),
    *map(
        as_dtype,
        ["uint16", "uint32", "uint64", "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz"],
    ),
)
"""The dtypes that PyTorch and TensorFlow both have; both call them the same."""

_DTYPES = {dtype.name: dtype for dtype in DTYPES}

_READ_CLASSES = STORAGE_CLASSES | {
    "QInt8Storage": as_dtype("qint8"),
    "QUInt8Storage": as_dtype("quint8"),
    "QInt32Storage": as_dtype("qint32"),
}
"""Quantized tensors are not read, but what lies behind their elements in a file can only be found by their size."""

_CLASS_NAMES = {dtype: name for name, dtype in STORAGE_CLASSES.items()}

ORDERED_DICT = Global("collections", "OrderedDict")
_REBUILD = Global("torch._utils", "_rebuild_tensor_v2")
_REBUILD_WITH_DTYPE = Global("torch._utils", "_rebuild_tensor_v3")

_MAX_DEPTH = 100
"""Parameters of parameters."""

PLAIN_HELP = "Save tensors, numbers, dicts and lists alone, such as model.state_dict()."
_RESOLVE = "Save tensor.resolve_conj().resolve_neg() in its place."


class StorageId(NamedTuple):
    """What a pickle says about a storage.

    Attributes:
        key: Its name.
        dtype: Of its elements; None if they are bytes.
        elements: How many it has.
        start: First element of the part that is meant.
        length: Elements of that part.
    """

    key: str
    dtype: DType | None
    elements: int
    start: int
    length: int

    @property
    def itemsize(self) -> int:
        """Bytes of an element."""
        return 1 if self.dtype is None else self.dtype.itemsize


class StridedPlace(NamedTuple):
    """Where a tensor lies in a storage.

    Attributes:
        storage: The storage.
        dtype: Of the elements.
        offset: Of the first element, in bytes from the start of the storage.
        shape: Sizes of the dimensions.
        strides: What lies between neighbours in each dimension, in elements.
    """

    storage: StorageId
    dtype: DType
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @property
    def span(self) -> int:
        """Bytes from the start of the first element to the end of the last; 0 if there are none."""
        return span_of(self.shape, self.strides) * self.dtype.itemsize


def storage_id(value: object) -> StorageId:
    """Return what a persistent id says.

    Raises:
        DataLossError: It is that of no storage.
        UnimplementedError: The elements are of a dtype that TensorFlow has not.
    """
    if not isinstance(value, tuple) or len(value) not in {5, 6} or value[0] not in ("storage", b"storage"):
        raise DataLossError("a persistent id in the pickle names no storage")
    _, kind, key, _, elements = value[:5]
    if not isinstance(kind, Global) or not isinstance(key, str) or not _is_count(elements):
        raise DataLossError("a storage in the pickle has no class, key and number of elements")
    start, length = _view(value[5] if len(value) == 6 else None, elements)
    return StorageId(key, _storage_dtype(kind), elements, start, length)


def _view(view: object, elements: int) -> tuple[int, int]:
    """Return start and length of the part that an old file's storage is of another, in elements."""
    if view is None:
        return 0, elements
    if isinstance(view, tuple) and len(view) == 3 and _is_count(view[1]) and _is_count(view[2]):
        start, length = view[1:]
        if start + length <= elements:
            return start, length
    raise DataLossError("a storage in the pickle is no part of the one that it should be a part of")


def _storage_dtype(kind: Global) -> DType | None:
    if kind == UNTYPED:
        return None
    if kind.module not in {"torch", "torch.cuda"} or kind.name not in _READ_CLASSES:
        raise UnimplementedError(f"a storage of class {kind} has no counterpart in TensorFlow", hint=PLAIN_HELP)
    return _READ_CLASSES[kind.name]


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def plain_value(value: Applied) -> object:
    """Return the dict or tuple that a call makes; the call itself of anything else."""
    name = f"{value.function.module}.{value.function.name}"
    if name == "collections.OrderedDict" and value.arguments == ():
        return value.items if value.items is not None else Items()
    if name == "torch.Size":
        (sizes,) = value.arguments if isinstance(value.arguments, tuple) and len(value.arguments) == 1 else (None,)
        return sizes
    return value


def tensor_of_call(call: Applied, depth: int = 0) -> StridedPlace | None:
    """Return the tensor that a call makes; None of an object that is left out."""
    arguments = call.arguments if type(call.arguments) is tuple else ()
    name = f"{call.function.module}.{call.function.name}"
    try:
        if name in {"torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2"}:
            _refuse_views(arguments[6:])
            return _tensor(arguments[:4], None)
        if name == "torch._utils._rebuild_tensor_v3":
            _refuse_views(arguments[7:])
            return _tensor(arguments[:4], arguments[6])
        inner = _inner(name, arguments)
    except (TypeError, IndexError, ValueError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise DataLossError(f"{visible(name[:200])} is called with other arguments than a tensor's") from error
    return tensor_of_call(inner, depth + 1) if inner is not None and depth < _MAX_DEPTH else None


def _inner(name: str, arguments: tuple[object, ...]) -> Applied | None:
    """Return the call of which a parameter or a buffer is made; None of anything else."""
    if name in {"torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"}:
        return arguments[0] if isinstance(arguments[0], Applied) else None
    if name == "torch._tensor._rebuild_from_type_v2":
        function, kind, inner = arguments[:3]
        if isinstance(function, Global) and kind in _PLAIN_TYPES:
            return Applied(function, inner)
    return None


_PLAIN_TYPES = (
    Global("torch", "Tensor"),
    Global("torch.nn.parameter", "Parameter"),
    Global("torch.nn.parameter", "Buffer"),
)
"""The classes of tensors that are nothing but tensors."""


def _refuse_views(metadata: tuple[object, ...]) -> None:
    """Refuse a tensor whose values are to be conjugated or negated when they are read."""
    marks = metadata[0] if metadata else None
    if isinstance(marks, Items) and any(value for _, value in marks):
        raise UnimplementedError("the values are stored without the conjugation or sign that they have", hint=_RESOLVE)


def _tensor(arguments: tuple[object, ...], dtype: object) -> StridedPlace:
    """Return a tensor of storage, offset, shape and strides that keeps within its storage."""
    storage, offset, shape, strides = arguments
    if not isinstance(storage, Persistent):
        raise TypeError("no storage")
    found = storage_id(storage.value)
    element = found.dtype if dtype is None else _dtype_named(dtype)
    sizes, steps = _counts(shape), _counts(strides)
    if element is None or len(sizes) != len(steps) or not _is_count(offset) or not isinstance(offset, int):
        raise TypeError("no tensor")
    start = found.start * found.itemsize
    place = StridedPlace(found, element, start + offset * element.itemsize, checked_shape(sizes), steps)
    if not place.span:
        # Where a view begins that has no elements does not matter, and may be beyond the end.
        return place._replace(offset=start)
    if place.offset + place.span > (found.start + found.length) * found.itemsize:
        raise DataLossError(
            f"a tensor of shape {format_shape(sizes)} and strides {format_shape(steps)} reaches beyond its storage"
        )
    return place


def _counts(value: object) -> tuple[int, ...]:
    if isinstance(value, Applied):
        value = plain_value(value)
    if type(value) is not tuple or not all(map(_is_count, value)):
        raise TypeError("no counts")
    return value


def _dtype_named(value: object) -> DType:
    if not isinstance(value, Global) or value.module != "torch":
        raise TypeError("no dtype")
    if value.name not in _DTYPES:
        raise UnimplementedError(f"dtype {value} has no counterpart in TensorFlow", hint="Save tensor.float() instead.")
    return _DTYPES[value.name]


def encode_state_dict(tensors: Iterable[tuple[str, DType, tuple[int, ...]]]) -> bytes:
    """Return the pickle of a dict of tensors, each with a storage of its own: ``0``, ``1`` and so on.

    Args:
        tensors: Name, dtype and shape of each.

    Raises:
        InvalidArgumentError: It would be larger than a pickle may be that is read.
    """
    parts = [b"\x80\x02}("]
    parts += (_text(name) + _tensor_call(key, dtype, shape) for key, (name, dtype, shape) in enumerate(tensors))
    data = b"".join([*parts, b"u."])
    if len(data) > MAX_PICKLE:
        raise InvalidArgumentError(
            f"the pickle would have {len(data):,} bytes, and {MAX_PICKLE:,} are read at most",
            hint="Save fewer tensors, or in several files.",
        )
    return data


def _tensor_call(key: int, dtype: DType, shape: tuple[int, ...]) -> bytes:
    kind = _CLASS_NAMES.get(dtype)
    elements = math.prod(shape)
    storage = _tuple(
        _text("storage"),
        _name(Global("torch", kind) if kind is not None else UNTYPED),
        _text(str(key)),
        _text("cpu"),
        _integer(elements if kind is not None else elements * dtype.itemsize),
    )
    strides = dense_strides(tuple(max(size, 1) for size in shape))
    hooks = _name(ORDERED_DICT) + b")R"
    arguments = [storage + b"Q", _integer(0), _tuple(*map(_integer, shape)), _tuple(*map(_integer, strides))]
    arguments += [b"\x89", hooks]
    if kind is None:
        arguments.append(_name(Global("torch", dtype.name)))
    return _name(_REBUILD if kind is not None else _REBUILD_WITH_DTYPE) + _tuple(*arguments) + b"R"


def _name(name: Global) -> bytes:
    return f"c{name.module}\n{name.name}\n".encode()


def _tuple(*items: bytes) -> bytes:
    return b"(" + b"".join(items) + b"t"


def _text(text: str) -> bytes:
    data = text.encode("utf-8")
    return b"X" + len(data).to_bytes(4, "little") + data


def _integer(value: int) -> bytes:
    if value < 1 << 31:
        return b"J" + value.to_bytes(4, "little")
    return b"\x8a\x08" + value.to_bytes(8, "little")
