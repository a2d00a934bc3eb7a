"""Objects through obstore: Amazon's S3 and its like, Google's and Azure's storage, web servers."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ckpt_magics.errors import (
    AbortedError,
    CheckpointError,
    InvalidArgumentError,
    PermissionDeniedError,
    UnavailableError,
    UnimplementedError,
    visible,
)
from ckpt_magics.files.storage.remote.object_client import DIRECTORY, ObjectReply, ShortReplyError
from ckpt_magics.files.storage.remote.obstore_options import SCHEMES, translated
from ckpt_magics.files.storage.remote.remote_handle import PART_SIZE, missing
from ckpt_magics.files.storage.remote.storage_options import StorageOptions
from ckpt_magics.files.storage.remote.url_names import UrlParts, split_url, without_secrets
from ckpt_magics.files.storage.store import ABSENT, Absent, FileInfo, Version

__all__ = ["ObstoreClient", "ObstoreDoor"]

_TIMES = {
    "timeout": timedelta(seconds=120),
    "connect_timeout": timedelta(seconds=10),
    "read_timeout": timedelta(seconds=30),
}
"""How long a request of at most one part may take, and each step of it."""

_RETRIES = {"max_retries": 5, "retry_timeout": timedelta(seconds=60)}

_AT_ONCE = 4
"""Parts of an upload that are under way, each in memory."""

_BEYOND = re.compile(r"416 Range Not Satisfiable|only \d+ bytes long")
_SHORT = re.compile(r"Requested \d+\.\.\d+, got")
_WHOLE = re.compile(r"[Rr]ange request not supported|NotPartial|not partial|200 OK", re.DOTALL)

ObjectStore = Any
"""A store of obstore's: one class for each service."""

ObjectMeta = Mapping[str, Any]
"""What obstore knows of an object."""

#: The process that asked first: what the library needs for it does not survive a fork.
_first_process: list[int] = []


@dataclass(frozen=True, slots=True)
class ObstoreDoor:
    """How clients of one root are made; see `Door`.

    Attributes:
        root: The root.
        options: As they were given; what stood in the URL is among them.
    """

    root: str
    options: StorageOptions

    @property
    def scope(self) -> Hashable:
        """Where the service is, if that was said."""
        options = translated(split_url(self.root).scheme, self.options)
        return options.config.get("endpoint") or options.config.get("base_url")

    def open(self) -> ObstoreClient:
        """Return a new client.

        Raises:
            InvalidArgumentError: An option is none.
        """
        import obstore.store
        from obstore.exceptions import BaseError

        parts = split_url(self.root)
        config, client, retries = translated(parts.scheme, self.options)
        query, user = config.pop("url_query", ""), config.pop("url_user", "")
        client = {**_TIMES, **client}
        if user:
            words = base64.b64encode(user.encode()).decode()
            client["default_headers"] = {**client.get("default_headers", {}), "authorization": f"Basic {words}"}
        more: dict[str, Any] = {"client_options": client, "retry_config": {**_RETRIES, **retries}}
        try:
            if SCHEMES[parts.scheme] == "http":
                store: ObjectStore = obstore.store.HTTPStore.from_url(self.root.rstrip("/") + query, **more)
            else:
                open_url: Any = obstore.store.from_url
                store = open_url(self.root, config=config, **more)
        except (BaseError, ValueError, TypeError) as error:
            words = without_secrets(str(error).partition("\n")[0])
            raise InvalidArgumentError(f"{self.root}: {words}", hint="Look at the options.") from None
        return ObstoreClient(store, self.root, can_list=SCHEMES[parts.scheme] != "http")


def options_of(parts: UrlParts, options: StorageOptions) -> StorageOptions:
    """Return options with what a URL says besides the name."""
    found = {"url_user": parts.user, "url_query": parts.query}
    return StorageOptions({**options, **{name: value for name, value in found.items() if value}})


