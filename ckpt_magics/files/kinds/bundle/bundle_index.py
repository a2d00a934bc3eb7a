"""The index of a V2 checkpoint: header, and entries by key.

One tensor costs one look-up (footer, index block, one data block). The list of all tensors is made in one pass over
the blocks, as columns, and kept; from then on look-ups are answered from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.files.formats.block_scan import BlockEntries, scan_block
from ckpt_magics.files.formats.bundle_records import (
    HEADER_ENTRY_KEY,
    BundleEntry,
    BundleHeader,
    decode_entry,
    decode_header,
)
from ckpt_magics.files.formats.entry_columns import EntryColumns, Rows, decode_entries
from ckpt_magics.files.formats.tensor_slice import MAX_NAME_SIZE
from ckpt_magics.files.kinds.bundle.overlaps import find_shared
from ckpt_magics.files.kinds.table_file import open_table
from ckpt_magics.files.storage.naming import index_filename, parse_data_filename
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.tensors.lost_names import LostNames, LostRange

_NO_ROWS = np.empty(0, np.intp)


@dataclass(frozen=True)
class Listing:
    """All records of an index but the header.

    Attributes:
        keys: Key of each, sorted.
        entries: What each says.
        damage: What could not be read.
        lost_ranges: The keys that may have stood there.
    """

    keys: list[bytes]
    entries: EntryColumns
    damage: list[CheckpointError]
    lost_ranges: tuple[LostRange, ...] = ()

    @cached_property
    def lost(self) -> LostNames:
        """The names that may be missing among the tensors because something is damaged."""
        rows = [*self.entries.damage, *self.shared.tolist()]
        return LostNames(self.lost_ranges, frozenset(map(self.keys.__getitem__, rows)))

    @cached_property
    def rows(self) -> dict[bytes, int]:
        """Position by key."""
        return dict(zip(self.keys, range(len(self.keys)), strict=True))

    @cached_property
    def values(self) -> Rows:
        """Positions of the records that have bytes in a data file."""
        has_value = self.entries.sizes > 0
        has_value[[*self.entries.damage, *self.entries.slices]] = False
        return np.flatnonzero(has_value)

    @cached_property
    def shared(self) -> Rows:
        """Positions of the records that are not listed because others claim their bytes too."""
        entries, rows = self.entries, self.values
        return rows[find_shared(entries.shard_ids[rows], entries.offsets[rows], entries.sizes[rows])]

    @cached_property
    def tensors(self) -> Rows:
        """Positions of the records that are tensors, not slices that a partitioned tensor lists, and can be read."""
        hidden = [*self.entries.damage, *self.shared.tolist()]
        for row, parts in self.entries.slices.items():
            slice_keys = (part.encode_key(self.keys[row]) for part in parts)
            hidden += (self.rows[key] for key in slice_keys if key in self.rows)
        shown = np.ones(len(self.keys), np.bool_)
        shown[hidden] = False
        return np.flatnonzero(shown)

    def data_sizes(self, count: int) -> npt.NDArray[np.int64]:
        """Return how many bytes of each of ``count`` data files have values, int64 [count].

        Raises:
            DataLossError: A value lies in a file beyond these.
        """
        shard_ids = self.entries.shard_ids
        beyond = shard_ids[(shard_ids < 0) | (shard_ids >= count)]
        if beyond.size:
            raise DataLossError(f"it has values in file {beyond.min()}, and counts {count} of them")
        sizes = np.zeros(count, np.int64)
        np.maximum.at(sizes, shard_ids, self.entries.offsets + self.entries.sizes)
        return sizes

    def tensor_keys(self) -> list[bytes]:
        """Return the names of the tensors, sorted."""
        return self.keys if len(self.tensors) == len(self.keys) else [self.keys[row] for row in self.tensors]


class BundleIndex:
    """An open index file.

    Args:
        place: Prefix of the checkpoint.
        without_header: Do not look at the header, whose block may be lost, but at the names of the data files.

    Raises:
        NotFoundError: There is no index.
        DataLossError: It is damaged where the header or the index block is.
        InvalidArgumentError: It is of a version that cannot be read.
    """

    def __init__(self, place: Place, *, without_header: bool = False) -> None:
        self._place = place
        self.file, self._table = open_table(place.at(index_filename(place.name)))
        self._listing: Listing | None = None
        try:
            self.header = self._guess_header() if without_header else self._read_header()
        except CheckpointError as error:
            self.file.close()
            raise error.locate(file=self.file.name) from None

    def _read_header(self) -> BundleHeader:
        words = (
            f"Unable to read file ({self.file.name}). Perhaps the file is corrupt or was produced by a newer version "
            "of TensorFlow with format changes "
        )
        try:
            first = next(self._table.iter_from(), None)
        except CheckpointError as error:
            error.message = f"{words}(failed to seek to header entry): {error.message}"
            raise
        if first is None:
            raise DataLossError(f"{words}(failed to seek to header entry): the table is empty")
        if first[0] != HEADER_ENTRY_KEY:
            # TensorFlow reads the first tensor's entry as the header, which gives a number of shards by luck.
            return self._guess_header()
        try:
            header = decode_header(first[1])
        except DataLossError as error:
            error.message = f"{words}(unable to parse header): {error.message}"
            raise
        header.versions.check()
        return header

    def _guess_header(self) -> BundleHeader:
        """Return a header for an index without one, its shards counted by the names of the data files beside it."""
        found = filter(None, map(parse_data_filename, self._place.siblings()))
        num_shards = max((shards for stem, _, shards in found if stem == self._place.stem), default=1)
        return BundleHeader(num_shards, big_endian=False, producer=0, min_consumer=0)

    def get(self, key: bytes) -> BundleEntry | None:
        """Return the entry of ``key``, None if there is none.

        Raises:
            DataLossError: The block where it would be, or the entry, is damaged.
        """
        try:
            row = self._listing.rows.get(key) if self._listing is not None else None
            if self._listing is not None and row is not None:
                return self._listing.entries.entry(row)
            value = self._table.get(key)
            return None if value is None else decode_entry(value)
        except CheckpointError as error:
            raise error.locate(file=self.file.name, tensor=key) from None

    def has_key(self, key: bytes) -> bool:
        """Tell whether there is a record under ``key``, the header's included."""
        try:
            known = self._listing is not None and key in self._listing.rows
            return known or self._table.get(key) is not None
        except CheckpointError as error:
            raise error.locate(file=self.file.name, tensor=key) from None

    def listing(self) -> Listing:
        """Return all tensors; the first call reads every block."""
        if self._listing is None:
            self._listing = self._scan()
        return self._listing

    def some(self, keys: Sequence[bytes]) -> Listing:
        """Return some of the tensors, at the cost of a look-up each; what has no record is not there."""
        if self._listing is not None:
            return self._listing
        found = {key: value for key in sorted(set(keys)) if (value := self._table.get(key)) is not None}
        sizes = np.fromiter(map(len, found.values()), np.intp, len(found))
        ends = np.cumsum(sizes)
        return Listing(list(found), decode_entries(b"".join(found.values()), ends - sizes, ends), [])

    def _scan(self) -> Listing:
        keys: list[bytes] = []
        contents, starts, ends, blocks = [], [], [], []
        position = 0
        damage: list[CheckpointError] = []
        lost: list[LostRange] = []
        for handle, after, last in self._table.block_ranges():
            try:
                block = self._table.read_block(handle)
            except CheckpointError as error:
                damage.append(error.locate(file=self.file.name))
                lost.append(LostRange(after, last))
                continue
            found = scan_block(block)
            if found.damage is not None:
                damage.append(found.damage.locate(file=self.file.name))
                lost.append(LostRange(found.keys[-1] if found.keys else after, last))
            if len(block.contents) > MAX_NAME_SIZE:
                found, count = _without_long_names(found)
                if count:
                    words = f"{count} names have more than {MAX_NAME_SIZE} bytes; they are not listed"
                    damage.append(DataLossError(words, offset=handle.offset).locate(file=self.file.name))
            blocks.append(len(keys))
            keys += found.keys
            contents.append(block.contents)
            starts.append(found.starts + position)
            ends.append(found.ends + position)
            position += len(block.contents)
        places = _Places(keys, np.concatenate([_NO_ROWS, *starts]), np.concatenate([_NO_ROWS, *ends])).in_order(blocks)
        entries = decode_entries(b"".join(contents), places.starts, places.ends)
        damage += (
            error.locate(file=self.file.name, tensor=places.keys[row]) for row, error in sorted(entries.damage.items())
        )
        return Listing(places.keys, entries, damage, tuple(lost))

    def identity(self) -> bytes:
        """Return what tells this index from any other, and so its data: entries hold the checksums of the values."""
        return self._table.identity()

    def close(self) -> None:
        """Close the file. What was listed stays."""
        self.file.close()


