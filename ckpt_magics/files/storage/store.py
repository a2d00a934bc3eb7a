"""What holds files: the calls that every kind of storage answers, this machine's disk, memory, or a service.

Nothing here that a service of objects could not do: names are put, listed, read by ranges and removed, and none is
renamed. How new files appear together is each store's own business.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from contextlib import AbstractContextManager
from enum import Enum
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from ckpt_magics.errors import AbortedError

__all__ = [
    "ABSENT",
    "Absent",
    "DirectoryStage",
    "EntryKind",
    "FileInfo",
    "NewFile",
    "PathRules",
    "Range",
    "ReadHandle",
    "ReadParts",
    "ReadableFile",
    "Stage",
    "Staging",
    "Store",
    "Suffix",
    "Version",
    "WrittenFile",
    "check_match",
    "version_of",
]

Version = tuple[int | str, ...]
"""What tells the contents of a name from any other that were or will be there."""


class Absent(Enum):
    """What a name is before anything is put there."""

    ABSENT = "absent"


ABSENT = Absent.ABSENT


class Range(NamedTuple):
    """Bytes from a place on.

    Attributes:
        start: Bytes from the start of the file.
        length: Bytes.
    """

    start: int
    length: int


class Suffix(NamedTuple):
    """The last bytes of a file, or all of a shorter one.

    Attributes:
        length: Bytes.
    """

    length: int

    def of(self, size: int) -> Range:
        """Return where that is in a file of so many bytes."""
        length = min(self.length, size)
        return Range(size - length, length)


class EntryKind(Enum):
    """What a name in a directory is; of a link, that it is one."""

    FILE = "file"
    DIRECTORY = "directory"
    OTHER = "other"


class FileInfo(NamedTuple):
    """What a store knows of a name.

    Attributes:
        is_file: Whether it has contents to read.
        is_directory: Whether it is a directory.
        size: Of a file, in bytes.
        modified: When it was written, in seconds since 1970.
        version: Of the contents.
    """

    is_file: bool
    is_directory: bool
    size: int
    modified: float
    version: Version


def version_of(info: FileInfo | None) -> Version | Absent:
    """Return what `Store.put` is to be told of a name that is to be replaced as it was found."""
    return ABSENT if info is None else info.version


def check_match(name: str, info: FileInfo | None, if_match: Version | Absent | None) -> None:
    """Refuse to replace what is not what was expected.

    Raises:
        AbortedError: It is another version.
    """
    if if_match is not None and version_of(info) != if_match:
        raise AbortedError("the file is not the one that was to be replaced", file=name)


class ReadParts(NamedTuple):
    """What was read of a file.

    Attributes:
        parts: The bytes of each range.
        info: The file that they are of.
    """

    parts: list[bytes]
    info: FileInfo


class ReadHandle(Protocol):
    """One version of a file, open for reading by place; whoever lets go of the last one gives it back."""

    @property
    def info(self) -> FileInfo:
        """What was known of the file when it was opened."""
        ...

    def expect(self, offset: int, size: int) -> None:
        """Be told which bytes are read first, before `info` is asked for; far away, both come in one reply."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``offset`` on, as many as come at once; none at the end."""
        ...

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fill the start of ``buffer`` from ``offset`` on, as far as comes at once; returns the bytes."""
        ...

    def map(self) -> memoryview:
        """Return the whole file as read-only memory, bytes [size]; it outlives the handle."""
        ...


class ReadableFile(Protocol):
    """An open file that others are made of."""

    def read_into(self, offset: int, buffer: memoryview, what: str) -> None:
        """Fill ``buffer`` from ``offset`` on; too few bytes are a TruncatedError that names ``what``."""
        ...


class NewFile(Protocol):
    """A new file being written front to back."""

    @property
    def size(self) -> int:
        """Bytes written so far."""
        ...

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes; ``data`` may change as soon as this returns."""
        ...

    def copy(self, source: ReadableFile, offset: int, size: int) -> Iterator[memoryview]:
        """Append bytes of another file; yields them as this one holds them now, a piece at a time.

        Args:
            source: The other file, of which each byte is read once, in order.
            offset: Where they start in it.
            size: How many they are.

        Returns:
            An iterator over pieces, each of which is gone when the next one is asked for. Nothing is appended before.

        Raises:
            CheckpointError: From the iterator: the other file has not the bytes, or the store refuses.
        """
        ...

    def finish(self) -> None:
        """End the file; what it holds is as durable then as asked for. More calls do nothing."""
        ...


