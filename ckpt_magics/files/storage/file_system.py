"""Files by the names of ``tf.gfile``: what tutorials do to directories before they save into them.

Format: tensorflow/python/lib/io/file_io.py.
"""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Sequence
from typing import IO, Any

from ckpt_magics.errors import NotFoundError, visible
from ckpt_magics.files.storage.place import AnyPath, is_url, local_path, place_of, spelled_as
from ckpt_magics.files.storage.system_errors import system_errors


def exists(filename: AnyPath) -> bool:
    """Tell whether there is a file or directory."""
    return place_of(filename).exists


def is_directory(dirname: AnyPath) -> bool:
    """Tell whether there is a directory."""
    return place_of(dirname).is_directory


def list_directory(dirname: AnyPath) -> list[str]:
    """Return the names in a directory.

    Raises:
        NotFoundError: There is no such directory.
    """
    return place_of(dirname).names()


def matching_files(filename: AnyPath | Sequence[AnyPath]) -> list[str]:
    """Return the paths that match a pattern, or any of several, sorted."""
    patterns = [filename] if isinstance(filename, (str, bytes, os.PathLike)) else filename
    return sorted(spelled_as(pattern, path) for pattern in patterns for path in glob.glob(local_path(pattern)))


def make_directories(dirname: AnyPath) -> None:
    """Make a directory, and those around it, where they are missing."""
    if is_url(dirname):
        # Directories come with what is in them.
        return
    path = local_path(dirname)
    with system_errors(path):
        os.makedirs(path, exist_ok=True)


def make_directory(dirname: AnyPath) -> None:
    """Make a directory."""
    if is_url(dirname):
        return
    path = local_path(dirname)
    with system_errors(path):
        os.mkdir(path)


def remove(filename: AnyPath) -> None:
    """Delete a file.

    Raises:
        NotFoundError: There is no such file.
    """
    if is_url(filename):
        if not place_of(filename).remove():
            raise NotFoundError(f"{visible(place_of(filename).name)}; No such file or directory")
        return
    path = local_path(filename)
    with system_errors(path):
        os.remove(path)


def remove_tree(dirname: AnyPath) -> None:
    """Delete a directory with all that is in it.

    Raises:
        NotFoundError: There is no such directory.
    """
    path = local_path(dirname)
    with system_errors(path):
        shutil.rmtree(path)


def open_file(name: AnyPath, mode: str = "r") -> IO[Any]:
    """Open a file, text in UTF-8.

    Raises:
        NotFoundError: There is no such file.
    """
    path = local_path(name)
    with system_errors(path):
        return open(path, mode, encoding=None if "b" in mode else "utf-8")
