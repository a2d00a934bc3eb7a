"""A file open for reading by place: no position that threads and forked processes would share.

Nobody closes a handle. Whoever reads holds it for as long as the read takes, and the last one to let go of it closes
the file: its number cannot become another file's under a read, and cannot be closed twice, wherever Ctrl-C strikes.
"""

from __future__ import annotations

import io
import mmap
import os
import stat
import threading

from ckpt_magics.files.storage.store import FileInfo, Version

__all__ = ["LocalHandle", "info_of", "version_of"]


def info_of(status: os.stat_result) -> FileInfo:
    """Return what the system knows about a file in the words of a store."""
    return FileInfo(
        stat.S_ISREG(status.st_mode), stat.S_ISDIR(status.st_mode), status.st_size, status.st_mtime, version_of(status)
    )


def version_of(status: os.stat_result) -> Version:
    """Return what tells a file from any other that was or will be at its place."""
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


class LocalHandle:
    """A file, opened for reading.

    Args:
        path: Of the file. A pipe without a writer is opened too; what it is, `info` tells.

    Attributes:
        info: What the system knew of it when it was opened.

    Raises:
        OSError: The system refuses.
    """

    def __init__(self, path: str) -> None:
        self._raw = io.FileIO(path, "rb", opener=_open)
        # Only for systems that cannot read from a place; they have no fork, which would copy the lock as it is.
        self._lock = threading.Lock()
        self.info = info_of(os.fstat(self._raw.fileno()))

    @property
    def descriptor(self) -> int:
        """The file's number in this process, the handle's to close."""
        return self._raw.fileno()

    def expect(self, offset: int, size: int) -> None:
        """Do nothing: what is known of the file was known before."""

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

    def map(self) -> memoryview:
        """Return the whole file as read-only memory, bytes [size]; it outlives the handle.

        Someone who truncates the file while it is mapped kills the process with SIGBUS.
        """
        size = self.info.size
        return memoryview(mmap.mmap(self._raw.fileno(), size, access=mmap.ACCESS_READ) if size else b"")

    def __del__(self) -> None:
        raw = getattr(self, "_raw", None)
        if raw is not None:
            raw.close()


def _open(path: str, flags: int) -> int:
    # A file could be swapped for a pipe after it was looked at; without O_NONBLOCK its opening would wait.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
