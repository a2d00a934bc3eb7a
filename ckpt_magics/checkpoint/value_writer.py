"""Write the values of whole tensors to one data file, many small ones at a time.

What a tensor of a few bytes costs is the Python around it, so small ones go through a few calls for each chunk of them;
large ones go one by one, written by one thread while another computes the checksum.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Self

import numpy as np

from ckpt_magics.checkpoint import disk
from ckpt_magics.checkpoint.progress import ProgressMeter
from ckpt_magics.checkpoint.tensors_to_save import PlainTensors
from ckpt_magics.errors import CheckpointError
from ckpt_magics.formats.dtypes import DType
from ckpt_magics.formats.entry_encoding import EncodedEntries, encode_columns
from ckpt_magics.formats.number_bytes import number_pieces
from ckpt_magics.formats.tensor_data import AnyArray, encode_tensor
from ckpt_magics.wire.crc32c import crc32c, mask, masked_crcs
from ckpt_magics.wire.varint import Buffer

__all__ = ["ValueWriter", "write_plain_values"]

SMALL_SIZE = 1 << 14
"""Bytes up to which copying a tensor costs less than making a view of it."""

_LARGE_SIZE = 1 << 18
"""Bytes from which a second thread is worth its wake-up."""

_STEP = 2 << 20
"""Bytes of a large value that are written in one call; between two, progress is told and Ctrl-C heard."""

_CHUNK = 512
"""Small tensors that are copied before they are written: at most 8 MiB."""

_to_bytes = operator.methodcaller("tobytes")


class ValueWriter:
    """Writes values to one data file; a second thread computes the checksums of large ones meanwhile.

    A context manager; leaving it waits for a checksum that has begun.

    Args:
        file: The data file.
        meter: Is told of each piece that is written.
    """

    def __init__(self, file: disk.OutputFile, meter: ProgressMeter) -> None:
        self._file = file
        self._meter = meter
        self._helper = ThreadPoolExecutor(1)

    def write(self, array: AnyArray, dtype: DType) -> int:
        """Write the bytes of one tensor and return their masked checksum."""
        if not dtype.itemsize:
            pieces, crc = encode_tensor(array, dtype)
            for piece in pieces:
                self.write_bytes(piece)
            return crc
        crc = 0
        for data in number_pieces(array, dtype):
            if len(data) < _LARGE_SIZE:
                self.write_bytes(data)
                crc = crc32c(data, crc)
                continue
            checksum = self._begin_checksum(data, crc)
            for start in range(0, len(data), _STEP):
                self.write_bytes(data[start : start + _STEP])
            crc = checksum()
        return mask(crc)

    def _begin_checksum(self, data: Buffer, crc: int) -> Callable[[], int]:
        try:
            return self._helper.submit(crc32c, data, crc).result
        except RuntimeError:
            # The interpreter is ending, or the system gives no more threads.
            return partial(crc32c, data, crc)

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
