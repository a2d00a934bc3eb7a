"""Write the values of whole tensors to one data file, many small ones at a time.

What a tensor of a few bytes costs is the Python around it, so small ones go through a few calls for each chunk of them;
large ones go one by one, each in pieces that stay in the processor's cache while checksum and copy take turns.
"""

from __future__ import annotations

import operator

import numpy as np
import numpy.typing as npt

from ckpt_magics.checkpoint import disk
from ckpt_magics.checkpoint.progress import ProgressMeter
from ckpt_magics.checkpoint.tensors_to_save import PlainTensors
from ckpt_magics.errors import CheckpointError
from ckpt_magics.formats.dtypes import DType
from ckpt_magics.formats.entry_encoding import EncodedEntries, encode_columns
from ckpt_magics.formats.tensor_data import CRC_STEP, AnyArray, encode_tensor, number_bytes
from ckpt_magics.wire.crc32c import crc32c, mask, masked_crcs

__all__ = ["write_plain_values", "write_values"]

SMALL_SIZE = 1 << 14
"""Bytes up to which copying a tensor costs less than making a view of it."""

_CHUNK = 256
"""Small tensors that are copied before they are written: at most 4 MiB."""

_to_bytes = operator.methodcaller("tobytes")


def write_values(file: disk.OutputFile, array: AnyArray, dtype: DType, meter: ProgressMeter) -> int:
    """Write the bytes of one tensor and return their masked checksum."""
    if not dtype.itemsize:
        buffers, crc = encode_tensor(array, dtype)
        for buffer in buffers:
            file.write(buffer)
            meter.advance(len(buffer))
        return crc
    data = number_bytes(array, dtype)
    crc = 0
    for start in range(0, len(data), CRC_STEP):
        piece = data[start : start + CRC_STEP]
        crc = crc32c(piece, crc)
        file.write(piece)
        meter.advance(len(piece))
    return mask(crc)


def write_plain_values(file: disk.OutputFile, tensors: PlainTensors, meter: ProgressMeter) -> EncodedEntries:
    """Write tensors in the order given, as shard 0, and return their entries.

    Raises:
        InvalidArgumentError: The elements of one are not of its type.
        UnimplementedError: Files cannot hold the type of one.
        CheckpointError: The disk refuses.
    """
    names, arrays, dtypes = tensors
    count = len(names)
    sizes, crcs = np.empty(count, np.int64), np.empty(count, np.uint32)
    small = _find_small(tensors)
    for first in range(0, count, _CHUNK):
        rows = slice(first, min(first + _CHUNK, count))
        if small[rows].all():
            pieces = list(map(_to_bytes, arrays[rows]))
            sizes[rows], crcs[rows] = list(map(len, pieces)), masked_crcs(pieces)
            data = b"".join(pieces)
            file.write(data)
            meter.advance(len(data))
            continue
        for row in range(rows.start, rows.stop):
            before = file.size
            try:
                crcs[row] = write_values(file, arrays[row], dtypes[row], meter)
            except CheckpointError as error:
                raise error.locate(tensor=names[row]) from None
            sizes[row] = file.size - before
    places = np.stack([np.zeros(count, np.int64), np.cumsum(sizes) - sizes, sizes], axis=1)
    return encode_columns(names, dtypes, tensors.shapes(), places, crcs)


def _find_small(tensors: PlainTensors) -> npt.NDArray[np.bool_]:
    """Tell which tensors are small, and stored as the bytes that they have in memory."""
    _, arrays, dtypes = tensors
    sizes = np.fromiter(map(operator.attrgetter("nbytes"), arrays), np.int64, len(arrays))
    # DType's own comparison takes longer than all the rest, so its number stands for it.
    found = list(map(operator.attrgetter("dtype"), arrays))
    numbers = list(map(operator.attrgetter("number"), dtypes))
    stored = dict(zip(numbers, dtypes, strict=True))
    plain = {
        (dtype, number): dtype == stored[number].numpy and dtype != np.object_
        for dtype, number in set(zip(found, numbers, strict=True))
    }
    flags = map(plain.__getitem__, zip(found, numbers, strict=True))
    return (sizes <= SMALL_SIZE) & np.fromiter(flags, np.bool_, len(arrays))
