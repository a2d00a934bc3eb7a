"""The bytes of arrays as NumPy saves them: a file of one, and archives of many.

Format: as `npy_header` and `stored_zip`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial
from zlib import crc32

from ckpt_magics.files.formats.maps.byte_range import TENSOR, ByteRange
from ckpt_magics.files.formats.maps.cursor import FileCursor
from ckpt_magics.files.formats.maps.zip_map import ZipMember, map_zip
from ckpt_magics.files.formats.npy_header import read_array_header
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.formats.shapes import format_shape

__all__ = ["map_archive", "map_array"]

_SUFFIX = b".npy"
_CHUNK = 1 << 20
_LONGEST_HEADER = 1 << 16
"""Bytes in which a header is looked for."""


def map_array(key: bytes, file: RandomAccessFile) -> Iterator[ByteRange]:
    """Yield header and values of a file that is an array.

    Raises:
        DataLossError: It is none.
    """
    return _map_values(key, 0, file.size, file)


def map_archive(file: RandomAccessFile) -> Iterator[ByteRange]:
    """Yield what an npz archive consists of; else as `map_zip`."""
    return map_zip(file, _member_range)


def _member_range(member: ZipMember, start: int) -> ByteRange:
    if not member.name.endswith(_SUFFIX):
        return ByteRange(start, member.size, "member", text="no array")
    text = f"packed, {member.whole:,} bytes unpacked" if member.method else ""
    inside = partial(_map_member, member, start)
    return ByteRange(start, member.size, TENSOR, member.name.removesuffix(_SUFFIX), text, inside=inside)


def _map_member(member: ZipMember, start: int, file: RandomAccessFile) -> Iterator[ByteRange]:
    end = start + member.size
    if member.method:
        yield ByteRange(start, member.size, "packed array")
        return
    crc = 0
    for place in range(start, end, _CHUNK):
        crc = crc32(file.read_at(place, min(_CHUNK, end - place), "member"), crc)
    good = crc == member.crc
    words = "" if good else f"the directory says CRC-32 {member.crc:#010x}, the bytes give {crc:#010x}"
    for one in _map_values(b"", start, end, file):
        yield one._replace(text=f"{one.text}; CRC-32 {'good' if good else 'wrong'}", problem=words)


def _map_values(key: bytes, start: int, end: int, file: RandomAccessFile) -> Iterator[ByteRange]:
    data = FileCursor(file, start, end).peek(_LONGEST_HEADER)
    header = read_array_header(io.BytesIO(data).read)
    text = data[: header.size].partition(b"{")[2].decode("latin-1").strip()
    yield ByteRange(start, header.size, "header", text=f"{{{text}")
    words = f"{header.dtype} {format_shape(header.shape)}"
    place = start + header.size
    yield ByteRange(place, min(header.values_size, end - place), TENSOR if key else "values", key, words)
