"""Write a zip archive front to back: members as they are, not packed, each of any size.

In file order: for each member a local header with its name, its bytes, and a data descriptor (checksum and sizes, which
are not known before); then the central directory, a record per member with the place of its header; then the end
records, those of ZIP64 if there is more than the old ones can say. All numbers are little-endian. Every member has the
date 1980-01-01, so that equal contents are equal archives.

Format: APPNOTE.TXT 6.3.10 of PKWARE, sections 4.3 and 4.5.3; Python's zipfile writes the same to what cannot seek.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import NamedTuple
from zlib import crc32

from ckpt_magics.files.wire.varint import Buffer

__all__ = [
    "CENTRAL",
    "CENTRAL_MAGIC",
    "DESCRIPTOR_MAGIC",
    "END",
    "END_64",
    "END_64_MAGIC",
    "END_MAGIC",
    "LOCAL",
    "LOCAL_MAGIC",
    "LOCATOR_64",
    "LOCATOR_64_MAGIC",
    "MAX_32",
    "MAX_NAME",
    "ZIP64",
    "StoredZip",
]

MAX_NAME = 0xFFFF
"""Bytes of a member's name that its length can say."""

_VERSION = 45
"""Of the format, with ZIP64."""
_UNIX = 3 << 8
_MODE = 0o600 << 16
_FLAGS = 0x0808
"""A data descriptor follows; the name is UTF-8."""
_DATE = 0x21
MAX_32 = 0xFFFFFFFF
_MAX_16 = 0xFFFF
ZIP64 = 1
_PADDING = 0x4246
"""The extra field with which PyTorch aligns its members."""

LOCAL = struct.Struct("<IHHHHHIIIHH")
DESCRIPTOR = struct.Struct("<IIQQ")
CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
END_64 = struct.Struct("<IQHHIIQQQQ")
LOCATOR_64 = struct.Struct("<IIQI")
END = struct.Struct("<IHHHHIIH")
_EXTRA = struct.Struct("<HH")

LOCAL_MAGIC = 0x04034B50
DESCRIPTOR_MAGIC = 0x08074B50
CENTRAL_MAGIC = 0x02014B50
END_64_MAGIC = 0x06064B50
LOCATOR_64_MAGIC = 0x07064B50
END_MAGIC = 0x06054B50


class _Member(NamedTuple):
    name: bytes
    crc: int
    size: int
    offset: int


class StoredZip:
    """An archive that is being written.

    Args:
        write: Appends bytes to the file.
    """

    def __init__(self, write: Callable[[Buffer], object]) -> None:
        self._write = write
        self._place = 0
        self._members: list[_Member] = []

    def add(self, name: str, parts: Iterable[Buffer], *, align: int = 1) -> None:
        """Write a member.

        Args:
            name: Its name, of at most `MAX_NAME` bytes as UTF-8.
            parts: Its bytes back to back; each part is used up before the next is asked for.
            align: Its bytes are to start at a multiple of so many.
        """
        encoded = name.encode()
        offset = self._place
        self._put(_local_header(encoded, offset, align))
        crc = size = 0
        for part in parts:
            crc = crc32(part, crc)
            size += len(part)
            self._put(part)
        self._put(DESCRIPTOR.pack(DESCRIPTOR_MAGIC, crc, size, size))
        self._members.append(_Member(encoded, crc, size, offset))

    def finish(self) -> None:
        """Write the central directory and the end."""
        start = self._place
        for member in self._members:
            self._put(_central_record(member))
        self._put(_end(len(self._members), start, self._place - start))

    def _put(self, data: Buffer) -> None:
        self._write(data)
        self._place += len(data)


def _local_header(name: bytes, offset: int, align: int) -> bytes:
    # Sizes are in the descriptor; that they are here as ZIP64 says of how many bytes they are there.
    extra = _EXTRA.pack(ZIP64, 16) + bytes(16)
    start = offset + LOCAL.size + len(name) + len(extra)
    if align > 1:
        gap = -(start + _EXTRA.size) % align
        extra += _EXTRA.pack(_PADDING, gap) + bytes(gap)
    fields = _VERSION, _FLAGS, 0, 0, _DATE, 0, MAX_32, MAX_32, len(name), len(extra)
    return LOCAL.pack(LOCAL_MAGIC, *fields) + name + extra


def _central_record(member: _Member) -> bytes:
    name, crc, size, offset = member
    # What does not fit is said in the extra field, in this order.
    large = [value for value in (size, size, offset) if value >= MAX_32]
    extra = _EXTRA.pack(ZIP64, 8 * len(large)) + struct.pack(f"<{len(large)}Q", *large) if large else b""
    short, place = min(size, MAX_32), min(offset, MAX_32)
    fields = _UNIX | _VERSION, _VERSION, _FLAGS, 0, 0, _DATE, crc, short, short, len(name), len(extra), 0, 0, 0, _MODE
    return CENTRAL.pack(CENTRAL_MAGIC, *fields, place) + name + extra


def _end(count: int, start: int, size: int) -> bytes:
    end = END.pack(END_MAGIC, 0, 0, min(count, _MAX_16), min(count, _MAX_16), min(size, MAX_32), min(start, MAX_32), 0)
    if count < _MAX_16 and size < MAX_32 and start < MAX_32:
        return end
    fields = END_64.size - 12, _UNIX | _VERSION, _VERSION, 0, 0, count, count, size, start
    locator = LOCATOR_64.pack(LOCATOR_64_MAGIC, 0, start + size, 1)
    return END_64.pack(END_64_MAGIC, *fields) + locator + end
