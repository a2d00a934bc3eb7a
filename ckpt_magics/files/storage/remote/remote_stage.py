"""New files at a URL: sent while they are written, under the names that they keep, and taken back without a commit.

Nothing is renamed, so a file that only the new version has is there before the commit, under a name that no index
names. What decides is held back and put as the commit, in one request.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Protocol, Self

from ckpt_magics.errors import AbortedError, CheckpointError
from ckpt_magics.files.storage.copying import COPY_SIZE, copied_pieces
from ckpt_magics.files.storage.remote.object_client import Upload
from ckpt_magics.files.storage.store import ABSENT, FileInfo, NewFile, ReadableFile, Store, Suffix, WrittenFile

__all__ = ["RemoteDirectoryStage", "RemoteFile", "RemoteStage"]

HELD_SIZE = 8 << 20
"""Bytes up to which a file is kept here and put in one request."""


_STEP = 1 << 20
"""Bytes that are gathered before a client is told: a call costs it as much as many of them."""


class SendingStore(Store, Protocol):
    """A store of objects, which takes more than one request for a large one."""

    def upload(self, name: str) -> Upload:
        """Begin a file of any size, which appears when it is finished."""
        ...

    def copy(self, source: str, name: str) -> None:
        """Put the contents of a file under another name too."""
        ...

    def below(self, directory: str) -> Iterator[str]:
        """Yield the names of all files in a directory and those in it."""
        ...


class RemoteFile:
    """A file on its way to a URL.

    Args:
        store: Where.
        name: Its name there, for good.
        decides: Whether it is only put in place by a commit.
    """

    def __init__(self, store: SendingStore, name: str, *, decides: bool = False) -> None:
        self.size = 0
        self.name = name
        self.is_there = False
        self._store = store
        self._decides = decides
        self._held = bytearray()
        self._upload: Upload | None = None

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes."""
        self.size += len(data)
        self._held += data
        if self._upload is None and len(self._held) > HELD_SIZE:
            self._upload = self._store.upload(self.name)
        if self._upload is not None and len(self._held) > _STEP:
            self._send(self._upload)

    def _send(self, upload: Upload) -> None:
        # Clients may send bytes later, straight from where they are; so they get them for good.
        held, self._held = self._held, bytearray()
        upload.write(held)

    def copy(self, source: ReadableFile, offset: int, size: int) -> Iterator[memoryview]:
        """Append bytes of another file, a piece at a time; what was sent is not read back."""
        buffer = memoryview(bytearray(min(size, COPY_SIZE)))
        return copied_pieces(self, source, offset, size, buffer=buffer, read_back=len)

    def finish(self) -> None:
        """Put the file in place, unless it decides."""
        if not self._decides:
            self.put()

    def put(self) -> None:
        """Put the file in place; more calls do nothing."""
        if self.is_there:
            return
        if self._upload is None:
            self._store.put(self.name, bytes(self._held))
        else:
            self._send(self._upload)
            self._upload.finish()
        self.is_there = True
        self._held = bytearray()

    def abandon(self) -> None:
        """Give up what was sent of a file that is not whole."""
        if self._upload is not None and not self.is_there:
            self._upload.abandon()


