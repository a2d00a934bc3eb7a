"""A V1 checkpoint: one table, or several, each with a record about its tensors and a record per tensor slice.

A tensor's slices may be spread over the files. A block is verified whole, so a damaged one takes along the tensors in
it, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ckpt_magics.errors import CheckpointError, CheckpointNotFoundError, DataLossError, InternalError, visible
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box, elements_of, shape_pieces
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.formats.slice_records import META_KEY, SliceMeta, decode_meta, split_saved_slice
from ckpt_magics.files.formats.slice_values import decode_values, iter_values
from ckpt_magics.files.formats.table import TableReader
from ckpt_magics.files.formats.tensor_slice import MAX_SLICES, TensorSlice
from ckpt_magics.files.kinds.directory import checkpoint_files, missing_shards
from ckpt_magics.files.kinds.table_file import open_table
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.assemble import assemble, check_slices, iter_pieces
from ckpt_magics.files.tensors.lost_names import LostNames, LostRange
from ckpt_magics.files.tensors.source import Array, Columns, TensorSpec, file_order, iter_whole, store_into

_ELEMENTS_PER_BYTE = 64
"""An element takes a byte at least, and Snappy makes no more than 21 bytes of one."""


@dataclass(slots=True)
class _StoredTensor:
    """What the files together say about a tensor.

    Attributes:
        dtype: As the first file has it.
        shape: As the first file has it.
        slices: All slices, and beside each the number of its file.
        problem: Why it cannot be read.
    """

    dtype: DType
    shape: tuple[int, ...]
    slices: list[TensorSlice] = field(default_factory=list)
    shards: list[int] = field(default_factory=list)
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether it is stored in one piece."""
        return len(self.slices) == 1 and self.slices[0].is_full(self.shape)

    def spec(self, name: bytes) -> TensorSpec:
        """Return it as a spec that lists its slices, also the one of a tensor in one piece."""
        return TensorSpec(name, self.dtype, self.shape, tuple(self.slices))


