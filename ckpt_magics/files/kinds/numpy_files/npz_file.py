"""npz: a zip archive with an array per member, as NumPy writes a .npy file. Objects, which are pickles, are refused.

Format: numpy/lib/_format_impl.py of NumPy 2.4 for the members, numpy/lib/_npyio_impl.py for the archive.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import numpy as np

from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.files.formats.npy_header import ArrayHeader, read_array_header
from ckpt_magics.files.formats.pieces import part_of
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.flat_file import FlatFile, Member, as_tensor, flat_parts
from ckpt_magics.files.storage.files import LocalFile, open_file
from ckpt_magics.files.tensors.source import Array, TensorSpec

__all__ = ["SUFFIX", "member_places", "open_npz", "recognise"]

SUFFIX = ".npy"

_LOCAL_SIZE = 30
"""Bytes of a member's header before its name."""

_MOST_PACKED = 1032
"""Bytes that deflate makes of one at most: a member cannot ask for more memory than the file justifies."""

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OverflowError, SyntaxError, NotImplementedError)
"""What zipfile and NumPy raise about bytes that are no such file."""


class _BeforeStartError(OSError, ValueError):
    """What zipfile expects where it looks for more than an empty archive has, and what is damage elsewhere."""


class _ArchiveStream(io.RawIOBase):
    """A file that is read by place, as the stream that zipfile asks for."""

    def __init__(self, file: LocalFile) -> None:
        self._file = file
        self._place = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._file.size}[whence]
        if start + offset < 0:
            raise _BeforeStartError("a place before the start")
        self._place = start + offset
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        left = max(self._file.size - self._place, 0)
        count = left if size is None or size < 0 else min(size, left)
        data = self._file.read_at(self._place, count, "member")
        self._place += count
        return data


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
        except _BROKEN as error:
            raise _damaged(error) from error
        return self._stream

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._stream is not None:
            self._stream.close()
        if isinstance(error, _BROKEN) and not isinstance(error, CheckpointError):
            raise _damaged(error) from error


def recognise(start: bytes) -> bool:
    """Tell an npz file from its first bytes: a zip archive whose first member is an array, or that is empty."""
    name_size = int.from_bytes(start[26:28], "little")
    is_array = start.startswith(b"PK\x03\x04") and start[30 : 30 + name_size].endswith(SUFFIX.encode())
    return is_array or start.startswith(b"PK\x05\x06")


def open_npz(path: str) -> FlatFile:
    """Open an archive and read the header of each array.

    Raises:
        DataLossError: It is none, or damaged.
    """
    file = open_file(path)
    with _opening(file):
        archive, infos = _arrays(file)
        members, unread = _members(archive, infos)
    identity = repr([(info.filename, info.CRC, info.file_size) for info in infos]).encode()
    return FlatFile([file], members, identity, unread)


def member_places(path: str) -> tuple[int, list[tuple[int, int, bytes]]]:
    """Return the size of an archive, and where the bytes of each array lie, its own header in front: offset, size, key.

    Raises:
        DataLossError: It is none, or damaged.
    """
    file = open_file(path)
    with _opening(file):
        places = [(_start(file, info), info.compress_size, _key(info)) for info in _arrays(file)[1]]
    file.close()
    return file.size, places


def _start(file: LocalFile, info: zipfile.ZipInfo) -> int:
    """Return where the bytes of a member start, behind its local header, name and extra fields."""
    name, extra = struct.unpack("<HH", file.read_at(info.header_offset + _LOCAL_SIZE - 4, 4, "header of a member"))
    return int(info.header_offset + _LOCAL_SIZE + name + extra)


@contextmanager
def _opening(file: LocalFile) -> Iterator[None]:
    """Close a file that turns out to be no archive, and say so in an error of our tree."""
    try:
        yield
    except BaseException as error:
        file.close()
        if isinstance(error, CheckpointError):
            error.locate(file=file.name)
        elif isinstance(error, _BROKEN):
            raise _damaged(error).locate(file=file.name) from error
        raise


def _arrays(file: LocalFile) -> tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]:
    """Return an archive, and which of its members are arrays."""
    archive = zipfile.ZipFile(_ArchiveStream(file))
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
        except _BROKEN as error:
            unread[key] = _damaged(error).locate(tensor=key)
    return members, unread


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, key: bytes) -> Member:
    with archive.open(info) as stream:
        header = read_array_header(stream.read)
    size = header.values_size
    if size != info.file_size - header.size or size > info.compress_size * _MOST_PACKED:
        raise DataLossError(f"the array would have {size} bytes, and the member has {info.file_size - header.size}")
    return _ArrayMember(archive, info, header, TensorSpec(key, header.stored, header.shape))


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise DataLossError(f"the member ends {size - len(data)} bytes early")
    return data


def _damaged(error: Exception) -> DataLossError:
    return DataLossError(f"the archive is damaged: {error}")
