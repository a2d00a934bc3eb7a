"""Files by their paths."""

from __future__ import annotations

import os

from ckpt_magics.files.storage.local_store import LocalStore
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.stored_file import StoredFile


def open_file(path: str | os.PathLike[str]) -> StoredFile:
    """Return a regular file, open for reading; see `Place.open`."""
    return Place(LocalStore(), os.fspath(path)).open()


def is_file(path: str) -> bool:
    """Tell whether ``path`` leads to a regular file."""
    return os.path.isfile(path)


def is_directory(path: str) -> bool:
    """Tell whether ``path`` leads to a directory."""
    return os.path.isdir(path)


def exists(path: str) -> bool:
    """Tell whether there is anything of that name."""
    return os.path.exists(path)


def modified_time(path: str) -> float:
    """Return when the file was written, in seconds since 1970; minus infinity when it is gone."""
    try:
        return os.stat(path).st_mtime
    except (OSError, ValueError):
        return float("-inf")


def file_size(path: str) -> int:
    """Return the size of a regular file, in bytes."""
    return Place(LocalStore(), path).size()


def list_directory(path: str) -> list[str]:
    """Return the names in a directory, sorted; see `Place.names`."""
    return Place(LocalStore(), path).names()


def read_start(path: str, size: int) -> bytes:
    """Return the first ``size`` bytes of a file, or all of a shorter one."""
    return Place(LocalStore(), path).read_start(size)
