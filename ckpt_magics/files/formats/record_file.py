"""Files of records (TFRecord), which hold a run's events for TensorBoard, and examples to train with.

Each record, one behind the other: size of its data, u64; masked CRC-32C of these eight bytes, u32; the data; masked
CRC-32C of the data, u32. All little-endian.

Format: tensorflow/core/lib/io/record_writer.h (third_party/xla/xla/tsl/lib/io in newer sources).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from ckpt_magics.errors import ChecksumError
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.wire.crc32c import crc32c, mask, unmask

__all__ = ["encode_record", "is_record_start", "read_records"]

_SIZE = struct.Struct("<Q")
_CRC = struct.Struct("<I")
_HEADER_SIZE = _SIZE.size + _CRC.size
_READ_AHEAD = 1 << 20
"""Bytes that are read at once: most records of a run are small."""


def encode_record(data: bytes) -> bytes:
    """Return ``data`` as it stands in a file of records."""
    size = _SIZE.pack(len(data))
    return b"".join((size, _CRC.pack(mask(crc32c(size))), data, _CRC.pack(mask(crc32c(data)))))


def is_record_start(start: bytes) -> bool:
    """Tell whether bytes begin with the header of a record, which no other file does but by chance."""
    return len(start) >= _HEADER_SIZE and _CRC.unpack_from(start, _SIZE.size)[0] == mask(crc32c(start[: _SIZE.size]))


def read_records(file: RandomAccessFile) -> Iterator[bytes]:
    """Yield the data of each record, in the order of the file.

    Raises:
        ChecksumError: A size or the data of a record is damaged. Where the next record begins is not known then.
        TruncatedError: The file ends within a record, as that of a run which goes on, or broke off, may.
    """
    ahead = _ReadAhead(file)
    offset = 0
    while offset < file.size:
        (size,) = _SIZE.unpack(_checked(ahead.read_at(offset, _HEADER_SIZE), "size of a record", offset))
        offset += _HEADER_SIZE
        yield _checked(ahead.read_at(offset, size + _CRC.size), "data of a record", offset)
        offset += size + _CRC.size


def _checked(data: bytes, what: str, offset: int) -> bytes:
    """Return ``data`` without the checksum at its end, which it has to have."""
    data, (masked,) = data[: -_CRC.size], _CRC.unpack(data[-_CRC.size :])
    computed = crc32c(data)
    if masked != mask(computed):
        raise ChecksumError(f"corrupted {what}", stored=unmask(masked), computed=computed, offset=offset)
    return data


class _ReadAhead:
    """A file that is read from its start to its end in parts, of which small ones are read together."""

    def __init__(self, file: RandomAccessFile) -> None:
        self._file = file
        self._start = 0
        self._bytes = b""

    def read_at(self, offset: int, size: int) -> bytes:
        begin = offset - self._start
        if begin + size > len(self._bytes):
            wanted = max(size, min(_READ_AHEAD, self._file.size - offset))
            self._start, self._bytes, begin = offset, self._file.read_at(offset, wanted, "record"), 0
        return self._bytes[begin : begin + size]
