"""Which store a URL is in, and through which library it is reached."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from urllib.parse import unquote

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.files.storage.local_store import LocalStore
from ckpt_magics.files.storage.remote.fsspec_client import FileSystem, FsspecDoor
from ckpt_magics.files.storage.remote.obstore_client import ObstoreDoor, options_of
from ckpt_magics.files.storage.remote.obstore_options import SCHEMES
from ckpt_magics.files.storage.remote.remote_store import RemoteStore
from ckpt_magics.files.storage.remote.storage_options import StorageOptions, current_options
from ckpt_magics.files.storage.remote.url_names import split_url, without_secrets
from ckpt_magics.files.storage.store import Store

__all__ = ["handed_over", "name_at_url"]

_EXTRA = 'pip install "ckpt_magics[remote]"'


def name_at_url(url: str) -> tuple[Store, str]:
    """Return store and name of a URL.

    Raises:
        UnimplementedError: A library is missing.
        InvalidArgumentError: It is damaged.
    """
    url, mark, chain = url.partition("::")
    if mark and "://" not in url:
        url = f"{url}://"
    parts = split_url(url)
    if not parts.host and parts.scheme in SCHEMES:
        raise InvalidArgumentError(f"{visible(without_secrets(url))} names no machine or bucket")
    options = current_options()
    if parts.scheme in SCHEMES and not mark:
        _refuse_missing("obstore", url)
        key = unquote(parts.key) if SCHEMES[parts.scheme] == "http" else parts.key
        door: Any = ObstoreDoor(parts.root, options_of(parts, options))
        return RemoteStore(parts.root, door), parts.root + key
    _refuse_missing("fsspec", url)
    _refuse_unknown(parts.scheme, url)
    return RemoteStore(parts.root, FsspecDoor(parts.root, options, mark + chain)), parts.root + parts.key


def handed_over(file: FileSystem) -> tuple[Store, str]:
    """Return store and name of a file of an fsspec file system, as fsspec and universal_pathlib have them."""
    url = file.fs.unstrip_protocol(file.path)
    parts = split_url(url)
    if parts.scheme in {"file", "local"}:
        return LocalStore(), str(file.path)
    door = FsspecDoor(parts.root, StorageOptions(getattr(file.fs, "storage_options", None)), system=file.fs)
    return RemoteStore(parts.root, door), parts.root + parts.key


def _refuse_missing(library: str, url: str) -> None:
    if not _is_installed(library):
        raise UnimplementedError(
            f"{visible(without_secrets(url))}: files at URLs are read through {library}, which is not installed",
            hint=f"Install it with: {_EXTRA}",
        )


def _refuse_unknown(scheme: str, url: str) -> None:
    from fsspec import available_protocols

    if scheme not in available_protocols():
        raise UnimplementedError(
            f"{visible(without_secrets(url))}: File system scheme '{scheme}' not implemented",
            hint="Known are those of obstore (s3, gs, az, http, https) and of fsspec. Or download it first.",
        )


def _is_installed(library: str) -> bool:
    try:
        return find_spec(library) is not None
    except ValueError:
        # None stands where it would be.
        return False