class SliceTableStore:
    """An open V1 checkpoint. Opening reads the record about the tensors of every file.

    Args:
        place: The file, or the pattern of several.
    """

    version = 1

    def __init__(self, place: Place) -> None:
        self._place = place
        self._files: list[StoredFile] = []
        self._tables: list[TableReader] = []
        self._tensors: dict[bytes, _StoredTensor] = {}
        found = checkpoint_files(place)
        if not found:
            raise CheckpointNotFoundError(
                "Unsuccessful TensorSliceReader constructor: Failed to find any matching files for "
                f"{visible(place.name)}"
            )
        self._missing = missing_shards(place.name, [one.name for one in found])
        try:
            for shard_id, one in enumerate(found):
                self._open_file(shard_id, one)
        except BaseException:
            self.close()
            raise

    def _open_file(self, shard_id: int, place: Place) -> None:
        name = place.name
        try:
            file, table = open_table(place)
        except DataLossError as error:
            error.message = f"Unable to open table file {visible(name)}: DATA_LOSS: {error.message}"
            raise
        self._files.append(file)
        self._tables.append(table)
        words = f"Failed to find the saved tensor slices at the beginning of the checkpoint file: {visible(name)}"
        try:
            record = table.get(META_KEY)
            if record is None:
                raise InternalError(words, file=name)
            tensors, versions = decode_meta(record)
        except DataLossError as error:
            raise InternalError(f"{words}: {error}", file=name) from error
        try:
            versions.check()
        except CheckpointError as error:
            raise error.locate(file=name) from None
        for meta in tensors:
            self._register(shard_id, meta)

    def _register(self, shard_id: int, meta: SliceMeta) -> None:
        """Add what one file says about a tensor. A contradiction spoils that tensor only."""
        known = self._tensors.setdefault(meta.name, _StoredTensor(meta.dtype, meta.shape))
        if known.shape != meta.shape:
            known.problem = (
                f"Mismatching shapes: existing tensor = {format_shape(known.shape)}, trying to add name "
                f"{visible(meta.name)}, shape = {format_shape(meta.shape)}"
            )
        elif known.dtype != meta.dtype:
            known.problem = (
                f"Mismatching types: existing type = {known.dtype.c_name}, trying to add name {visible(meta.name)}, "
                f"type = {meta.dtype.c_name}"
            )
        if len(known.slices) + len(meta.slices) > MAX_SLICES:
            # A list, or several files, may name a tensor any number of times.
            known.problem = f"a tensor has more than {MAX_SLICES} slices"
            return
        known.slices += meta.slices
        known.shards += [shard_id] * len(meta.slices)

    @property
    def damage(self) -> list[CheckpointError]:
        """What was found broken while listing: files that are not there, and tensors that the files disagree on."""
        found: list[CheckpointError] = []
        if self._missing:
            count = f"{len(self._missing)} of {len(self._missing) + len(self._files)} files"
            found.append(DataLossError(f"{count} are missing, and what they list with them", file=self._missing[0]))
        found += (
            InternalError(tensor.problem, file=self._place.name, tensor=name)
            for name, tensor in self._tensors.items()
            if tensor.problem
        )
        return found

    @property
    def lost(self) -> LostNames:
        """Which names may be missing among the listed ones: any, if a file is missing."""
        return LostNames((LostRange(),)) if self._missing else LostNames()

    def keys(self) -> list[bytes]:
        """Return the keys of all tensors, sorted."""
        return sorted(self._tensors)

    def columns(self) -> Columns:
        """Return what is known of all tensors; where and how large their records are, only reading them tells."""
        keys = self.keys()
        tensors = [self._tensors[key] for key in keys]
        count = len(keys)
        return Columns(
            keys,
            [tensor.dtype for tensor in tensors],
            [tensor.shape for tensor in tensors],
            np.fromiter((min(tensor.shards, default=0) for tensor in tensors), np.int64, count),
            np.full(count, -1, np.int64),
            np.full(count, -1, np.int64),
            np.fromiter((max(len(tensor.slices), 1) for tensor in tensors), np.int64, count),
        )

    def in_file_order(self) -> list[bytes]:
        """Return the keys of all tensors by file and place in it."""
        return file_order(self.columns())

    def spec(self, key: bytes) -> TensorSpec:
        """Return what is known of one tensor. Where and how large its records are, only reading them tells."""
        tensor = self._known(key)
        slices = () if tensor.is_whole else tuple(tensor.slices)
        return TensorSpec(key, tensor.dtype, tensor.shape, slices, min(tensor.shards, default=0))

    def has_key(self, key: bytes) -> bool:
        """Tell whether there is a tensor of that name."""
        return self._find(key) is not None

    def read(self, key: bytes, region: TensorSlice | None = None, out: Array | None = None) -> Array:
        """Return a tensor or a region of it."""
        tensor = self._sound(key)

        def read_slice(position: int, part: TensorSlice | None, target: Array | None) -> Array:
            value = self._read_slice(key, tensor, position)
            return store_into(value if part is None else value[part.resolve(value.shape)], target)

        if tensor.is_whole:
            return read_slice(0, region, out)
        region = region or TensorSlice.full(len(tensor.shape))
        most_elements = partial(self._most_elements, tensor)
        try:
            return assemble(tensor.spec(key), region, read_slice, most_elements=most_elements, out=out)
        except CheckpointError as error:
            raise error.locate(file=self._place.name, tensor=key) from None

    def verify(self, name: bytes, advance: Callable[[int], object]) -> None:
        """Check that a tensor can be read; ``advance`` is not called, for the blocks count and not the tensors."""
        del advance
        tensor = self._sound(name)
        self._check_slices(name, tensor)
        for position in range(len(tensor.slices)):
            for _ in self._slice_parts(name, tensor, position):
                pass

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over a tensor's pieces in C order. The record of a slice is in memory as a whole."""
        tensor = self._sound(key)
        if not tensor.dtype.itemsize:
            return iter_whole(tensor.shape, partial(self.read, key))
        return self._pieces(key, tensor, at_most)

    def _pieces(self, name: bytes, tensor: _StoredTensor, at_most: int) -> Iterator[tuple[Box, Array]]:
        most = elements_of(at_most, tensor.dtype.itemsize)

        def copied_parts(position: int) -> Iterator[Array]:
            # A view, of however little, would keep its record in memory while the next one is read.
            for part in self._slice_parts(name, tensor, position):
                yield from (part[start : start + most].copy() for start in range(0, part.size, most))

        self._check_slices(name, tensor)
        yield from iter_pieces(tensor.spec(name), at_most, copied_parts, partial(self.read, name))

    def _check_slices(self, name: bytes, tensor: _StoredTensor) -> None:
        if tensor.is_whole:
            return
        try:
            check_slices(tensor.spec(name), most_elements=partial(self._most_elements, tensor))
        except CheckpointError as error:
            raise error.locate(file=self._place.name, tensor=name) from None

    def _most_elements(self, tensor: _StoredTensor, used: Sequence[int]) -> int:
        """Return how many elements the files of some slices can hold, each file counted once."""
        return _ELEMENTS_PER_BYTE * sum(self._files[shard].size for shard in {tensor.shards[i] for i in used})

    def read_many(self, keys: Sequence[bytes]) -> dict[bytes, Array]:
        """Return several tensors by key, sorted so that every block is read once."""
        return {key: self.read(key) for key in sorted(set(keys))}

    def _find(self, name: bytes) -> _StoredTensor | None:
        """Return a tensor, None if there is none of that name; refuses to tell if it may be in a missing file."""
        found = self._tensors.get(name)
        if found is None and self._missing:
            raise DataLossError(
                "this tensor is not in the files that are here, and may be in a missing one",
                file=self._missing[0],
                tensor=name,
                hint="Copy the missing files from where it was saved.",
            )
        return found

    def _known(self, name: bytes) -> _StoredTensor:
        found = self._find(name)
        if found is None:
            raise KeyError(name)
        return found

    def _sound(self, name: bytes) -> _StoredTensor:
        """Return a tensor on which the files agree."""
        tensor = self._known(name)
        if tensor.problem:
            raise InternalError(tensor.problem, file=self._place.name, tensor=name)
        return tensor

    def _slice_parts(self, name: bytes, tensor: _StoredTensor, position: int) -> Iterator[Array]:
        """Yield the elements of a slice in flat arrays."""
        stored, shard_id = tensor.slices[position], tensor.shards[position]
        try:
            data = self._find_values(name, tensor, stored, shard_id)
            yield from iter_values(data, tensor.dtype, stored.shape(tensor.shape))
        except CheckpointError as error:
            raise error.locate(file=self._files[shard_id].name, tensor=name) from None

    def _read_slice(self, name: bytes, tensor: _StoredTensor, position: int) -> Array:
        stored, shard_id = tensor.slices[position], tensor.shards[position]
        try:
            data = self._find_values(name, tensor, stored, shard_id)
            return decode_values(data, tensor.dtype, stored.shape(tensor.shape))
        except CheckpointError as error:
            raise error.locate(file=self._files[shard_id].name, tensor=name) from None

    def _find_values(self, name: bytes, tensor: _StoredTensor, stored: TensorSlice, shard_id: int) -> memoryview:
        """Return the values of a slice as they are stored, a view of the block with its record."""
        record = self._tables[shard_id].find(stored.encode_key(name))
        if record is None:
            raise DataLossError(
                f"{visible(name)} not found in checkpoint file: slice {stored.format()} is listed and not stored"
            )
        found_name, found_slice, data = split_saved_slice(record)
        if found_name != name or not _same_slice(found_slice, stored, tensor.shape):
            raise DataLossError(
                f"the record of slice {stored.format()} holds slice {found_slice.format()} of {visible(found_name)}"
            )
        return data

    def stored_slices(self, name: bytes) -> Sequence[TensorSlice]:
        """Return the slices that a tensor lists, also the one of a tensor in one piece."""
        return self._tensors[name].slices

    def slice_pieces(
        self, name: bytes, at_most: int = PIECE_SIZE
    ) -> Iterator[tuple[bytes, Iterator[tuple[Box, Array]]]]:
        """Yield key and pieces of each slice of a partitioned tensor, as it is stored; its record is in memory."""
        tensor = self._sound(name)
        most = elements_of(at_most, tensor.dtype.itemsize)
        for position, part in enumerate(tensor.slices):
            shape = part.shape(tensor.shape)
            if tensor.dtype.itemsize:
                parts = self._slice_parts(name, tensor, position)
                yield part.encode_key(name), shape_pieces(shape, most, tensor.dtype.numpy, parts)
            else:
                yield part.encode_key(name), iter_whole(shape, partial(self._read_slice, name, tensor, position))

    def debug_string(self) -> bytes:
        """Return ``name (DT_FLOAT) [2,3], 2 slices`` for each tensor, sorted by name."""
        lines = []
        for name in self.keys():
            tensor = self._tensors[name]
            count = len(tensor.slices)
            text = f" ({tensor.dtype.enum_name}) {format_shape(tensor.shape)}"
            lines.append(name + text.encode() + (b", %d slices\n" % count if count > 1 else b"\n"))
        return b"".join(lines)

    def missing(self, name: str) -> str:
        """Return TensorFlow's words for a name, printable, that is not there."""
        return f"{name} not found in checkpoint file"

    def file_names(self) -> list[str]:
        """Return the paths of the files."""
        return [file.name for file in self._files]

    def replaced(self) -> bool:
        """Tell whether a file was swapped since it was opened."""
        return any(file.replaced() for file in self._files)

    def identity(self) -> bytes:
        """Return what tells this version of the checkpoint from any other: the checksums of all blocks."""
        return b"".join(table.identity() for table in self._tables)

    def release(self) -> None:
        """Close the files until something is read again."""
        for file in self._files:
            file.release()

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()


def _same_slice(found: TensorSlice, stored: TensorSlice, shape: tuple[int, ...]) -> bool:
    return found == stored or (len(found.extents) == len(shape) and found.resolve(shape) == stored.resolve(shape))
