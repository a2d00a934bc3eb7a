"""The values of one slice in a V1 checkpoint: a TensorProto that has neither dtype nor shape.

It holds only the list that the tensor's type calls for: packed numbers in one field, or a string field per element, and
nothing at all for a tensor without elements. Numbers are little-endian float or double, or varints: integers of less
than 64 bits as int32, so that a negative one takes ten bytes; half as its 16 bits.

Format: tensorflow/core/framework/tensor.proto, tensorflow/core/util/saved_tensor_slice_util.h.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import DataLossError, InvalidArgumentError, UnimplementedError
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats.block import LatePiece, Piece
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.number_bytes import COPY_SIZE, number_pieces
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.formats.string_data import string_elements
from ckpt_magics.files.formats.tensor_data import empty_array
from ckpt_magics.files.wire.fields import FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, encode_bytes_field, iter_fields
from ckpt_magics.files.wire.varint import (
    Buffer,
    count_varints,
    encode_packed_varints,
    encode_varint,
    iter_packed_varints,
)

MAX_RECORD_SIZE = 1 << 31
"""Bytes that TensorFlow allows a record, as its writer estimates them."""

_HEADER_ESTIMATE = 1024

_INTEGERS_AT_ONCE = 1 << 18
"""Integers that become varints in one step, which stay in the processor's cache."""


class _ValueField(NamedTuple):
    """How the elements of one type are written in a TensorProto.

    Attributes:
        number: Field number of the list.
        wire_type: How one number is written, packed or not.
        estimate: Bytes that TensorFlow's size limit counts for an element.
    """

    number: int
    wire_type: int
    estimate: int


_CONTENT_FIELD, _STRING_FIELD = 4, 8

_FIELDS = {
    dtypes.FLOAT: _ValueField(5, FIXED32, 4),
    dtypes.DOUBLE: _ValueField(6, FIXED64, 8),
    dtypes.INT32: _ValueField(7, VARINT, 10),
    dtypes.INT16: _ValueField(7, VARINT, 10),
    dtypes.INT8: _ValueField(7, VARINT, 10),
    dtypes.UINT8: _ValueField(7, VARINT, 2),
    dtypes.UINT16: _ValueField(7, VARINT, 3),
    dtypes.QINT8: _ValueField(7, VARINT, 10),
    dtypes.QUINT8: _ValueField(7, VARINT, 2),
    dtypes.QINT32: _ValueField(7, VARINT, 10),
    dtypes.STRING: _ValueField(_STRING_FIELD, LENGTH_DELIMITED, 10),
    dtypes.COMPLEX64: _ValueField(9, FIXED32, 8),
    dtypes.INT64: _ValueField(10, VARINT, 10),
    dtypes.BOOL: _ValueField(11, VARINT, 1),
    dtypes.COMPLEX128: _ValueField(12, FIXED64, 16),
    dtypes.HALF: _ValueField(13, VARINT, 3),
}

V1_DTYPES = frozenset(_FIELDS)
"""Types that a V1 checkpoint can hold."""


def check_values(dtype: DType, count: int, *, head_size: int, strings: Iterable[bytes] = ()) -> None:
    """Refuse what TensorFlow refuses to write.

    Args:
        dtype: Type of the elements.
        count: How many they are.
        head_size: Bytes of the record before the values; they count for the limit.
        strings: The elements, if they are strings.

    Raises:
        InvalidArgumentError: The record might be larger than 2 GiB; or TensorFlow's class for uint32 and uint64.
        UnimplementedError: A V1 checkpoint cannot hold the type.
    """
    if dtype in {dtypes.UINT32, dtypes.UINT64}:
        raise InvalidArgumentError(f"Tensor slice serialization not implemented for dtype {dtype.number}")
    if dtype not in V1_DTYPES:
        raise UnimplementedError(f"Saving data type {dtype.c_name} not yet supported")
    bound = head_size + _HEADER_ESTIMATE + count * _FIELDS[dtype].estimate + sum(map(len, strings))
    if bound > MAX_RECORD_SIZE:
        raise InvalidArgumentError(f"Tensor slice is too large to serialize (conservative estimate: {bound} bytes)")


def encode_values(arrays: Iterable[npt.NDArray[Any]], dtype: DType, count: int, *, head_size: int) -> list[Piece]:
    """Return the TensorProto of a value, in pieces that belong back to back.

    Args:
        arrays: The elements back to back; strings in one array. Large floats are only looked at when they are written,
            once.
        dtype: Type to store them as.
        count: Number of the elements.
        head_size: Bytes of the record before the values; they count for the limit.

    Raises:
        InvalidArgumentError: The elements are not of the type; or as :func:`check_values`.
        UnimplementedError: A V1 checkpoint cannot hold the type.
    """
    if dtype == dtypes.STRING:
        (array,) = arrays
        elements = string_elements(array)
        check_values(dtype, count, head_size=head_size, strings=elements)
        return [encode_bytes_field(_STRING_FIELD, element) for element in elements]
    check_values(dtype, count, head_size=head_size)
    field = _FIELDS[dtype]
    pieces = (piece for array in arrays for piece in number_pieces(array, dtype))
    size = count * dtype.itemsize
    values: Sequence[Piece]
    if field.wire_type == VARINT and dtype != dtypes.BOOL:
        values = list(_encode_integers(pieces, dtype))
    elif size > COPY_SIZE:
        values = [LatePiece(size, lambda: pieces)]
    else:
        values = list(pieces)
    size = sum(map(len, values))
    return [encode_varint(field.number << 3 | LENGTH_DELIMITED) + encode_varint(size), *values] if size else []


