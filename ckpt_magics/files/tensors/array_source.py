"""Arrays in memory as a source of tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import DType, dtype_of
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box, array_pieces, part_of
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.tensors.lost_names import LostNames
from ckpt_magics.files.tensors.source import Array, Columns, TensorSpec, columns_of, store_into
from ckpt_magics.files.tensors.spec import native
from ckpt_magics.files.tensors.tensor_names import key_to_name, name_to_key
from ckpt_magics.files.tensors.text_values import TEXT_KINDS, encoded

__all__ = ["ArraySource", "ArraysOnDemand", "stored_array"]


class ArraysOnDemand(Mapping[str, Array]):
    """Arrays that are made, or fetched from where they are, each time that one is asked for.

    Args:
        makers: What returns each, by name.
    """

    def __init__(self, makers: Mapping[str, Callable[[], Array]]) -> None:
        self._makers = makers

    def __getitem__(self, name: str) -> Array:
        return self._makers[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def __contains__(self, name: object) -> bool:
        return name in self._makers


class ArraySource:
    """The tensors of a mapping; arrays stay the caller's, and what changes in them is seen.

    Args:
        arrays: Arrays by name, or what NumPy makes arrays of. Text may be objects, bytes or str. What an array is, is
            looked at when it is asked for: it is an InvalidArgumentError if no checkpoint has its dtype.
        origin: What they are called for people.

    Attributes:
        origin: As given.
        note: Nothing.
        damage: Nothing.
        lost: Nothing.
    """

    note = ""
    damage: Sequence[CheckpointError] = ()
    lost = LostNames()

    def __init__(self, arrays: Mapping[str, npt.ArrayLike], origin: str = "the given tensors") -> None:
        self.origin = origin
        self._arrays = arrays

    def keys(self) -> list[bytes]:
        """Return the keys of all arrays, sorted."""
        return sorted(self.in_file_order())

    def part(self, keys: Iterable[bytes]) -> ArraySource:
        """Return some of the tensors, for somebody to read elsewhere."""
        return ArraySource({name: self._arrays[name] for name in map(key_to_name, keys)}, self.origin)

    def columns(self) -> Columns:
        """Return dtype and shape of all arrays; they lie in no file."""
        specs = [_spec(_key(name), np.asarray(array)) for name, array in self._arrays.items()]
        return columns_of(sorted(specs, key=attrgetter("key")))

    def spec(self, key: bytes) -> TensorSpec:
        """Return dtype and shape of an array."""
        return _spec(key, self._array(key))

    def _array(self, key: bytes) -> Array:
        name = key_to_name(key)
        if name not in self._arrays:
            raise KeyError(key)
        return np.asarray(self._arrays[name])

    def read(self, key: bytes, region: TensorSlice | None = None, out: Array | None = None) -> Array:
        """Return a copy of an array, or of a part of it, in native byte order; text as bytes objects."""
        array = self._array(key)
        part = array if region is None else part_of(array, region.resolve(array.shape))
        if out is not None:
            return store_into(stored_array(key, part), out)
        stored = stored_array(key, part)
        return stored.copy() if np.may_share_memory(stored, array) else stored

    def read_many(self, keys: Sequence[bytes]) -> dict[bytes, Array]:
        """Return copies of several arrays."""
        return {key: self.read(key) for key in keys}

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over regions of an array and views of it."""
        return array_pieces(stored_array(key, self._array(key)), at_most)

    def in_file_order(self) -> list[bytes]:
        """Return the keys in the order of the mapping."""
        return list(map(_key, self._arrays))

    def missing(self, name: str) -> str:
        """Return the words for a name that is not there."""
        return f"Key {name} not found in {self.origin}"

    def version_token(self) -> object:
        """Return the same object always."""
        return self

    def check_current(self) -> None:
        """Accept what there is: arrays are always of now."""

    def on_demand(self) -> ArraySource:
        """Return this source, which has no files."""
        return self

    def close(self) -> None:
        """Do nothing: there are no files."""


def _key(name: str) -> bytes:
    key = name_to_key(name)
    if key is None:
        raise InvalidArgumentError(f"{visible(name)!r} is no name that can be stored")
    return key


def _spec(key: bytes, array: Array) -> TensorSpec:
    dtype = _dtype(key, array)
    # It has a size, since a part of it is read at the cost of the part.
    return TensorSpec(key, dtype, array.shape, size=array.size * (dtype.itemsize or array.itemsize))


def stored_array(key: bytes, array: Array) -> Array:
    """Return an array as a checkpoint would have it: a view where it is that already."""
    return encoded(array) if array.dtype.kind in TEXT_KINDS else array.astype(_dtype(key, array).numpy, copy=False)


def _dtype(key: bytes, array: Array) -> DType:
    try:
        return dtype_of(array if array.dtype.isnative else np.empty(0, native(array.dtype)))
    except TypeError as error:
        raise InvalidArgumentError(str(error), tensor=key) from error
