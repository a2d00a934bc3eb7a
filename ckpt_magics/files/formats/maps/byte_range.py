"""Bytes of a file that belong together, and what is inside of them: a tree whose branches are made when looked at.

The ranges inside of one lie one behind the other and make up all of it, whatever the file holds: what belongs to
nothing is a range that says so, and so is what cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.random_access import RandomAccessFile

__all__ = ["TENSOR", "UNREADABLE", "UNUSED", "ByteRange", "Inside", "filled", "inside_of", "unreadable"]

TENSOR = "tensor"
"""What the bytes of values are."""
UNUSED = "unused"
"""What bytes are that nothing refers to."""
UNREADABLE = "unreadable"
"""What bytes are that are not what they should be."""

Inside = Callable[[RandomAccessFile], Iterable["ByteRange"]]


class ByteRange(NamedTuple):
    """Bytes of a file that belong together.

    Attributes:
        offset: Where they start, in bytes from the start of the file.
        size: How many they are; never 0.
        what: What they are: `TENSOR`, or a word such as ``header``.
        key: Of the tensor, or of the slice, that they belong to; empty of all others.
        text: What they say.
        problem: What is wrong with them, or "".
        inside: Yields what they consist of, given the open file; None of what has no parts.
        last_key: Keys of what is inside come up to this one, where that is known.
    """

    offset: int
    size: int
    what: str
    key: bytes = b""
    text: str = ""
    problem: str = ""
    inside: Inside | None = None
    last_key: bytes | None = None

    @property
    def end(self) -> int:
        """Where they end."""
        return self.offset + self.size


def unreadable(start: int, end: int, error: CheckpointError | str) -> ByteRange:
    """Return the range of bytes that are not what they should be."""
    return ByteRange(start, end - start, UNREADABLE, problem=error if isinstance(error, str) else error.message)


def filled(ranges: Iterable[ByteRange], start: int, end: int, others: str = UNUSED) -> Iterator[ByteRange]:
    """Yield ranges that make up all bytes from one place to another.

    Args:
        ranges: Those that are known, in any order. Of two that overlap the first has the bytes.
        start: Where to begin.
        end: Where to end.
        others: What all the other bytes are.
    """
    place = start
    for one in sorted(ranges, key=lambda one: one.offset):
        first, last = max(one.offset, place), min(one.end, end)
        if first >= last:
            # Nothing, or beyond the end of a file that was cut.
            continue
        if first > place:
            yield ByteRange(place, first - place, others)
        yield one if (first, last) == (one.offset, one.end) else _clipped(one, first, last)
        place = last
    if end > place:
        yield ByteRange(place, end - place, others)


def _clipped(one: ByteRange, first: int, last: int) -> ByteRange:
    words = "the file ends inside of it" if last < one.end else "it overlaps what stands before it"
    return one._replace(offset=first, size=last - first, problem=one.problem or words, inside=None)


def inside_of(one: ByteRange, file: RandomAccessFile) -> list[ByteRange]:
    """Return what a range consists of; what is damaged is among it, from where it cannot be read on."""
    found: list[ByteRange] = []
    if one.inside is None:
        return found
    try:
        found.extend(one.inside(file))
    except CheckpointError as error:
        place = max((part.end for part in found), default=one.offset)
        found.append(unreadable(place, one.end, error))
    return list(filled(found, one.offset, one.end))
