"""What the index of a V2 checkpoint holds: a header under the empty key, and an entry under each tensor's name.

BundleHeaderProto, in order: num_shards (1), endianness (2, left out for little), version (3).

BundleEntryProto, in order: dtype (1); shape (2, always there); shard_id (3), offset (4) and size (5) of the bytes in
the data file; crc32c (6, fixed32, masked); slices (7, one per part of a partitioned tensor, which then has no bytes
of its own, and whose parts have entries under the keys of their slices). Zeros are left out.

Format: tensorflow/core/protobuf/tensor_bundle.proto, tensorflow/core/util/tensor_bundle/tensor_bundle.cc.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.dtypes import DType, dtype_by_number
from ckpt_magics.files.formats.shapes import decode_shape, encode_shape
from ckpt_magics.files.formats.tensor_slice import MAX_SLICES, TensorSlice
from ckpt_magics.files.formats.versions import Versions
from ckpt_magics.files.wire.fields import (
    FIXED32,
    LENGTH_DELIMITED,
    VARINT,
    encode_bytes_field,
    encode_varint_field,
    int32,
    int64,
    iter_fields,
)
from ckpt_magics.files.wire.varint import Buffer, encode_varint

HEADER_ENTRY_KEY = b""

MAX_SHARDS = 99_999
"""Data files of one checkpoint, as many as five digits can count; a header that says more is damaged."""

_BIG_ENDIAN = 1
_SLICES_FIELD = 7

MAX_ENTRY_FIELDS = 1000
"""Fields of one entry beside its slices. Writers make six; a message of nothing but fields takes long to read."""


class BundleHeader(NamedTuple):
    """The record under the empty key.

    Attributes:
        num_shards: Count of data files.
        big_endian: Whether the numbers in the data files have their highest byte first.
        producer: Version of the writer.
        min_consumer: Oldest version that can read the files.
        bad_consumers: Versions that cannot.
    """

    num_shards: int = 1
    big_endian: bool = False
    producer: int = 1
    min_consumer: int = 0
    bad_consumers: tuple[int, ...] = ()

    @property
    def versions(self) -> Versions:
        """The three version fields."""
        return Versions(*self[2:])


class BundleEntry(NamedTuple):
    """The record under a tensor's name, or under the key of a tensor slice.

    Attributes:
        dtype: Type of the elements.
        shape: Full shape of the tensor, or the shape of the slice.
        shard_id: Number of the data file.
        offset: Where the tensor's bytes begin there.
        size: How many they are.
        crc32c: Their masked checksum.
        slices: The parts of a partitioned tensor, whose own offset, size and checksum mean nothing.
    """

    dtype: DType
    shape: tuple[int, ...]
    shard_id: int = 0
    offset: int = 0
    size: int = 0
    crc32c: int = 0
    slices: tuple[TensorSlice, ...] = ()


def encode_header(header: BundleHeader) -> bytes:
    """Return the BundleHeaderProto message."""
    shards = encode_varint_field(1, header.num_shards) if header.num_shards else b""
    endianness = encode_varint_field(2, _BIG_ENDIAN) if header.big_endian else b""
    return shards + endianness + encode_bytes_field(3, header.versions.encode())


def decode_header(buffer: Buffer) -> BundleHeader:
    """Return what a BundleHeaderProto message says. Any endianness but 1 counts as little, as in TensorFlow.

    Raises:
        DataLossError: The bytes are no message, or the count of shards is negative or beyond MAX_SHARDS.
    """
    num_shards = endianness = 0
    version = b""
    for number, wire_type, value in iter_fields(buffer):
        if isinstance(value, memoryview):
            if number == 3 and wire_type == LENGTH_DELIMITED:
                version += value
        elif wire_type == VARINT:
            if number == 1:
                num_shards = int32(value)
            elif number == 2:
                endianness = int32(value)
    if not 0 <= num_shards <= MAX_SHARDS:
        raise DataLossError(f"bundle header counts {num_shards} shards")
    return BundleHeader(num_shards, endianness == _BIG_ENDIAN, *Versions.decode(version))


def encode_entry(entry: BundleEntry) -> bytes:
    """Return the BundleEntryProto message."""
    dtype, shape, shard_id, offset, size, crc, slices = entry
    message = encode_type(dtype.number, shape)
    if shard_id:
        message += b"\x18" + encode_varint(shard_id)
    if offset:
        message += b"\x20" + encode_varint(offset)
    if size:
        message += b"\x28" + encode_varint(size)
    if crc:
        message += b"\x35" + crc.to_bytes(4, "little")
    for part in slices:
        message += encode_bytes_field(7, part.encode_proto())
    return message


@lru_cache(maxsize=4096)
def encode_type(number: int, shape: tuple[int, ...]) -> bytes:
    """Encode dtype and shape, which many entries have in common."""
    return encode_varint_field(1, number) + encode_bytes_field(2, encode_shape(shape))


def decode_entry(buffer: Buffer) -> BundleEntry:
    """Return what a BundleEntryProto message says.

    Raises:
        DataLossError: The bytes are no message; or dtype, shape or range are none that a tensor can have.
    """
    message = bytes(buffer)
    return _decode_usual(message) or _decode_any(message)


def _decode_usual(message: bytes) -> BundleEntry | None:  # noqa: PLR0912 - one branch per field, for speed
    """Decode an entry as writers make them: no field twice, none unknown, no slices. None for any other.

    An index holds up to millions of these, so this is one loop with next to no calls. A number too large for its field,
    however long its varint, is left to the other decoder.
    """
    dtype = shard_id = offset = size = crc = 0
    shape: tuple[int, ...] | None = None
    position, end = 0, len(message)
    try:
        while position < end:
            key = message[position]
            if key == 0x35:  # crc32c
                crc = int.from_bytes(message[position + 1 : position + 5], "little")
                position += 5
                continue
            value = message[position + 1]
            position += 2
            if value >= 0x80:
                value &= 0x7F
                shift = 7
                while (byte := message[position]) >= 0x80:
                    value |= (byte & 0x7F) << shift
                    shift += 7
                    position += 1
                    if shift > 63:
                        return None
                value |= byte << shift
                position += 1
            if key == 0x28:
                size = value
            elif key == 0x20:
                offset = value
            elif key == 0x12 and shape is None:
                shape = _decode_cached_shape(message[position : position + value])
                position += value
            elif key == 0x08:
                dtype = value
            elif key == 0x18:
                shard_id = value
            else:
                return None
    except (IndexError, DataLossError):
        return None
    if position != end or shape is None or max(shard_id, dtype) >> 31 or max(offset, size) >> 63:
        return None
    return BundleEntry(dtype_by_number(dtype), shape, shard_id, offset, size, crc)


def _decode_any(message: bytes) -> BundleEntry:
    """Decode an entry field by field, as protobuf would: the last of a number counts, parts of a message add up."""
    numbers = dict.fromkeys(range(1, 7), 0)
    shape = b""
    slices: list[TensorSlice] = []
    others = 0
    for number, wire_type, value in iter_fields(message):
        others += number != _SLICES_FIELD
        if others > MAX_ENTRY_FIELDS:
            raise DataLossError(f"bundle entry has more than {MAX_ENTRY_FIELDS} fields beside its slices")
        if isinstance(value, memoryview):
            if number == 2 and wire_type == LENGTH_DELIMITED:
                shape += value
            elif number == _SLICES_FIELD and wire_type == LENGTH_DELIMITED:
                slices.append(TensorSlice.decode_proto(value))
                if len(slices) > MAX_SLICES:
                    raise DataLossError(f"bundle entry has more than {MAX_SLICES} slices")
        elif wire_type == (FIXED32 if number == 6 else VARINT):
            numbers[number] = value
    dtype, shard_id = dtype_by_number(int32(numbers[1])), int32(numbers[3])
    offset, size = int64(numbers[4]), int64(numbers[5])
    if min(shard_id, offset, size) < 0:
        raise DataLossError(f"Invalid range in bundle entry: shard {shard_id}, offset {offset}, size {size}")
    return BundleEntry(dtype, decode_shape(shape), shard_id, offset, size, numbers[6], tuple(slices))


_decode_cached_shape = lru_cache(maxsize=4096)(decode_shape)
