"""CRC-32C, and the mask under which checkpoint files store it.

A checksum of data that holds checksums is weak, so a stored one is rotated and shifted by a constant first.

Format: tensorflow/core/lib/hash/crc32c.h.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from fastcrc import crc32

Buffer = bytes | bytearray | memoryview

_MASK_DELTA = 0xA282EAD8

Contiguous = Buffer | npt.NDArray[Any]


def crc32c(data: Contiguous, crc: int = 0) -> int:
    """Return the CRC-32C (Castagnoli) of ``data``, or go on from ``crc``, the result for the bytes before it.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    if isinstance(data, np.ndarray):
        # ml_dtypes arrays offer no buffer of their own.
        data = data.reshape(-1).view(np.uint8).data
    result: int = crc32.iscsi(data, crc)
    return result


def mask(crc: int) -> int:
    """Return the form in which a checksum is stored: rotated right by 15 bits, plus a constant, modulo 2**32."""
    return ((crc >> 15 | crc << 17) + _MASK_DELTA) & 0xFFFFFFFF


def crcs_of(pieces: Iterable[Buffer], count: int) -> npt.NDArray[np.uint32]:
    """Return the checksums of many small pieces, uint32 [count]."""
    return np.fromiter(map(crc32.iscsi, pieces), np.uint32, count)


def masked_crcs(pieces: Sequence[Buffer]) -> npt.NDArray[np.uint32]:
    """Return the checksums of many small pieces as they are stored, uint32 [pieces]."""
    crcs = crcs_of(pieces, len(pieces))
    # Arithmetic of uint32 arrays is modulo 2**32.
    rotated: npt.NDArray[np.uint32] = crcs >> np.uint32(15) | crcs << np.uint32(17)
    return rotated + np.uint32(_MASK_DELTA)


def unmasked_crcs(masked: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.uint32]:
    """Return the checksums that are stored as ``masked``, uint32 of the same shape."""
    rotated = masked.astype(np.uint32) - np.uint32(_MASK_DELTA)
    crcs: npt.NDArray[np.uint32] = rotated >> np.uint32(17) | rotated << np.uint32(15)
    return crcs


def unmask(masked: int) -> int:
    """Return the checksum that is stored as ``masked``."""
    rotated = (masked - _MASK_DELTA) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF
