"""Objects through fsspec: what obstore does not speak, and file systems that the user hands over."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ckpt_magics.errors import (
    CheckpointError,
    InvalidArgumentError,
    PermissionDeniedError,
    UnavailableError,
    UnimplementedError,
    visible,
)
from ckpt_magics.files.storage.error_table import class_for
from ckpt_magics.files.storage.remote.object_client import DIRECTORY, ObjectReply
from ckpt_magics.files.storage.remote.remote_handle import missing
from ckpt_magics.files.storage.remote.storage_options import StorageOptions
from ckpt_magics.files.storage.remote.url_names import split_url, without_secrets
from ckpt_magics.files.storage.store import Absent, FileInfo, Version, check_match

__all__ = ["FsspecClient", "FsspecDoor"]

FileSystem = Any
"""A file system of fsspec's, which publishes no types; and what it opens."""

_TAGS = ("ETag", "etag", "generation", "md5Hash", "content_md5", "ino")
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "last_commit", "created", "timeModified")


@dataclass(frozen=True, slots=True)
class FsspecDoor:
    """How clients of one root are made; see `Door`.

    Attributes:
        root: The root.
        options: What fsspec's file system takes.
        chain: What stands behind the names in a chained URL: ``::file:///model.zip``.
        system: A file system that was handed over; it stays in this process.
    """

    root: str
    options: StorageOptions
    chain: str = ""
    system: FileSystem = field(default=None, compare=False)

    @property
    def scope(self) -> Hashable:
        """What the names are in."""
        return self.chain or self.options.get("endpoint_url")

    def open(self) -> FsspecClient:
        """Return a new client.

        Raises:
            InvalidArgumentError: fsspec knows no such URLs, or does not take the options.
            UnimplementedError: A library is missing.
        """
        return FsspecClient(self.system if self.system is not None else self._opened(), self.root)

    def _opened(self) -> FileSystem:
        from fsspec.core import url_to_fs

        try:
            return url_to_fs(self.root + self.chain, **self.options)[0]
        except ImportError as error:
            raise UnimplementedError(f"{self.root}: {error}") from None
        except (ValueError, TypeError) as error:
            words = without_secrets(str(error))
            raise InvalidArgumentError(
                f"{self.root}: {visible(words)}", hint="Look at the URL and the options."
            ) from None

    def __getstate__(self) -> tuple[Any, ...]:
        options = self.options
        if self.system is not None and not options:
            # What it was made with, the secrets aside.
            with suppress(Exception):
                options = StorageOptions(json.loads(self.system.to_json()))
        return self.root, StorageOptions(options.open_ones), self.chain

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        for name, value in zip(("root", "options", "chain", "system"), (*state, None), strict=True):
            object.__setattr__(self, name, value)


