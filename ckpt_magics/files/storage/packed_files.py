"""Files that may be packed whole by gzip or zlib, read from their start in pieces.

Format: tensorflow/core/lib/io/zlib_inputstream.h; the names of packings are those of its compression.h.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from ckpt_magics.errors import DataLossError, InvalidArgumentError, visible
from ckpt_magics.files.formats.random_access import BytesFile, RandomAccessFile
from ckpt_magics.files.storage.place import Place

__all__ = ["check_packing", "read_lines", "read_pieces", "unpacked"]

PIECE = 1 << 20
"""Bytes read, and at most unpacked, at once."""

MOST_UNPACKED = 1 << 31
"""Bytes that a packed file may unpack to where it has to be in memory."""


def check_packing(packing: str) -> str:
    """Return the name of a packing: ``"GZIP"``, ``"ZLIB"`` or ``""``.

    Raises:
        InvalidArgumentError: It is another.
    """
    if packing not in {"", "GZIP", "ZLIB"}:
        raise InvalidArgumentError(f"Unsupported compression_type: {visible(packing)}.")
    return packing


def _unpacker(packing: str) -> zlib._Decompress:
    return zlib.decompressobj(zlib.MAX_WBITS + 16 if packing == "GZIP" else zlib.MAX_WBITS)


def unpacked(file: RandomAccessFile, name: str, packing: str) -> BytesFile:
    """Return what a packed file holds.

    Raises:
        DataLossError: It is not packed like that, or is damaged.
    """
    unpacker = _unpacker(packing)
    try:
        data = unpacker.decompress(file.read_at(0, file.size, "records"), MOST_UNPACKED)
    except zlib.error as error:
        raise _not_packed(name, packing, error) from error
    if not unpacker.eof:
        raise DataLossError(f"{visible(name)} ends within what {packing.lower()} packed, or is too large")
    return BytesFile(data)


def _not_packed(name: str, packing: str, error: zlib.error) -> DataLossError:
    return DataLossError(f"{visible(name)} is not packed by {packing.lower()}, or damaged: {error}")


def read_pieces(place: Place, packing: str = "", start: int = 0) -> Iterator[bytes]:
    """Yield what a file holds, unpacked, in pieces.

    Args:
        place: The file.
        packing: ``"GZIP"``, ``"ZLIB"`` or ``""``.
        start: Bytes of a file that is not packed to leave out at its beginning.

    Raises:
        DataLossError: It is not packed like that, or is damaged.
        NotFoundError: There is no such file.
    """
    with place.open() as file:
        pieces = (
            file.read_at(offset, min(PIECE, file.size - offset), "piece") for offset in range(start, file.size, PIECE)
        )
        yield from _unpacked_pieces(pieces, file.name, packing) if packing else pieces


def _unpacked_pieces(pieces: Iterator[bytes], name: str, packing: str) -> Iterator[bytes]:
    unpacker = _unpacker(packing)
    try:
        for piece in pieces:
            rest = piece
            while rest:
                if unpacker.eof:
                    unpacker = _unpacker(packing)
                yield unpacker.decompress(rest, PIECE)
                rest = unpacker.unused_data or unpacker.unconsumed_tail
    except zlib.error as error:
        raise _not_packed(name, packing, error) from error
    if not unpacker.eof:
        raise DataLossError(f"{visible(name)} ends within what {packing.lower()} packed")


def read_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    r"""Yield the lines of a text without their ends, ``\n`` or ``\r\n``."""
    rest: list[bytes] = []
    for piece in pieces:
        first, *others = piece.split(b"\n")
        rest.append(first)
        for line in others:
            yield _without_return(b"".join(rest))
            rest = [line]
    last = b"".join(rest)
    if last:
        yield _without_return(last)


def _without_return(line: bytes) -> bytes:
    return line.replace(b"\r", b"")
