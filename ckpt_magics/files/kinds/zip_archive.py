"""Zip archives that hold tensors: opened by place, and what zipfile says of damage in errors of our tree."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.files.storage.file_streams import FileStream
from ckpt_magics.files.storage.stored_file import StoredFile

__all__ = [
    "BROKEN_ARCHIVE",
    "MOST_PACKED",
    "damaged_archive",
    "member_start",
    "open_archive",
    "opening_archive",
]

_LOCAL_SIZE = 30
"""Bytes of a member's header before its name."""

MOST_PACKED = 1032
"""Bytes that deflate makes of one at most: a member cannot ask for more memory than the file justifies."""

BROKEN_ARCHIVE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OverflowError, SyntaxError, RuntimeError)
"""What zipfile and NumPy raise about bytes that are no such file; an encrypted member is a RuntimeError."""


class _ArchiveStream(FileStream):
    """A file as the stream that zipfile asks for: what it reads is not copied once more."""

    def read(self, size: int | None = -1) -> bytes:
        left = max(self._size - self._at, 0)
        count = left if size is None or size < 0 else min(size, left)
        data = self._file.read_at(self._at, count, "member")
        self._at += count
        return data


def open_archive(file: StoredFile) -> zipfile.ZipFile:
    """Return an archive, whose file stays the caller's."""
    return zipfile.ZipFile(_ArchiveStream(file))


def member_start(file: StoredFile, info: zipfile.ZipInfo) -> int:
    """Return where the bytes of a member start, behind its local header, name and extra fields."""
    name, extra = struct.unpack("<HH", file.read_at(info.header_offset + _LOCAL_SIZE - 4, 4, "header of a member"))
    return int(info.header_offset + _LOCAL_SIZE + name + extra)


@contextmanager
def opening_archive(file: StoredFile) -> Iterator[None]:
    """Close a file that turns out to be no archive, and say so in an error of our tree."""
    try:
        yield
    except BaseException as error:
        file.close()
        if isinstance(error, CheckpointError):
            error.locate(file=file.name)
        elif isinstance(error, BROKEN_ARCHIVE):
            raise damaged_archive(error).locate(file=file.name) from error
        raise


def damaged_archive(error: Exception) -> DataLossError:
    """Return the error of our tree for what zipfile raised."""
    return DataLossError(f"the archive is damaged: {error}")
