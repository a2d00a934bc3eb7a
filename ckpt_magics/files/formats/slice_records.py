"""What a V1 checkpoint holds: a list of its tensors under the empty key, and one record per slice.

Every value is a SavedTensorSlices message with one of two fields.

Under the empty key, meta (1), a SavedTensorSliceMeta: per tensor a SavedSliceMeta (1) with name (1), shape (2, always
there), type (3) and its slices (4, at least one, which for a whole tensor has no lengths); then versions (2).

Under the key of a slice, data (2), a SavedSlice: name (1), slice (2), and data (3), a TensorProto with the values:
:mod:`.slice_values`.

Format: tensorflow/core/util/saved_tensor_slice.proto, tensor_slice_writer.cc, tensor_slice_reader.cc.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.files.formats.block import Piece
from ckpt_magics.files.formats.dtypes import DType, dtype_by_number
from ckpt_magics.files.formats.shapes import decode_shape, encode_shape
from ckpt_magics.files.formats.slice_values import V1_DTYPES, check_values, decode_values, encode_values
from ckpt_magics.files.formats.tensor_slice import MAX_NAME_SIZE, MAX_SLICES, TensorSlice
from ckpt_magics.files.formats.versions import Versions
from ckpt_magics.files.wire.fields import (
    LENGTH_DELIMITED,
    VARINT,
    encode_bytes_field,
    encode_varint_field,
    int32,
    iter_fields,
)
from ckpt_magics.files.wire.varint import Buffer, encode_varint

__all__ = [
    "META_KEY",
    "V1_DTYPES",
    "SliceMeta",
    "check_saved_slice",
    "decode_meta",
    "decode_saved_slice",
    "encode_meta",
    "encode_saved_slice",
    "split_saved_slice",
]

META_KEY = b""


class SliceMeta(NamedTuple):
    """What the list under the empty key says of one tensor.

    Attributes:
        name: The tensor's name.
        shape: Its full shape.
        dtype: Type of its elements.
        slices: The slices that have records of their own, in the order they were written.
    """

    name: bytes
    shape: tuple[int, ...]
    dtype: DType
    slices: tuple[TensorSlice, ...]


def encode_meta(tensors: Sequence[SliceMeta], versions: Versions | None = None) -> bytes:
    """Return the record of the empty key; ``versions`` are by default those of this package."""
    meta = [encode_bytes_field(1, _encode_slice_meta(tensor)) for tensor in tensors]
    meta.append(encode_bytes_field(2, (versions or Versions()).encode()))
    return encode_bytes_field(1, b"".join(meta))


def _encode_slice_meta(tensor: SliceMeta) -> bytes:
    """Encode what the list says of one tensor."""
    fields = [encode_bytes_field(1, tensor.name), encode_bytes_field(2, encode_shape(tensor.shape))]
    fields.append(encode_varint_field(3, tensor.dtype.number))
    fields += (encode_bytes_field(4, part.encode_proto()) for part in tensor.slices)
    return b"".join(fields)


def decode_meta(buffer: Buffer) -> tuple[list[SliceMeta], Versions]:
    """Return the tensors that a V1 checkpoint lists, and its versions.

    Raises:
        DataLossError: The bytes are no such record; or a type, shape or slice is none that a tensor can have.
    """
    meta = _submessage(buffer, 1)
    if meta is None:
        raise DataLossError("record of the empty key holds no list of tensors")
    tensors = []
    versions = Versions(producer=0)
    for number, wire_type, value in iter_fields(meta):
        if wire_type == LENGTH_DELIMITED and isinstance(value, memoryview):
            if number == 1:
                tensors.append(_decode_slice_meta(value))
            elif number == 2:
                versions = Versions.decode(value)
    return tensors, versions


def _decode_slice_meta(buffer: memoryview) -> SliceMeta:
    """Decode what the list says of one tensor."""
    name = shape = b""
    number_of_type = 0
    slices = []
    try:
        for number, wire_type, value in iter_fields(buffer):
            if isinstance(value, int):
                if number == 3 and wire_type == VARINT:
                    number_of_type = int32(value)
            elif wire_type == LENGTH_DELIMITED:
                if number == 1:
                    if len(value) > MAX_NAME_SIZE:
                        raise DataLossError(f"a tensor's name has {len(value)} bytes, more than {MAX_NAME_SIZE}")
                    name = bytes(value)
                elif number == 2:
                    shape += value
                elif number == 4:
                    slices.append(TensorSlice.decode_proto(value))
                    if len(slices) > MAX_SLICES:
                        raise DataLossError(f"a tensor has more than {MAX_SLICES} slices")
        return SliceMeta(name, decode_shape(shape), dtype_by_number(number_of_type), tuple(slices))
    except CheckpointError as error:
        error.locate(tensor=name)
        raise


def check_saved_slice(name: bytes, part: TensorSlice, dtype: DType, count: int) -> None:
    """Refuse a slice of so many elements that :func:`encode_saved_slice` would refuse whatever they are."""
    check_values(dtype, count, head_size=len(_encode_head(name, part)))


def _encode_head(name: bytes, part: TensorSlice) -> bytes:
    return encode_bytes_field(1, name) + encode_bytes_field(2, part.encode_proto())


def encode_saved_slice(
    name: bytes, part: TensorSlice, arrays: Iterable[npt.NDArray[Any]], dtype: DType, count: int
) -> list[Piece]:
    """Return the record of one slice, in pieces that belong back to back.

    Args:
        name: Name of the tensor.
        part: Where the elements lie in it.
        arrays: The elements back to back; strings in one array. Large ones are only looked at when they are written.
        dtype: Type to store them as.
        count: Number of the elements.

    Raises:
        InvalidArgumentError: The elements are not of the type, or the record would be larger than 2 GiB.
        UnimplementedError: A V1 checkpoint cannot hold the type.
    """
    head = _encode_head(name, part)
    pieces = encode_values(arrays, dtype, count, head_size=len(head))
    size = sum(map(len, pieces))
    head += b"\x1a" + encode_varint(size)
    return [b"\x12" + encode_varint(len(head) + size) + head, *pieces]


def decode_saved_slice(
    buffer: Buffer, dtype: DType, shape: tuple[int, ...]
) -> tuple[bytes, TensorSlice, npt.NDArray[Any]]:
    """Return name, slice and elements of the record of one slice; see :func:`split_saved_slice`.

    TensorFlow reads packed and unpacked lists; this takes tensor_content too, which some writers use.

    Args:
        buffer: The record.
        dtype: Type of the tensor.
        shape: Full shape of the tensor, of which the record's slice is a part.

    Returns:
        The name, the slice, and a new array in the shape of the slice.

    Raises:
        DataLossError: The bytes are no such record, or hold more or fewer elements than the slice has, or others.
        InternalError: The slice is none of a tensor of this shape.
        UnimplementedError: A V1 checkpoint cannot hold the type, or NumPy cannot hold the shape.
    """
    name, part, data = split_saved_slice(buffer)
    return name, part, decode_values(data, dtype, part.shape(shape))


def split_saved_slice(buffer: Buffer) -> tuple[bytes, TensorSlice, memoryview]:
    """Return name, slice and the TensorProto of the record of one slice, a view of it.

    Raises:
        DataLossError: The bytes are no such record.
    """
    saved = _submessage(buffer, 2)
    if saved is None:
        raise DataLossError("record holds no tensor slice")
    name, part, data = b"", TensorSlice(()), memoryview(b"")
    for number, wire_type, value in iter_fields(saved):
        if wire_type == LENGTH_DELIMITED and isinstance(value, memoryview):
            if number == 1:
                name = bytes(value)
            elif number == 2:
                part = TensorSlice.decode_proto(value)
            elif number == 3:
                data = value
    return name, part, data


def _submessage(buffer: Buffer, number: int) -> memoryview | None:
    """Return the message in one field of another, None if it has none. Writers make one; the last counts."""
    found = None
    for field, wire_type, value in iter_fields(buffer):
        if field == number and wire_type == LENGTH_DELIMITED and isinstance(value, memoryview):
            found = value
    return found
