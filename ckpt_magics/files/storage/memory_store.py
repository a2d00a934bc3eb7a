"""Files in memory: for tests, and for what is not to be on a disk."""

from __future__ import annotations

import errno
import os
import posixpath
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

from ckpt_magics.errors import FailedPreconditionError, NotFoundError, visible
from ckpt_magics.files.storage.memory_stage import MemoryFile, MemoryStage
from ckpt_magics.files.storage.store import (
    Absent,
    EntryKind,
    FileInfo,
    NewFile,
    PathRules,
    Range,
    ReadParts,
    Suffix,
    Version,
    WrittenFile,
    check_match,
)
from ckpt_magics.files.storage.stored_file import read_parts

__all__ = ["MemoryHandle", "MemoryStore"]

_DIRECTORY = FileInfo(is_file=False, is_directory=True, size=0, modified=float("-inf"), version=())


@dataclass(frozen=True, slots=True)
class MemoryHandle:
    """A file in memory, open for reading.

    Attributes:
        data: Its contents.
        info: What the store knew of it.
    """

    data: bytes
    info: FileInfo

    def expect(self, offset: int, size: int) -> None:
        """Do nothing: what is known of the file was known before."""

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset`` on; none at the end."""
        return self.data[offset : offset + size]

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill the start of ``buffer`` from ``offset`` on; returns the bytes."""
        part = self.data[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        return len(part)

    def map(self) -> memoryview:
        """Return the contents, bytes [size]."""
        return memoryview(self.data)


class MemoryStore:
    """Files by name in this process; a copy, and one that was pickled, has its own.

    Names are put together with slashes, and relative ones start at the root. A directory is there as long as something
    is in it.
    """

    rules: ClassVar[PathRules] = posixpath
    gap: ClassVar[int] = 4 << 10
    is_local: ClassVar[bool] = True
    can_swap: ClassVar[bool] = True

    def __init__(self) -> None:
        self._files: dict[str, MemoryHandle] = {}
        self._lock, self._turn = threading.RLock(), threading.Lock()
        self._puts = 0

    @property
    def scope(self) -> MemoryStore:
        """The store itself: no other has its files."""
        return self

    def absolute(self, name: str) -> str:
        """Return a name from the root on."""
        return posixpath.join("/", name)

    def spelled(self, name: str) -> str:
        """Return the name: it always means the same."""
        return name

    def info(self, name: str) -> FileInfo | None:
        """Return what is known of a name, None if there is nothing."""
        key = self._key(name)
        with self._lock:
            found = self._files.get(key)
            return found.info if found else _DIRECTORY if self._is_directory(key) else None

    def entry(self, name: str) -> FileInfo | None:
        """Return what is at a name; there are no links."""
        return self.info(name)

    def list(self, prefix: str) -> list[str]:
        """Return the names that stand in the directory of a prefix and begin with its last part, sorted."""
        directory, start = posixpath.split(prefix)
        key = self._key(directory)
        head = posixpath.join(key, "")
        with self._lock:
            if key in self._files:
                raise NotFoundError(f"{visible(directory)}; {os.strerror(errno.ENOTDIR)}", file=directory)
            if not self._is_directory(key):
                raise NotFoundError(f"{visible(directory)}; {os.strerror(errno.ENOENT)}", file=directory)
            inside = {name[len(head) :].partition("/")[0] for name in self._files if name.startswith(head)}
        return sorted(name for name in inside if name.startswith(start))

    def scan(self, directory: str) -> dict[str, EntryKind]:
        """Return what stands in a directory, by name."""
        names = self.list(posixpath.join(directory, ""))
        files = {name for name in names if self._key(posixpath.join(directory, name)) in self._files}
        return {name: EntryKind.FILE if name in files else EntryKind.DIRECTORY for name in names}

    def resolve(self, name: str) -> str:
        """Return the name from the root on; there are no links."""
        return self._key(name)

    def read(self, name: str, ranges: Sequence[Range | Suffix], version: Version | None = None) -> ReadParts:
        """Return ranges of a file."""
        return read_parts(self, name, ranges, version)

    def open_read(self, name: str, version: Version | None = None) -> MemoryHandle:
        """Open a file; its contents stay as they are for whoever has it open."""
        key = self._key(name)
        with self._lock:
            found = self._files.get(key)
            is_directory = self._is_directory(key)
        if found is None and is_directory:
            raise FailedPreconditionError(f"{visible(name)}; Is a directory", file=name)
        if found is None:
            raise NotFoundError(f"{visible(name)}; No such file or directory", file=name)
        if version is not None and found.info.version != version:
            raise FailedPreconditionError("the file was replaced meanwhile", file=name, hint="Open it again.")
        return found

    @contextmanager
    def lock(self, directory: str) -> Iterator[bool]:  # noqa: ARG002 - there is one for all
        """Hold the store for oneself inside the block."""
        with self._turn:
            yield True

    def stage(self, directory: str, *, durable: bool = True) -> MemoryStage:  # noqa: ARG002 - names say where
        """Return where new files are made that appear together."""
        return MemoryStage(self, durable=durable)

    def stage_directory(self, directory: str, *, durable: bool = True) -> MemoryDirectoryStage:  # noqa: ARG002 - as put
        """Return where the files of a new directory are made that appears as a whole."""
        return MemoryDirectoryStage(self, directory)

    def swap_directory(self, directory: str, contents: Mapping[str, bytes]) -> None:
        """Replace all that is in a directory by files, by their paths in it, in one step.

        Raises:
            FailedPreconditionError: It is a file.
        """
        key = self._key(directory)
        head = posixpath.join(key, "")
        with self._lock:
            if key in self._files:
                raise FailedPreconditionError(f"{visible(directory)}; Not a directory", file=directory)
            kept = {name: file for name, file in self._files.items() if not name.startswith(head)}
            self._files = kept | {head + name: self._new_file(data) for name, data in contents.items()}

    def _new_file(self, data: bytes) -> MemoryHandle:
        self._puts += 1
        info = FileInfo(is_file=True, is_directory=False, size=len(data), modified=time.time(), version=(self._puts,))
        return MemoryHandle(bytes(data), info)

    def put(self, name: str, data: bytes, *, if_match: Version | Absent | None = None, durable: bool = True) -> None:  # noqa: ARG002 - memory is what it is
        """Write a file in one step."""
        key = self._key(name)
        with self._lock:
            found = self._files.get(key)
            check_match(name, None if found is None else found.info, if_match)
            if self._is_directory(key) or not posixpath.basename(name):
                raise FailedPreconditionError(f"{visible(name)}; Is a directory", file=name)
            self._files[key] = self._new_file(data)

    def sync(self, directory: str) -> None:
        """Do nothing: memory is what it is."""

    def make_directory(self, name: str, *, parents: bool = False) -> bool:  # noqa: ARG002 - directories come with what is in them
        """Make nothing: directories come with what is in them."""
        return False

    def remove_empty(self, directory: str) -> None:
        """Do nothing: an empty directory is none."""

    def remove(self, name: str) -> bool:
        """Remove a file; False if it was not there."""
        key = self._key(name)
        with self._lock:
            if key not in self._files and self._is_directory(key):
                raise FailedPreconditionError(f"{visible(name)}; Is a directory", file=name)
            return self._files.pop(key, None) is not None

    def _key(self, name: str) -> str:
        return posixpath.normpath(posixpath.join("/", name))

    def _is_directory(self, key: str) -> bool:
        head = posixpath.join(key, "")
        return head == "/" or any(name.startswith(head) for name in self._files)

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return {"_files": dict(self._files), "_puts": self._puts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.RLock(), _turn=threading.Lock())


class MemoryDirectoryStage:
    """A new directory of files in memory; see `DirectoryStage`.

    Args:
        store: Where.
        directory: Its name.
    """

    def __init__(self, store: MemoryStore, directory: str) -> None:
        self.written: list[WrittenFile] = []
        self._store = store
        self._directory = directory
        self._contents: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drop what was not committed."""

    def check_space(self, name: str, needed: int) -> None:
        """Refuse nothing: what memory there is, shows when it is taken."""

    def create(self, name: str, needed: int) -> MemoryFile:  # noqa: ARG002 - nothing can fail yet
        """Begin a new file by its path in the directory."""
        return MemoryFile()

    def finish(self, name: str, file: NewFile) -> None:
        """End a file."""
        assert isinstance(file, MemoryFile)  # noqa: S101 - it is one that was made here
        self._contents[name] = file.contents
        self.written.append(WrittenFile(posixpath.join(self._directory, name), "values", file.size))

    def commit(self) -> None:
        """Put the directory in its place."""
        self._store.swap_directory(self._directory, self._contents)
