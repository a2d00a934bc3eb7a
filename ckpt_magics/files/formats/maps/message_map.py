"""The fields of a protocol buffer's message as ranges of bytes, by the names that its descriptor has for them.

Format: as `wire.fields`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial
from typing import cast

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.maps.byte_range import ByteRange, Inside
from ckpt_magics.files.formats.maps.cursor import FileCursor
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.wire.fields import FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, int64

__all__ = ["map_message", "map_message_file", "shortened_value"]

_MOST_SHOWN = 60
"""Bytes of a value that are shown."""
_FIXED = {FIXED32: 4, FIXED64: 8}
_FLOATS = {FieldDescriptor.TYPE_FLOAT: "<f", FieldDescriptor.TYPE_DOUBLE: "<d"}
_BYTES = {FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES}


def shortened_value(data: bytes, size: int | None = None) -> str:
    """Return bytes as the text that they are, the first of them if there are many; their number then.

    >>> shortened_value(b"abc"), shortened_value(b"ab", 4000)
    ("'abc'", "'ab…' of 4,000 bytes")
    """
    size = len(data) if size is None else size
    start = data[: min(size, _MOST_SHOWN)]
    text = start.decode("utf-8", "backslashreplace")
    return f"'{text}'" if size <= len(start) else f"'{text}…' of {size:,} bytes"


def map_message(file: RandomAccessFile, start: int, end: int, message: type[Message]) -> Iterator[ByteRange]:
    """Yield the fields of a message.

    Args:
        file: Where it is.
        start: Where it begins.
        end: Where it ends.
        message: What says the fields' names; those that it does not know go by their numbers.

    Raises:
        DataLossError: A field is malformed.
    """
    return _map_fields(file, start, end, cast("Descriptor", message.DESCRIPTOR))


def _map_fields(file: RandomAccessFile, start: int, end: int, message: Descriptor) -> Iterator[ByteRange]:
    cursor = FileCursor(file, start, end)
    while cursor.left > 0:
        place = cursor.position
        tag = cursor.take_varint()
        field = message.fields_by_number.get(tag >> 3)
        name = f"field {tag >> 3}" if field is None else field.name
        text, inside = _value(cursor, tag & 7, field, name, place)
        yield ByteRange(place, cursor.position - place, name, text=text, inside=inside)


def map_message_file(message: type[Message], file: RandomAccessFile) -> Iterator[ByteRange]:
    """Yield the fields of a message that is all of a file; else as :func:`map_message`."""
    return map_message(file, 0, file.size, message)


def _value(
    cursor: FileCursor, wire_type: int, field: FieldDescriptor | None, name: str, tag: int
) -> tuple[str, Inside | None]:
    """Read a value; returns what it says, and what is in it."""
    if wire_type == VARINT:
        return _number(cursor.take_varint(), field), None
    if wire_type in _FIXED:
        size = _FIXED[wire_type]
        data = cursor.peek(size)
        cursor.skip(size, f"field {name}")
        return _fixed(data, field), None
    if wire_type != LENGTH_DELIMITED:
        raise DataLossError(f"field {name} has wire type {wire_type}, which is not known here")
    size = cursor.take_varint()
    data = cursor.peek(_MOST_SHOWN)
    place = cursor.skip(size, f"field {name}")
    if field is not None and field.message_type is not None:
        inside = partial(_map_inner, tag, place, cursor.position, field.message_type)
        return _message_words(field.message_type, data[:size], size), inside
    if field is None or field.type in _BYTES:
        return shortened_value(data, size) if size else "''", None
    return f"{size:,} bytes of numbers, packed", None


def _message_words(message: Descriptor, start: bytes, size: int) -> str:
    """The name of a message, and the text in front of it, which is mostly its own name."""
    first = message.fields_by_number.get(1)
    is_named = start[:1] == b"\x0a" and first is not None and first.type == FieldDescriptor.TYPE_STRING
    name = f" {shortened_value(start[2 : 2 + start[1]])}" if is_named and len(start) > 1 and start[1] < 0x80 else ""
    return f"{message.name}{name}, {size:,} bytes" if size else f"{message.name}, empty"


def _map_inner(tag: int, start: int, end: int, message: Descriptor, file: RandomAccessFile) -> Iterator[ByteRange]:
    yield ByteRange(tag, start - tag, "tag and length")
    yield from _map_fields(file, start, end, message)


def _number(number: int, field: FieldDescriptor | None) -> str:
    enum = None if field is None else field.enum_type
    if enum is not None and number in enum.values_by_number:
        return f"{number}, {enum.values_by_number[number].name}"
    if field is not None and field.type == FieldDescriptor.TYPE_BOOL:
        return str(bool(number))
    return f"{int64(number):,}"


def _fixed(data: bytes, field: FieldDescriptor | None) -> str:
    form = None if field is None else _FLOATS.get(field.type)
    if form is not None and struct.calcsize(form) == len(data):
        return repr(struct.unpack(form, data)[0])
    return f"{int.from_bytes(data, 'little'):#0{2 + 2 * len(data)}x}"
