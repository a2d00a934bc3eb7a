"""Protocol-buffer fields, read and written without the protobuf library.

For records that are read by the hundred thousand, or that nobody vouches for: a message is walked field by field, and
nothing is copied. A field is a varint key (field number << 3 | wire type) and a value in one of these forms: varint
(0), 8 bytes (1), varint length and bytes (2), group (3 to 4, obsolete, skipped), 4 bytes (5).

Format: protobuf's wire format, as google/protobuf/wire_format_lite.h has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.wire.varint import Buffer, decode_varint, encode_varint

VARINT = 0
FIXED64 = 1
LENGTH_DELIMITED = 2
START_GROUP = 3
END_GROUP = 4
FIXED32 = 5

MAX_GROUP_DEPTH = 100
"""Groups inside groups that are skipped before the message is refused, as protobuf's own limit."""


def iter_fields(buffer: Buffer) -> Iterator[tuple[int, int, int | memoryview]]:
    """Yield (field number, wire type, value) for each field of a message, in the order of the bytes.

    The value is an int for varints and fixed sizes (unsigned), a view of the bytes for length-delimited fields.
    Groups are skipped.

    Raises:
        DataLossError: A field is cut off, has number 0 or an unknown wire type, or groups do not match.
    """
    view = memoryview(buffer)
    position, end = 0, len(view)
    groups: list[int] = []
    while position < end:
        key, position = decode_varint(view, position)
        number, wire_type = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise DataLossError(f"field number {number} is not possible")
        value: int | memoryview
        if wire_type == VARINT:
            value, position = decode_varint(view, position)
        elif wire_type == START_GROUP and len(groups) < MAX_GROUP_DEPTH:
            groups.append(number)
            continue
        elif wire_type in {START_GROUP, END_GROUP}:
            if wire_type == START_GROUP or not groups or groups.pop() != number:
                raise DataLossError("groups do not match or are too deep")
            continue
        else:
            size, position = _value_size(view, position, wire_type)
            if size > end - position:
                raise DataLossError(f"field {number} is cut off")
            value = view[position : position + size]
            position += size
            if wire_type != LENGTH_DELIMITED:
                value = int.from_bytes(value, "little")
        if not groups:
            yield number, wire_type, value
    if groups:
        raise DataLossError("group has no end")


def _value_size(view: memoryview, position: int, wire_type: int) -> tuple[int, int]:
    """Return the size of a value that is not a varint, in bytes, and where it starts."""
    if wire_type == LENGTH_DELIMITED:
        return decode_varint(view, position)
    if wire_type == FIXED32:
        return 4, position
    if wire_type == FIXED64:
        return 8, position
    raise DataLossError(f"wire type {wire_type} is not known")


def int64(value: int) -> int:
    """Return the signed number that a varint of 64 bits stands for."""
    return value - (1 << 64) if value >> 63 else value


def int32(value: int) -> int:
    """Return the signed number of 32 bits that a varint stands for; higher bits do not count, as in protobuf."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def encode_varint_field(number: int, value: int) -> bytes:
    """Return one varint field; a negative value is written as int64."""
    return encode_varint(number << 3 | VARINT) + encode_varint(value & 0xFFFFFFFFFFFFFFFF)


def encode_bytes_field(number: int, data: Buffer) -> bytes:
    """Return one length-delimited field: a string, bytes or an encoded message."""
    return b"".join((encode_varint(number << 3 | LENGTH_DELIMITED), encode_varint(len(data)), data))


def encode_fixed32_field(number: int, value: int) -> bytes:
    """Return one 4-byte field (0 <= value < 2**32)."""
    return encode_varint(number << 3 | FIXED32) + value.to_bytes(4, "little")
