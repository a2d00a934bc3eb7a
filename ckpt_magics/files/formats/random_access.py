"""What the formats floor asks of a file: its size, and bytes from any place.

The checkpoint floor has the one that opens files; other sources of bytes (memory, byte ranges of a URL) fit the same
protocol.
"""

from __future__ import annotations

from typing import Protocol

from ckpt_magics.errors import TruncatedError
from ckpt_magics.files.wire.varint import Buffer


class RandomAccessFile(Protocol):
    """A readable file of known size. Whoever opened it closes it."""

    @property
    def size(self) -> int:
        """Size of the file, in bytes."""
        ...

    def read_at(self, offset: int, size: int, what: str) -> bytes:
        """Return exactly ``size`` bytes from ``offset`` on.

        Raises:
            TruncatedError: The file does not have them; nothing was allocated. The message names ``what``.
        """
        ...

    def read_into(self, offset: int, buffer: memoryview, what: str) -> None:
        """Fill ``buffer`` (writable, bytes) with what stands at ``offset``.

        Raises:
            TruncatedError: The file does not have as many bytes. The message names ``what``.
        """
        ...


class BytesFile:
    """Bytes in memory, read as a file.

    Args:
        data: The contents; not copied.
    """

    def __init__(self, data: Buffer) -> None:
        self._view = memoryview(data).cast("B")
        self.size = len(self._view)

    def read_at(self, offset: int, size: int, what: str) -> bytes:
        """Return exactly ``size`` bytes from ``offset`` on."""
        check_range(self.size, offset, size, what)
        return bytes(self._view[offset : offset + size])

    def read_into(self, offset: int, buffer: memoryview, what: str) -> None:
        """Fill ``buffer`` with what stands at ``offset``."""
        check_range(self.size, offset, len(buffer), what)
        buffer[:] = self._view[offset : offset + len(buffer)]


def check_range(file_size: int, offset: int, size: int, what: str) -> None:
    """Refuse a range that does not lie inside a file of ``file_size`` bytes.

    Raises:
        TruncatedError: It does not.
    """
    if offset < 0 or size < 0 or offset + size > file_size:
        raise TruncatedError(
            f"{what}: Read less bytes than requested: {size} bytes wanted, the file has {file_size}", offset=offset
        )
