"""Indexes of which each has some keys of a checkpoint, merged in one pass: a few blocks of each are in memory.

Messages are not decoded. Where the keys of indexes do not mix, as where workers took runs of sorted tensors, one is
open at a time.
"""

from __future__ import annotations

import heapq
import operator
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.block_scan import scan_block
from ckpt_magics.files.formats.bundle_records import HEADER_ENTRY_KEY
from ckpt_magics.files.formats.entry_encoding import EncodedEntries, sorted_entries
from ckpt_magics.files.kinds.table_file import open_table
from ckpt_magics.files.storage.place import Place

__all__ = ["IndexPart", "merge_indexes"]


class IndexPart(NamedTuple):
    """An index with some of the entries of a checkpoint.

    Attributes:
        place: Where it is.
        first_key: The first of its keys but the header's.
    """

    place: Place
    first_key: bytes


def merge_indexes(parts: Sequence[IndexPart], others: EncodedEntries | None = None) -> Iterator[EncodedEntries]:
    """Yield the entries of all indexes by key, many at a time.

    Args:
        parts: The indexes.
        others: Entries besides theirs, sorted.

    Raises:
        InvalidArgumentError: Two have the same key.
        CheckpointError: One is damaged or not there.
    """
    waiting = sorted(parts, key=operator.attrgetter("first_key"), reverse=True)
    # By the last key at hand: up to the least of them, everything is.
    heap: list[tuple[bytes, int, _OpenPart]] = []
    number = 0
    if others is not None:
        _push(heap, number, _OpenPart(iter([others])))
    while heap or waiting:
        while waiting and (not heap or waiting[-1].first_key <= heap[0][0]):
            number += 1
            _push(heap, number, _OpenPart(_entries_by_block(waiting.pop().place)))
        limit = heap[0][0]
        found = [one.taken(limit) for _, _, one in heap]
        while heap and heap[0][0] == limit:
            _, again, part = heapq.heappop(heap)
            _push(heap, again, part)
        yield _joined([entries for entries in found if entries.keys])


def _push(heap: list[tuple[bytes, int, _OpenPart]], number: int, part: _OpenPart) -> None:
    """Put a part back among the open ones, unless it is over."""
    if part.load():
        heapq.heappush(heap, (part.last_key, number, part))


def _joined(found: Sequence[EncodedEntries]) -> EncodedEntries:
    entries = found[0]
    if len(found) > 1:
        keys = [key for one in found for key in one.keys]
        messages = np.concatenate([one.messages for one in found])
        entries = sorted_entries(EncodedEntries(keys, messages, np.concatenate([one.sizes for one in found])))
        pairs = zip(entries.keys, entries.keys[1:], strict=False)
        twice = next((key for key, following in pairs if key == following), None)
        if twice is not None:
            raise InvalidArgumentError(f"Adding duplicate key: {visible(twice)}", tensor=twice)
    return entries


class _OpenPart:
    """Entries that come a block at a time."""

    def __init__(self, blocks: Iterator[EncodedEntries]) -> None:
        self._blocks = blocks
        self._entries = EncodedEntries([], np.empty(0, np.uint8), np.empty(0, np.intp))

    @property
    def last_key(self) -> bytes:
        """The last key at hand."""
        return self._entries.keys[-1]

    def load(self) -> bool:
        """Have entries at hand; False if there are no more."""
        while not self._entries.keys:
            following = next(self._blocks, None)
            if following is None:
                return False
            self._entries = following
        return True

    def taken(self, limit: bytes) -> EncodedEntries:
        """Return the entries at hand up to a key, which are so no more."""
        keys, messages, sizes = self._entries
        row = len(keys) if keys[-1] <= limit else bisect_right(keys, limit)
        end = int(sizes[:row].sum())
        self._entries = EncodedEntries(keys[row:], messages[end:], sizes[row:])
        return EncodedEntries(keys[:row], messages[:end], sizes[:row])


def _entries_by_block(place: Place) -> Iterator[EncodedEntries]:
    """Yield the entries of an index without its header; the file is closed after the last one."""
    file, table = open_table(place)
    with file:
        for handle in table.blocks():
            block = table.read_block(handle)
            found = scan_block(block)
            if found.damage is not None:
                raise found.damage.locate(file=file.name)
            first = 1 if found.keys[:1] == [HEADER_ENTRY_KEY] else 0
            starts, ends = found.starts[first:].tolist(), found.ends[first:].tolist()
            pieces = [block.contents[start:end] for start, end in zip(starts, ends, strict=True)]
            messages = np.frombuffer(b"".join(pieces), np.uint8)
            yield EncodedEntries(found.keys[first:], messages, found.ends[first:] - found.starts[first:])
