"""CRC-32C, and the mask under which checkpoint files store it.

A checksum of data that holds checksums is weak, so a stored one is rotated and shifted by a constant first.

Format: tensorflow/core/lib/hash/crc32c.h.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from fastcrc import crc32

_MASK_DELTA = 0xA282EAD8

Contiguous = bytes | bytearray | memoryview | npt.NDArray[Any]


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


def unmask(masked: int) -> int:
    """Return the checksum that is stored as ``masked``."""
    rotated = (masked - _MASK_DELTA) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF
