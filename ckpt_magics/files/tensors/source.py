"""What holds named tensors: the one seam through which everything reads them.

A checkpoint of either format, another kind of file, arrays in memory and the difference of two of these are sources.
Who shows, compares, restores, converts or saves tensors knows a source and not what is behind it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.tensors.lost_names import LostNames
from ckpt_magics.files.tensors.tensor_names import key_to_name

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]

MAX_ATTEMPTS = 10
"""How often to try again when each time another save came between."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """What a source says about one tensor.

    Attributes:
        key: Name as it is stored.
        dtype: Type of the elements.
        shape: Sizes of the dimensions; of a partitioned tensor those of the whole.
        slices: The parts of a partitioned tensor in the order written, empty of a tensor stored in one piece.
        shard_id: Number of the data file; of a partitioned tensor that of the first part.
        offset: Where the value starts in that file, in bytes; None where only reading it would tell.
        size: Bytes that the value takes in the file, all parts together; None where only reading it would tell.
    """

    key: bytes
    dtype: DType
    shape: tuple[int, ...]
    slices: tuple[TensorSlice, ...] = ()
    shard_id: int = 0
    offset: int | None = None
    size: int | None = None

    @property
    def name(self) -> str:
        """The key as text."""
        return key_to_name(self.key)

    @property
    def elements(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """Bytes that the value takes in memory; 0 of strings, whose length is not known before they are read."""
        return self.elements * self.dtype.itemsize


class Columns(NamedTuple):
    """Every tensor of a source, sorted by key.

    Attributes:
        keys: Names as they are stored.
        dtypes: Type of each.
        shapes: Full shape of each.
        shard_ids: Number of the data file, int64; of a partitioned tensor that of its first part.
        offsets: Where the value starts in that file, in bytes, int64; -1 where only reading it would tell.
        sizes: Bytes that the value takes in the files, int64; -1 where only reading it would tell.
        slice_counts: Parts that the tensor is stored in, int64.
    """

    keys: list[bytes]
    dtypes: list[DType]
    shapes: list[tuple[int, ...]]
    shard_ids: Numbers
    offsets: Numbers
    sizes: Numbers
    slice_counts: Numbers

    def taken(self, rows: Sequence[int]) -> Columns:
        """Return some rows, or all in another order."""
        keys, dtypes, shapes, *numbers = self
        at = np.array(rows, np.int64)
        lists = [keys[row] for row in rows], [dtypes[row] for row in rows], [shapes[row] for row in rows]
        return Columns(*lists, *(each[at] for each in numbers))


class NamedValues(Protocol):
    """Tensors by key. An unknown key is a KeyError."""

    @property
    def damage(self) -> Sequence[CheckpointError]:
        """What was found broken while listing; the tensors concerned are not listed, the others are."""
        ...

    @property
    def lost(self) -> LostNames:
        """Which names may be missing among the listed ones because something is damaged."""
        ...

    def keys(self) -> list[bytes]:
        """Return the keys of all tensors, sorted; parts of partitioned tensors are not among them."""
        ...

    def columns(self) -> Columns:
        """Return what is known of all tensors."""
        ...

    def spec(self, key: bytes) -> TensorSpec:
        """Return what is known of one tensor; costs one look-up, whatever the number of tensors."""
        ...

    def read(self, key: bytes, region: TensorSlice | None = None, out: Array | None = None) -> Array:
        """Return a tensor or a part of it as a new array, whatever its rank, or in ``out``, which has to fit."""
        ...

    def read_many(self, keys: Sequence[bytes]) -> dict[bytes, Array]:
        """Return several tensors by key, as ``read`` would, in less time."""
        ...

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over region and elements of a tensor's pieces, in the order of `cut_shape`.

        Numbers come in pieces of at most ``at_most`` bytes (one element at least), strings in one. Checksums are
        verified on the way; before the last piece, those given out may turn out to be damaged.

        Raises:
            KeyError: The key is unknown.
            CheckpointError: Later, from the iterator.
        """
        ...

    def missing(self, name: str) -> str:
        """Return TensorFlow's words for a name, printable, that is not there."""
        ...

    def close(self) -> None:
        """Let go of the files, if there are any. Closing twice is fine."""
        ...


