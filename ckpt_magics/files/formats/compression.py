"""Snappy, the one compression that blocks of a table may have.

TensorFlow's public builds write none; files from elsewhere use it. The raw form: a varint with the size of the
contents, then literals and copies, without frames or checksums of its own.

Format: google/snappy, format_description.txt.
"""

from __future__ import annotations

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.wire.varint import Buffer, decode_varint

_LARGEST_EXPANSION = 64
"""Bytes that one byte of input can give: a copy of 64 bytes takes at least two, a literal gives less than it takes."""


def decompress_snappy(data: Buffer, limit: int) -> bytes:
    """Return the contents of one Snappy block.

    Args:
        data: The compressed bytes.
        limit: Contents of more bytes than this are refused before anything is allocated.

    Raises:
        DataLossError: The bytes are not Snappy, or promise more than ``limit`` or than they can hold.
    """
    import cramjam

    try:
        size, _ = decode_varint(data, 0)
    except DataLossError as error:
        raise DataLossError("corrupted compressed block contents") from error
    if size > min(limit, _LARGEST_EXPANSION * len(data)):
        raise DataLossError(f"corrupted compressed block contents: {len(data)} bytes promise {size}")
    contents = bytearray(size)
    try:
        written = cramjam.snappy.decompress_raw_into(bytes(data), contents)
    except cramjam.DecompressionError as error:
        raise DataLossError("corrupted compressed block contents") from error
    if written != size:
        raise DataLossError(f"corrupted compressed block contents: {size} bytes promised, {written} found")
    return bytes(contents)
