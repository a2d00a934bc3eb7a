"""The index of a V2 checkpoint: header, and entries by key.

One tensor costs one look-up (footer, index block, one data block). The list of all tensors is made in one pass over
the blocks, as columns, and kept; from then on look-ups are answered from it.
"""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.checkpoint.files import list_directory
from ckpt_magics.checkpoint.naming import index_filename, parse_data_filename
from ckpt_magics.checkpoint.table_file import open_table
from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.formats.bundle_records import HEADER_ENTRY_KEY, BundleEntry, BundleHeader, decode_entry, decode_header
from ckpt_magics.formats.entry_columns import EntryColumns, decode_entries


class Listing(NamedTuple):
    """All records of an index but the header.

    Attributes:
        keys: Key of each, sorted.
        rows: Position by key.
        entries: What each says.
        tensors: Positions of the records that are tensors, not slices of one, and that can be read.
        damage: What could not be read.
    """

    keys: list[bytes]
    rows: dict[bytes, int]
    entries: EntryColumns
    tensors: npt.NDArray[np.intp]
    damage: list[CheckpointError]


class BundleIndex:
    """An open index file.

    Args:
        prefix: Of the checkpoint.

    Raises:
        NotFoundError: There is no index.
        DataLossError: It is damaged where the header or the index block is.
        InvalidArgumentError: It is of a version that cannot be read.
    """

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.file, self._table = open_table(index_filename(prefix))
        self._listing: Listing | None = None
        try:
            self.header = self._read_header()
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
            return BundleHeader(num_shards=self._count_shards(), big_endian=False, producer=0, min_consumer=0)
        try:
            header = decode_header(first[1])
        except DataLossError as error:
            error.message = f"{words}(unable to parse header): {error.message}"
            raise
        header.versions.check()
        return header

    def _count_shards(self) -> int:
        """Count the shards by the names of the data files beside an index without a header."""
        directory, base = os.path.split(self.prefix)
        found = filter(None, map(parse_data_filename, list_directory(directory)))
        return max((shards for stem, _, shards in found if stem == base), default=1)

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

    def _scan(self) -> Listing:
        values: dict[bytes, memoryview] = {}
        damage: list[CheckpointError] = []
        for handle in self._table.blocks():
            try:
                # Of a malformed block, update() keeps the entries before the fault.
                values.update(self._table.read_block(handle).iter_entries())
            except CheckpointError as error:
                damage.append(error.locate(file=self.file.name))
        values.pop(HEADER_ENTRY_KEY, None)
        keys = sorted(values)
        entries = decode_entries([values[key] for key in keys])
        damage += (error.locate(file=self.file.name, tensor=keys[row]) for row, error in sorted(entries.damage.items()))
        rows = {key: row for row, key in enumerate(keys)}
        return Listing(keys, rows, entries, _find_tensors(keys, rows, entries), damage)

    def close(self) -> None:
        """Close the file. What was listed stays."""
        self.file.close()


def _find_tensors(keys: list[bytes], rows: dict[bytes, int], entries: EntryColumns) -> npt.NDArray[np.intp]:
    """Return the rows that are tensors: all but the damaged ones and the slices that a partitioned tensor lists."""
    hidden = list(entries.damage)
    for row, parts in entries.slices.items():
        slice_keys = (part.encode_key(keys[row]) for part in parts)
        hidden += (rows[key] for key in slice_keys if key in rows)
    shown = np.ones(len(keys), np.bool_)
    shown[hidden] = False
    return np.flatnonzero(shown)
