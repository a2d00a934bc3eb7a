"""Many small values at once: one read for neighbours in a data file, in place of one each.

A value of a few KiB costs more in system calls and bookkeeping than in bytes. Values that lie next to each other are
read into one buffer, verified there one by one, and given out as arrays that share it; so they stay small, for an
array keeps its whole buffer alive.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.entry_columns import EntryColumns, Numbers, Rows, TensorType
from ckpt_magics.files.storage.ranges import neighbours_within
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.source import Array
from ckpt_magics.files.wire.crc32c import crcs_of, unmasked_crcs

__all__ = ["SmallValues", "find_small", "read_batches", "sound_batches"]

SMALL_SIZE = 64 << 10
"""Bytes up to which a value shares a buffer."""

BUFFER_SIZE = 1 << 20
"""Bytes of a buffer: what stays in the processor's cache until it is verified."""

_NUMPY_RANK = 32
"""Dimensions that every NumPy allows."""


class SmallValues(NamedTuple):
    """Where small values lie in one data file, in the order of their places.

    Attributes:
        rows: Position of each in the index.
        types: Dtype and shape of each.
        starts: int64, where each begins.
        ends: int64, where it ends.
        crcs: uint32, its checksum.
    """

    rows: Rows
    types: list[TensorType]
    starts: Numbers
    ends: Numbers
    crcs: npt.NDArray[np.uint32]

    def part(self, rows: slice) -> SmallValues:
        """Return a run of the values."""
        found, types, starts, ends, crcs = self
        return SmallValues(found[rows], types[rows], starts[rows], ends[rows], crcs[rows])


def find_small(entries: EntryColumns, rows: Rows, num_shards: int) -> Iterator[tuple[int, SmallValues]]:
    """Yield number and small values of each data file that has any.

    They are numbers in one piece, of the size that their shape needs.

    Args:
        entries: Of the index.
        rows: Which of them are wanted.
        num_shards: Number of data files.
    """
    wanted = np.zeros(len(entries.type_ids), np.bool_)
    wanted[rows] = True
    rows = np.flatnonzero(wanted & (entries.type_ids >= 0))
    expected = np.array([_small_size(*kind) for kind in entries.types], np.int64)
    fits = entries.sizes[rows] == expected[entries.type_ids[rows]]
    rows = rows[fits & (entries.shard_ids[rows] < num_shards) & ~np.isin(rows, list(entries.slices))]
    rows = rows[np.lexsort((entries.offsets[rows], entries.shard_ids[rows]))]
    if not rows.size:
        # Split would make one part of nothing.
        return
    shard_ids, firsts = np.unique(entries.shard_ids[rows], return_index=True)
    for shard_id, part in zip(shard_ids.tolist(), np.split(rows, firsts[1:]), strict=True):
        types = list(map(entries.types.__getitem__, entries.type_ids[part].tolist()))
        starts = entries.offsets[part]
        yield (
            shard_id,
            SmallValues(part, types, starts, starts + entries.sizes[part], unmasked_crcs(entries.crcs[part])),
        )


def _small_size(dtype: DType, shape: tuple[int, ...]) -> int:
    """Return the bytes that a value of a type needs, -1 if it cannot share a buffer."""
    size = math.prod(shape) * dtype.itemsize
    return size if dtype.itemsize and size <= SMALL_SIZE and len(shape) <= _NUMPY_RANK else -1


def read_batches(file: StoredFile, values: SmallValues) -> Iterator[tuple[int, Array]]:
    """Yield row and value of small values of one file, little-endian.

    Values that are damaged or lie outside of the file are left out: reading them one by one says what is wrong with
    them. Values that overlap get memory of their own.
    """
    for batch in _batches(file, values):
        buffer, offsets, sound = _read_batch(file, batch)
        overlap = bool((batch.starts[1:] < batch.ends[:-1]).any())
        places = zip(batch.rows.tolist(), batch.types, offsets.tolist(), sound.tolist(), strict=True)
        for row, (dtype, shape), offset, is_sound in places:
            if is_sound:
                numbers = dtype.numpy
                array: Array = np.ndarray(shape, numbers, buffer, offset)
                # Numbers that do not lie on a multiple of their size are slow, and other libraries refuse them.
                yield row, array if not (overlap or offset % numbers.alignment) else array.copy()


def sound_batches(file: StoredFile, values: SmallValues) -> Iterator[tuple[Rows, int]]:
    """Yield the rows that :func:`read_batches` would give a value of, many at a time, and how many bytes they have."""
    for batch in _batches(file, values):
        _, _, sound = _read_batch(file, batch)
        yield batch.rows[sound], int((batch.ends - batch.starts)[sound].sum())


def _batches(file: StoredFile, values: SmallValues) -> Iterator[SmallValues]:
    """Yield values that lie one behind the other inside of the file, as many at a time as a buffer holds."""
    values = values.part(slice(int(np.searchsorted(values.starts, file.size, "right"))))
    for run in neighbours_within(values.starts, values.ends, file.gap):
        near = values.part(run)
        reached = np.maximum.accumulate(near.ends)
        first = 0
        while first < len(near.rows):
            limit = min(int(near.starts[first]) + BUFFER_SIZE, file.size)
            last = int(np.searchsorted(reached, limit, "right"))
            if last == first:
                # It reaches out of the file, as do those behind it.
                break
            yield near.part(slice(first, last))
            first = last


def _read_batch(file: StoredFile, values: SmallValues) -> tuple[Array, Numbers, npt.NDArray[np.bool_]]:
    """Return the bytes of values that lie near each other, where in them each begins, and which have their checksum."""
    start = int(values.starts[0])
    buffer = np.empty(int(values.ends.max()) - start, np.uint8)
    view = buffer.data
    file.read_into(start, view, "tensor data")
    offsets = values.starts - start
    ends = values.ends - start
    # No list of the pieces: the garbage collector would walk through it again and again.
    found = crcs_of(map(view.__getitem__, map(slice, offsets.tolist(), ends.tolist())), len(offsets))
    return buffer, offsets, found == values.crcs
