"""The bytes of a zip archive: members with their headers, the central directory, the end records.

Format: as `stored_zip`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.files.formats.maps.byte_range import ByteRange, Inside
from ckpt_magics.files.formats.maps.cursor import FileCursor
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.formats.stored_zip import (
    CENTRAL,
    CENTRAL_MAGIC,
    DESCRIPTOR_MAGIC,
    END,
    END_64,
    END_64_MAGIC,
    END_MAGIC,
    LOCAL,
    LOCAL_MAGIC,
    LOCATOR_64,
    LOCATOR_64_MAGIC,
    MAX_32,
    ZIP64,
)

__all__ = ["MapMember", "ZipMember", "map_zip"]

_LONGEST_COMMENT = 0xFFFF


class ZipMember(NamedTuple):
    """A member of an archive.

    Attributes:
        name: Its name.
        method: How it is packed; 0 is not at all.
        crc: CRC-32 of its bytes, unpacked.
        size: Its bytes as they lie there.
        whole: Its bytes, unpacked.
        offset: Where its header is.
    """

    name: bytes
    method: int
    crc: int
    size: int
    whole: int
    offset: int


MapMember = Callable[[ZipMember, int], ByteRange]
"""Returns the range of a member's bytes, given where they start."""


def map_zip(file: RandomAccessFile, map_member: MapMember) -> Iterator[ByteRange]:
    """Yield what an archive consists of.

    Args:
        file: The archive.
        map_member: Tells what the bytes of a member are.

    Raises:
        DataLossError: It has no end record, or a damaged directory.
    """
    end = _find_end(file)
    yield ByteRange(end, file.size - end, "end record", text="where the central directory is")
    start, size, ends = _directory_place(file, end)
    yield from ends
    members = list(_members(file, start, start + size))
    directory = partial(_map_directory, start, start + size)
    text = f"names and places of {len(members):,} members"
    yield ByteRange(start, size, "central directory", text=text, inside=directory)
    for member in members:
        yield from _member_ranges(file, member, map_member)


def _find_end(file: RandomAccessFile) -> int:
    size = min(file.size, END.size + _LONGEST_COMMENT)
    tail = file.read_at(file.size - size, size, "end of the archive")
    at = tail.rfind(END_MAGIC.to_bytes(4, "little"))
    if at < 0 or len(tail) - at < END.size:
        raise DataLossError("the archive has no end record: it was cut off, or is none")
    return file.size - size + at


def _directory_place(file: RandomAccessFile, end: int) -> tuple[int, int, list[ByteRange]]:
    """Where the central directory is, and the ranges of the end records of ZIP64."""
    fields = END.unpack(file.read_at(end, END.size, "end record"))
    size, start = fields[5:7]
    locator = end - LOCATOR_64.size
    if locator < 0 or file.read_at(locator, 4, "locator") != LOCATOR_64_MAGIC.to_bytes(4, "little"):
        return start, size, []
    place = LOCATOR_64.unpack(file.read_at(locator, LOCATOR_64.size, "locator"))[2]
    large = END_64.unpack(file.read_at(place, END_64.size, "ZIP64 end record"))
    if large[0] != END_64_MAGIC:
        raise DataLossError("the archive's ZIP64 end record is damaged", offset=place)
    ranges = [
        ByteRange(place, END_64.size, "ZIP64 end record"),
        ByteRange(locator, LOCATOR_64.size, "ZIP64 locator", text=f"the end record is at {place:,}"),
    ]
    return large[9], large[8], ranges


def _members(file: RandomAccessFile, start: int, end: int) -> Iterator[ZipMember]:
    return (member for member, _, _ in _records(file, start, end))


def _records(file: RandomAccessFile, start: int, end: int) -> Iterator[tuple[ZipMember, int, int]]:
    cursor = FileCursor(file, start, end)
    while cursor.left > 0:
        place = cursor.position
        fields = CENTRAL.unpack(_exactly(cursor, CENTRAL.size))
        if fields[0] != CENTRAL_MAGIC:
            raise DataLossError("the archive's central directory is damaged", offset=place)
        name = _exactly(cursor, fields[10])
        extra = _exactly(cursor, fields[11])
        cursor.skip(fields[12], "comment")
        size, whole, offset = _large((fields[8], fields[9], fields[16]), extra)
        yield ZipMember(name, fields[4], fields[7], size, whole, offset), place, cursor.position


def _large(numbers: tuple[int, int, int], extra: bytes) -> tuple[int, int, int]:
    """Return size, unpacked size and offset, those that do not fit being in the extra field of ZIP64."""
    size, whole, offset = numbers
    values = iter(_zip64(extra))
    whole = next(values, whole) if whole == MAX_32 else whole
    size = next(values, size) if size == MAX_32 else size
    return size, whole, next(values, offset) if offset == MAX_32 else offset


def _zip64(extra: bytes) -> tuple[int, ...]:
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == ZIP64 and at + 4 + size <= len(extra):
            return struct.unpack_from(f"<{size // 8}Q", extra, at + 4)
        at += 4 + size
    return ()


def _exactly(cursor: FileCursor, size: int) -> bytes:
    data = cursor.peek(size)
    cursor.skip(size, "part of the archive")
    return data


def _map_directory(start: int, end: int, file: RandomAccessFile) -> Iterator[ByteRange]:
    for member, place, after in _records(file, start, end):
        text = f"{member.name.decode('utf-8', 'backslashreplace')!r} at {member.offset:,}, {member.size:,} bytes"
        yield ByteRange(place, after - place, "directory record", text=text)


def _member_ranges(file: RandomAccessFile, member: ZipMember, map_member: MapMember) -> Iterator[ByteRange]:
    name = member.name.decode("utf-8", "backslashreplace")
    try:
        fields = LOCAL.unpack(file.read_at(member.offset, LOCAL.size, "header of a member"))
    except CheckpointError:
        # It lies beyond the file; the directory says where.
        return
    size = LOCAL.size + fields[9] + fields[10]
    problem = "" if fields[0] == LOCAL_MAGIC else "it does not begin as a member's header"
    inside: Inside = partial(_map_local, member.offset, fields[9], fields[10])
    yield ByteRange(member.offset, size, "member header", text=f"'{name}'", problem=problem, inside=inside)
    values = map_member(member, member.offset + size)
    yield values
    descriptor = min(24, max(file.size - values.end, 0))
    start = file.read_at(values.end, descriptor, "data descriptor")
    if start.startswith(DESCRIPTOR_MAGIC.to_bytes(4, "little")):
        # Sizes have 8 bytes where the header says so by the extra field of ZIP64.
        is_large = bool(_zip64(file.read_at(member.offset + LOCAL.size + fields[9], fields[10], "extra field")))
        words = f"CRC-32 {int.from_bytes(start[4:8], 'little'):#010x}, and the sizes"
        yield ByteRange(values.end, 24 if is_large else 16, "data descriptor", text=words)


def _map_local(start: int, name: int, extra: int, file: RandomAccessFile) -> Iterator[ByteRange]:
    fields = LOCAL.unpack(file.read_at(start, LOCAL.size, "header of a member"))
    yield ByteRange(start, LOCAL.size, "fixed fields", text=f"version {fields[1]}, method {fields[3]}")
    place = start + LOCAL.size
    text = file.read_at(place, name, "name").decode("utf-8", "backslashreplace")
    yield ByteRange(place, name, "name", text=f"'{text}'")
    yield ByteRange(place + name, extra, "extra field")
