"""Write values to data files: large ones by one thread while another copies and checksums what comes next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Self

import numpy as np

from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.number_bytes import number_copies
from ckpt_magics.files.formats.tensor_data import AnyArray, encode_tensor
from ckpt_magics.files.storage.progress import ProgressMeter
from ckpt_magics.files.storage.store import NewFile
from ckpt_magics.files.tensors.reading_ahead import begin_call
from ckpt_magics.files.tensors.stored_pieces import StoredPieces
from ckpt_magics.files.wire.crc32c import crc32c, mask
from ckpt_magics.files.wire.varint import Buffer

__all__ = ["ValueWriter"]

_LARGE_SIZE = 1 << 18
"""Bytes from which a second thread is worth its wake-up."""

_STEP = 2 << 20
"""Bytes of a value that are copied, and written in one call; between two, progress is told and Ctrl-C heard."""

_Following = Callable[[], tuple[memoryview, int] | None]
"""Returns the next piece of a value and the checksum up to its end, or None after the last one."""


def _take(pieces: Iterator[memoryview], crc: int) -> tuple[memoryview, int] | None:
    piece = next(pieces, None)
    return None if piece is None else (piece, crc32c(piece, crc))


def _now(pieces: Iterator[memoryview], crc: int) -> _Following:
    return partial(_take, pieces, crc)


class ValueWriter:
    """Writes values to data files, and knows the checksums of the bytes that it wrote.

    A value may change while it is saved, for a training thread goes on. So numbers are copied first, a piece at a time,
    and what is written and what is checksummed is the copy. Of a large value a second thread copies and checksums the
    next piece while this one is written.

    A context manager; leaving it waits for a piece that has begun.

    Args:
        meter: Is told of each piece that is written.
    """

    def __init__(self, meter: ProgressMeter) -> None:
        self._meter = meter
        self._helper = ThreadPoolExecutor(1)
        self._buffers = [np.empty(_STEP, np.uint8) for _ in range(2)]

    def write(self, file: NewFile, arrays: Iterable[AnyArray], dtype: DType, size: int) -> int:
        """Write one tensor and return the masked checksum of its bytes.

        Args:
            file: The data file.
            arrays: Its elements back to back; strings in one array.
            dtype: How they are stored.
            size: Bytes that numbers will take.
        """
        if not dtype.itemsize:
            (array,) = arrays
            strings, crc = encode_tensor(array, dtype)
            for data in strings:
                self.write_bytes(file, data)
            return crc
        pieces = number_copies(arrays, dtype, self._buffers)
        begin = self._begin if size >= _LARGE_SIZE else _now
        crc = 0
        following = begin(pieces, crc)
        while (found := following()) is not None:
            piece, crc = found
            following = begin(pieces, crc)
            self.write_bytes(file, piece)
        return mask(crc)

    def copy(self, file: NewFile, value: StoredPieces) -> int:
        """Copy the bytes of one tensor and return their checksum, not masked."""
        return value.copy_to(file, self._meter.advance)

    def _begin(self, pieces: Iterator[memoryview], crc: int) -> _Following:
        """Begin with the next piece in the second thread."""
        return begin_call(self._helper, _take, pieces, crc)

    def write_bytes(self, file: NewFile, data: Buffer) -> None:
        """Write bytes as they are."""
        file.write(data)
        self._meter.advance(len(data))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._helper.shutdown()
