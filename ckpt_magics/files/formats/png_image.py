"""Pictures as PNG files.

Behind the signature come chunks: size of the data, u32; type, four letters; the data; CRC-32 of type and data, u32. All
big-endian. IHDR has width and height, u32, then a byte each for bits of a sample, kind of colour, and three that are 0;
IDAT the rows, each behind a byte 0 for "no filter", as a zlib stream; IEND nothing.

Format: W3C Portable Network Graphics (PNG) Specification, third edition.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["encode_png"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = {1: 0, 2: 4, 3: 2, 4: 6}
"""Kind of colour by the number of channels: grey, grey with alpha, RGB, RGB with alpha."""


def encode_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Return a picture as a PNG file.

    Args:
        pixels: uint8 [height, width, channels], of which there are 1 to 4.
    """
    height, width, channels = pixels.shape
    rows: npt.NDArray[Any] = np.zeros((height, 1 + width * channels), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    return b"".join(
        (_SIGNATURE, _chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows.tobytes())), _chunk(b"IEND", b""))
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
