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

from ckpt_magics.checkpoint.files import LocalFile
from ckpt_magics.checkpoint.store import Array
from ckpt_magics.formats.bundle_records import BundleEntry
from ckpt_magics.wire.crc32c import crc32c, unmask

SMALL_SIZE = 64 << 10
"""Bytes up to which a value shares a buffer."""

BUFFER_SIZE = 1 << 20
"""Bytes of a buffer: what stays in the processor's cache until it is verified."""

_LARGEST_GAP = 4 << 10
"""Bytes between two values that are read along rather than skipped."""


class Wanted(NamedTuple):
    """A value to be read: its key and its entry."""

    key: bytes
    entry: BundleEntry


def is_small(entry: BundleEntry) -> bool:
    """Tell whether a value is numbers in one piece, of the size that its shape needs, and small."""
    return (
        entry.size <= SMALL_SIZE
        and not entry.slices
        and entry.dtype.itemsize > 0
        and entry.size == math.prod(entry.shape) * entry.dtype.itemsize
        and len(entry.shape) <= _NUMPY_RANK
    )


_NUMPY_RANK = 32
"""Dimensions that every NumPy allows."""


def read_batches(file: LocalFile, wanted: list[Wanted]) -> Iterator[tuple[bytes, Array]]:
    """Yield key and value of small values of one file, little-endian, in the order of their places.

    Values that are damaged, lie outside of the file or overlap are left out: reading them one by one says what is
    wrong with them, and gives each of them memory of its own.
    """
    wanted = sorted(wanted, key=lambda item: item.entry.offset)
    first = 0
    while first < len(wanted):
        start, end, last = wanted[first].entry.offset, wanted[first].entry.offset, first
        while last < len(wanted):
            entry = wanted[last].entry
            stop = entry.offset + entry.size
            if not end <= entry.offset <= end + _LARGEST_GAP or stop - start > BUFFER_SIZE or stop > file.size:
                break
            end, last = stop, last + 1
        yield from _read_batch(file, wanted[first:last], start, end)
        first = max(last, first + 1)


def _read_batch(file: LocalFile, batch: list[Wanted], start: int, end: int) -> Iterator[tuple[bytes, Array]]:
    buffer = np.empty(end - start, np.uint8)
    view = buffer.data
    file.read_into(start, view, "tensor data")
    for key, entry in batch:
        offset = entry.offset - start
        if crc32c(view[offset : offset + entry.size]) != unmask(entry.crc32c):
            continue
        dtype = entry.dtype.numpy
        array: Array = np.ndarray(entry.shape, dtype, buffer, offset)
        # Numbers that do not lie on a multiple of their size are slow, and other libraries refuse them.
        yield key, array if not offset % dtype.alignment else array.copy()