class RemoteStage:
    """Files that appear together at a URL; see `Stage`.

    Args:
        store: Where.
        durable: Told to those who ask; services keep what they took.
    """

    renames = False

    def __init__(self, store: SendingStore, *, durable: bool = True) -> None:
        self.durable = durable
        self.written: list[WrittenFile] = []
        self._store = store
        self._files: list[RemoteFile] = []
        self._former: dict[str, bytes | None] = {}
        self._adopted: list[str] = []
        self._commit: tuple[str, FileInfo | None] | None = None

    def __enter__(self) -> Self:
        return self

    def check_space(self, name: str, needed: int) -> None:
        """Refuse nothing: services do not say what they have."""

    def create(self, name: str, needed: int | None = None, *, decides: bool = False) -> RemoteFile:  # noqa: ARG002 - as above
        """Begin a new file under the name that it keeps."""
        if not decides:
            self._remember(name)
        file = RemoteFile(self._store, name, decides=decides)
        self._files.append(file)
        return file

    def claim(self, name: str) -> bool:
        """Put a file where none is; False if one is."""
        try:
            # No two claims are the same, so that one whose answer was lost is told from another's.
            self._store.put(name, os.urandom(8), if_match=ABSENT)
        except AbortedError:
            return False
        self._former[name] = None
        return True

    def add(self, name: str, contents: bytes) -> RemoteFile:
        """Stage a file whose contents are at hand; it is put when it is published."""
        file = self.create(name, decides=True)
        file.write(contents)
        return file

    def publish(self, file: NewFile, name: str, role: str) -> None:
        """Put a file ahead of the commit. What it replaces comes back if there is no commit."""
        self._remember(name)
        self._put(file, name, role)

    def adopt(self, source: str, name: str) -> None:
        """Give a file that is there another name; the former one goes after the commit."""
        self._remember(name)
        self._store.copy(source, name)
        self._adopted.append(source)

    def commit(self, file: NewFile, name: str, role: str) -> None:
        """Put the file that makes the new version visible. From here on nothing is undone."""
        self._commit = name, self._store.info(name)
        self._put(file, name, role)
        for source in self._adopted:
            with suppress(CheckpointError):
                self._store.remove(source)

    def _put(self, file: NewFile, name: str, role: str) -> None:
        assert isinstance(file, RemoteFile)  # noqa: S101 - it is one that was made here
        assert file.name == name  # noqa: S101 - whoever saves asks first whether names can change
        file.put()
        self.written.append(WrittenFile(name, role, file.size))

    def _remember(self, name: str) -> None:
        """Keep what is at a name before something is put there, to put it back."""
        if name not in self._former:
            info = self._store.info(name)
            there = info is not None and info.is_file
            self._former[name] = self._store.read(name, [Suffix(info.size)]).parts[0] if info and there else None

    @property
    def is_committed(self) -> bool:
        """Whether the put of the commit has happened, by the look of the store."""
        # It may have, though no answer came; and Ctrl-C may arrive between it and the next line of Python.
        return self._commit is not None and self._store.info(self._commit[0]) != self._commit[1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The stack runs the last one first, and all of them even if Ctrl-C comes during one.
        with ExitStack() as cleanup:
            if error is not None and not self._seems_committed():
                for name, contents in self._former.items():
                    cleanup.callback(self._take_back, name, contents)
            for file in self._files:
                cleanup.callback(file.abandon)

    def _seems_committed(self) -> bool:
        try:
            return self.is_committed
        except CheckpointError:
            # Nobody knows; what is there may be needed, and what nothing leads to harms no reader.
            return self._commit is not None

    def _take_back(self, name: str, contents: bytes | None) -> None:
        # The error that brought us here is the one to report; a file that nothing leads to harms no reader.
        with suppress(CheckpointError):
            if contents is None:
                self._store.remove(name)
            else:
                self._store.put(name, contents)


class RemoteDirectoryStage:
    """A new directory of files at a URL; see `DirectoryStage`.

    Each file appears when it is finished, and what was there before and is in the new one no more goes at the commit:
    no service puts several files in place at once.

    Args:
        store: Where.
        directory: Its name.
    """

    def __init__(self, store: SendingStore, directory: str) -> None:
        self.written: list[WrittenFile] = []
        self._store = store
        self._directory = directory
        self._files: list[RemoteFile] = []

    def __enter__(self) -> Self:
        return self

    def check_space(self, name: str, needed: int) -> None:
        """Refuse nothing: services do not say what they have."""

    def create(self, name: str, needed: int) -> RemoteFile:  # noqa: ARG002 - as above
        """Begin a new file by its path in the directory."""
        file = RemoteFile(self._store, self._store.rules.join(self._directory, name))
        self._files.append(file)
        return file

    def finish(self, name: str, file: NewFile) -> None:
        """End a file."""
        file.finish()
        self.written.append(WrittenFile(self._store.rules.join(self._directory, name), "values", file.size))

    def commit(self) -> None:
        """Remove what is not among the new files."""
        kept = {self._store.resolve(one.path) for one in self.written}
        for name in self._store.below(self._directory):
            if name not in kept:
                self._store.remove(name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._files:
            file.abandon()
