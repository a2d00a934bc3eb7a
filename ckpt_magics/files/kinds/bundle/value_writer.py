"""Write the values of whole tensors to one data file, many small ones at a time.

What a tensor of a few bytes costs is the Python around it, so small ones go through a few calls for each chunk of them;
large ones go one by one, written by one thread while another copies and checksums what comes next.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Self

import numpy as np

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.entry_encoding import EncodedEntries, encode_columns
from ckpt_magics.files.formats.number_bytes import number_copies
from ckpt_magics.files.formats.tensor_data import AnyArray, encode_tensor
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.progress import ProgressMeter
from ckpt_magics.files.tensors.tensors_to_save import PlainTensors
from ckpt_magics.files.wire.crc32c import crc32c, mask, masked_crcs
from ckpt_magics.files.wire.varint import Buffer

__all__ = ["ValueWriter", "write_plain_values"]

SMALL_SIZE = 1 << 14
"""Bytes up to which copying a tensor costs less than making a view of it."""

_LARGE_SIZE = 1 << 18
"""Bytes from which a second thread is worth its wake-up."""

_STEP = 2 << 20
"""Bytes of a value that are copied, and written in one call; between two, progress is told and Ctrl-C heard."""

_CHUNK = 512
"""Small tensors that are copied before they are written: at most 8 MiB."""

_to_bytes = operator.methodcaller("tobytes")

_Following = Callable[[], tuple[memoryview, int] | None]
"""Returns the next piece of a value and the checksum up to its end, or None after the last one."""


def _take(pieces: Iterator[memoryview], crc: int) -> tuple[memoryview, int] | None:
    piece = next(pieces, None)
    return None if piece is None else (piece, crc32c(piece, crc))


def _now(pieces: Iterator[memoryview], crc: int) -> _Following:
    return partial(_take, pieces, crc)


class ValueWriter:
    """Writes values to one data file, and knows the checksums of the bytes that it wrote.

    A value may change while it is saved, for a training thread goes on. So numbers are copied first, a piece at a time,
    and what is written and what is checksummed is the copy. Of a large value a second thread copies and checksums the
    next piece while this one is written.

    A context manager; leaving it waits for a piece that has begun.

    Args:
        file: The data file.
        meter: Is told of each piece that is written.
    """

    def __init__(self, file: disk.OutputFile, meter: ProgressMeter) -> None:
        self._file = file
        self._meter = meter
        self._helper = ThreadPoolExecutor(1)
        self._buffers = [np.empty(_STEP, np.uint8) for _ in range(2)]

    def write(self, array: AnyArray, dtype: DType) -> int:
        """Write the bytes of one tensor and return their masked checksum."""
        if not dtype.itemsize:
            strings, crc = encode_tensor(array, dtype)
            for data in strings:
                self.write_bytes(data)
            return crc
        pieces = number_copies(array, dtype, self._buffers)
        begin = self._begin if array.size * dtype.itemsize >= _LARGE_SIZE else _now
        crc = 0
        following = begin(pieces, crc)
        while (found := following()) is not None:
            piece, crc = found
            following = begin(pieces, crc)
            self.write_bytes(piece)
        return mask(crc)

    def _begin(self, pieces: Iterator[memoryview], crc: int) -> _Following:
        """Begin with the next piece in the second thread."""
        try:
            return self._helper.submit(_take, pieces, crc).result
        except RuntimeError:
            # The interpreter is ending, or the system gives no more threads.
            return _now(pieces, crc)

    def write_bytes(self, data: Buffer) -> None:
        """Write bytes as they are."""
        self._file.write(data)
        self._meter.advance(len(data))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._helper.shutdown()


def write_plain_values(file: disk.OutputFile, tensors: PlainTensors, meter: ProgressMeter) -> EncodedEntries:
    """Write tensors in the order given, as shard 0, and return their entries.

    Raises:
        InvalidArgumentError: The elements of one are not of its type.
        UnimplementedError: Files cannot hold the type of one.
        CheckpointError: The disk refuses.
    """
    names, arrays, types, type_ids = tensors
    count = len(names)
    sizes = tensors.of_types([kind.size for kind in types])
    is_small = tensors.of_types([kind.is_as_stored and kind.size <= SMALL_SIZE for kind in types])
    crcs = np.empty(count, np.uint32)
    with ValueWriter(file, meter) as writer:
        for first in range(0, count, _CHUNK):
            rows = slice(first, min(first + _CHUNK, count))
            if is_small[rows].all():
                pieces = list(map(_to_bytes, arrays[rows]))
                crcs[rows] = masked_crcs(pieces)
                writer.write_bytes(b"".join(pieces))
                continue
            for row in range(rows.start, rows.stop):
                before = file.size
                try:
                    crcs[row] = writer.write(arrays[row], types[type_ids[row]].dtype)
                except CheckpointError as error:
                    raise error.locate(tensor=names[row]) from None
                sizes[row] = file.size - before
    places = np.stack([np.zeros(count, np.int64), np.cumsum(sizes) - sizes, sizes], axis=1)
    return encode_columns(names, [(kind.dtype, kind.shape) for kind in types], type_ids, places, crcs)