class FsspecClient:
    """A file system of fsspec's; see `ObjectClient`.

    Args:
        system: The file system.
        root: What stands before its keys.
    """

    can_list = True
    can_swap = False

    def __init__(self, system: FileSystem, root: str) -> None:
        self._system = system
        self._root = root
        # Where the system itself wants the bucket before the key.
        self._head = split_url(root).host

    def _path(self, key: str) -> str:
        path = "/".join(filter(None, (self._head, key)))
        return str(self._system._strip_protocol(f"/{path}" if self._system.root_marker == "/" else path))  # noqa: SLF001 - public by use: every file system has it

    def head(self, key: str) -> FileInfo | None:
        """Return what is known of an object, None if there is none."""
        with self.errors(key):
            # Many file systems remember what they listed, and what was saved elsewhere would stay unseen.
            self._system.invalidate_cache()
            try:
                found = self._system.info(self._path(key))
            except (FileNotFoundError, NotADirectoryError):
                return None
            return None if found.get("type") == "directory" else _info_of(found)

    def get(self, key: str, start: int, length: int) -> ObjectReply:
        """Return bytes of an object; none from its end on."""
        info = self.head(key)
        if info is None:
            raise missing(self._root + key)
        with self.errors(key):
            end = min(start + length, info.size)
            data = self._system.cat_file(self._path(key), start=start, end=end) if start < end else b""
        # Some servers send all of it, whatever was asked for.
        return ObjectReply(memoryview(data[start:end] if len(data) == info.size != end - start else data), info)

    def entries(self, directory: str) -> dict[str, FileInfo]:
        """Return what is in a directory, by name."""
        with self.errors(directory):
            self._system.invalidate_cache()
            try:
                found = self._system.ls(self._path(directory), detail=True)
            except (FileNotFoundError, NotADirectoryError):
                return {}
        path = self._path(directory).strip("/")
        named = ((one["name"].strip("/"), one) for one in found)
        return {
            name.rpartition("/")[2]: DIRECTORY if one.get("type") == "directory" else _info_of(one)
            for name, one in named
            if name != path
        }

    def put(self, key: str, data: bytes, if_match: Version | Absent | None) -> None:
        """Write an object in one request."""
        with self.errors(key):
            if if_match is not None:
                check_match(self._root + key, self.head(key), if_match)
            self._make_room(key)
            self._system.pipe_file(self._path(key), data)

    def _make_room(self, key: str) -> None:
        """Make the directory of a key, where there are directories."""
        with suppress(NotImplementedError):
            self._system.makedirs(self._path(key.rpartition("/")[0]), exist_ok=True)

    def upload(self, key: str) -> _FsspecUpload:
        """Begin an object of any size."""
        return _FsspecUpload(self, key)

    def open_write(self, key: str) -> FileSystem:
        """Open an object for writing, which appears when it is closed."""
        with self.errors(key):
            self._make_room(key)
            return self._system.open(self._path(key), "wb", autocommit=False)

    def copy(self, source: str, key: str) -> None:
        """Put the contents of an object under another key too."""
        with self.errors(source):
            self._system.cp_file(self._path(source), self._path(key))

    def remove(self, key: str) -> None:
        """Remove an object."""
        with self.errors(key), suppress(FileNotFoundError):
            self._system.rm_file(self._path(key))

    @contextmanager
    def errors(self, key: str) -> Iterator[None]:
        """Turn what the library says into our errors, without what may be secret."""
        name = self._root + key
        try:
            yield
        except (CheckpointError, MemoryError):
            raise
        except FileNotFoundError:
            raise missing(name) from None
        except Exception as error:  # noqa: BLE001 - each file system has errors of its own
            words = f"{visible(name)}; {visible(without_secrets(f'{error}' or type(error).__name__)[:400])}"
            if isinstance(error, PermissionError):
                raise PermissionDeniedError(words, file=name) from None
            if isinstance(error, NotImplementedError):
                raise UnimplementedError(words, file=name) from None
            kind = class_for(error.errno) if isinstance(error, OSError) else CheckpointError
            raise (UnavailableError if kind is CheckpointError else kind)(words, file=name) from None


def _info_of(found: dict[str, Any]) -> FileInfo:
    """Return what fsspec knows of an object in the words of a store."""
    seconds = next((_seconds(found[name]) for name in _TIMES if found.get(name)), float("-inf"))
    tag = next((str(found[name]) for name in _TAGS if found.get(name)), "")
    size = found.get("size") or 0
    return FileInfo(True, False, size, seconds, (tag or str(seconds), size))


def _seconds(time: object) -> float:
    if isinstance(time, datetime):
        return time.timestamp()
    if isinstance(time, str):
        with suppress(ValueError):
            return datetime.fromisoformat(time).timestamp()
    return float(time) if isinstance(time, (int, float)) else float("-inf")


class _FsspecUpload:
    """A file that is being written; see `Upload`."""

    def __init__(self, client: FsspecClient, key: str) -> None:
        self._client = client
        self._key = key
        self._file: Any = client.open_write(key)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes."""
        with self._client.errors(self._key):
            self._file.write(data)

    def finish(self) -> None:
        """Put the object in place."""
        with self._client.errors(self._key):
            self._file.close()
            self._file.commit()

    def abandon(self) -> None:
        """Give up what was sent."""
        with suppress(Exception):
            self._file.discard()
            self._file.closed = True
