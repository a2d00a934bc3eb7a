"""The files of a service at a URL: a bucket, a web server, whatever fsspec opens.

Directories are there as long as something is in them. Nothing is renamed, and there are no temporary names: a file
appears with the request that ends it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from ckpt_magics.errors import AbortedError, FailedPreconditionError, NotFoundError, visible
from ckpt_magics.files.storage.atomic import temporary_name
from ckpt_magics.files.storage.naming import INDEX_SUFFIX, STATE_FILENAME, index_filename
from ckpt_magics.files.storage.remote.object_client import DIRECTORY, ObjectClient, Upload, refuses_conflicts
from ckpt_magics.files.storage.remote.one_look import forget_answers, is_looking, remembered
from ckpt_magics.files.storage.remote.remote_handle import RemoteHandle, missing
from ckpt_magics.files.storage.remote.remote_stage import RemoteDirectoryStage, RemoteStage
from ckpt_magics.files.storage.remote.url_names import UrlRules
from ckpt_magics.files.storage.store import (
    Absent,
    EntryKind,
    FileInfo,
    Range,
    ReadParts,
    Suffix,
    Version,
)

__all__ = ["Door", "RemoteStore"]

_MARKS_OF_DIRECTORIES = (STATE_FILENAME, "saved_model.pb", index_filename("variables/variables"))
"""What is asked for in a directory of a service that lists nothing."""


#: Which services were found to heed conditions, by root and where it is.
_heeding: dict[Hashable, bool] = {}


class Door(Protocol):
    """How a client for one root is made, here and wherever a place is unpickled. It holds the options."""

    @property
    def scope(self) -> Hashable:
        """What is the same for all doors that lead to the same names."""
        ...

    def open(self) -> ObjectClient:
        """Return a new client."""
        ...


@dataclass(frozen=True, slots=True)
class RemoteStore:
    """Files by URL; see `Store`. Names that do not begin with the root are below it.

    Attributes:
        root: What all names begin with.
        door: How clients are made.
    """

    root: str
    door: Door
    _clients: dict[int, ObjectClient] = field(default_factory=dict, init=False, repr=False, compare=False)

    gap: ClassVar[int] = 1 << 20
    is_local: ClassVar[bool] = False

    @property
    def rules(self) -> UrlRules:
        """How names are put together."""
        return UrlRules(self.root)

    @property
    def scope(self) -> Hashable:
        """The root, and where it is."""
        return self.root, self.door.scope

    @property
    def can_swap(self) -> bool:
        """Whether the service heeds conditions."""
        return self._heeds_conditions("")

    def client(self) -> ObjectClient:
        """Return the client of this process."""
        process = os.getpid()
        if process not in self._clients:
            # What a parent opened is the parent's.
            self._clients[process] = self.door.open()
        return self._clients[process]

    def absolute(self, name: str) -> str:
        """Return a name from the root on."""
        return self.rules.join(self.root, name)

    def spelled(self, name: str) -> str:
        """Return the name: it always means the same."""
        return name

    def info(self, name: str) -> FileInfo | None:
        """Return what is known of a name, None if there is nothing."""
        return remembered((self.scope, "info", self._key(name)), lambda: self._info(name))

    def _info(self, name: str) -> FileInfo | None:
        key = self._key(name)
        if not key:
            return DIRECTORY
        ends_as_directory = name.endswith(self.rules.sep)
        if is_looking() and not ends_as_directory and (key.endswith(INDEX_SUFFIX) or self._stem(key) == STATE_FILENAME):
            # Whoever asks for one of these reads it next.
            try:
                return self.open_read(name).info
            except NotFoundError:
                return None
        found = None if ends_as_directory else self.client().head(key)
        return found if found is not None else DIRECTORY if self._is_directory(key) else None

    def _is_directory(self, key: str) -> bool:
        client = self.client()
        if client.can_list:
            return bool(self._entries(key))
        return any(client.head(f"{key}/{mark}") is not None for mark in _MARKS_OF_DIRECTORIES)

    def entry(self, name: str) -> FileInfo | None:
        """Return what is at a name; there are no links."""
        return self.info(name)

    def list(self, prefix: str) -> list[str]:
        """Return the names that stand in the directory of a prefix and begin with its last part, sorted."""
        directory, start = self.rules.split(prefix)
        return sorted(name for name in self._present(directory) if name.startswith(start))

    def scan(self, directory: str) -> dict[str, EntryKind]:
        """Return what stands in a directory, by name."""
        found = self._present(directory)
        return {name: EntryKind.FILE if one.is_file else EntryKind.DIRECTORY for name, one in found.items()}

    def _present(self, directory: str) -> dict[str, FileInfo]:
        found = self._entries(self._key(directory))
        if not found and self._key(directory):
            raise missing(directory)
        return found

    def _entries(self, key: str) -> dict[str, FileInfo]:
        return remembered((self.scope, "entries", key), lambda: self.client().entries(key))

    def resolve(self, name: str) -> str:
        """Return the name from the root on; there are no links."""
        return self.rules.normpath(name)

    def read(self, name: str, ranges: Sequence[Range | Suffix], version: Version | None = None) -> ReadParts:
        """Return ranges of a file, neighbours read together."""
        # It needs NumPy, which those who only name places do not.
        from ckpt_magics.files.storage.stored_file import read_parts

        return read_parts(self, name, ranges, version)

    def open_read(self, name: str, version: Version | None = None) -> RemoteHandle:
        """Open a file; that it is not there, and that it is another version, is found when it is read."""
        key = self._key(name)
        if not key or name.endswith(self.rules.sep):
            raise FailedPreconditionError(f"{visible(name)}; Is a directory", file=name)
        return remembered((self.scope, "handle", key, version), lambda: RemoteHandle(self.client, key, name, version))

    @contextmanager
    def lock(self, directory: str) -> Iterator[bool]:  # noqa: ARG002 - there is none
        """Hold nothing: those who save elsewhere are told by conditions."""
        yield False

    def stage(self, directory: str, *, durable: bool = True) -> RemoteStage:  # noqa: ARG002 - names say where
        """Return where new files are made that appear together."""
        return RemoteStage(self, durable=durable)

    def stage_directory(self, directory: str, *, durable: bool = True) -> RemoteDirectoryStage:  # noqa: ARG002 - as put
        """Return where the files of a new directory are made."""
        return RemoteDirectoryStage(self, directory)

    def upload(self, name: str) -> Upload:
        """Begin a file of any size, which appears when it is finished."""
        forget_answers()
        return self.client().upload(self._key(name))

    def copy(self, source: str, name: str) -> None:
        """Put the contents of a file under another name too."""
        forget_answers()
        self.client().copy(self._key(source), self._key(name))

    def below(self, directory: str) -> Iterator[str]:
        """Yield the names of all files in a directory and those in it."""
        for name, info in self.client().entries(self._key(directory)).items():
            path = self.rules.join(self.rules.normpath(directory), name)
            if info.is_directory:
                yield from self.below(path)
            else:
                yield path

    def put(self, name: str, data: bytes, *, if_match: Version | Absent | None = None, durable: bool = True) -> None:  # noqa: ARG002 - services keep what they took
        """Write a file in one step."""
        key = self._key(name)
        if not key or name.endswith(self.rules.sep):
            raise FailedPreconditionError(f"{visible(name)}; Is a directory", file=name)
        forget_answers()
        client = self.client()
        if if_match is not None and not self._heeds_conditions(key):
            if_match = None
        try:
            client.put(key, data, if_match)
        except AbortedError:
            # It may be that it was put, and put again because the answer was lost.
            if client.get(key, 0, len(data) + 1).data != data:
                raise

    def _heeds_conditions(self, key: str) -> bool:
        """Tell whether the service refuses what must not be put; tried once, beside a key, for some say yes to all."""
        place = self.scope
        if place not in _heeding:
            client, scratch = self.client(), self.rules.key(f"{key.rpartition('/')[0]}/{temporary_name()}")
            _heeding[place] = client.can_swap and refuses_conflicts(client, scratch)
            if not _heeding[place]:
                warnings.warn(
                    f"{self.root} does not tell who puts a file first: of two who save there at the same time, one may "
                    "forget the other's checkpoint",
                    UserWarning,
                    stacklevel=2,
                )
        return _heeding[place]

    def sync(self, directory: str) -> None:
        """Do nothing: services keep what they took."""

    def make_directory(self, name: str, *, parents: bool = False) -> bool:  # noqa: ARG002 - directories come with what is in them
        """Make nothing: directories come with what is in them."""
        return False

    def remove_empty(self, directory: str) -> None:
        """Do nothing: an empty directory is none."""

    def remove(self, name: str) -> bool:
        """Remove a file; False if it was not there."""
        key = self._key(name)
        forget_answers()
        if self.client().head(key) is None:
            if self._is_directory(key):
                raise FailedPreconditionError(f"{visible(name)}; Is a directory", file=name)
            return False
        self.client().remove(key)
        return True

    def _key(self, name: str) -> str:
        return self.rules.key(name)

    def _stem(self, key: str) -> str:
        return key.rpartition("/")[2]

    def __getstate__(self) -> tuple[str, Door]:
        return self.root, self.door

    def __setstate__(self, state: tuple[str, Door]) -> None:
        for name, value in zip(("root", "door", "_clients"), (*state, {}), strict=True):
            object.__setattr__(self, name, value)
