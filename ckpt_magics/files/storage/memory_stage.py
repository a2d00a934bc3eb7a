"""New files of a store that renames nothing: held back, put in the order of a save, and taken back if it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.storage.copying import COPY_SIZE, copied_pieces
from ckpt_magics.files.storage.store import FileInfo, NewFile, ReadableFile, Store, Suffix, WrittenFile

__all__ = ["MemoryFile", "MemoryStage"]


class MemoryFile:
    """A new file that nobody sees before it is put."""

    def __init__(self) -> None:
        self._contents = bytearray()

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return len(self._contents)

    @property
    def contents(self) -> bytes:
        """What was written."""
        return bytes(self._contents)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes."""
        self._contents += data

    def copy(self, source: ReadableFile, offset: int, size: int) -> Iterator[memoryview]:
        """Append bytes of another file, a piece at a time."""
        buffer = memoryview(bytearray(min(size, COPY_SIZE)))
        return copied_pieces(self, source, offset, size, buffer=buffer, read_back=self._read_back)

    def _read_back(self, piece: memoryview) -> None:
        piece[:] = self._contents[len(self._contents) - len(piece) :]

    def finish(self) -> None:
        """Do nothing: it is whole at any time."""


class MemoryStage:
    """Files that appear together in a store by puts alone; see `Stage`.

    Args:
        store: Where.
        durable: Passed on to the store.
    """

    renames = True

    def __init__(self, store: Store, *, durable: bool = True) -> None:
        self.durable = durable
        self.written: list[WrittenFile] = []
        self._store = store
        self._former: dict[str, bytes | None] = {}
        self._commit: tuple[str, FileInfo | None] | None = None

    def __enter__(self) -> Self:
        return self

    def check_space(self, name: str, needed: int) -> None:
        """Refuse nothing: what memory there is, shows when it is taken."""

    def create(self, name: str, needed: int | None = None, *, decides: bool = False) -> MemoryFile:  # noqa: ARG002 - nothing can fail or be seen yet
        """Begin a new file."""
        return MemoryFile()

    def claim(self, name: str) -> bool:  # noqa: ARG002 - names are given under the directory's lock
        """Tell that a name can be had."""
        return True

    def add(self, name: str, contents: bytes) -> MemoryFile:
        """Stage a file whose contents are at hand."""
        file = self.create(name)
        file.write(contents)
        return file

    def publish(self, file: NewFile, name: str, role: str) -> None:
        """Put a file ahead of the commit. What it replaces comes back if there is no commit."""
        self._former.setdefault(name, self._contents(name))
        self._put(file, name, role)

    def adopt(self, source: str, name: str) -> None:
        """Give a file that is there another name ahead of the commit; it goes back without one."""
        for one in (source, name):
            self._former.setdefault(one, self._contents(one))
        self._store.put(name, self._former[source] or b"", durable=self.durable)
        self._store.remove(source)

    def commit(self, file: NewFile, name: str, role: str) -> None:
        """Put the file that makes the new version visible. From here on nothing is undone."""
        self._commit = name, self._store.info(name)
        self._put(file, name, role)

    def _put(self, file: NewFile, name: str, role: str) -> None:
        assert isinstance(file, MemoryFile)  # noqa: S101 - it is one that was made here
        self._store.put(name, file.contents, durable=self.durable)
        self.written.append(WrittenFile(name, role, file.size))

    def _contents(self, name: str) -> bytes | None:
        info = self._store.info(name)
        return None if info is None else self._store.read(name, [Suffix(info.size)]).parts[0]

    @property
    def is_committed(self) -> bool:
        """Whether the put of the commit has happened, by the look of the store."""
        # An interrupt may arrive between the put and the next line of Python, so no flag can tell.
        return self._commit is not None and self._store.info(self._commit[0]) != self._commit[1]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_committed:
            return
        # The stack runs the last one first, and all of them even if Ctrl-C comes during one.
        with ExitStack() as cleanup:
            for name, contents in self._former.items():
                cleanup.callback(self._take_back, name, contents)

    def _take_back(self, name: str, contents: bytes | None) -> None:
        # The error that brought us here is the one to report; a file that nothing leads to harms no reader.
        with suppress(CheckpointError):
            if contents is None:
                self._store.remove(name)
            else:
                self._store.put(name, contents, durable=self.durable)