def _encode_integers(pieces: Iterable[memoryview], dtype: DType) -> Iterator[bytes]:
    """Yield the varints of integers given as bytes; in steps, for the work takes many times the memory of these."""
    stored = np.dtype(np.uint16) if dtype == dtypes.HALF else dtype.numpy
    for piece in pieces:
        numbers = np.frombuffer(piece, stored)
        for start in range(0, len(numbers), _INTEGERS_AT_ONCE):
            yield encode_packed_varints(numbers[start : start + _INTEGERS_AT_ONCE].astype(np.int64))


def decode_values(data: memoryview, dtype: DType, shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return the array of a TensorProto, of which the caller knows type and shape.

    TensorFlow reads packed and unpacked lists; this takes tensor_content too, which other writers use.

    Raises:
        DataLossError: The bytes are no message, or hold more or fewer elements than the shape, or others.
        UnimplementedError: A V1 checkpoint cannot hold the type, or NumPy cannot hold the shape.
    """
    if dtype not in V1_DTYPES:
        raise UnimplementedError(f"Reading data type {dtype.c_name} from a V1 checkpoint not supported")
    array: npt.NDArray[Any] | None = None
    filled = 0
    for part in iter_values(data, dtype, shape):
        # Not before the first part: by then the count of the elements has been compared.
        array = empty_array(shape, dtype) if array is None else array
        array.reshape(-1)[filled : filled + part.size] = part
        filled += part.size
    return empty_array(shape, dtype) if array is None else array


def iter_values(data: memoryview, dtype: DType, shape: tuple[int, ...]) -> Iterator[npt.NDArray[Any]]:
    """Yield the elements of a TensorProto in C order, in flat arrays of any sizes, which may be views of ``data``.

    Raises:
        DataLossError, UnimplementedError: As :func:`decode_values`; a wrong count of elements before the first.
    """
    if dtype not in V1_DTYPES:
        raise UnimplementedError(f"Reading data type {dtype.c_name} from a V1 checkpoint not supported")
    if dtype == dtypes.STRING:
        strings = _decode_strings(data)
        _check_count(len(strings), dtype, shape)
        elements: npt.NDArray[Any] = np.empty(len(strings), np.object_)
        elements[:] = strings
        yield elements
        return
    stream, content = _number_stream(data, _FIELDS[dtype])
    is_varint = _FIELDS[dtype].wire_type == VARINT
    raw = content or (b"" if is_varint else stream)
    if raw:
        if len(raw) % dtype.itemsize:
            raise DataLossError(f"Error copying slice data: {len(raw)} bytes are no {dtype.name} values")
        _check_count(len(raw) // dtype.itemsize, dtype, shape)
        yield np.frombuffer(raw, dtype.numpy)
        return
    stream = stream if is_varint else b""
    if stream and stream[-1] >= 0x80:
        raise DataLossError("varint is cut off")
    _check_count(count_varints(stream), dtype, shape)
    for numbers in iter_packed_varints(stream, _INTEGERS_AT_ONCE):
        yield _from_varints(numbers, dtype)


def _check_count(found: int, dtype: DType, shape: tuple[int, ...]) -> None:
    """Refuse more or fewer elements than a shape has."""
    if found != math.prod(shape):
        raise DataLossError(
            f"Error copying slice data: {found} {dtype.name} values found, "
            f"shape {format_shape(shape)} needs {math.prod(shape)}"
        )


def _decode_strings(data: memoryview) -> list[bytes]:
    """Decode the elements of a string tensor."""
    return [
        bytes(value)
        for number, wire_type, value in iter_fields(data)
        if number == _STRING_FIELD and wire_type == LENGTH_DELIMITED and isinstance(value, memoryview)
    ]


def _from_varints(numbers: npt.NDArray[np.uint64], dtype: DType) -> npt.NDArray[Any]:
    """Return the elements that varints stand for."""
    if dtype == dtypes.HALF:
        return numbers.astype(np.uint16).view(np.float16)
    return numbers != 0 if dtype == dtypes.BOOL else numbers.view(np.int64).astype(dtype.numpy)


def _number_stream(data: memoryview, field: _ValueField) -> tuple[Buffer, Buffer]:
    """Gather the packed list of a TensorProto, and its tensor_content.

    A list may come in several parts, packed or not; joined, they are one packed list.
    """
    stream: Buffer = b""
    content: Buffer = b""
    for number, wire_type, value in iter_fields(data):
        if number == _CONTENT_FIELD and isinstance(value, memoryview):
            content = value if wire_type == LENGTH_DELIMITED else content
        if number != field.number or wire_type not in {LENGTH_DELIMITED, field.wire_type}:
            continue
        piece = value if isinstance(value, memoryview) else _encode_number(value, wire_type)
        if not stream:
            stream = piece
            continue
        if not isinstance(stream, bytearray):
            stream = bytearray(stream)
        stream += piece
    return stream, content


def _encode_number(value: int, wire_type: int) -> bytes:
    """Return a number of an unpacked list as it would stand in a packed one."""
    if wire_type == VARINT:
        return encode_varint(value)
    return value.to_bytes(4 if wire_type == FIXED32 else 8, "little")
