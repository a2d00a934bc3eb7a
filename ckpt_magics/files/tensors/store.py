"""What the two formats of checkpoints have in common: a store of tensors by key.

A reader asks a store and never minds which format is below it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.tensors.lost_names import LostNames

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TensorEntry:
    """What a checkpoint says about one tensor.

    Attributes:
        name: Key in the checkpoint.
        dtype: Type of the elements.
        shape: Sizes of the dimensions; of a partitioned tensor those of the whole.
        slices: The parts of a partitioned tensor in the order written, empty of a tensor stored in one piece.
        shard_id: Number of the data file; of a partitioned tensor that of the first part.
        offset: Where the value starts in that file, in bytes; None where only reading it would tell.
        size: Bytes that the value takes in the file, all parts together; None where only reading it would tell.
    """

    name: bytes
    dtype: DType
    shape: tuple[int, ...]
    slices: tuple[TensorSlice, ...] = ()
    shard_id: int = 0
    offset: int | None = None
    size: int | None = None

    @property
    def elements(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


class Columns(NamedTuple):
    """Every tensor of a checkpoint, sorted by name.

    Attributes:
        names: Keys in the checkpoint.
        dtypes: Type of each.
        shapes: Full shape of each.
        shard_ids: Number of the data file, int64; of a partitioned tensor that of its first part.
        offsets: Where the value starts in that file, in bytes, int64; -1 where only reading it would tell.
        sizes: Bytes that the value takes in the files, int64; -1 where only reading it would tell.
        slice_counts: Parts that the tensor is stored in, int64.
    """

    names: list[bytes]
    dtypes: list[DType]
    shapes: list[tuple[int, ...]]
    shard_ids: Numbers
    offsets: Numbers
    sizes: Numbers
    slice_counts: Numbers


class TensorStore(Protocol):
    """An open checkpoint of either format. Names are keys as they are stored."""

    version: int

    @property
    def damage(self) -> Sequence[CheckpointError]:
        """What was found broken while listing; the tensors concerned are not listed, the others are."""
        ...

    @property
    def lost(self) -> LostNames:
        """Which names may be missing among the listed ones because something is damaged."""
        ...

    def names(self) -> list[bytes]:
        """Return the names of all tensors, sorted; parts of partitioned tensors are not among them."""
        ...

    def columns(self) -> Columns:
        """Return what is known of all tensors."""
        ...

    def entry(self, name: bytes) -> TensorEntry:
        """Return what is known of one tensor, or raise KeyError; costs one look-up, whatever the number of tensors."""
        ...

    def has_key(self, key: bytes) -> bool:
        """Tell whether the checkpoint has a record under ``key``, as TensorFlow's ``has_tensor`` does."""
        ...

    def read(self, name: bytes, region: TensorSlice | None = None, out: Array | None = None) -> Array:
        """Return a tensor or a part of it as an array, into ``out`` if given. Raises KeyError for an unknown name."""
        ...

    def pieces(self, name: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over region and elements of a tensor's pieces, in the order of `cut_shape`.

        Numbers come in pieces of at most ``at_most`` bytes (one element at least), strings in one. Checksums are
        verified on the way; before the last piece, those given out may turn out to be damaged.

        Raises:
            KeyError: The name is unknown.
            CheckpointError: Later, from the iterator.
        """
        ...

    def read_many(self, names: Sequence[bytes]) -> dict[bytes, Array]:
        """Return several tensors by name, as ``read`` would, in less time. Raises KeyError for an unknown name."""
        ...

    def debug_string(self) -> bytes:
        """Return one line per record, as TensorFlow's reader does."""
        ...

    def missing(self, name: str) -> str:
        """Return TensorFlow's words for a name, printable, that is not there."""
        ...

    def file_names(self) -> list[str]:
        """Return the paths of the files that the checkpoint consists of."""
        ...

    def replaced(self) -> bool:
        """Tell whether another checkpoint was saved over this one since it was opened."""
        ...

    def identity(self) -> bytes:
        """Return what tells this version of the checkpoint from any other, wherever a copy of it lies."""
        ...

    def release(self) -> None:
        """Close the files until something is read again. By then they must be the same ones, or the read fails."""
        ...

    def close(self) -> None:
        """Close the files."""
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
