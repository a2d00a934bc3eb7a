"""Which bytes of a file belong to what: ranges that lie one behind the other and make up all of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.maps.byte_range import TENSOR, ByteRange, Inside, filled, inside_of, unreadable
from ckpt_magics.files.storage.place import Place

__all__ = ["FileMap", "map_file", "map_structure", "map_unread", "tensor_ranges"]


@dataclass(frozen=True, slots=True)
class FileMap:
    """What the bytes of one file are.

    Attributes:
        place: The file.
        size: Its bytes.
        ranges: What they are, one behind the other: all of them.
    """

    place: Place
    size: int
    ranges: Sequence[ByteRange]

    @property
    def name(self) -> str:
        """The file's path."""
        return self.place.name

    def inside(self, one: ByteRange) -> list[ByteRange]:
        """Return what one of its ranges, or of the ranges inside of these, consists of; the file is open meanwhile.

        Raises:
            CheckpointError: The file cannot be opened any more.
        """
        if one.inside is None:
            return []
        with self.place.open() as file:
            return inside_of(one, file)

    def read(self, offset: int, size: int) -> bytes:
        """Return bytes of the file, fewer at its end.

        Raises:
            CheckpointError: The file cannot be read.
        """
        with self.place.open() as file:
            return file.read_at(offset, max(min(size, file.size - offset), 0), "bytes")


def map_structure(place: Place, inside: Inside) -> FileMap:
    """Return the map of a file that says by itself what its bytes are; what is damaged is a range that says so.

    Raises:
        NotFoundError: There is no such file.
    """
    with place.open() as file:
        return FileMap(place, file.size, inside_of(ByteRange(0, file.size, "file", inside=inside), file))


def map_file(place: Place, values: Iterable[ByteRange], others: str) -> FileMap:
    """Return the map of a file of which is known where values lie.

    Args:
        place: The file.
        values: Where, in any order; see :func:`tensor_ranges`. Of two that overlap the first has the bytes.
        others: What all the other bytes are.
    """
    size = place.size()
    return FileMap(place, size, list(filled(values, 0, size, others)))


def map_unread(place: Place, error: CheckpointError | str) -> FileMap:
    """Return the map of a file of which nothing can be said, and why."""
    size = place.size()
    return FileMap(place, size, [unreadable(0, size, error)] if size else [])


def tensor_ranges(places: Iterable[tuple[int, int, bytes]]) -> list[ByteRange]:
    """Return the ranges of values: offset, size and key of each."""
    return [ByteRange(offset, size, TENSOR, key) for offset, size, key in places]
