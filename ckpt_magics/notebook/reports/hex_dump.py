"""Bytes as lines of hexadecimal numbers, with the text that they may be."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["hex_lines"]

_WIDTH = 16


def hex_lines(data: bytes, offset: int = 0) -> Iterator[str]:
    """Yield a line for each 16 bytes.

    Args:
        data: The bytes.
        offset: Where they start in their file.

    >>> print(*hex_lines(b"TensorFlow checkpoint", 256), sep=chr(10))
    00000100  54 65 6e 73 6f 72 46 6c 6f 77 20 63 68 65 63 6b  TensorFlow check
    00000110  70 6f 69 6e 74                                   point
    """
    for at in range(0, len(data), _WIDTH):
        row = data[at : at + _WIDTH]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        yield f"{offset + at:08x}  {row.hex(' '):{3 * _WIDTH - 1}}  {text}"
