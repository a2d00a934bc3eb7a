"""The border where a path that somebody gave becomes a place in a store; every door goes through it."""

from __future__ import annotations

import os
import re
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.files.storage.local_store import LocalStore
from ckpt_magics.files.storage.remote.url_names import without_secrets
from ckpt_magics.files.storage.store import Absent, EntryKind, FileInfo, Stage, Store, Version

if TYPE_CHECKING:
    from ckpt_magics.files.storage.stored_file import StoredFile

__all__ = [
    "ABOVE",
    "CURRENT",
    "FILE_SCHEME",
    "AnyPath",
    "Place",
    "PlaceIdentity",
    "is_bare",
    "is_url",
    "local_path",
    "name_of",
    "place_of",
    "spelled_as",
]


PlaceIdentity = tuple[Hashable, str]
"""What is the same for all names of a place, or for all links to it."""

CURRENT, ABOVE = ".", ".."
"""The parts of a name that stand for a directory itself and for the one above it, in every store."""


@dataclass(frozen=True, slots=True)
class Place:
    """A name in a store, whatever is there.

    Attributes:
        store: Where the name counts.
        name: As it was given; a relative one starts where the store says, also after ``os.chdir``.
    """

    store: Store
    name: str

    def __str__(self) -> str:
        return self.name

    def __fspath__(self) -> str:
        """Return the path that leads there from the present working directory.

        Raises:
            UnimplementedError: It is in a store that is not this machine's disk.
        """
        if not isinstance(self.store, LocalStore):
            raise UnimplementedError(f"{visible(self.name)} is in a store that is no disk of this machine")
        return self.store.spelled(self.name)

    def __truediv__(self, name: str) -> Place:
        """Return what is called ``name`` in this directory; of a name from the root on, that."""
        return Place(self.store, self.store.rules.join(self.name, name))

    @property
    def directory(self) -> Place:
        """The directory that it is in; the one that relative names start from has an empty name."""
        return Place(self.store, self.store.rules.split(self.name)[0])

    @property
    def shown(self) -> Place:
        """The place by a name that is not empty: the directory that relative names start from has one too."""
        return self if self.name else self.at(CURRENT)

    @property
    def stem(self) -> str:
        """The last part of the name; empty if it ends in a separator."""
        return self.store.rules.split(self.name)[1]

    @property
    def plain(self) -> Place:
        """The place by its name from the root on, without parts that stand for nothing."""
        return self.at(self.store.rules.normpath(self.store.absolute(self.name)))

    @property
    def identity(self) -> PlaceIdentity:
        """What is the same for all names of the place, as far as names tell."""
        return self.store.scope, self.plain.name

    def beside(self, stem: str) -> Place:
        """Return another name in its directory."""
        return self.directory / stem

    def at(self, name: str) -> Place:
        """Return another name of the same store, written as this one is."""
        return Place(self.store, name)

    def info(self) -> FileInfo | None:
        """Return what is known of it, None if there is nothing that can be looked at."""
        return self.store.info(self.name)

    def entry(self) -> FileInfo | None:
        """Return what is at the name, of a link the link itself; None if nothing is.

        Raises:
            CheckpointError: No such name can be.
        """
        return self.store.entry(self.name)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        info = self.info()
        return info is not None and info.is_file

    @property
    def is_directory(self) -> bool:
        """Whether it is a directory."""
        info = self.info()
        return info is not None and info.is_directory

    @property
    def exists(self) -> bool:
        """Whether there is anything."""
        return self.info() is not None

    @property
    def is_taken(self) -> bool:
        """Whether the name is there, be it as a link that leads nowhere."""
        try:
            return self.entry() is not None
        except CheckpointError:
            return False

    @property
    def modified(self) -> float:
        """When the file was written, in seconds since 1970; minus infinity when it is gone."""
        info = self.info()
        return float("-inf") if info is None else info.modified

    def siblings(self) -> list[str]:
        """Return the names in its directory that begin as its own does, sorted; errors are those of `names`."""
        return self.store.list(self.name)

    def names(self) -> list[str]:
        """Return the names in this directory, sorted.

        Raises:
            NotFoundError: There is no such directory.
            PermissionDeniedError: It may not be listed.
        """
        return self.store.list(self.store.rules.join(self.name, ""))

    def scan(self) -> dict[str, EntryKind]:
        """Return what stands in this directory, by name, without a look at each; errors are those of `names`."""
        return self.store.scan(self.name)

    def walk(self) -> Iterator[tuple[Place, list[str]]]:
        """Yield each directory in this one, itself first, and the sorted names in it that are no directories.

        Links are not gone through, so that one to a directory is among the names.

        Raises:
            CheckpointError: A directory cannot be listed.
        """
        pending = [self]
        while pending:
            directory = pending.pop()
            entries = directory.scan()
            inner = sorted((name for name, kind in entries.items() if kind is EntryKind.DIRECTORY), reverse=True)
            yield directory, sorted(entries.keys() - inner)
            pending += [directory / name for name in inner]

    def within(self, directory: Place) -> tuple[str, ...]:
        """Return the parts of its name below a directory that the name begins with."""
        sep = self.store.rules.sep
        return tuple(part for part in self.name.removeprefix(directory.name).split(sep) if part)

    @property
    def here(self) -> Place:
        """The place by a name that leads there now: this one, or after ``os.chdir`` one from the root on."""
        return self.at(self.store.spelled(self.name))

    @property
    def resolved(self) -> PlaceIdentity:
        """What is the same for all names and links that lead there."""
        return self.store.scope, self.store.resolve(self.name)

    def lock(self) -> AbstractContextManager[bool]:
        """Let those who change this directory take turns; see `Store.lock`."""
        return self.store.lock(self.name)

    def stage(self, *, durable: bool = True) -> Stage:
        """Return where new files of this directory are made that appear together."""
        return self.store.stage(self.name, durable=durable)

    def put(self, data: bytes, *, if_match: Version | Absent | None = None, durable: bool = True) -> None:
        """Write the file in one step; see `Store.put`."""
        self.store.put(self.name, data, if_match=if_match, durable=durable)

    def sync(self) -> None:
        """Return when what was done in this directory would survive a loss of power."""
        self.store.sync(self.name)

    def remove(self) -> bool:
        """Remove the file, of a link the link itself; False if it was not there.

        Raises:
            CheckpointError: The store refuses.
        """
        return self.store.remove(self.name)

    def open(self) -> StoredFile:
        """Open the file; whoever does closes it.

        Raises:
            NotFoundError: There is nothing of that name.
            FailedPreconditionError: It is not a regular file.
            PermissionDeniedError: It may not be read.
        """
        # It needs NumPy, which those who only name places do not.
        from ckpt_magics.files.storage.stored_file import StoredFile

        return StoredFile(self.store, self.name)

    def read_start(self, size: int) -> bytes:
        """Return the first ``size`` bytes of the file, or all of a shorter one."""
        with self.open() as file:
            return file.read_at(0, min(size, file.size), "start of the file")

    def size(self) -> int:
        """Return the size of the file, in bytes."""
        info = None if self.store.is_local else self.info()
        if info is not None and info.is_file:
            return info.size
        with self.open() as file:
            return file.size


AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]
"""What is taken for a path wherever one is asked for; a place is one too, and so is a file of an fsspec file system."""

FILE_SCHEME = "file://"

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:(?://|:[a-z]+://)")
_WINDOWS_DRIVE = re.compile(r"/[A-Za-z]:")


def place_of(path: AnyPath) -> Place:
    """Return the place that a path stands for; a place stands for itself.

    Args:
        path: As somebody gave it, in any form that `local_path` takes; a URL; or a file of an fsspec file system.

    Raises:
        TypeError: It is none.
        UnimplementedError: It is a URL of a kind that nothing here reads, or the library for it is not installed.
        InvalidArgumentError: It is a file on another machine, or options for it are wrong.
    """
    if isinstance(path, Place):
        return path
    remote = _remote_name(path)
    return Place(LocalStore(), local_path(path)) if remote is None else Place(*remote)


def name_of(path: AnyPath) -> str:
    """Return the name of the place that a path stands for; errors are those of `place_of`."""
    is_plain = type(path) is str and not path.startswith("~") and "://" not in path
    # Nearly all are, and a state file has a hundred thousand of them.
    return path if is_plain else place_of(path).name  # type: ignore[return-value]  # a plain one is text


def is_url(path: AnyPath) -> bool:
    """Tell whether a path is a URL, or a file of an fsspec file system, that is in no directory of this machine."""
    if isinstance(path, Place):
        return not path.store.is_local
    return hasattr(path, "fs") or _is_text_of_url(os.fsdecode(path))


def _remote_name(path: AnyPath) -> tuple[Store, str] | None:
    if type(path) is str and "://" not in path:
        # Nearly all are.
        return None
    if hasattr(path, "fs"):
        # Files at URLs need libraries that the others do not.
        from ckpt_magics.files.storage.remote.opened import handed_over

        return handed_over(path)
    text = os.fsdecode(path)
    if not _is_text_of_url(text):
        return None
    from ckpt_magics.files.storage.remote.opened import name_at_url

    return name_at_url(text)


def _is_text_of_url(text: str) -> bool:
    return not text.startswith(FILE_SCHEME) and _URL.match(text) is not None and not os.path.lexists(text)


def local_path(path: AnyPath) -> str:
    """Return a path as text that the system takes: relative ones stay relative.

    ``~`` and ``~user`` at the start are home directories. A ``file://`` URL is the path in it; as in TensorFlow its
    ``%20`` are no blanks. Bytes that are no UTF-8 become lone surrogates, as :func:`os.fsdecode` gives them.

    Args:
        path: As somebody gave it.

    Raises:
        TypeError: It is none.
        UnimplementedError: It is a URL of another kind: only files on this machine can be reached.
        InvalidArgumentError: It is a file on another machine.

    >>> local_path(b"runs/m"), local_path("file:///runs/m")
    ('runs/m', '/runs/m')
    """
    if type(path) is str and not path.startswith("~") and "://" not in path:
        # Nearly all are, and a state file has a hundred thousand of them.
        return path
    text = os.fsdecode(path)
    if text.startswith(FILE_SCHEME):
        return _path_of_url(text)
    if _URL.match(text) and not os.path.lexists(text):
        scheme = text.partition(":")[0]
        raise UnimplementedError(
            f"{visible(without_secrets(text))}: File system scheme '{scheme}' not implemented: only files on this "
            "machine are reached here",
            hint="Download it first, or save here and upload that.",
        )
    return os.path.expanduser(text)


def is_bare(name: str) -> bool:
    """Tell whether a name is one in a directory, and leads into no other.

    >>> is_bare("m-1"), is_bare("runs/m-1")
    (True, False)
    """
    return not os.path.split(name)[0]


def spelled_as(given: AnyPath, path: str) -> str:
    """Return a path found behind the border spelled as the one that led there: as a URL if that is how it was given.

    >>> spelled_as("file:///runs", "/runs/m-1"), spelled_as("/runs", "/runs/m-1")
    ('file:///runs/m-1', '/runs/m-1')
    """
    return FILE_SCHEME + path if os.fsdecode(given).startswith(FILE_SCHEME) else path


def _path_of_url(url: str) -> str:
    host, slash, rest = url.removeprefix(FILE_SCHEME).partition("/")
    if host not in {"", "localhost"} or not slash:
        path = visible(f"{host}{slash}{rest}")
        raise InvalidArgumentError(
            f"{visible(url)} names a machine, {visible(host) or repr(host)}, and only files on this one can be reached",
            hint=f"A path on this machine has three slashes: {FILE_SCHEME}/{path}",
        )
    path = slash + rest
    return path[1:] if os.name == "nt" and _WINDOWS_DRIVE.match(path) else path
