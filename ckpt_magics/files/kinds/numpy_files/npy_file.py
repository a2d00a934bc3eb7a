""".npy files: one by itself, or all of a directory, named by their paths in it.

Format: `npy_header`, then the values.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.npy_header import ArrayHeader, read_array_header
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.byte_map import ByteRange, map_file
from ckpt_magics.files.kinds.flat_file import FlatFile, Member, as_tensor, flat_parts
from ckpt_magics.files.kinds.numpy_files.npz_file import SUFFIX
from ckpt_magics.files.kinds.regions_of_files import read_region
from ckpt_magics.files.storage.files import file_size, list_directory, modified_time, open_file
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.source import Array, TensorSpec

__all__ = ["array_paths", "files_below", "find_arrays", "map_arrays", "open_npy"]

_MOST_DIRECTORIES = 1000
"""Directories that are looked into for the first array, until it is said that there is none."""


@dataclass(frozen=True, slots=True)
class _ArrayFile:
    """A file with one array. It is open only while it is read: there may be more of them than a process may open."""

    file: StoredFile
    header: ArrayHeader
    spec: TensorSpec

    def read(self, region: TensorSlice | None) -> Array:
        """Return it, or a region of it."""
        try:
            return as_tensor(self._stored(region))
        finally:
            self.file.release()

    def _stored(self, region: TensorSlice | None) -> Array:
        shape = self.spec.shape
        wanted = (TensorSlice.full(len(shape)) if region is None else region).resolve(shape)
        # What NumPy calls the order of Fortran is C order of the dimensions turned around.
        turned = -1 if self.header.is_fortran else 1
        value = np.empty([part.stop - part.start for part in wanted[::turned]], self.header.dtype)
        if not shape:
            self.file.read_into(self.header.size, value.reshape(-1).view(np.uint8).data, "array")
        else:
            read_region(self.file, self.header.size, shape[::turned], wanted[::turned], value)
        return value.transpose() if self.header.is_fortran else value

    def parts(self, size: int) -> Iterator[Array]:
        """Yield all elements in flat arrays; those in the order of Fortran are in memory as a whole."""
        if self.header.is_fortran:
            yield self.read(None).reshape(-1)
            return
        place = self.header.size

        def read(count: int) -> bytes:
            nonlocal place
            data = self.file.read_at(place, count, "array")
            place += count
            return data

        try:
            yield from flat_parts(read, self.header.dtype, self.spec.elements, size)
        finally:
            self.file.release()


def open_npy(path: str) -> FlatFile:
    """Open a file, or all files of a directory and of those below it.

    Raises:
        DataLossError: The file is none, or damaged. Of a directory that is found where the tensor is read.
    """
    if not os.path.isdir(path):
        member = _read_file(path, os.path.basename(path).removesuffix(SUFFIX), 0)
        return FlatFile([member.file], {member.spec.key: member}, _identity([member]))
    members: dict[bytes, Member] = {}
    opened: list[_ArrayFile] = []
    unread: dict[bytes, CheckpointError] = {}
    for name, place in array_paths(path):
        try:
            opened.append(_read_file(place, name, len(opened)))
        except CheckpointError as error:
            key = os.fsencode(name)
            unread[key] = error.locate(tensor=key)
        else:
            members[opened[-1].spec.key] = opened[-1]
    return FlatFile([one.file for one in opened], members, _identity(opened), unread, _watch(path))


def array_paths(directory: str) -> Iterator[tuple[str, str]]:
    """Yield name and path of each array in a directory and in those below it, links to directories aside.

    Raises:
        CheckpointError: A directory cannot be listed.
    """
    for file in files_below(directory):
        if file.endswith(SUFFIX) and not os.path.isdir(os.path.join(directory, file)):
            yield file.removesuffix(SUFFIX).replace(os.sep, "/"), os.path.join(directory, file)


def files_below(directory: str) -> Iterator[str]:
    """Yield the path in a directory of each file in it and in those below it; else as :func:`array_paths`."""
    for below, names in _directories(directory):
        for name in names:
            file = os.path.join(below, name)
            path = os.path.join(directory, file)
            # A link to a directory is not gone through, so it is like a file.
            if not os.path.isdir(path) or os.path.islink(path):
                yield file


def _directories(directory: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each directory, by its path in the first, and the names in it."""
    pending = [""]
    while pending:
        below = pending.pop()
        names = list_directory(os.path.join(directory, below))
        yield below, names
        for name in reversed(names):
            place = os.path.join(directory, below, name)
            if os.path.isdir(place) and not os.path.islink(place):
                pending.append(os.path.join(below, name))


def find_arrays(path: str) -> str | None:
    """Return a path if it leads to a directory with arrays: in it, or below directories of directories alone."""
    if not os.path.isdir(path):
        return None
    for below, names in islice(_directories(path), _MOST_DIRECTORIES):
        files = [name for name in names if not os.path.isdir(os.path.join(path, below, name))]
        if files:
            return path if any(name.endswith(SUFFIX) for name in files) else None
    return None


def _read_file(path: str, name: str, number: int) -> _ArrayFile:
    file = open_file(path)
    place = 0

    def read(count: int) -> bytes:
        nonlocal place
        data = file.read_at(place, min(count, file.size - place), "header of the array")
        place += len(data)
        return data

    try:
        header = read_array_header(read)
        file.check_range(header.size, header.values_size, "array")
    except BaseException as error:
        file.close()
        if isinstance(error, CheckpointError):
            error.locate(file=path)
        raise
    file.release()
    size = header.values_size
    return _ArrayFile(
        file, header, TensorSpec(os.fsencode(name), header.stored, header.shape, (), number, header.size, size)
    )


def _identity(files: Sequence[_ArrayFile]) -> bytes:
    # Without checksums only the header and the time tell one version from another.
    facts = [
        (one.spec.key, one.header.size, one.spec.shape, one.file.size, modified_time(one.file.name)) for one in files
    ]
    return repr(facts).encode()


def _watch(directory: str) -> Callable[[], bool]:
    """Return a test for whether a directory is another one than now; each file tells by itself, when it is read."""
    before = _identity_of(directory)
    return lambda: _identity_of(directory) != before


def _identity_of(directory: str) -> tuple[int, int] | None:
    try:
        status = os.stat(directory)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def map_arrays(path: str) -> list[ByteRange]:
    """Return what each byte of a file, or of the files of a directory, belongs to."""
    with closing(open_npy(path)) as file:
        ranges: list[ByteRange] = []
        for name, spec in zip(
            file.file_names(), sorted(map(file.spec, file.keys()), key=lambda spec: spec.shard_id), strict=True
        ):
            ranges += map_file(name, file_size(name), [(spec.offset or 0, spec.size or 0, spec.key)], "header")
        return ranges
