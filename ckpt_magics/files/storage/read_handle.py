"""A file open for reading by place: no position that threads and forked processes would share.

Nobody closes a handle. Whoever reads holds it for as long as the read takes, and the last one to let go of it closes
the file: its number cannot become another file's under a read, and cannot be closed twice, wherever Ctrl-C strikes.
"""

from __future__ import annotations

import io
import os
import threading

__all__ = ["ReadHandle"]


class ReadHandle:
    """A file, opened for reading.

    Args:
        path: Of the file. A pipe without a writer is opened too; what it is, `status` tells.

    Raises:
        OSError: The system refuses.
    """

    def __init__(self, path: str) -> None:
        self._raw = io.FileIO(path, "rb", opener=_open)
        # Only for systems that cannot read from a place; they have no fork, which would copy the lock as it is.
        self._lock = threading.Lock()

    @property
    def descriptor(self) -> int:
        """The file's number in this process, the handle's to close."""
        return self._raw.fileno()

    def status(self) -> os.stat_result:
        """Return what the system knows about the file."""
        return os.fstat(self._raw.fileno())

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset`` on, as many as the system gives at once; none at the end."""
        if hasattr(os, "pread"):
            return os.pread(self._raw.fileno(), size, offset)
        with self._lock:
            self._raw.seek(offset)
            return self._raw.read(size) or b""

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill the start of ``buffer`` from ``offset`` on, as far as the system does at once; returns the bytes."""
        if hasattr(os, "preadv"):
            return os.preadv(self._raw.fileno(), [buffer], offset)
        if hasattr(os, "pread"):
            data = os.pread(self._raw.fileno(), len(buffer), offset)
            buffer[: len(data)] = data
            return len(data)
        with self._lock:
            self._raw.seek(offset)
            return self._raw.readinto(buffer) or 0

    def __del__(self) -> None:
        raw = getattr(self, "_raw", None)
        if raw is not None:
            raw.close()


def _open(path: str, flags: int) -> int:
    # A file could be swapped for a pipe after it was looked at; without O_NONBLOCK its opening would wait.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
