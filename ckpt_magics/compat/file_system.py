"""Files by the names of ``tf.gfile``: what tutorials do to directories before they save into them.

Format: tensorflow/python/lib/io/file_io.py.
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Sequence
from typing import IO, Any

from ckpt_magics.checkpoint.files import system_errors

StrPath = str | os.PathLike[str]


def exists(filename: StrPath) -> bool:
    """Tell whether there is a file or directory."""
    return os.path.exists(filename)


def is_directory(dirname: StrPath) -> bool:
    """Tell whether there is a directory."""
    return os.path.isdir(dirname)


def list_directory(dirname: StrPath) -> list[str]:
    """Return the names in a directory.

    Raises:
        NotFoundError: There is no such directory.
    """
    with system_errors(os.fspath(dirname)):
        return os.listdir(dirname)


def matching_files(filename: StrPath | Sequence[StrPath]) -> list[str]:
    """Return the paths that match a pattern, or any of several, sorted."""
    patterns = [filename] if isinstance(filename, (str, os.PathLike)) else filename
    return sorted(path for pattern in patterns for path in glob.glob(os.fspath(pattern)))


def make_directories(dirname: StrPath) -> None:
    """Make a directory, and those around it, where they are missing."""
    with system_errors(os.fspath(dirname)):
        os.makedirs(dirname, exist_ok=True)


def make_directory(dirname: StrPath) -> None:
    """Make a directory."""
    with system_errors(os.fspath(dirname)):
        os.mkdir(dirname)


def remove(filename: StrPath) -> None:
    """Delete a file.

    Raises:
        NotFoundError: There is no such file.
    """
    with system_errors(os.fspath(filename)):
        os.remove(filename)


def remove_tree(dirname: StrPath) -> None:
    """Delete a directory with all that is in it.

    Raises:
        NotFoundError: There is no such directory.
    """
    with system_errors(os.fspath(dirname)):
        shutil.rmtree(dirname)


def open_file(name: StrPath, mode: str = "r") -> IO[Any]:
    """Open a file, text in UTF-8.

    Raises:
        NotFoundError: There is no such file.
    """
    with system_errors(os.fspath(name)):
        return open(name, mode, encoding=None if "b" in mode else "utf-8")
