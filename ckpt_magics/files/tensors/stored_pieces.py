"""The pieces of a value that lies in a file as every sink writes it, so that its bytes can be copied in place of them.

What is copied is read back from the new file, and its checksum compared with the one that the source keeps, or else
with that of the bytes as they were read. So a copy has the bytes of which the checksum is told, whatever happens to the
source meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy.typing as npt

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.pieces import Box
from ckpt_magics.files.storage.store import NewFile
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.wire.crc32c import crc32c

__all__ = ["CopiedValue", "StoredPieces", "ValueRange", "copies_of"]

_Piece = tuple[Box, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class ValueRange:
    """Where the bytes of numbers lie: in C order, little-endian, in one piece.

    Attributes:
        file: The file.
        offset: Where they start in it, in bytes.
        size: How many bytes they are.
        dtype: Of the elements.
        crc: Their CRC-32C as it is stored beside them, unmasked; None where there is none.
    """

    file: StoredFile
    offset: int
    size: int
    dtype: DType
    crc: int | None = None


class CopiedValue(NamedTuple):
    """A value that was copied to a new file and read back there.

    Attributes:
        shard_id: Number of the file among those of the result.
        offset: Where it lies in it, in bytes.
        size: Its bytes.
        crc: Their CRC-32C, unmasked.
    """

    shard_id: int
    offset: int
    size: int
    crc: int


class StoredPieces:
    """An iterator over the pieces of a value that says where its bytes lie.

    Args:
        place: Where.
        pieces: The pieces, checked against the checksum on the way.

    Attributes:
        place: As given.
    """

    def __init__(self, place: ValueRange, pieces: Iterator[_Piece]) -> None:
        self.place = place
        self._pieces = pieces

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> _Piece:
        return next(self._pieces)

    def cut(self, change: Callable[[Iterator[_Piece]], Iterator[_Piece]]) -> StoredPieces:
        """Return the same bytes in other pieces, which are made of these."""
        return StoredPieces(self.place, change(self._pieces))

    def copy_to(self, file: NewFile, advance: Callable[[int], object]) -> int:
        """Append the bytes to a new file and return their checksum there.

        Args:
            file: The file.
            advance: Called with the bytes of each part.

        Raises:
            ChecksumError: The value is damaged.
            CheckpointError: It cannot be read, or the disk refuses.
        """
        crc, source = 0, _SummedFile(self.place.file)
        for part in file.copy(source if self.place.crc is None else source.file, self.place.offset, self.place.size):
            crc = crc32c(part, crc)
            advance(len(part))
        if crc != (source.crc if self.place.crc is None else self.place.crc):
            for _ in self._pieces:
                # If it is the source that is damaged, it says so in its own words.
                pass
            raise DataLossError("what was written is something else when it is read back")
        return crc


class _SummedFile:
    """A file that takes the checksum of what is read of it, one behind the other."""

    def __init__(self, file: StoredFile) -> None:
        self.file = file
        self.crc = 0

    def read_into(self, offset: int, buffer: memoryview, what: str) -> None:
        """Fill ``buffer`` from ``offset`` on."""
        self.file.read_into(offset, buffer, what)
        self.crc = crc32c(buffer, self.crc)


def copies_of(value: object, dtype: DType, size: int) -> StoredPieces | None:
    """Return a value if its bytes are those that a sink is to write; None if they have to be made."""
    if not isinstance(value, StoredPieces) or (value.place.dtype, value.place.size) != (dtype, size):
        return None
    return value
