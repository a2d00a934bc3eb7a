"""The index of a V2 checkpoint: header, and entries by key.

One tensor costs one look-up (footer, index block, one data block). The list of all tensors is made in one pass over
the blocks and kept; there the dtype and shape of an entry are recognised by their bytes, for most tensors of a large
checkpoint share a few, and the rest of the entry is decoded when that tensor is asked for.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from ckpt_magics.checkpoint.files import list_directory
from ckpt_magics.checkpoint.naming import index_filename, parse_data_filename
from ckpt_magics.checkpoint.table_file import open_table
from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.formats.bundle_records import HEADER_ENTRY_KEY, BundleEntry, BundleHeader, decode_entry, decode_header
from ckpt_magics.formats.dtypes import DType

_DTYPE_TAG, _SHAPE_TAG, _SHARD_TAG, _OFFSET_TAG, _SIZE_TAG, _CRC_TAG = 0x08, 0x12, 0x18, 0x20, 0x28, 0x35


class Listing(NamedTuple):
    """All tensors of an index, as columns in the order of the keys.

    Attributes:
        keys: Name of each.
        dtypes: Type of each.
        shapes: Full shape of each.
        values: Key -> entry as stored, of every record of the index but the header.
        parts: Keys of the slices of partitioned tensors, which are not among ``keys``.
        damage: What could not be read; the tensors concerned are left out.
    """

    keys: list[bytes]
    dtypes: list[DType]
    shapes: list[tuple[int, ...]]
    values: dict[bytes, memoryview]
    parts: set[bytes]
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
            value = self.get_bytes(key)
            return None if value is None else decode_entry(value)
        except CheckpointError as error:
            raise error.locate(file=self.file.name, tensor=key) from None

    def get_bytes(self, key: bytes) -> bytes | memoryview | None:
        """Return the value under ``key`` as stored, None if there is none."""
        if self._listing is not None and key in self._listing.values:
            return self._listing.values[key]
        return self._table.get(key)

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
        return self._to_columns(values, damage)

    def _to_columns(self, values: dict[bytes, memoryview], damage: list[CheckpointError]) -> Listing:
        # The head of an entry, that is the dtype and shape, says the same wherever it stands.
        heads: dict[bytes, tuple[DType, tuple[int, ...]]] = {}
        rows: list[tuple[bytes, DType, tuple[int, ...]]] = []
        parts: set[bytes] = set()
        for key, value in values.items():
            size = _plain_head_size(value)
            known = heads.get(bytes(value[:size])) if size else None
            if known is None:
                try:
                    entry = decode_entry(value)
                    known = entry.dtype, entry.shape
                    parts.update(part.encode_key(key) for part in entry.slices)
                except CheckpointError as error:
                    damage.append(error.locate(file=self.file.name, tensor=key))
                    continue
                if size:
                    heads[bytes(value[:size])] = known
            rows.append((key, *known))
        if parts:
            rows = [row for row in rows if row[0] not in parts]
        rows.sort(key=lambda row: row[0])
        keys, dtypes, shapes = map(list, zip(*rows, strict=True)) if rows else ([], [], [])
        return Listing(keys, dtypes, shapes, values, parts, damage)

    def close(self) -> None:
        """Close the file. What was listed stays."""
        self.file.close()


def _plain_head_size(value: memoryview) -> int:
    """Return the size of dtype and shape in an entry written as TensorFlow writes it, 0 for any other.

    Such an entry has the fields dtype, shape, shard, offset, size, crc32c in this order, the middle three left out
    when zero, and no slices.
    """
    try:
        if value[0] != _DTYPE_TAG or value[1] >= 0x80 or value[2] != _SHAPE_TAG or value[3] >= 0x80:
            return 0
        head = position = 4 + value[3]
        for tag in (_SHARD_TAG, _OFFSET_TAG, _SIZE_TAG):
            if value[position] == tag:
                position += 2
                while value[position - 1] >= 0x80:
                    position += 1
        return head if value[position] == _CRC_TAG and position + 5 == len(value) else 0
    except IndexError:
        return 0
