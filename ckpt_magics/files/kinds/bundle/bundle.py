"""A V2 checkpoint: an index of tensors, and data files with their values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import repeat

import numpy as np

from ckpt_magics.errors import CheckpointError, DataLossError, visible
from ckpt_magics.files.formats.bundle_records import HEADER_ENTRY_KEY, BundleEntry
from ckpt_magics.files.formats.maps.byte_range import TENSOR, ByteRange
from ckpt_magics.files.formats.maps.record_maps import map_bundle_value, numbers_text
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.bundle.bundle_batches import find_small, read_batches, sound_batches
from ckpt_magics.files.kinds.bundle.bundle_data import BundleData
from ckpt_magics.files.kinds.bundle.bundle_index import BundleIndex
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.tensors.assemble import assemble, check_slices, iter_pieces
from ckpt_magics.files.tensors.lost_names import LostNames
from ckpt_magics.files.tensors.source import Array, Columns, Numbers, TensorSpec, file_order, iter_whole
from ckpt_magics.files.tensors.stored_pieces import StoredPieces, ValueRange

_WORKERS = 2
"""Threads that read large tensors: copying, page faults and checksums all let go of the interpreter."""


class BundleStore:
    """An open V2 checkpoint. Opening reads the footer, the index block and the block with the header.

    Args:
        place: Its prefix.
        mmap: Return numbers as read-only views of the mapped data files.
        without_header: Do without the header, whose block may be lost.
    """

    version = 2

    def __init__(self, place: Place, *, mmap: bool = False, without_header: bool = False) -> None:
        self._index = BundleIndex(place, without_header=without_header)
        self.header = self._index.header
        self._slice_shards: tuple[bytes, list[int | None]] = (b"", [])
        self._data = BundleData(place, self.header, self._index.file.replaced, mmap=mmap)

    @property
    def damage(self) -> list[CheckpointError]:
        """What was found broken while listing."""
        listing = self._index.listing()
        if not listing.shared.size:
            return listing.damage
        words = f"{len(listing.shared)} tensors claim bytes that others claim too; they are not listed"
        return [*listing.damage, DataLossError(words, file=self._index.file.name)]

    @property
    def lost(self) -> LostNames:
        """Which names may be missing among the listed ones."""
        return self._index.listing().lost

    def keys(self) -> list[bytes]:
        """Return the keys of all tensors, sorted."""
        return list(self._index.listing().tensor_keys())

    def columns(self) -> Columns:
        """Return what is known of all tensors."""
        listing = self._index.listing()
        rows, entries = listing.tensors, listing.entries
        type_ids = entries.type_ids[rows].tolist()
        columns = Columns(
            list(listing.tensor_keys()),
            list(map([dtype for dtype, _ in entries.types].__getitem__, type_ids)),
            list(map([shape for _, shape in entries.types].__getitem__, type_ids)),
            entries.shard_ids[rows],
            entries.offsets[rows],
            entries.sizes[rows],
            np.ones(len(rows), np.int64),
        )
        for position in np.flatnonzero(np.isin(rows, list(entries.slices))).tolist():
            entry = self._to_entry(columns.keys[position], entries.entry(int(rows[position])))
            columns.offsets[position] = -1
            columns.sizes[position] = -1 if entry.size is None else entry.size
            columns.slice_counts[position] = len(entry.slices)
        return columns

    def in_file_order(self) -> list[bytes]:
        """Return the keys of all tensors by file and place in it."""
        return file_order(self.columns())

    def spec(self, key: bytes) -> TensorSpec:
        """Return what is known of one tensor."""
        return self._to_entry(key, self._find(key))

    def specs(self) -> list[TensorSpec]:
        """Return what is known of all tensors, as ``spec`` would, in less time."""
        columns = self.columns()
        numbers = map(np.ndarray.tolist, (columns.shard_ids, columns.offsets, columns.sizes))
        found = list(map(TensorSpec, columns.keys, columns.dtypes, columns.shapes, repeat(()), *numbers))
        for position in np.flatnonzero(columns.offsets < 0).tolist():
            found[position] = self.spec(columns.keys[position])
        return found

    def has_key(self, key: bytes) -> bool:
        """Tell whether the index has a record under ``key``; the empty key is the header's."""
        return self._index.has_key(key)

    def read(self, key: bytes, region: TensorSlice | None = None, out: Array | None = None) -> Array:
        """Return a tensor or a region of it."""
        entry = self._find(key)
        if entry.slices:
            return self._read_slices(key, entry, region, out)
        return self._read_value(key, key, entry, region, out)

    def verify(self, name: bytes, advance: Callable[[int], object]) -> None:
        """Check a tensor against its checksums without keeping it."""
        entry = self._find(name)
        if not entry.slices:
            self._verify_value(name, name, entry, advance)
            return
        self._check_slices(name, entry)
        for position in range(len(entry.slices)):
            self._verify_value(name, *self._slice_entry(name, entry, position), advance)

    def verify_small(self, advance: Callable[[int], object], keys: Sequence[bytes] | None = None) -> set[bytes]:
        """Check small tensors, many at a time, and return those that are good; the others are to be checked singly.

        Args:
            advance: Called with the bytes of those that are good, many at a time.
            keys: Which tensors; None for all.

        Raises:
            CheckpointError: They cannot be looked up together.
        """
        sound: set[bytes] = set()
        listing = self._index.listing() if keys is None else self._index.some(keys)
        if not self._data.can_batch:
            return sound
        for shard_id, small in find_small(listing.entries, listing.tensors, self.header.num_shards):
            # What is wrong with a file, its tensors say one by one.
            with suppress(CheckpointError):
                for rows, size in sound_batches(self._data.file(shard_id), small):
                    sound.update(map(listing.keys.__getitem__, rows.tolist()))
                    advance(size)
        return sound

    def _verify_value(self, name: bytes, key: bytes, entry: BundleEntry, advance: Callable[[int], object]) -> None:
        try:
            self._data.verify(key, entry, advance)
        except CheckpointError as error:
            raise self._data.locate(error, entry.shard_id, name) from None

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over a tensor's pieces in C order."""
        entry = self._find(key)
        if not entry.dtype.itemsize:
            return iter_whole(entry.shape, partial(self.read, key))
        if entry.slices:
            return self._sliced_pieces(key, entry, at_most)
        pieces = self._value_pieces(key, key, entry, at_most)
        return pieces if self.header.big_endian else StoredPieces(self._place_of(key, entry), pieces)

    def _place_of(self, key: bytes, entry: BundleEntry) -> ValueRange:
        """Return where numbers without slices lie, in a file that has them."""
        try:
            return self._data.place(key, entry)
        except CheckpointError as error:
            raise self._data.locate(error, entry.shard_id, key) from None

    def slice_pieces(
        self, name: bytes, at_most: int = PIECE_SIZE
    ) -> Iterator[tuple[bytes, Iterator[tuple[Box, Array]]]]:
        """Yield key and pieces of each slice of a partitioned tensor, as it is stored."""
        entry = self._find(name)
        for position in range(len(entry.slices)):
            key, found = self._slice_entry(name, entry, position)
            if found.dtype.itemsize:
                yield key, self._value_pieces(name, key, found, at_most)
            else:
                yield key, iter_whole(found.shape, partial(self._read_value, name, key, found))

    def stored_slices(self, name: bytes) -> Sequence[TensorSlice]:
        """Return the slices that a tensor lists; none of one in one piece."""
        return self._find(name).slices

    def _value_pieces(
        self, name: bytes, key: bytes, entry: BundleEntry, at_most: int = PIECE_SIZE
    ) -> Iterator[tuple[Box, Array]]:
        """Yield the pieces of one entry of numbers, of tensor ``name``, that has no slices."""
        try:
            yield from self._data.pieces(key, entry, at_most)
        except CheckpointError as error:
            raise self._data.locate(error, entry.shard_id, name) from None

    def _sliced_pieces(self, name: bytes, entry: BundleEntry, at_most: int) -> Iterator[tuple[Box, Array]]:
        def slice_parts(position: int) -> Iterator[Array]:
            key, found = self._slice_entry(name, entry, position)
            return (piece.reshape(-1) for _, piece in self._value_pieces(name, key, found, at_most))

        def read_region(region: TensorSlice) -> Array:
            return self._read_slices(name, entry, region, None)

        self._check_slices(name, entry)
        yield from iter_pieces(self._to_entry(name, entry), at_most, slice_parts, read_region)

    def _check_slices(self, name: bytes, entry: BundleEntry) -> None:
        try:
            check_slices(self._to_entry(name, entry), most_elements=partial(self._most_elements, name, entry))
        except CheckpointError as error:
            raise error.locate(file=self._index.file.name, tensor=name) from None

    def value_ranges(self) -> dict[int, Numbers]:
        """Return by data file where values lie in it: int64 [values, 2], begin and end of each in bytes."""
        listing = self._index.listing()
        entries, rows = listing.entries, listing.values
        rows = rows[np.argsort(entries.shard_ids[rows], kind="stable")]
        starts, sizes = entries.offsets[rows], entries.sizes[rows]
        # Whatever an index says, an end is a number.
        ranges = np.stack([starts, starts + np.minimum(sizes, np.iinfo(np.int64).max - starts)], axis=1)
        shard_ids, firsts = np.unique(entries.shard_ids[rows], return_index=True)
        return dict(zip(shard_ids.tolist(), np.split(ranges, firsts)[1:], strict=True))

    def byte_ranges(self) -> dict[int, list[ByteRange]]:
        """Return by data file what is known of its bytes: where values lie in it, and of what type they are."""
        listing = self._index.listing()
        entries, rows = listing.entries, listing.values.tolist()
        starts, sizes = entries.offsets[rows].tolist(), entries.sizes[rows].tolist()
        words = [numbers_text(*known) for known in entries.types]
        texts = map(words.__getitem__, entries.type_ids[rows].tolist())
        look = partial(map_bundle_value, entries, self.header.big_endian)
        found: dict[int, list[ByteRange]] = {}
        for row, shard_id, start, size, text in zip(
            rows, entries.shard_ids[rows].tolist(), starts, sizes, texts, strict=True
        ):
            one = ByteRange(start, size, TENSOR, listing.keys[row], text, inside=partial(look, row))
            found.setdefault(shard_id, []).append(one)
        return found

    def read_many(self, keys: Sequence[bytes]) -> dict[bytes, Array]:
        """Return several tensors by key; small ones that are neighbours in a file are read together."""
        values: dict[bytes, Array] = {}
        listing = self._index.listing()
        if self._data.can_batch:
            rows = np.fromiter((listing.rows.get(key, -1) for key in keys), np.intp, len(keys))
            for shard_id, small in find_small(listing.entries, rows[rows >= 0], self.header.num_shards):
                for row, value in read_batches(self._data.file(shard_id), small):
                    values[listing.keys[row]] = value
        values.update(self._read_at_once([key for key in dict.fromkeys(keys) if key not in values]))
        return values

    def _read_at_once(self, names: list[bytes]) -> Iterator[tuple[bytes, Array]]:
        """Yield tensors, two being read at any time: the system copies one while the other is verified."""
        if len(names) == 1:
            yield names[0], self.read(names[0])
            return
        workers = ThreadPoolExecutor(_WORKERS)
        try:
            try:
                values = workers.map(self.read, names)
            except RuntimeError:
                # The interpreter is ending, or the system gives no more threads.
                values = map(self.read, names)
            yield from zip(names, values, strict=True)
        finally:
            # After an error, or Ctrl-C, what has not begun is not read.
            workers.shutdown(cancel_futures=True)

    def debug_string(self) -> bytes:
        """Return ``name (DT_FLOAT) [2,3]`` for each record in key order: slices under their keys, not the wholes."""
        listing = self._index.listing()
        lines = [f" ({dtype.enum_name}) {format_shape(shape)}\n".encode() for dtype, shape in listing.entries.types]
        return b"".join(
            key + lines[type_id]
            for row, (key, type_id) in enumerate(zip(listing.keys, listing.entries.type_ids.tolist(), strict=True))
            if type_id >= 0 and row not in listing.entries.slices
        )

    def missing(self, name: str) -> str:
        """Return TensorFlow's words for a name, printable, that is not there."""
        return f"Key {name} not found in checkpoint"

    def file_names(self) -> list[str]:
        """Return the paths of the index and of all data files, present or not."""
        return [self._index.file.name, *map(self._data.filename, range(max(self.header.num_shards, 0)))]

    def hold(self) -> None:
        """Open the data files, so that this version can be read for as long as the store is open."""
        self._data.hold()

    def replaced(self) -> bool:
        """Tell whether the index was swapped since it was opened."""
        return self._index.file.replaced()

    def identity(self) -> bytes:
        """Return what tells this version of the checkpoint from any other: the checksums of its index."""
        return self._index.identity()

    def release(self) -> None:
        """Close the files until something is read again."""
        self._index.file.release()
        self._data.release()

    def close(self) -> None:
        """Close the files."""
        self._index.close()
        self._data.close()

    def _find(self, name: bytes) -> BundleEntry:
        entry = self._index.get(name) if name != HEADER_ENTRY_KEY else None
        if entry is None:
            raise KeyError(name)
        return entry

    def _to_entry(self, name: bytes, entry: BundleEntry) -> TensorSpec:
        if not entry.slices:
            return TensorSpec(name, entry.dtype, entry.shape, (), entry.shard_id, entry.offset, entry.size)
        # Strings of a partitioned tensor would need a look-up per slice to know their size.
        size = math.prod(entry.shape) * entry.dtype.itemsize if entry.dtype.itemsize else None
        return TensorSpec(name, entry.dtype, entry.shape, entry.slices, entry.shard_id, None, size)

    def _most_elements(self, name: bytes, entry: BundleEntry, used: Sequence[int]) -> int:
        """Return how many elements the data files of some slices can hold, each file counted once."""
        known, shard_ids = self._slice_shards
        if known != name:
            # Kept for the next part of the same tensor: to find them takes a look-up for each slice.
            parts = [self._index.get(part.encode_key(name)) for part in entry.slices]
            shard_ids = [None if part is None else part.shard_id for part in parts]
            self._slice_shards = name, shard_ids
        shards = {shard_id for index in used if (shard_id := shard_ids[index]) is not None}
        return sum(self._data.file(shard_id).size for shard_id in shards) // max(entry.dtype.itemsize, 1)

    def _slice_entry(self, name: bytes, entry: BundleEntry, position: int) -> tuple[bytes, BundleEntry]:
        """Return key and entry of a slice that a tensor lists."""
        stored = entry.slices[position]
        key = stored.encode_key(name)
        found = self._index.get(key)
        if found is None:
            raise DataLossError(
                f"Key {visible(key)} not found in checkpoint: slice {stored.format()} is listed and not stored"
            ).locate(file=self._index.file.name, tensor=name)
        expected = entry.dtype, stored.shape(entry.shape)
        if (found.dtype, found.shape) != expected or found.slices:
            raise DataLossError(
                f"slice {stored.format()} is stored as {found.dtype.name} {list(found.shape)}, "
                f"where {expected[0].name} {list(expected[1])} is listed"
            ).locate(file=self._index.file.name, tensor=name)
        return key, found

    def _read_slices(self, name: bytes, entry: BundleEntry, region: TensorSlice | None, out: Array | None) -> Array:
        def read_slice(position: int, part: TensorSlice | None, target: Array | None) -> Array:
            return self._read_value(name, *self._slice_entry(name, entry, position), part, target)

        region = region or TensorSlice.full(len(entry.shape))
        tensor = self._to_entry(name, entry)
        try:
            return assemble(
                tensor, region, read_slice, most_elements=partial(self._most_elements, name, entry), out=out
            )
        except CheckpointError as error:
            raise error.locate(file=self._index.file.name, tensor=name) from None

    def _read_value(
        self,
        name: bytes,
        key: bytes,
        entry: BundleEntry,
        region: TensorSlice | None = None,
        out: Array | None = None,
    ) -> Array:
        """Return the value of one entry, of tensor ``name``, that has no slices, or a region of it."""
        try:
            return self._data.read(key, entry, region, out)
        except CheckpointError as error:
            raise self._data.locate(error, entry.shard_id, name) from None
