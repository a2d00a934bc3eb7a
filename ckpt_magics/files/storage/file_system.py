"""Files by the names of ``tf.gfile``: what tutorials do to directories before they save into them.

Format: tensorflow/python/lib/io/file_io.py.
"""

from __future__ import annotations

import glob
import io
import os
import shutil
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import IO, Any

from ckpt_magics.errors import CheckpointError, NotFoundError, UnimplementedError, visible
from ckpt_magics.files.storage.file_streams import ReadStream, WriteStream
from ckpt_magics.files.storage.place import AnyPath, Place, is_url, local_path, place_of, spelled_as
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
    return sorted(path for pattern in patterns for path in _matching_one(pattern))


def _matching_one(pattern: AnyPath) -> list[str]:
    if is_url(pattern):
        return [found.name for found in _matching_at_url(place_of(pattern))]
    return [spelled_as(pattern, path) for path in glob.glob(local_path(pattern))]


def _matching_at_url(place: Place) -> list[Place]:
    """Return what is there of a name whose parts may be patterns, as `glob` has them."""
    if not place.stem or not glob.has_magic(place.name):
        return [place] if place.exists else []
    return [
        directory / name
        for directory in _matching_at_url(place.directory)
        for name in _names_in(directory)
        if fnmatchcase(name, place.stem) and (name[0] != "." or place.stem[0] == ".")
    ]


def _names_in(directory: Place) -> list[str]:
    try:
        return directory.names()
    except CheckpointError:
        # It may be a file.
        return []


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
    if is_url(dirname):
        for directory, names in list(place_of(dirname).walk()):
            for name in names:
                (directory / name).remove()
        return
    path = local_path(dirname)
    with system_errors(path):
        shutil.rmtree(path)


def open_file(name: AnyPath, mode: str = "r") -> IO[Any]:
    """Open a file, text in UTF-8.

    Args:
        name: Its path. What is written to a file at a URL is there when it is closed.
        mode: As of Python's ``open``; at a URL, to read, to write or to append.

    Raises:
        NotFoundError: There is no such file.
        UnimplementedError: A file at a URL cannot be opened like that.
    """
    if is_url(name):
        return _opened_at_url(place_of(name), mode)
    path = local_path(name)
    with system_errors(path):
        return open(path, mode, encoding=None if "b" in mode else "utf-8")


def _opened_at_url(place: Place, mode: str) -> IO[Any]:
    kind = mode.replace("b", "").replace("t", "")
    if kind not in {"r", "w", "a"}:
        raise UnimplementedError(f"{visible(place.name)}: files at URLs cannot be opened as {mode!r}")
    file: Any = (
        io.BufferedReader(ReadStream(place))
        if kind == "r"
        else io.BufferedWriter(WriteStream(place, appends=kind == "a"))
    )
    return file if "b" in mode else io.TextIOWrapper(file, encoding="utf-8")
