"""The one place that opens checkpoint files for reading.

Everything above asks for byte ranges of a :class:`LocalFile`; another kind of storage would be another class with the
same few methods. Whatever the operating system says comes out as an error of this package, worded as TensorFlow words
it (``PATH; No such file or directory``).
"""

from __future__ import annotations

import contextlib
import mmap
import os
import stat
from collections.abc import Iterator
from typing import Self

from ckpt_magics.errors import (
    CheckpointError,
    FailedPreconditionError,
    InvalidArgumentError,
    ResourceExhaustedError,
    TruncatedError,
    visible,
)
from ckpt_magics.files.formats.random_access import check_range
from ckpt_magics.files.storage.error_table import class_for
from ckpt_magics.files.storage.foreign import START_SIZE, recognise
from ckpt_magics.files.storage.read_handle import ReadHandle

_READ_LIMIT = 1 << 30
"""Most bytes asked of the system in one call: Linux returns at most 2 GiB, macOS refuses more."""


@contextlib.contextmanager
def system_errors(name: str) -> Iterator[None]:
    """Turn what the operating system says about file ``name`` into our errors.

    Raises:
        CheckpointError: Of the class that fits the system's error number.
    """
    try:
        yield
    except OSError as error:
        if isinstance(error, CheckpointError):
            raise
        kind = class_for(error.errno)
        raise kind(f"{visible(name)}; {error.strerror or error}", file=name) from error
    except MemoryError as error:
        raise out_of_memory(name, error) from error
    except ValueError as error:
        if isinstance(error, CheckpointError):
            raise
        # A NUL in a path, and nothing else, is a ValueError of the os module.
        raise InvalidArgumentError(f"{visible(name)}; Invalid argument: {error}", file=name) from error


def out_of_memory(name: str, error: MemoryError) -> ResourceExhaustedError:
    """Return the error of our tree for a lack of memory while file ``name`` was read."""
    size = f": {error}" if str(error) else ""
    return ResourceExhaustedError(
        f"{visible(name)}; there is not enough memory to read it{size}",
        file=name,
        hint="Free some, or take parts: reader.get_slice(name, region), or reader.pieces(name) one by one.",
    )


