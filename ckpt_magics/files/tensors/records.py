"""The values that a save writes, worked out and checked before the first byte: names, slices, shards.

Format: tensorflow/core/kernels/save_restore_v2_ops.cc, save_restore_tensor.cc.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, InternalError, InvalidArgumentError, visible
from ckpt_magics.files.formats.bundle_records import MAX_SHARDS
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.shapes import MAX_RANK, format_shape
from ckpt_magics.files.formats.tensor_slice import MAX_NAME_SIZE, MAX_SLICES, TensorSlice
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import Numbers, TensorSpec

__all__ = [
    "Record",
    "RecordColumns",
    "Specs",
    "columns_of_records",
    "number_types",
    "record_key",
    "record_of",
    "records_of",
    "shard_runs",
    "specs_of",
    "split_into_runs",
]

_SHOWN_NAME = 60
"""Bytes that are shown of a name that is too long."""


class Record(NamedTuple):
    """One value in the files: a whole tensor, or one slice of a partitioned tensor.

    Attributes:
        key: What it is called while it is saved: the name, or the key of the slice; see :func:`record_key`.
        name: Of the tensor.
        dtype: How it is stored.
        shape: Full shape of the tensor.
        size: Bytes that the value takes; -1 where only reading it would tell.
        tensor_slice: Which part of it this is; None if nothing was said, which is all of it.
    """

    key: bytes
    name: bytes
    dtype: DType
    shape: tuple[int, ...]
    size: int
    tensor_slice: TensorSlice | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is all of its tensor."""
        return self.key == self.name

    @property
    def value_shape(self) -> tuple[int, ...]:
        """Shape of the value."""
        return self.shape if self.tensor_slice is None else self.tensor_slice.shape(self.shape)

    @property
    def elements(self) -> int:
        """Number of elements of the value."""
        return math.prod(self.value_shape)

    def slice_or_full(self) -> TensorSlice:
        """Return the slice, with extents that say "all" if nothing was said."""
        return TensorSlice.full(len(self.shape)) if self.tensor_slice is None else self.tensor_slice


class RecordColumns(NamedTuple):
    """Records as columns: for a hundred thousand scalars, making an object of each takes longer than the rest.

    Attributes:
        keys: What each is called.
        types: The different pairs of dtype and shape of a value that there are.
        type_ids: intp [records], which of them each has.
        sizes: int64 [records], bytes of each; -1 where only reading it would tell.
    """

    keys: list[bytes]
    types: list[tuple[DType, tuple[int, ...]]]
    type_ids: npt.NDArray[np.intp]
    sizes: Numbers

    @property
    def is_sound(self) -> bool:
        """Whether these are whole tensors with which :func:`records_of` would find nothing wrong."""
        names = self.keys
        return (
            bool(names)
            and b"" not in names
            and (all(map(operator.lt, names, names[1:])) or len(set(names)) == len(names))
            and max(map(len, names)) <= MAX_NAME_SIZE
            and max(len(shape) for _, shape in self.types) <= MAX_RANK
        )

    def specs(self) -> list[TensorSpec]:
        """Return what is known of each, as of whole tensors."""
        types = map(self.types.__getitem__, self.type_ids.tolist())
        return [
            TensorSpec(key, dtype, shape, size=None if size < 0 else size)
            for key, (dtype, shape), size in zip(self.keys, types, self.sizes.tolist(), strict=True)
        ]


Specs = RecordColumns | Sequence[TensorSpec]
"""What is to be saved: whole tensors as columns, or tensors and slices one by one in the order of the files. Several
specs may name one tensor, each with other slices."""


def record_key(name: bytes, tensor_slice: TensorSlice | None, shape: tuple[int, ...]) -> bytes:
    """Return what a value is called: a slice by its key in the index, unless it is all of its tensor."""
    return name if tensor_slice is None or tensor_slice.is_full(shape) else tensor_slice.encode_key(name)


def columns_of_records(records: Sequence[Record]) -> RecordColumns:
    """Return records as columns."""
    keys = [record.key for record in records]
    types, type_ids = number_types((record.dtype, record.value_shape) for record in records)
    return RecordColumns(keys, types, type_ids, np.array([record.size for record in records], np.int64))


def number_types(keys: Iterable[Any]) -> tuple[list[Any], npt.NDArray[np.intp]]:
    """Return the different keys in the order in which they come, and which of them each is.

    No list of all keys is made: the garbage collector would walk through it again and again.
    """
    numbers: defaultdict[Any, int] = defaultdict(itertools.count().__next__)
    type_ids = np.fromiter(map(numbers.__getitem__, keys), np.intp)
    return list(numbers), type_ids


def specs_of(specs: Specs) -> Sequence[TensorSpec]:
    """Return what is to be saved one by one."""
    return specs.specs() if isinstance(specs, RecordColumns) else specs


def records_of(specs: Specs) -> list[Record]:
    """Return the values to be written, in the order of the specs and of their slices.

    Raises:
        InvalidArgumentError: A name is empty or too long, a shape cannot be stored, a tensor or a slice of one is there
            twice, or slices and a whole tensor share a name.
        InternalError: A slice does not fit its tensor; slices of one name differ in full shape or dtype, or overlap.
    """
    records = [record_of(spec, part) for spec in specs_of(specs) for part in spec.slices or (None,)]
    _check_together(records)
    return records