class ObstoreClient:
    """A store of obstore's; see `ObjectClient`.

    Args:
        store: The store.
        root: What stands before its keys.
        can_list: Whether it can be asked what there is.
    """

    can_swap = True

    def __init__(self, store: ObjectStore, root: str, *, can_list: bool = True) -> None:
        self._store = store
        self._root = root
        self.can_list = can_list

    def head(self, key: str) -> FileInfo | None:
        """Return what is known of an object, None if there is none."""
        import obstore

        with self.errors(key):
            try:
                return _info_of(obstore.head(self._store, key))
            except FileNotFoundError:
                return None

    def get(self, key: str, start: int, length: int) -> ObjectReply:
        """Return bytes of an object; none from its end on."""
        with self.errors(key):
            try:
                return self._get_range(key, start, length)
            except FileNotFoundError:
                raise
            except Exception as error:
                text = str(error)
                if _BEYOND.search(text):
                    info = self.head(key)
                    if info is not None and start >= info.size:
                        return ObjectReply(memoryview(b""), info)
                if _WHOLE.search(text):
                    return self._cut_of_whole(key, start, length)
                if _SHORT.search(text):
                    raise ShortReplyError(_words(error, self._root + key)) from None
                raise

    def _get_range(self, key: str, start: int, length: int) -> ObjectReply:
        import obstore

        found = obstore.get(self._store, key, options={"range": (start, start + length)})
        return ObjectReply(memoryview(found.bytes()), _info_of(found.meta))

    def _cut_of_whole(self, key: str, start: int, length: int) -> ObjectReply:
        """Return a range of what a server sends that knows none: all of it."""
        import obstore

        found = obstore.get(self._store, key)
        parts: list[bytes] = []
        at = 0
        for chunk in found.stream(min_chunk_size=1 << 20):
            data = bytes(memoryview(chunk)[max(start - at, 0) : max(start + length - at, 0)])
            parts.append(data)
            at += len(chunk)
            if at >= start + length:
                break
        return ObjectReply(memoryview(b"".join(parts)), _info_of(found.meta))

    def entries(self, directory: str) -> dict[str, FileInfo]:
        """Return what is in a directory, by name."""
        import obstore

        with self.errors(directory):
            found = obstore.list_with_delimiter(self._store, directory or None)
        names = {prefix.rstrip("/").rpartition("/")[2]: DIRECTORY for prefix in found["common_prefixes"]}
        objects = {
            one["path"].rpartition("/")[2]: _info_of(one) for one in found["objects"] if one["path"] != directory
        }
        return {**names, **objects}

    def put(self, key: str, data: bytes, if_match: Version | Absent | None) -> None:
        """Write an object in one request."""
        import obstore

        mode: Any = "overwrite" if if_match is None else "create" if if_match is ABSENT else _update_of(if_match)
        with self.errors(key):
            obstore.put(self._store, key, data, mode=mode, use_multipart=False)

    def upload(self, key: str) -> _ObstoreUpload:
        """Begin an object of any size."""
        return _ObstoreUpload(self, key)

    def open_writer(self, key: str) -> ObjectStore:
        """Return what sends an object in parts, several at a time."""
        import obstore

        with self.errors(key):
            return obstore.open_writer(self._store, key, buffer_size=PART_SIZE, max_concurrency=_AT_ONCE)

    def copy(self, source: str, key: str) -> None:
        """Put the contents of an object under another key too."""
        import obstore

        with self.errors(source):
            obstore.copy(self._store, source, key)

    def remove(self, key: str) -> None:
        """Remove an object."""
        import obstore

        with self.errors(key):
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError:
                return

    @contextmanager
    def errors(self, key: str) -> Iterator[None]:
        """Turn what the library says into our errors, without what may be secret."""
        _refuse_fork()
        try:
            yield
        except (CheckpointError, MemoryError):
            raise
        except FileNotFoundError:
            raise missing(self._root + key) from None
        except Exception as error:  # noqa: BLE001 - its errors have no other common root
            raise _error_of(error, self._root + key) from None


def _refuse_fork() -> None:
    """The library's threads stay behind in a fork, where a request would wait for them for ever."""
    process = os.getpid()
    if not _first_process:
        _first_process.append(process)
    if _first_process[0] != process:
        raise UnimplementedError(
            "a forked process cannot read URLs that its parent has read from",
            hint='Start it anew: multiprocessing.get_context("spawn").',
        )


def _words(error: Exception, name: str) -> str:
    # Its first line says what happened; what follows repeats the request with all its headers.
    text = without_secrets(" ".join(str(error).partition("\n\nDebug source")[0].split()))
    return f"{visible(name)}; {visible(text[:400])}"


def _error_of(error: Exception, name: str) -> CheckpointError:
    """Return our error for one of the library's, by the name of its class."""
    words = _words(error, name)
    kind = type(error).__name__
    if kind in {"PermissionDeniedError", "UnauthenticatedError"}:
        hint = "Credentials come from the environment or from storage_options; anon=True asks without any."
        return PermissionDeniedError(words, file=name, hint=hint)
    if kind in {"PreconditionError", "AlreadyExistsError"} or "409 Conflict" in words:
        return AbortedError("the file is not the one that was to be replaced", file=name)
    if kind == "NotSupportedError" or isinstance(error, NotImplementedError):
        return UnimplementedError(words, file=name)
    if kind in {"InvalidPathError", "UnknownConfigurationKeyError"}:
        return InvalidArgumentError(words, file=name)
    return UnavailableError(words, file=name)


def _info_of(meta: ObjectMeta) -> FileInfo:
    """Return what obstore knows of an object in the words of a store."""
    modified: datetime = meta["last_modified"]
    seconds = modified.timestamp()
    tag, generation = meta["e_tag"], meta["version"]
    version: Version = (tag or ("" if generation else round(seconds * 1e6)), generation or "", meta["size"])
    return FileInfo(is_file=True, is_directory=False, size=meta["size"], modified=seconds, version=version)


def _update_of(version: Version) -> dict[str, Any]:
    tag, generation, _ = version
    return {name: value for name, value in (("e_tag", tag), ("version", generation)) if value}


class _ObstoreUpload:
    """An object that is sent in parts; see `Upload`."""

    def __init__(self, client: ObstoreClient, key: str) -> None:
        self._client = client
        self._key = key
        self._writer = client.open_writer(key)
        self._is_over = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append bytes."""
        with self._client.errors(self._key):
            self._writer.write(data)

    def finish(self) -> None:
        """Put the object in place."""
        with self._client.errors(self._key):
            self._writer.close()
        self._is_over = True

    def abandon(self) -> None:
        """Tell the service to drop the parts, which it would keep and charge for."""
        if not self._is_over:
            self._is_over = True
            error = CheckpointError("given up")
            with suppress(Exception):
                self._writer.__exit__(type(error), error, None)
