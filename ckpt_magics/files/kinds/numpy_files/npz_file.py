"""npz: a zip archive with an array per member, as NumPy writes a .npy file. Objects, which are pickles, are refused.

Format: numpy/lib/_format_impl.py of NumPy 2.4 for the members, numpy/lib/_npyio_impl.py for the archive.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.files.formats.npy_header import ArrayHeader, read_array_header
from ckpt_magics.files.formats.pieces import part_of
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.flat_file import FlatFile, Member, as_tensor, flat_parts
from ckpt_magics.files.kinds.zip_archive import (
    BROKEN_ARCHIVE,
    MOST_PACKED,
    damaged_archive,
    open_archive,
    opening_archive,
)
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.stored_file import StoredFile
from ckpt_magics.files.tensors.source import Array, TensorSpec

__all__ = ["SUFFIX", "open_npz", "recognise"]

SUFFIX = ".npy"


@dataclass(frozen=True, slots=True)
class _ArrayMember:
    """An array in the archive."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    header: ArrayHeader
    spec: TensorSpec

    def read(self, region: TensorSlice | None) -> Array:
        """Return it, or a region of it, for which all is read."""
        shape = self.spec.shape
        with self._values() as stream:
            data = _exactly(stream, self.header.values_size)
            # At its end zipfile compares the checksum.
            if stream.read(1):
                raise DataLossError("bytes follow the values")
        flat = np.frombuffer(data, self.header.dtype)
        whole = flat.reshape(shape[::-1]).transpose() if self.header.is_fortran else flat.reshape(shape)
        return as_tensor(whole if region is None else part_of(whole, region.resolve(shape)))

    def parts(self, size: int) -> Iterator[Array]:
        """Yield all elements in flat arrays; those in the order of Fortran are in memory as a whole."""
        if self.header.is_fortran:
            yield self.read(None).reshape(-1)
            return
        with self._values() as stream:
            yield from flat_parts(lambda count: _exactly(stream, count), self.header.dtype, self.spec.elements, size)
            if stream.read(1):
                raise DataLossError("bytes follow the values")

    def _values(self) -> _MemberValues:
        return _MemberValues(self.archive, self.info)


class _MemberValues:
    """The member behind its header, with what its libraries raise as errors of our tree."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._archive, self._info = archive, info
        self._stream: IO[bytes] | None = None

    def __enter__(self) -> IO[bytes]:
        try:
            self._stream = self._archive.open(self._info)
            read_array_header(self._stream.read)
        except BROKEN_ARCHIVE as error:
            raise damaged_archive(error) from error
        return self._stream

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._stream is not None:
            self._stream.close()
        if isinstance(error, BROKEN_ARCHIVE) and not isinstance(error, CheckpointError):
            raise damaged_archive(error) from error


def recognise(start: bytes) -> bool:
    """Tell an npz file from its first bytes: a zip archive whose first member is an array, or that is empty."""
    name_size = int.from_bytes(start[26:28], "little")
    is_array = start.startswith(b"PK\x03\x04") and start[30 : 30 + name_size].endswith(SUFFIX.encode())
    return is_array or start.startswith(b"PK\x05\x06")


def open_npz(place: Place) -> FlatFile:
    """Open an archive and read the header of each array.

    Raises:
        DataLossError: It is none, or damaged.
    """
    file = place.open()
    with opening_archive(file):
        archive, infos = _arrays(file)
        members, unread = _members(archive, infos)
    identity = repr([(info.filename, info.CRC, info.file_size) for info in infos]).encode()
    return FlatFile([file], members, identity, unread)


def _arrays(file: StoredFile) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """Return an archive, and which of its members are arrays."""
    archive = open_archive(file)
    return archive, [info for info in archive.infolist() if info.filename.endswith(SUFFIX)]


def _key(info: zipfile.ZipInfo) -> bytes:
    return info.filename.removesuffix(SUFFIX).encode("utf-8", "surrogateescape")


def _members(
    archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]
) -> tuple[dict[bytes, Member], dict[bytes, CheckpointError]]:
    members: dict[bytes, Member] = {}
    unread: dict[bytes, CheckpointError] = {}
    for info in infos:
        key = _key(info)
        try:
            members[key] = _member(archive, info, key)
        except CheckpointError as error:
            unread[key] = error.locate(tensor=key)
        except BROKEN_ARCHIVE as error:
            unread[key] = damaged_archive(error).locate(tensor=key)
    return members, unread


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, key: bytes) -> Member:
    with archive.open(info) as stream:
        header = read_array_header(stream.read)
    size = header.values_size
    if size != info.file_size - header.size or size > info.compress_size * MOST_PACKED:
        raise DataLossError(f"the array would have {size} bytes, and the member has {info.file_size - header.size}")
    return _ArrayMember(archive, info, header, TensorSpec(key, header.stored, header.shape))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise DataLossError(f"the member ends {size - len(data)} bytes early")
    return data