class LocalFile:
    """A regular file on this machine, read by ranges of bytes: from several threads, after a fork, after a chdir.

    Close it, or use it as a context manager. After `release` the next read opens it again, if it is still the same.

    Args:
        name: Path as it was given.
        path: Where that is, whatever the working directory.
        handle: The file, which is given back with this object.

    Attributes:
        name: Path as it was given.
        size: Size when it was opened, in bytes.
    """

    def __init__(self, name: str, path: str, handle: ReadHandle) -> None:
        self.name = name
        self._path = path
        self._handle: ReadHandle | None = handle
        self._closed = False
        status = handle.status()
        self.size = status.st_size
        self._identity = _identity(status)

    def read_at(self, offset: int, size: int, what: str) -> bytes:
        """Return ``size`` bytes from ``offset`` on.

        Args:
            offset: Bytes from the start of the file.
            size: Bytes.
            what: The part of the file that this is, for the error.

        Raises:
            TruncatedError: The file ends before that; nothing was allocated.
        """
        handle = self._open_handle(what)
        self.check_range(offset, size, what)
        if not size:
            return b""
        with system_errors(self.name):
            data = handle.read(offset, min(size, _READ_LIMIT))
            if len(data) < size:
                whole = bytearray(size)
                whole[: len(data)] = data
                self.read_into(offset + len(data), memoryview(whole)[len(data) :], what)
                return bytes(whole)
        return data

    def read_into(self, offset: int, buffer: memoryview, what: str) -> None:
        """Fill ``buffer`` (bytes, contiguous, writable) from ``offset`` on.

        Raises:
            TruncatedError: The file ends before that.
        """
        handle = self._open_handle(what)
        self.check_range(offset, buffer.nbytes, what)
        done, total = 0, buffer.nbytes
        while done < total:
            with system_errors(self.name):
                count = handle.read_into(offset + done, buffer[done : min(total, done + _READ_LIMIT)])
            if not count:
                # The file was cut after it was opened.
                self.size = min(self.size, offset + done)
                self.check_range(offset, total, what)
            done += count

    def check_range(self, offset: int, size: int, what: str) -> None:
        """Refuse a range that is not in the file, or any range once the file is closed."""
        self._open_handle(what)
        try:
            check_range(self.size, offset, size, what)
        except TruncatedError as error:
            raise error.locate(file=self.name, hint=self.foreign_hint()) from None

    def _open_handle(self, what: str) -> ReadHandle:
        handle = self._handle
        if handle is None and not self._closed:
            self._handle = handle = self._reopened()
        if handle is None or self._closed:
            self._handle = None
            raise FailedPreconditionError(f"{what}: the file is closed", file=self.name)
        return handle

    def _reopened(self) -> ReadHandle:
        with system_errors(self.name):
            handle = ReadHandle(self._path)
            if _identity(handle.status()) == self._identity:
                return handle
        raise FailedPreconditionError("the file was replaced meanwhile", file=self.name, hint="Open it again.")

    def foreign_hint(self) -> str | None:
        """Return what a file too short seems to be (a pointer, a page, packed, empty), and what to do; else None."""
        with contextlib.suppress(CheckpointError):
            kind = recognise(self.read_at(0, min(START_SIZE, self.size), "start of the file"), self.name)
            if kind.is_model or not self.size:
                return f"It looks like {kind.what}. {kind.hint}"
        return None

    def map(self) -> memoryview:
        """Return the whole file as read-only memory, bytes [size]; it outlives this object.

        Someone who truncates the file while it is mapped kills the process with SIGBUS.
        """
        handle = self._open_handle("map")
        if not self.size:
            return memoryview(b"")
        with system_errors(self.name):
            return memoryview(mmap.mmap(handle.descriptor, self.size, access=mmap.ACCESS_READ))

    def replaced(self) -> bool:
        """Tell whether the path now leads to other contents than were opened, or to nothing."""
        try:
            return _identity(os.stat(self._path)) != self._identity
        except OSError:
            return True

    def release(self) -> None:
        """Give the file back until somebody reads again, when the last read that has begun is over."""
        self._handle = None

    def close(self) -> None:
        """Give the file back for good, when the last read that has begun is over; closing twice is fine."""
        self._closed = True
        self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"LocalFile({self.name!r}, size={self.size})"


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def open_file(path: str | os.PathLike[str], *, shown: str | None = None) -> LocalFile:
    """Return a regular file, open for reading; errors call it ``shown``, as ``path`` if nothing is said.

    Pipes, devices, sockets and directories are refused before they are opened: opening a pipe waits for ever, and
    reading a device may do anything.

    Raises:
        NotFoundError: There is nothing of that name.
        FailedPreconditionError: It is not a regular file.
        PermissionDeniedError: It may not be read.
    """
    place = os.fspath(path)
    name = place if shown is None else shown
    with system_errors(name):
        _refuse_special(name, os.stat(place))
        handle = ReadHandle(place)
    _refuse_special(name, handle.status())
    return LocalFile(name, absolute(place), handle)


def absolute(path: str) -> str:
    """Return a path that leads to the same place from any working directory; ``..`` stays, for links' sake."""
    return os.path.join(working_directory(), path)


def working_directory() -> str:
    """Return the directory that relative paths start from; empty if it was deleted, and they lead nowhere."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _refuse_special(name: str, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise FailedPreconditionError(f"{visible(name)}; Is a directory", file=name)
    if not stat.S_ISREG(status.st_mode):
        raise FailedPreconditionError(f"{visible(name)}; Not a regular file", file=name)


def is_file(path: str) -> bool:
    """Tell whether ``path`` leads to a regular file."""
    return os.path.isfile(path)


def is_directory(path: str) -> bool:
    """Tell whether ``path`` leads to a directory."""
    return os.path.isdir(path)


def exists(path: str) -> bool:
    """Tell whether there is anything of that name."""
    return os.path.exists(path)


def modified_time(path: str) -> float:
    """Return when the file was written, in seconds since 1970; minus infinity when it is gone."""
    try:
        return os.stat(path).st_mtime
    except (OSError, ValueError):
        return float("-inf")


def file_size(path: str) -> int:
    """Return the size of a regular file, in bytes."""
    with open_file(path) as file:
        return file.size


def list_directory(path: str) -> list[str]:
    """Return the names in a directory, sorted.

    Raises:
        NotFoundError: There is no such directory.
        PermissionDeniedError: It may not be listed.
    """
    with system_errors(path):
        return sorted(os.listdir(path or os.curdir))


def read_start(path: str, size: int) -> bytes:
    """Return the first ``size`` bytes of a file, or all of a shorter one."""
    with open_file(path) as file:
        return file.read_at(0, min(size, file.size), "start of the file")
