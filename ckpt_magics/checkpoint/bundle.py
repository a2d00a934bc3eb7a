"""A V2 checkpoint: an index of tensors, and data files with their values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from ckpt_magics.checkpoint.assemble import assemble
from ckpt_magics.checkpoint.bundle_data import BundleData
from ckpt_magics.checkpoint.bundle_index import BundleIndex
from ckpt_magics.checkpoint.store import Array, Columns, TensorEntry
from ckpt_magics.errors import CheckpointError, DataLossError, NotFoundError, visible
from ckpt_magics.formats.bundle_records import HEADER_ENTRY_KEY, BundleEntry, decode_entry
from ckpt_magics.formats.tensor_slice import TensorSlice


class BundleStore:
    """An open V2 checkpoint. Opening reads the footer, the index block and the block with the header.

    Args:
        prefix: Of the checkpoint.
        mmap: Return numbers as read-only views of the mapped data files.
    """

    version = 2

    def __init__(self, prefix: str, *, mmap: bool = False) -> None:
        self.prefix = prefix
        self._index = BundleIndex(prefix)
        self.header = self._index.header
        self._data = BundleData(prefix, self.header, mmap=mmap)
        self._entries: list[TensorEntry] | None = None

    @property
    def damage(self) -> list[CheckpointError]:
        """What was found broken while listing."""
        return self._index.listing().damage

    def names(self) -> list[bytes]:
        """Return the names of all tensors, sorted."""
        return self._index.listing().keys

    def columns(self) -> Columns:
        """Return names, types and shapes of all tensors."""
        listing = self._index.listing()
        return Columns(listing.keys, listing.dtypes, listing.shapes)

    def entries(self) -> list[TensorEntry]:
        """Return the entries of all tensors, sorted by name."""
        if self._entries is None:
            listing = self._index.listing()
            self._entries = [self._to_entry(key, decode_entry(listing.values[key])) for key in listing.keys]
        return self._entries

    def entry(self, name: bytes) -> TensorEntry:
        """Return what is known of one tensor."""
        return self._to_entry(name, self._find(name))

    def has_key(self, key: bytes) -> bool:
        """Tell whether the index has a record under ``key``; the empty key is the header's."""
        return self._index.get_bytes(key) is not None

    def read(self, name: bytes, region: TensorSlice | None = None, out: Array | None = None) -> Array:
        """Return a tensor or a region of it."""
        entry = self._find(name)
        if entry.slices:
            return self._read_slices(name, entry, region, out)
        return self._read_value(name, name, entry, region, out)

    def read_stored_slice(self, name: bytes, part: TensorSlice) -> Array | None:
        """Return a slice that is stored under its own key, None if this one is not."""
        key = part.encode_key(name)
        entry = self._index.get(key)
        return None if entry is None or entry.slices else self._read_value(name, key, entry, None, None)

    def debug_string(self) -> bytes:
        """Return ``name (DT_FLOAT) [2,3]`` for each record in key order: slices under their keys, not the wholes."""
        lines = []
        for key, value in sorted(self._index.listing().values.items()):
            try:
                entry = decode_entry(value)
            except DataLossError:
                continue
            if not entry.slices:
                shape = ",".join(map(str, entry.shape))
                lines.append(b"%s (%s) [%s]\n" % (key, entry.dtype.enum_name.encode(), shape.encode()))
        return b"".join(lines)

    def missing(self, name: str) -> str:
        """Return TensorFlow's words for a name, printable, that is not there."""
        return f"Key {name} not found in checkpoint"

    def file_names(self) -> list[str]:
        """Return the paths of the index and of all data files, present or not."""
        return [self._index.file.name, *map(self._data.filename, range(max(self.header.num_shards, 0)))]

    def replaced(self) -> bool:
        """Tell whether the index was swapped since it was opened."""
        return self._index.file.replaced()

    def close(self) -> None:
        """Close the files."""
        self._index.close()
        self._data.close()

    def _find(self, name: bytes) -> BundleEntry:
        entry = self._index.get(name) if name != HEADER_ENTRY_KEY else None
        if entry is None:
            raise KeyError(name)
        return entry

    def _to_entry(self, name: bytes, entry: BundleEntry) -> TensorEntry:
        if not entry.slices:
            return TensorEntry(name, entry.dtype, entry.shape, (), entry.shard_id, entry.offset, entry.size)
        # Strings of a partitioned tensor would need a look-up per slice to know their size.
        size = math.prod(entry.shape) * entry.dtype.itemsize if entry.dtype.itemsize else None
        return TensorEntry(name, entry.dtype, entry.shape, entry.slices, entry.shard_id, None, size)

    def _most_elements(self, name: bytes, entry: BundleEntry, used: Sequence[int]) -> int:
        """Return how many elements the data files of some slices can hold, each file counted once."""
        parts = (self._index.get(entry.slices[index].encode_key(name)) for index in used)
        shards = {part.shard_id for part in parts if part is not None}
        return sum(self._data.file(shard_id).size for shard_id in shards) // max(entry.dtype.itemsize, 1)

    def _read_slices(self, name: bytes, entry: BundleEntry, region: TensorSlice | None, out: Array | None) -> Array:
        def read_slice(index: int, part: TensorSlice | None, target: Array | None) -> Array:
            stored = entry.slices[index]
            key = stored.encode_key(name)
            found = self._index.get(key)
            if found is None:
                raise NotFoundError(
                    f"Key {visible(key)} not found in checkpoint: slice {stored.format()} is listed and not stored"
                ).locate(file=self._index.file.name, tensor=name)
            expected = entry.dtype, stored.shape(entry.shape)
            if (found.dtype, found.shape) != expected or found.slices:
                raise DataLossError(
                    f"slice {stored.format()} is stored as {found.dtype.name} {list(found.shape)}, "
                    f"where {expected[0].name} {list(expected[1])} is listed"
                ).locate(file=self._index.file.name, tensor=name)
            return self._read_value(name, key, found, part, target)

        region = region or TensorSlice.full(len(entry.shape))
        tensor = self._to_entry(name, entry)
        try:
            return assemble(
                tensor, region, read_slice, most_elements=partial(self._most_elements, name, entry), out=out
            )
        except CheckpointError as error:
            raise error.locate(file=self._index.file.name, tensor=name) from None

    def _read_value(
        self, name: bytes, key: bytes, entry: BundleEntry, region: TensorSlice | None, out: Array | None
    ) -> Array:
        try:
            return self._data.read(key, entry, region, out)
        except CheckpointError as error:
            raise error.locate(file=self._data.filename(entry.shard_id), tensor=name) from None
