"""Whether a file that was just written holds what it was given: by checksums taken on the way, read once more.

Values whose bytes were copied were read back where they were written; of those it is enough that the file's own list
leads there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.formats.pieces import PIECE_SIZE, STREAM_SIZE, Box
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.tensors.sink import Values, neighbours
from ckpt_magics.files.tensors.source import Array, Columns
from ckpt_magics.files.tensors.stored_pieces import CopiedValue, StoredPieces
from ckpt_magics.files.wire.crc32c import crc32c

__all__ = ["CheckedValues", "read_back", "read_back_some"]


class CheckedValues:
    """Values for a sink that take a checksum of each on the way.

    Args:
        values: Which are passed on.
        piece_size: Returns the bytes of pieces in which a value is read in the least time.

    Attributes:
        checksums: Of the values that were given out to their end, by key.
    """

    def __init__(self, values: Values, piece_size: Callable[[bytes], int]) -> None:
        self._values = values
        self._piece_size = piece_size
        self.checksums: dict[bytes, int] = {}

    def read_many(self, keys: Sequence[bytes]) -> Mapping[bytes, Array]:
        """Return several values."""
        found = self._values.read_many(keys)
        self.checksums.update((key, _checksum(array)) for key, array in found.items())
        return found

    def pieces(self, key: bytes, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return an iterator over a value's pieces."""
        pieces = self._values.pieces(key, min(at_most, self._piece_size(key)))
        checked = partial(self._checked, key)
        return pieces.cut(checked) if isinstance(pieces, StoredPieces) else checked(pieces)

    def _checked(self, key: bytes, pieces: Iterator[tuple[Box, Array]]) -> Iterator[tuple[Box, Array]]:
        crc = 0
        for box, array in pieces:
            # An array that somebody changes meanwhile is to be written as it was looked at.
            crc = _checksum(array, crc)
            yield box, array
        self.checksums[key] = crc


def read_back(place: Place, checksums: Mapping[bytes, int], copied: Mapping[bytes, CopiedValue]) -> None:
    """Read what was written and compare it.

    Args:
        place: Of the file.
        checksums: Of the values that it was given one by one.
        copied: The values whose bytes were copied, see `TensorSink`.

    Raises:
        DataLossError: It is something else.
        CheckpointError: It cannot be read.
    """
    with open_tensors(place) as tensors:
        source = tensors.source
        columns = source.columns()
        wanted = {**checksums, **{key: one.crc for key, one in copied.items()}}
        if columns.keys != sorted(wanted):
            raise DataLossError("what was written has other names when it is read back", file=place.name)
        known = set(_as_listed(columns, copied))
        found = CheckedValues(source, lambda _: STREAM_SIZE)
        unread = [row for row, key in enumerate(columns.keys) if key not in known]
        for batch in neighbours([columns.keys[row] for row in unread], columns.sizes[unread], [range(len(unread))]):
            if len(batch) > 1:
                found.read_many(batch)
            else:
                for _ in found.pieces(batch[0]):
                    pass
        differing = [key for key in columns.keys if key not in known and found.checksums[key] != wanted[key]]
    if differing:
        raise _other(place, differing[0])


def read_back_some(place: Place, checksums: Mapping[bytes, int]) -> None:
    """Read some of what was written and compare it; arguments and errors are those of `read_back`."""
    with open_tensors(place) as tensors:
        found = CheckedValues(tensors.source, lambda _: STREAM_SIZE)
        for key in checksums:
            for _ in found.pieces(key):
                pass
    differing = [key for key, crc in checksums.items() if found.checksums[key] != crc]
    if differing:
        raise _other(place, differing[0])


def _other(place: Place, key: bytes) -> DataLossError:
    return DataLossError("what was written is something else when it is read back", file=place.name, tensor=key)


def _as_listed(columns: Columns, copied: Mapping[bytes, CopiedValue]) -> Iterator[bytes]:
    """Yield the keys of what was copied, and lies where the list of a file says."""
    places = zip(columns.shard_ids.tolist(), columns.offsets.tolist(), columns.sizes.tolist(), strict=True)
    for key, place in zip(columns.keys, places, strict=True):
        if key in copied and copied[key][:3] == place:
            yield key


def _checksum(array: Array, crc: int = 0) -> int:
    """A checksum of elements in C order, which goes on from one before; of strings with the length of each."""
    if array.dtype == np.object_:
        for element in array.reshape(-1):
            crc = crc32c(element, crc32c(len(element).to_bytes(8, "little"), crc))
        return crc
    return crc32c(np.ascontiguousarray(array), crc)
