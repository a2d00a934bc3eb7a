"""Which bytes of a file belong to what: ranges that lie one behind the other and make up all of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

__all__ = ["TENSOR", "ByteRange", "map_file"]

TENSOR = "tensor"
"""What the bytes of values are."""


class ByteRange(NamedTuple):
    """Bytes of a file that belong together.

    Attributes:
        file: Its path.
        offset: Where they start, in bytes.
        size: How many they are; never 0.
        what: What they are: `TENSOR`, or a word such as ``header``.
        key: Of the tensor, or of the slice, whose values they are; empty of all others.
    """

    file: str
    offset: int
    size: int
    what: str
    key: bytes = b""


def map_file(file: str, size: int, values: Iterable[tuple[int, int, bytes]], others: str) -> Iterator[ByteRange]:
    """Yield the ranges of one file.

    Args:
        file: Its path.
        size: Its bytes.
        values: Where values lie: offset, size and key, in any order. Of two that overlap the first has the bytes.
        others: What all the other bytes are.
    """
    place = 0
    for offset, count, key in sorted(values):
        start, end = max(offset, place), min(offset + count, size)
        if start >= end:
            # Nothing, or beyond the end of a file that was cut.
            continue
        if start > place:
            yield ByteRange(file, place, start - place, others)
        yield ByteRange(file, start, end - start, TENSOR, key)
        place = end
    if size > place:
        yield ByteRange(file, place, size - place, others)
