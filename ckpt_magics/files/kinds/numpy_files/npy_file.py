""".npy files: one by itself, or all of a directory, named by their paths in it.

Format: `npy_header`, then the values.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.maps.array_map import map_array
from ckpt_magics.files.formats.npy_header import ArrayHeader, read_array_header
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.byte_map import FileMap, map_structure
from ckpt_magics.files.kinds.flat_file import FlatFile, Member, as_tensor, flat_parts
from ckpt_magics.files.kinds.numpy_files.npz_file import SUFFIX
from ckpt_magics.files.kinds.regions_of_files import read_region
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.source import Array, TensorSpec

__all__ = ["array_places", "find_arrays", "map_arrays", "open_npy"]

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


def open_npy(place: Place) -> FlatFile:
    """Open a file, or all files of a directory and of those below it.

    Raises:
        DataLossError: The file is none, or damaged. Of a directory that is found where the tensor is read.
    """
    if not place.is_directory:
        member = _read_file(place, place.stem.removesuffix(SUFFIX), 0)
        return FlatFile([member.file], {member.spec.key: member}, _identity([member]))
    members: dict[bytes, Member] = {}
    opened: list[_ArrayFile] = []
    unread: dict[bytes, CheckpointError] = {}
    for name, one in array_places(place):
        try:
            opened.append(_read_file(one, name, len(opened)))
        except CheckpointError as error:
            key = os.fsencode(name)
            unread[key] = error.locate(tensor=key)
        else:
            members[opened[-1].spec.key] = opened[-1]
    return FlatFile([one.file for one in opened], members, _identity(opened), unread, replaced=_watch(place))


def array_places(directory: Place) -> Iterator[tuple[str, Place]]:
    """Yield name and place of each array in a directory and in those below it, links to directories aside.

    Raises:
        CheckpointError: A directory cannot be listed.
    """
    for inner, names in directory.walk():
        for name in names:
            if name.endswith(SUFFIX) and not (inner / name).is_directory:
                yield "/".join([*inner.within(directory), name.removesuffix(SUFFIX)]), inner / name


def find_arrays(place: Place) -> Place | None:
    """Return a place if it is a directory with arrays: in it, or below directories of directories alone."""
    if not place.is_directory:
        return None
    for inner, names in islice(place.walk(), _MOST_DIRECTORIES):
        files = [name for name in names if not (inner / name).is_directory]
        if files:
            return place if any(name.endswith(SUFFIX) for name in files) else None
    return None


def _read_file(place: Place, name: str, number: int) -> _ArrayFile:
    file = place.open()
    start = 0

    def read(count: int) -> bytes:
        nonlocal start
        data = file.read_at(start, min(count, file.size - start), "header of the array")
        start += len(data)
        return data

    try:
        header = read_array_header(read)
        file.check_range(header.size, header.values_size, "array")
    except BaseException as error:
        file.close()
        if isinstance(error, CheckpointError):
            error.locate(file=place.name)
        raise
    file.release()
    size = header.values_size
    return _ArrayFile(
        file, header, TensorSpec(os.fsencode(name), header.stored, header.shape, (), number, header.size, size)
    )


def _identity(files: Sequence[_ArrayFile]) -> bytes:
    # Without checksums only the header and the time tell one version from another.
    facts = [(one.spec.key, one.header.size, one.spec.shape, one.file.size, one.file.info.modified) for one in files]
    return repr(facts).encode()


def _watch(directory: Place) -> Callable[[], bool]:
    """Return a test for whether a directory is another one than now; each file tells by itself, when it is read."""
    before = _identity_of(directory)
    return lambda: _identity_of(directory) != before


def _identity_of(directory: Place) -> object:
    info = directory.info()
    # The time of a directory changes with what is in it.
    return None if info is None else info.version[:2]


def map_arrays(place: Place) -> list[FileMap]:
    """Return what each byte of a file, or of the files of a directory, belongs to."""
    with closing(open_npy(place)) as file:
        specs = sorted(map(file.spec, file.keys()), key=lambda spec: spec.shard_id)
        named = zip(file.file_names(), specs, strict=True)
        return [map_structure(place.at(name), partial(map_array, spec.key)) for name, spec in named]
