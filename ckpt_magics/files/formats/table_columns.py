"""Writing a table whose entries are all at hand, block by block instead of entry by entry.

What the entries share with the ones before, where blocks end and what they hold is worked out by NumPy, for all the
entries of a block together. The bytes are those of a TableWriter that is given one entry after the other.

Format: as table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.table import BLOCK_SIZE, RESTART_INTERVAL, TableWriter
from ckpt_magics.files.wire.ragged import Bytes, interleave, without_starts
from ckpt_magics.files.wire.varint import Buffer, encode_packed_varints, varint_sizes

__all__ = ["ColumnTableWriter"]

Numbers = npt.NDArray[np.intp]
_WORD = 8


class ColumnTableWriter:
    """Writes a table of which some entries after the other come to hand. Of those it has given a block is in memory.

    Args:
        sink: Called with each piece of the file, in order.
    """

    def __init__(self, sink: Callable[[Buffer], object]) -> None:
        self._table = TableWriter(sink)
        self._last: bytes | None = None
        self._keys: list[bytes] = []
        self._values: Bytes = np.empty(0, np.uint8)
        self._sizes: Numbers = np.empty(0, np.intp)
        self._one_by_one = False

    def add(self, keys: Sequence[bytes], values: Bytes, sizes: Numbers) -> None:
        """Append entries.

        Args:
            keys: Strictly increasing.
            values: Those of all keys, back to back.
            sizes: intp [keys], bytes of each value.

        Raises:
            InvalidArgumentError: The first key does not come after the last one before.
        """
        if not keys:
            return
        if self._last is not None and keys[0] <= self._last:
            raise InvalidArgumentError(f"table keys must increase: {keys[0]!r} follows {self._last!r}")
        self._last = keys[-1]
        # Where the last block ends is known when the entry behind it is.
        self._keys = [*self._keys, *keys]
        self._values = np.concatenate([self._values, values])
        self._sizes = np.concatenate([self._sizes, sizes])
        self._write(is_end=False)

    def finish(self) -> int:
        """Write what is left and return the size of the file in bytes."""
        self._write(is_end=True)
        return self._table.finish()

    def _write(self, *, is_end: bool) -> None:
        keys, values, sizes = self._keys, self._values, self._sizes
        key_sizes = np.fromiter(map(len, keys), np.intp, len(keys))
        self._one_by_one |= bool((key_sizes + sizes >= 2 * BLOCK_SIZE).any())
        if self._one_by_one:
            # TensorFlow begins a block before such an entry, which is a rule that nothing else here needs.
            for key, start, size in zip(keys, np.cumsum(sizes) - sizes, sizes, strict=True):
                self._table.add(key, values[start : start + size].tobytes())
            self._keep_from(len(keys))
            return
        entries = _Entries(np.frombuffer(b"".join(keys), np.uint8), key_sizes, values, sizes)
        for first, end, block in _iter_blocks(entries):
            if end == len(keys) and not is_end:
                self._keep_from(first)
                return
            self._table.add_block(block, keys[first], keys[end - 1])

    def _keep_from(self, row: int) -> None:
        """Forget the entries before a row."""
        self._values = self._values[self._sizes[:row].sum() :]
        self._keys, self._sizes = self._keys[row:], self._sizes[row:]


class _Entries(NamedTuple):
    """Keys and values back to back, and the size of each."""

    keys: Bytes
    key_sizes: Numbers
    values: Bytes
    value_sizes: Numbers


def _iter_blocks(entries: _Entries) -> Iterator[tuple[int, int, bytes]]:
    """Yield the first row, the row behind the last, and the contents of each block."""
    _, key_sizes, _, value_sizes = entries
    shared = _common_prefixes(entries.keys, key_sizes)
    suffix_sizes = key_sizes - shared
    common = varint_sizes(value_sizes) + value_sizes
    usual_sizes = varint_sizes(shared) + varint_sizes(suffix_sizes) + suffix_sizes + common
    restart_sizes = 1 + varint_sizes(key_sizes) + key_sizes + common
    # No block has more entries than fit if all are as small as the smallest.
    most = BLOCK_SIZE // max(1, int(usual_sizes.min(initial=BLOCK_SIZE))) + 1
    key_ends, value_ends = np.cumsum(key_sizes), np.cumsum(value_sizes)
    first, count = 0, len(key_sizes)
    while first < count:
        entry_sizes = usual_sizes[first : first + most].copy()
        entry_sizes[::RESTART_INTERVAL] = restart_sizes[first : first + most : RESTART_INTERVAL]
        ends = np.cumsum(entry_sizes)
        restarts = np.arange(len(ends)) // RESTART_INTERVAL + 1
        end = min(first + 1 + int(np.searchsorted(ends + 4 * restarts + 4, BLOCK_SIZE)), count)
        rows = slice(first, end)
        part = _Entries(
            _rows_between(entries.keys, key_ends, rows),
            key_sizes[rows],
            _rows_between(entries.values, value_ends, rows),
            value_sizes[rows],
        )
        in_block = shared[rows].copy()
        in_block[::RESTART_INTERVAL] = 0
        yield first, end, _build_block(part, in_block, (ends - entry_sizes)[: end - first])
        first = end


def _build_block(entries: _Entries, shared: Numbers, starts: Numbers) -> bytes:
    """Return a block of entries that begin at ``starts`` and share bytes with the keys before them."""
    suffix_sizes = entries.key_sizes - shared
    heads = np.stack([shared, suffix_sizes, entries.value_sizes], axis=1)
    contents = interleave(
        [
            (np.frombuffer(encode_packed_varints(heads.astype(np.int64)), np.uint8), varint_sizes(heads).sum(axis=1)),
            (without_starts(entries.keys, entries.key_sizes, shared), suffix_sizes),
            (entries.values, entries.value_sizes),
        ]
    )
    restarts = starts[::RESTART_INTERVAL]
    return contents.tobytes() + np.append(restarts, len(restarts)).astype("<u4").tobytes()


def _rows_between(data: Bytes, ends: Numbers, rows: slice) -> Bytes:
    """Return the bytes of some rows that lie back to back."""
    return data[ends[rows.start - 1] if rows.start else 0 : ends[rows.stop - 1]]


def _common_prefixes(keys: Bytes, sizes: Numbers) -> Numbers:
    """Return how many bytes each key shares with the one before it, 0 of the first; eight are compared at a time."""
    shared = np.zeros(len(sizes), np.intp)
    starts = np.cumsum(sizes) - sizes
    padded = np.concatenate([keys, np.zeros(_WORD, np.uint8)])
    words = np.ndarray((len(keys) + 1,), "<u8", padded, strides=(1,))
    rows = np.arange(1, len(sizes))
    limits = np.minimum(sizes[1:], sizes[:-1])
    while rows.size:
        at = shared[rows]
        different = words[starts[rows] + at] ^ words[starts[rows - 1] + at]
        # The lowest bit that differs, alone in its word, is a power of two, whose exponent tells the byte.
        lowest = different & (~different + np.uint64(1))
        equal = np.where(different == 0, _WORD, (np.frexp(lowest.astype(np.float64))[1] - 1) // 8)
        shared[rows] = at + equal
        rows = rows[(equal == _WORD) & (shared[rows] < limits[rows - 1])]
    if len(sizes):
        shared[1:] = np.minimum(shared[1:], limits)
    return shared