def _without_long_names(found: BlockEntries) -> tuple[BlockEntries, int]:
    """Return the entries of a block whose names are not too long, and how many are."""
    sizes = np.fromiter(map(len, found.keys), np.intp, len(found.keys))
    rows = np.flatnonzero(sizes <= MAX_NAME_SIZE)
    kept = BlockEntries([found.keys[row] for row in rows], found.starts[rows], found.ends[rows], found.damage)
    return kept, len(sizes) - len(rows)


class _Places(NamedTuple):
    """Keys, and where the value of each begins and ends in the blocks put together."""

    keys: list[bytes]
    starts: Rows
    ends: Rows

    def in_order(self, blocks: Iterable[int]) -> _Places:
        """Leave the header out; sort what damaged blocks may have in any order, the last one of a key counting.

        Args:
            blocks: Rows where the keys of a block begin, in which they increase.
        """
        if all(self.keys[row - 1] < self.keys[row] for row in blocks if 0 < row < len(self.keys)):
            rows = slice(1 if self.keys and self.keys[0] == HEADER_ENTRY_KEY else 0, None)
            return _Places(self.keys[rows], self.starts[rows], self.ends[rows])
        found = dict(zip(self.keys, range(len(self.keys)), strict=True))
        found.pop(HEADER_ENTRY_KEY, None)
        keys = sorted(found)
        order = [found[key] for key in keys]
        return _Places(keys, self.starts[order], self.ends[order])
