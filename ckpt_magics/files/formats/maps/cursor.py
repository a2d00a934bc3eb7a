"""Reading a file front to back in small steps, at the cost of few reads and little memory."""

from __future__ import annotations

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.wire.varint import MAX_VARINT_SIZE, decode_varint

__all__ = ["FileCursor"]

_WINDOW = 1 << 16
"""Bytes that are read at a time."""


class FileCursor:
    """A place in a file, and the end of what may be read.

    Args:
        file: The file.
        position: Where to begin.
        end: Where to end; cut to the file's own.
    """

    def __init__(self, file: RandomAccessFile, position: int, end: int) -> None:
        self.position = position
        self.end = min(end, file.size)
        self._file = file
        self._window = b""
        self._start = 0

    @property
    def left(self) -> int:
        """Bytes that follow."""
        return self.end - self.position

    def peek(self, size: int) -> bytes:
        """Return the next bytes, fewer at the end, and stay."""
        size = min(size, self.left)
        at = self.position - self._start
        if at < 0 or at + size > len(self._window):
            self._start, at = self.position, 0
            self._window = self._file.read_at(self.position, min(max(size, _WINDOW), self.left), "part of a file")
        return self._window[at : at + size]

    def skip(self, size: int, what: str) -> int:
        """Go on by some bytes, and return where they began.

        Raises:
            DataLossError: There are not as many.
        """
        if size > self.left:
            raise DataLossError(f"{what} is cut off: {size:,} bytes wanted, {self.left:,} are left")
        self.position += size
        return self.position - size

    def take_varint(self) -> int:
        """Return the number that stands here, and go behind it.

        Raises:
            DataLossError: It is cut off or too long.
        """
        number, size = decode_varint(self.peek(MAX_VARINT_SIZE), 0)
        self.position += size
        return number
