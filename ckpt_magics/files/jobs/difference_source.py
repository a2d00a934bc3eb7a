"""The difference of two sets of tensors as a source of values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import DOUBLE
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.jobs.comparison import Tensors, paired_pieces, values_apart
from ckpt_magics.files.tensors.lost_names import LostNames
from ckpt_magics.files.tensors.source import Array, Columns, TensorSpec, columns_of, store_into
from ckpt_magics.files.tensors.tensor_names import key_to_name, name_to_key

__all__ = ["DifferenceSource"]


class DifferenceSource:
    """Second side minus first, as float64 or complex128; a side alone where there is no difference to take.

    Args:
        before: The first side.
        after: The second side.
        names: Names of the tensors, each of which a side has at least.
        origin: What it is called for people.
    """

    note = ""
    damage: Sequence[CheckpointError] = ()
    lost = LostNames()

    def __init__(self, before: Tensors, after: Tensors, names: Sequence[str], origin: str) -> None:
        self.origin = origin
        self._before = before
        self._after = after
        self._keys = sorted(key for name in names if (key := name_to_key(name)) is not None)

    def keys(self) -> list[bytes]:
        """Return the keys of all tensors, sorted."""
        return list(self._keys)

    def columns(self) -> Columns:
        """Return dtype and shape of all tensors."""
        return columns_of([self.spec(key) for key in self._keys])

    def spec(self, key: bytes) -> TensorSpec:
        """Return dtype and shape of a difference; without a size where a part of it costs as much as the whole."""
        old, new = self._sides(key)
        one = new or old
        if one is None:
            raise KeyError(key)
        if old is None or new is None or not _has_difference(old, new):
            return TensorSpec(key, one.dtype, one.shape, size=one.size)
        size = None if old.size is None or new.size is None else one.elements * DOUBLE.itemsize
        return TensorSpec(key, DOUBLE, one.shape, size=size)

    def read(self, key: bytes, region: TensorSlice | None = None, out: Array | None = None) -> Array:
        """Return a difference or a part of it."""
        name, one = key_to_name(key), self._alone(key)
        if one is not None:
            return one.read(name, region, out)
        return store_into(_apart(self._before.read(name, region), self._after.read(name, region)), out)

    def read_many(self, keys: Sequence[bytes]) -> dict[bytes, Array]:
        """Return several differences."""
        return {key: self.read(key) for key in keys}

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over regions and values of a difference."""
        name, one = key_to_name(key), self._alone(key)
        if one is not None:
            return one.pieces(name, at_most)
        # An element takes up to eight times as much once it is float64.
        pairs = paired_pieces(name, self._before, self._after, at_most // 8)
        return ((region, _apart(before, after)) for region, before, after in pairs)

    def in_file_order(self) -> list[bytes]:
        """Return the keys of all tensors, sorted."""
        return self.keys()

    def missing(self, name: str) -> str:
        """Return the words for a name that is not there."""
        return f"Key {name} is on neither side of {self.origin}"

    def version_token(self) -> object:
        """Return the same object always."""
        return self

    def check_current(self) -> None:
        """Raise an error if a side has been replaced or deleted since."""
        self._before.check_current()
        self._after.check_current()

    def on_demand(self) -> DifferenceSource:
        """Return this source; how its sides are open is theirs."""
        return self

    def close(self) -> None:
        """Do nothing: the sides are closed by whoever opened them."""

    def _sides(self, key: bytes) -> tuple[TensorSpec | None, TensorSpec | None]:
        return self._before.spec_or_none(key), self._after.spec_or_none(key)

    def _alone(self, key: bytes) -> Tensors | None:
        """The side to take as it is; None where there is a difference to take."""
        old, new = self._sides(key)
        if old is not None and new is not None and _has_difference(old, new):
            return None
        return self._before if new is None else self._after


def _has_difference(old: TensorSpec, new: TensorSpec) -> bool:
    return old.shape == new.shape and old.dtype.itemsize > 0 and new.dtype.itemsize > 0


def _apart(before: Array, after: Array) -> Array:
    with np.errstate(invalid="ignore", over="ignore"):  # what is infinite on both sides differs by NaN
        return values_apart(before, after)
