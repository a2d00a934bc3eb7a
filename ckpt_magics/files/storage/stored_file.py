"""A file of a store, open for reading: everything above asks it for ranges of bytes."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Self

from ckpt_magics.errors import CheckpointError, FailedPreconditionError, TruncatedError
from ckpt_magics.files.formats.random_access import check_range
from ckpt_magics.files.storage.foreign import START_SIZE, recognise
from ckpt_magics.files.storage.ranges import read_ranges
from ckpt_magics.files.storage.store import FileInfo, Range, ReadHandle, ReadParts, Store, Suffix, Version
from ckpt_magics.files.storage.system_errors import system_errors

__all__ = ["StoredFile", "read_parts"]

_READ_LIMIT = 1 << 30
"""Most bytes asked for in one call: Linux returns at most 2 GiB, macOS refuses more."""


class StoredFile:
    """A file of a store, read by ranges of bytes: from several threads, after a fork, after a chdir.

    Close it, or use it as a context manager. After `release` the next read opens it again, if it is still the same.

    Args:
        store: Where it is.
        name: Its name there, as it was given.
        version: The one that will do; None for what is there.

    Attributes:
        name: As given.

    Raises:
        NotFoundError: There is nothing of that name.
        FailedPreconditionError: It is not a regular file.
        PermissionDeniedError: It may not be read.
    """

    def __init__(self, store: Store, name: str, version: Version | None = None) -> None:
        self.name = name
        self._store = store
        handle = store.open_read(name, version)
        self._handle: ReadHandle | None = handle
        self._closed = False
        # Far away, what is known of a file comes with its first bytes, and is not asked for before.
        self._info: FileInfo | None = handle.info if store.is_local else None
        self._cut: int | None = None

    @property
    def info(self) -> FileInfo:
        """What was known of it when it was opened."""
        if self._info is None:
            self._info = self._open_handle("file").info
        return self._info

    @property
    def size(self) -> int:
        """Its size in bytes: then, or less if it was found to have been cut since."""
        return self.info.size if self._cut is None else self._cut

    @property
    def gap(self) -> int:
        """Bytes between two ranges that are read along rather than skipped."""
        return self._store.gap

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
        if self._info is None:
            handle.expect(offset, size)
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
        if self._info is None:
            handle.expect(offset, buffer.nbytes)
        self.check_range(offset, buffer.nbytes, what)
        done, total = 0, buffer.nbytes
        while done < total:
            with system_errors(self.name):
                count = handle.read_into(offset + done, buffer[done : min(total, done + _READ_LIMIT)])
            if not count:
                # The file was cut after it was opened.
                self._cut = min(self.size, offset + done)
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
            version = None if self._info is None else self._info.version
            self._handle = handle = self._store.open_read(self.name, version)
        if handle is None or self._closed:
            self._handle = None
            raise FailedPreconditionError(f"{what}: the file is closed", file=self.name)
        return handle

    def foreign_hint(self) -> str | None:
        """Return what a file too short seems to be (a pointer, a page, packed, empty), and what to do; else None."""
        with contextlib.suppress(CheckpointError):
            kind = recognise(self.read_at(0, min(START_SIZE, self.size), "start of the file"), self.name)
            if kind.is_model or not self.size:
                return f"It looks like {kind.what}. {kind.hint}"
        return None

    def map(self) -> memoryview:
        """Return the whole file as read-only memory, bytes [size]; it outlives this object.

        Someone who truncates a file of the disk while it is mapped kills the process with SIGBUS.
        """
        handle = self._open_handle("map")
        with system_errors(self.name):
            return handle.map()

    def replaced(self) -> bool:
        """Tell whether the name now leads to other contents than were opened, or to nothing."""
        info = self._store.info(self.name)
        return info is None or info.version != self.info.version

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
        return f"StoredFile({self.name!r}, size={self.size})"


def read_parts(store: Store, name: str, ranges: Sequence[Range | Suffix], version: Version | None) -> ReadParts:
    """Return ranges of a file as `Store.read` does, for a store whose files are opened to be read."""
    with StoredFile(store, name, version) as file:
        wanted = [part.of(file.size) if isinstance(part, Suffix) else part for part in ranges]
        for part in wanted:
            file.check_range(*part, "range")
        return ReadParts(
            read_ranges(wanted, store.gap, lambda start, size: file.read_at(start, size, "range")), file.info
        )
