"""The border where a path that somebody gave becomes one that the system understands; every door goes through it."""

from __future__ import annotations

import os
import re

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError, visible

__all__ = ["FILE_SCHEME", "AnyPath", "local_path", "spelled_as"]

AnyPath = str | bytes | os.PathLike[str] | os.PathLike[bytes]
"""What is taken for a path wherever one is asked for."""

FILE_SCHEME = "file://"

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_WINDOWS_DRIVE = re.compile(r"/[A-Za-z]:")


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
            f"{visible(text)}: File system scheme '{scheme}' not implemented: only files on this machine are reached",
            hint="Download it first, or save here and upload that.",
        )
    return os.path.expanduser(text)


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