class TensorSource(NamedValues, Protocol):
    """Named tensors to read from, whatever holds them."""

    @property
    def origin(self) -> str:
        """What the source is called for people: a prefix, a path, or a few words."""
        ...

    @property
    def note(self) -> str:
        """What was used in place of what was given, as a sentence; empty if they are the same."""
        ...

    def in_file_order(self) -> list[bytes]:
        """Return the keys of all tensors in the order in which reading them moves forward through the files.

        Of a file whose own list of tensors has an order that means something, it is that one.
        """
        ...

    def version_token(self) -> object:
        """Return an object that is the same one for as long as the source holds the same tensors."""
        ...

    def check_current(self) -> None:
        """Raise an error if what was read before has been replaced or deleted since."""
        ...

    def on_demand(self) -> TensorSource:
        """Return a source of the same tensors that holds no files between reads."""
        ...


class TensorFile(NamedValues, Protocol):
    """One version of the files of a checkpoint, or of a file of another kind, open.

    Attributes:
        version: Format of a checkpoint, 1 or 2; 0 of another kind of file.
    """

    version: int

    def in_file_order(self) -> list[bytes]:
        """Return the keys of all tensors in the order of the file: the one that it lists, or that of their places."""
        ...

    def has_key(self, key: bytes) -> bool:
        """Tell whether there is a record under ``key``, as TensorFlow's ``has_tensor`` does."""
        ...

    def verify(self, key: bytes, advance: Callable[[int], object], /) -> None:
        """Check that a tensor can be read; ``advance`` is called with the bytes of each part."""
        ...

    def slice_pieces(self, name: bytes, /) -> Iterator[tuple[bytes, Iterator[tuple[Box, Array]]]]:
        """Yield the key and the pieces of each slice that a tensor is stored in; nothing if it is in one piece."""
        ...

    def debug_string(self) -> bytes:
        """Return one line per record, as TensorFlow's reader does."""
        ...

    def file_names(self) -> list[str]:
        """Return the paths of the files."""
        ...

    def replaced(self) -> bool:
        """Tell whether other files were saved over these since they were opened."""
        ...

    def identity(self) -> bytes:
        """Return what tells this version from any other, wherever a copy of it lies."""
        ...

    def release(self) -> None:
        """Close the files until something is read again. By then they must be the same ones, or the read fails."""
        ...


def iter_whole(shape: tuple[int, ...], read: Callable[[], Array]) -> Iterator[tuple[Box, Array]]:
    """Yield a tensor as its one piece, read when it is asked for."""
    yield tuple(slice(0, size) for size in shape), read()


def store_into(value: Array, out: Array | None) -> Array:
    """Return ``value``, or ``out`` after ``value`` was copied into it."""
    if out is None:
        return value
    np.copyto(out, value, casting="no")
    return out


def columns_of(specs: Sequence[TensorSpec]) -> Columns:
    """Return what specs say, which are sorted by key, as columns."""

    def numbers(values: Iterable[int | None]) -> Numbers:
        return np.fromiter((-1 if value is None else value for value in values), np.int64, len(specs))

    return Columns(
        [spec.key for spec in specs],
        [spec.dtype for spec in specs],
        [spec.shape for spec in specs],
        numbers(spec.shard_id for spec in specs),
        numbers(spec.offset for spec in specs),
        numbers(spec.size for spec in specs),
        numbers(max(len(spec.slices), 1) for spec in specs),
    )


def file_order(columns: Columns) -> list[bytes]:
    """Return the keys of all tensors by file and place in it; those whose place only reading tells come by key."""
    order = np.lexsort((np.arange(len(columns.keys)), columns.offsets, columns.shard_ids))
    return [columns.keys[row] for row in order.tolist()]
