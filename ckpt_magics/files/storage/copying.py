"""Copy bytes of one file to the end of a new one, a piece at a time: what every store can do by reading and writing.

To have Linux copy in one call (copy_file_range) costs on ext4 as much as reading and writing a piece that stays in a
core's cache, and half as much again where the bytes lie otherwise in their pages than in the source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ckpt_magics.files.storage.store import NewFile, ReadableFile

__all__ = ["COPY_SIZE", "copied_pieces"]

COPY_SIZE = 1 << 20
"""Bytes that are copied at once, and looked at while they are in a core's cache. Pieces end at multiples of this in the
new file: a system gives larger pages to what begins at such a place."""


def copied_pieces(
    file: NewFile,
    source: ReadableFile,
    offset: int,
    size: int,
    *,
    buffer: memoryview,
    read_back: Callable[[memoryview], object],
) -> Iterator[memoryview]:
    """Append bytes of another file, and yield them as `NewFile.copy` does.

    Args:
        file: The new file.
        source: The other one, of which each byte is read once, in order.
        offset: Where the bytes start in it.
        size: How many they are.
        buffer: Memory for a piece, of `COPY_SIZE` or as many bytes as there are.
        read_back: Fills a piece with the last bytes of the new file.
    """
    end = offset + size
    while offset < end:
        piece = buffer[: min(COPY_SIZE - file.size % COPY_SIZE, end - offset)]
        source.read_into(offset, piece, "tensor data")
        file.write(piece)
        read_back(piece)
        yield piece
        offset += len(piece)
