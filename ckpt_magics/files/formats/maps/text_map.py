"""The lines of a file of text as ranges of bytes."""

from __future__ import annotations

from collections.abc import Iterator

from ckpt_magics.files.formats.maps.byte_range import ByteRange
from ckpt_magics.files.formats.random_access import RandomAccessFile

__all__ = ["map_lines"]

_MOST_TEXT = 1 << 20
"""Bytes of a file whose lines are ranges of their own."""


def map_lines(file: RandomAccessFile) -> Iterator[ByteRange]:
    """Yield the lines of a file, what lies beyond the first megabyte in one."""
    data = file.read_at(0, min(file.size, _MOST_TEXT), "text")
    place = 0
    for line in data.splitlines(keepends=True):
        yield ByteRange(place, len(line), "line", text=line.decode("utf-8", "backslashreplace").rstrip("\r\n"))
        place += len(line)
    yield ByteRange(place, file.size - place, "text")
