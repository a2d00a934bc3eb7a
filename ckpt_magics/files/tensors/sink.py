"""What takes named tensors: the seam through which everything is saved.

A sink knows all specs before it is given the first value, so what it refuses it refuses before a byte is written.
Nothing is visible before the end, and everything after.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box
from ckpt_magics.files.storage.store import WrittenFile
from ckpt_magics.files.tensors.stored_pieces import CopiedValue

__all__ = ["Pieces", "TensorSink", "Values", "elements_in_order", "neighbours", "write_values"]

SMALL_SIZE = 1 << 14
"""Bytes up to which copying a tensor costs less than making a view of it."""

_BATCH = 512
"""Small tensors that are copied before they are written: at most 8 MiB."""

Array = npt.NDArray[Any]

Pieces = Array | Iterable[tuple[Box, Array]]
"""A value: an array, or its regions and their elements, one behind the other in C order. Strings are one piece.

Of `StoredPieces` a sink may copy the bytes in place of them.
"""


class Values(Protocol):
    """The values that a sink is to be given, by key: names of whole tensors, and the keys of slices."""

    def read_many(self, keys: Sequence[bytes]) -> Mapping[bytes, Array]:
        """Return several values."""
        ...

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over region and elements of a value's pieces, in C order."""
        ...


class TensorSink(Protocol):
    """Takes the values of the tensors that it was opened for, once each and in order.

    Attributes:
        path: What the result is called: a prefix, or the pattern of several V1 files; final after the end.
        tensors: How many there are; the slices of one count once.
        written: The files, after the end.
    """

    path: str
    tensors: int
    written: tuple[WrittenFile, ...]

    @property
    def order(self) -> Sequence[bytes]:
        """The keys of all values in the order in which they are to be written."""
        ...

    @property
    def copied(self) -> Mapping[bytes, CopiedValue]:
        """The values whose bytes were copied from another file and read back, by key."""
        ...

    def batches(self) -> Iterator[Sequence[bytes]]:
        """Yield all keys in order: those of small neighbours, which fit into memory together, and others alone."""
        ...

    def write(self, key: bytes, value: Pieces) -> None:
        """Write a value. Arrays may change meanwhile: what is written is what was looked at once.

        Raises:
            InvalidArgumentError: The elements are not of the type.
            CheckpointError: The disk refuses, or the value's source does.
        """
        ...

    def write_many(self, values: Mapping[bytes, Array]) -> None:
        """Write the values of a batch, as `write` would, in less time."""
        ...


def write_values(sink: TensorSink, values: Values) -> None:
    """Write everything that a sink was opened for; a few pieces are in memory at a time."""
    for keys in sink.batches():
        if len(keys) == 1:
            sink.write(keys[0], values.pieces(keys[0]))
        else:
            sink.write_many(values.read_many(keys))


def elements_in_order(value: Pieces, shape: tuple[int, ...]) -> Iterator[Array]:
    """Yield the arrays that a value comes in, whose elements back to back are those of a tensor of ``shape``.

    Raises:
        DataLossError: After the last one, if it was fewer or more elements.
    """
    found = 0
    for array in [value] if isinstance(value, np.ndarray | np.generic) else (piece for _, piece in value):
        found += array.size
        yield array
    if found != math.prod(shape):
        raise DataLossError(f"the pieces have {found} elements, and the tensor has {math.prod(shape)}")


def neighbours(keys: Sequence[bytes], sizes: npt.NDArray[np.int64], runs: Sequence[range]) -> Iterator[Sequence[bytes]]:
    """Yield the keys of small neighbours together, a few MiB at a time, and others alone.

    Args:
        keys: Of all values, in order.
        sizes: Bytes of each; -1 where only reading it would tell.
        runs: Which rows belong together: no batch has keys of two.
    """
    small = (sizes >= 0) & (sizes <= SMALL_SIZE)
    for run in runs:
        for first in range(run.start, run.stop, _BATCH):
            rows = slice(first, min(first + _BATCH, run.stop))
            if small[rows].all():
                yield keys[rows]
            else:
                yield from _small_together(keys[rows], small[rows].tolist())


def _small_together(keys: Sequence[bytes], small: Sequence[bool]) -> Iterator[Sequence[bytes]]:
    rows = itertools.groupby(zip(small, keys, strict=True), key=operator.itemgetter(0))
    for is_small, group in rows:
        found = [key for _, key in group]
        if is_small:
            yield found
        else:
            yield from ([key] for key in found)