def record_of(spec: TensorSpec, part: TensorSlice | None) -> Record:
    """Return what is written of a tensor: all of it if ``part`` is None; errors are those of `records_of`."""
    name, shape = spec.key, spec.shape
    if not name:
        raise InvalidArgumentError("a tensor needs a name: the empty one is the header's")
    _check_name_size(name, len(name))
    if len(shape) > MAX_RANK:
        raise InvalidArgumentError(f"{len(shape)} dimensions are more than {MAX_RANK}", tensor=name)
    try:
        elements = math.prod(shape if part is None else part.shape(shape))
    except CheckpointError as error:
        raise error.locate(tensor=name) from None
    if part is not None:
        # Stored under a key that holds the name.
        _check_name_size(name, len(part.encode_key(name)))
    strings = spec.size if spec.size is not None and len(spec.slices) < 2 else -1
    size = elements * spec.dtype.itemsize if spec.dtype.itemsize else strings
    return Record(record_key(name, part, shape), name, spec.dtype, shape, size, part)


def _check_name_size(name: bytes, size: int) -> None:
    if size > MAX_NAME_SIZE:
        raise InvalidArgumentError(
            f"the name has {len(name)} bytes; a reader takes more than {MAX_NAME_SIZE} for damage",
            tensor=name[:_SHOWN_NAME] + b"...",
        )


def _check_together(records: Sequence[Record]) -> None:
    """Refuse records that do not make one checkpoint."""
    if len({record.name for record in records}) == len(records):
        return
    name, count = Counter(record.name for record in records).most_common(1)[0]
    if count > MAX_SLICES:
        raise InvalidArgumentError(f"{count} slices; a reader takes more than {MAX_SLICES} for damage", tensor=name)
    known: dict[bytes, list[Record]] = {}
    for record in records:
        name = record.name
        siblings = known.setdefault(name, [])
        if siblings and (record.is_whole or siblings[0].is_whole):
            raise InvalidArgumentError(f"Adding duplicate key: {visible(name)}", tensor=name)
        if siblings:
            _check_same_tensor(siblings[0], record)
            _check_apart(siblings, record)
        siblings.append(record)


def _check_apart(siblings: Sequence[Record], record: Record) -> None:
    """Slices of one tensor do not overlap."""
    name, new = record.name, record.slice_or_full()
    for sibling in siblings:
        existing = sibling.slice_or_full()
        if existing == new:
            raise InvalidArgumentError(f"Adding duplicate key: {visible(name)}, slice {new}", tensor=name)
        if existing.intersect(new, record.shape) is not None:
            raise InternalError(f"Overlapping slices: existing slice = {existing}, new slice = {new}", tensor=name)


def _check_same_tensor(known: Record, record: Record) -> None:
    """Slices under one name are of one tensor."""
    name = record.name
    if known.shape != record.shape:
        raise InternalError(
            f"Mismatching shapes: existing tensor = {format_shape(known.shape)}, "
            f"trying to add name {visible(name)}, shape = {format_shape(record.shape)}",
            tensor=name,
        )
    if known.dtype != record.dtype:
        raise InternalError(
            f"Mismatching types: existing type = {known.dtype.c_name}, "
            f"trying to add name {visible(name)}, type = {record.dtype.c_name}",
            tensor=name,
        )


def shard_runs(sizes: Sequence[int], options: SaveOptions) -> list[range]:
    """Divide rows among data files as options say.

    Raises:
        InvalidArgumentError: There would be more files than a checkpoint may have.
    """
    if options.max_shard_size is None:
        return split_into_runs(sizes, options.num_shards)
    runs = split_by_size(sizes, options.max_shard_size)
    if len(runs) > MAX_SHARDS:
        raise InvalidArgumentError(f"{len(runs):,} data files of that size are more than {MAX_SHARDS:,}")
    return runs


def split_by_size(sizes: Sequence[int], most: int) -> list[range]:
    """Divide rows into runs of a size at most, or of one row, in the order given; there is one at least.

    >>> split_by_size([3, 3, 5, 1, 9], 6)
    [range(0, 2), range(2, 4), range(4, 5)]
    """
    runs: list[range] = []
    start = total = 0
    for row, size in enumerate(sizes):
        if row > start and total + size > most:
            runs.append(range(start, row))
            start, total = row, 0
        total += size
    return [*runs, range(start, len(sizes))]


def split_into_runs(sizes: Sequence[int], count: int) -> list[range]:
    """Divide rows into runs of about equal size, in the order given; none is empty unless rows are too few.

    >>> split_into_runs([32, 4, 4, 24, 32, 0], 3)
    [range(0, 1), range(1, 4), range(4, 6)]
    """
    if count == 1:
        return [range(len(sizes))]
    runs: list[range] = []
    left = sum(sizes)
    position = 0
    for runs_left in range(count, 0, -1):
        goal, size, start = left / runs_left, 0, position
        end = max(start + 1, len(sizes) - (runs_left - 1))
        while position < min(end, len(sizes)) and (
            position == start or runs_left == 1 or size + sizes[position] / 2 <= goal
        ):
            size += sizes[position]
            position += 1
        runs.append(range(start, position))
        left -= size
    return runs