class WrittenFile(NamedTuple):
    """A file that a save wrote.

    Attributes:
        path: Where it is.
        role: ``index``, ``data``, ``V1``, ``meta graph`` or ``state``.
        bytes: Its size.
    """

    path: str
    role: str
    bytes: int


class Staging(Protocol):
    """A context manager in which new files are made that appear together; leaving it without a commit undoes all."""

    @property
    def written(self) -> list[WrittenFile]:
        """What is in place so far; final after the commit."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def check_space(self, name: str, needed: int) -> None:
        """Refuse to begin with what cannot end: files of so many bytes in all, where fewer are free.

        Raises:
            ResourceExhaustedError: There is less space, as far as the store knows.
        """
        ...


class Stage(Staging, Protocol):
    """New files of one directory.

    Nobody reads a file before the commit: what is published has a name that nothing leads to yet.
    """

    @property
    def durable(self) -> bool:
        """Whether a loss of power, too, leaves the old version or the new."""
        ...

    @property
    def renames(self) -> bool:
        """Whether a file may be published under another name than it was begun with."""
        ...

    def create(self, name: str, needed: int | None = None, *, decides: bool = False) -> NewFile:
        """Begin a new file.

        Args:
            name: The name it will have; where names can change, for errors alone.
            needed: Its size in bytes if known, for errors.
            decides: Whether the commit is to put it in place. What does not decide may be there, for nobody to read, as
                soon as it is finished.
        """
        ...

    def claim(self, name: str) -> bool:
        """Take a name for a file of this stage; False if somebody else has it."""
        ...

    def add(self, name: str, contents: bytes) -> NewFile:
        """Stage a file whose contents are at hand."""
        ...

    def publish(self, file: NewFile, name: str, role: str) -> None:
        """Put a file in place ahead of the commit. What it replaces comes back if there is no commit."""
        ...

    def adopt(self, source: str, name: str) -> None:
        """Give a file that somebody wrote before another name ahead of the commit; it goes back without one."""
        ...

    def commit(self, file: NewFile, name: str, role: str) -> None:
        """Put the file in place that makes the new version visible. From here on nothing is undone."""
        ...


class DirectoryStage(Staging, Protocol):
    """A new directory of files that takes the place of one of the same name, or of none, in one step."""

    def create(self, name: str, needed: int) -> NewFile:
        """Begin a new file by its path in the directory, when the one before it is finished."""
        ...

    def finish(self, name: str, file: NewFile) -> None:
        """End a file."""
        ...

    def commit(self) -> None:
        """Put the directory, whose files are finished, in its place."""
        ...


class PathRules(Protocol):
    """How names are put together and taken apart; ``os.path`` and ``posixpath`` are such rules."""

    @property
    def sep(self) -> str:
        """What stands between the parts of a name."""
        ...

    def join(self, path: str, /, *paths: str) -> str:
        """Return a name below another; one that begins at the root stands alone."""
        ...

    def split(self, p: str, /) -> tuple[str, str]:
        """Return what stands before the last part of a name, and that part."""
        ...

    def isabs(self, s: str, /) -> bool:
        """Tell whether a name begins at the root."""
        ...

    def normpath(self, path: str, /) -> str:
        """Return a name without parts that stand for nothing."""
        ...

    def relpath(self, path: str, start: str) -> str:
        """Return a name as it is written from a directory."""
        ...


class Store(Protocol):
    """Files by name. It can be pickled, and reaches the same files then.

    Names are paths by the store's rules; relative ones start where the store says, which never changes.
    """

    @property
    def rules(self) -> PathRules:
        """How names are put together."""
        ...

    @property
    def scope(self) -> Hashable:
        """What is the same for all stores in which a name from the root on leads to the same."""
        ...

    @property
    def gap(self) -> int:
        """Bytes between two ranges that are read along rather than skipped."""
        ...

    @property
    def is_local(self) -> bool:
        """Whether it is in this machine, where a look at a name costs next to nothing and nobody leads elsewhere."""
        ...

    @property
    def can_swap(self) -> bool:
        """Whether `put` keeps its promise when others put at the same time."""
        ...

    def absolute(self, name: str) -> str:
        """Return a name from the root on."""
        ...

    def spelled(self, name: str) -> str:
        """Return what leads to a name now: as it is while that means the same, else from the root on."""
        ...

    def info(self, name: str) -> FileInfo | None:
        """Return what is known of a name, None if it leads to nothing that can be looked at."""
        ...

    def entry(self, name: str) -> FileInfo | None:
        """Return what is at a name, of a link the link itself; None if nothing is.

        Raises:
            CheckpointError: No such name can be.
        """
        ...

    def list(self, prefix: str) -> list[str]:
        """Return the names that stand in the directory of a prefix and begin with its last part, sorted.

        Those of directories are among them, and nothing of what is in them.

        Raises:
            NotFoundError: There is no such directory.
            PermissionDeniedError: It may not be listed.
        """
        ...

    def scan(self, directory: str) -> dict[str, EntryKind]:
        """Return what stands in a directory, by name, without a look at each.

        Raises:
            NotFoundError: There is no such directory.
            PermissionDeniedError: It may not be listed.
        """
        ...

    def resolve(self, name: str) -> str:
        """Return the one name from the root on that all links to the same place lead to."""
        ...

    def read(self, name: str, ranges: Sequence[Range | Suffix], version: Version | None = None) -> ReadParts:
        """Return ranges of a file, neighbours read together.

        Args:
            name: Of the file.
            ranges: Which.
            version: The one version that will do; None for what is there.

        Raises:
            NotFoundError: There is no such file.
            TruncatedError: It ends before the end of a range.
            FailedPreconditionError: It is another version, or no file with contents.
        """
        ...

    def open_read(self, name: str, version: Version | None = None) -> ReadHandle:
        """Open a file for reading by place; arguments and errors are those of `read`."""
        ...

    def lock(self, directory: str) -> AbstractContextManager[bool]:
        """Hold a directory for oneself inside the block, as far as the store can; others wait for their turn.

        Who holds it may not ask for it again. What is written without it is whole, too.

        Returns:
            A context manager that gives whether it is held.
        """
        ...

    def stage(self, directory: str, *, durable: bool = True) -> Stage:
        """Return where new files of a directory are made that appear together."""
        ...

    def stage_directory(self, directory: str, *, durable: bool = True) -> DirectoryStage:
        """Return where the files of a new directory are made that appears as a whole."""
        ...

    def put(self, name: str, data: bytes, *, if_match: Version | Absent | None = None, durable: bool = True) -> None:
        """Write a file in one step: whoever reads finds what was there before, or this.

        Args:
            name: Of the file.
            data: All of its contents.
            if_match: The version that must be there, or `ABSENT`; None for whatever is.
            durable: Return when it would survive a loss of power.

        Raises:
            AbortedError: Something else is there than must be; nothing was changed.
            CheckpointError: The store refuses; nothing was changed.
        """
        ...

    def sync(self, directory: str) -> None:
        """Return when what was put into a directory and removed from it would survive a loss of power."""
        ...

    def make_directory(self, name: str, *, parents: bool = False) -> bool:
        """Make a directory where there are directories without anything in them; False if it was there.

        Args:
            name: Of the directory.
            parents: Make those above it too.

        Raises:
            NotFoundError: The level above is missing too.
            CheckpointError: The store refuses.
        """
        ...

    def remove_empty(self, directory: str) -> None:
        """Remove a directory unless something is in it."""
        ...

    def remove(self, name: str) -> bool:
        """Remove a file; False if it was not there.

        Raises:
            CheckpointError: The store refuses.
        """
        ...
