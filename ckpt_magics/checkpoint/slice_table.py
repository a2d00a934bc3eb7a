"""A V1 checkpoint: one table, or several, each with a record about its tensors and a record per tensor slice.

A tensor's slices may be spread over the files. A block is verified whole, so a damaged one takes along the tensors in
it, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from ckpt_magics.checkpoint.assemble import assemble
from ckpt_magics.checkpoint.directory import checkpoint_files
from ckpt_magics.checkpoint.files import LocalFile
from ckpt_magics.checkpoint.store import Array, Columns, TensorEntry, store_into
from ckpt_magics.checkpoint.table_file import open_table
from ckpt_magics.errors import CheckpointError, CheckpointNotFoundError, DataLossError, InternalError, visible
from ckpt_magics.formats.dtypes import DType
from ckpt_magics.formats.shapes import format_shape
from ckpt_magics.formats.slice_records import META_KEY, SliceMeta, decode_meta, decode_saved_slice
from ckpt_magics.formats.table import TableReader
from ckpt_magics.formats.tensor_slice import MAX_SLICES, TensorSlice

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


class SliceTableStore:
    """An open V1 checkpoint. Opening reads the record about the tensors of every file.

    Args:
        prefix: The file, or the pattern of several.
    """

    version = 1

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._files: list[LocalFile] = []
        self._tables: list[TableReader] = []
        self._tensors: dict[bytes, _StoredTensor] = {}
        names = checkpoint_files(prefix)
        if not names:
            raise CheckpointNotFoundError(
                f"Unsuccessful TensorSliceReader constructor: Failed to find any matching files for {visible(prefix)}"
            )
        try:
            for shard_id, name in enumerate(names):
                self._open_file(shard_id, name)
        except BaseException:
            self.close()
            raise

    def _open_file(self, shard_id: int, name: str) -> None:
        try:
            file, table = open_table(name)
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
        """What was found broken while listing: tensors that the files disagree on."""
        return [
            InternalError(tensor.problem, file=self.prefix, tensor=name)
            for name, tensor in self._tensors.items()
            if tensor.problem
        ]

    def names(self) -> list[bytes]:
        """Return the names of all tensors, sorted."""
        return sorted(self._tensors)

    def columns(self) -> Columns:
        """Return what is known of all tensors; where and how large their records are, only reading them tells."""
        names = self.names()
        tensors = [self._tensors[name] for name in names]
        count = len(names)
        return Columns(
            names,
            [tensor.dtype for tensor in tensors],
            [tensor.shape for tensor in tensors],
            np.fromiter((min(tensor.shards, default=0) for tensor in tensors), np.int64, count),
            np.full(count, -1, np.int64),
            np.full(count, -1, np.int64),
            np.fromiter((max(len(tensor.slices), 1) for tensor in tensors), np.int64, count),
        )

    def entry(self, name: bytes) -> TensorEntry:
        """Return what is known of one tensor. Where and how large its records are, only reading them tells."""
        tensor = self._tensors[name]
        whole = len(tensor.slices) == 1 and tensor.slices[0].is_full(tensor.shape)
        slices = () if whole else tuple(tensor.slices)
        return TensorEntry(name, tensor.dtype, tensor.shape, slices, min(tensor.shards, default=0))

    def has_key(self, key: bytes) -> bool:
        """Tell whether there is a tensor of that name."""
        return key in self._tensors

    def read(self, name: bytes, region: TensorSlice | None = None, out: Array | None = None) -> Array:
        """Return a tensor or a region of it."""
        tensor = self._tensors[name]
        if tensor.problem:
            raise InternalError(tensor.problem, file=self.prefix, tensor=name)

        def read_slice(index: int, part: TensorSlice | None, target: Array | None) -> Array:
            stored, shard_id = tensor.slices[index], tensor.shards[index]
            try:
                value = self._read_record(name, tensor, stored, shard_id)
            except CheckpointError as error:
                raise error.locate(file=self._files[shard_id].name, tensor=name) from None
            return store_into(value if part is None else value[part.resolve(value.shape)], target)

        if len(tensor.slices) == 1 and tensor.slices[0].is_full(tensor.shape):
            return read_slice(0, region, out)

        def most_elements(used: Sequence[int]) -> int:
            return _ELEMENTS_PER_BYTE * sum(self._files[shard].size for shard in {tensor.shards[i] for i in used})

        region = region or TensorSlice.full(len(tensor.shape))
        entry = TensorEntry(name, tensor.dtype, tensor.shape, tuple(tensor.slices))
        try:
            return assemble(entry, region, read_slice, most_elements=most_elements, out=out)
        except CheckpointError as error:
            raise error.locate(file=self.prefix, tensor=name) from None

    def verify(self, name: bytes, advance: Callable[[int], object]) -> None:
        """Check that a tensor can be read; ``advance`` is not called, for the blocks count and not the tensors."""
        del advance
        self.read(name)

    def read_many(self, names: Sequence[bytes]) -> dict[bytes, Array]:
        """Return several tensors by name, sorted so that every block is read once."""
        return {name: self.read(name) for name in sorted(set(names))}

    def _read_record(self, name: bytes, tensor: _StoredTensor, stored: TensorSlice, shard_id: int) -> Array:
        record = self._tables[shard_id].get(stored.encode_key(name))
        if record is None:
            raise DataLossError(
                f"{visible(name)} not found in checkpoint file: slice {stored.format()} is listed and not stored"
            )
        found_name, found_slice, value = decode_saved_slice(record, tensor.dtype, tensor.shape)
        if found_name != name or not _same_slice(found_slice, stored, tensor.shape):
            raise DataLossError(
                f"the record of slice {stored.format()} holds slice {found_slice.format()} of {visible(found_name)}"
            )
        return value

    def debug_string(self) -> bytes:
        """Return ``name (DT_FLOAT) [2,3], 2 slices`` for each tensor, sorted by name."""
        lines = []
        for name in self.names():
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

    def close(self) -> None:
        """Close the files."""
        for file in self._files:
            file.close()


def _same_slice(found: TensorSlice, stored: TensorSlice, shape: tuple[int, ...]) -> bool:
    return found == stored or (len(found.extents) == len(shape) and found.resolve(shape) == stored.resolve(shape))
