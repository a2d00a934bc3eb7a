r"""Ordered code: numbers and strings whose encodings compare, byte by byte, as the values do.

The keys of tensor slices are written in it, so that all slices of a tensor lie side by side in a table.

* string: ``00`` is written ``00 ff`` and ``ff`` is written ``ff 00``; ``00 01`` ends it.
* unsigned number: one byte with the count of bytes that follow (0 to 8), then the number, highest byte first,
  without leading zeros.
* signed number: two's complement in the fewest bytes n (1 to 10) that leave room for n + 1 header bits, highest byte
  first; the header is n ones and a zero, and is XORed in, so that a negative number starts with zeros.

Format: tensorflow/core/lib/strings/ordered_code.cc.
"""

from __future__ import annotations

import re

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.wire.varint import Buffer

_SPECIAL = re.compile(rb"[\x00\xff]")
_ESCAPED = re.compile(rb"\x00\xff|\xff\x00")
_STRING = re.compile(rb"((?:[^\x00\xff]++|\x00\xff|\xff\x00)*+)\x00\x01", re.DOTALL)
_SIGN_HEADERS = (b"", b"\x80", b"\xc0", b"\xe0", b"\xf0", b"\xf8", b"\xfc", b"\xfe", b"\xff", b"\xff\x80", b"\xff\xc0")
_LARGEST_SIGNED_SIZE = 10


def encode_string(text: bytes) -> bytes:
    """Return ``text`` escaped and ended."""
    return _SPECIAL.sub(lambda found: b"\x00\xff" if found[0] == b"\x00" else b"\xff\x00", text) + b"\x00\x01"


def decode_string(buffer: Buffer, position: int) -> tuple[bytes, int]:
    """Return the string that starts at ``position`` and the position after it.

    Raises:
        DataLossError: The string has no end, or an escape is not one of the two.
    """
    found = _STRING.match(buffer, position)
    if found is None:
        raise DataLossError("ordered code string has no end or a bad escape")
    return _ESCAPED.sub(lambda pair: pair[0][:1], found[1]), found.end()


def encode_num_increasing(value: int) -> bytes:
    """Return an unsigned number (0 <= value < 2**64) as 1 to 9 bytes."""
    size = (value.bit_length() + 7) // 8
    return bytes([size]) + value.to_bytes(size, "big")


def decode_num_increasing(buffer: Buffer, position: int) -> tuple[int, int]:
    """Return the unsigned number that starts at ``position`` and the position after it.

    Raises:
        DataLossError: The buffer ends inside the number, or the number is not in its shortest form.
    """
    size = buffer[position] if 0 <= position < len(buffer) else 0xFF
    end = position + 1 + size
    if size > 8 or end > len(buffer) or (size and not buffer[position + 1]):
        raise DataLossError("ordered code number is cut off or malformed")
    return int.from_bytes(buffer[position + 1 : end], "big"), end


def encode_signed_num_increasing(value: int) -> bytes:
    """Return a signed number (-2**63 <= value < 2**63) as 1 to 10 bytes."""
    size = _signed_size(value)
    header = int.from_bytes(_SIGN_HEADERS[size].ljust(size, b"\x00"), "big")
    return (value & (1 << 8 * size) - 1 ^ header).to_bytes(size, "big")


def decode_signed_num_increasing(buffer: Buffer, position: int) -> tuple[int, int]:
    """Return the signed number that starts at ``position`` and the position after it.

    Raises:
        DataLossError: The buffer ends inside the number, or the number is not in its shortest form.
    """
    start = int.from_bytes(bytes(buffer[position : position + 2]).ljust(2, b"\x00"), "big")
    if start < 0x8000:
        start ^= 0xFFFF
    size = 16 - (start ^ 0xFFFF).bit_length()
    end = position + size
    if size > _LARGEST_SIGNED_SIZE or end > len(buffer):
        raise DataLossError("ordered code signed number is cut off or malformed")
    header = int.from_bytes(_SIGN_HEADERS[size].ljust(size, b"\x00"), "big")
    value = int.from_bytes(buffer[position:end], "big") ^ header
    value -= value >> 8 * size - 1 << 8 * size
    if not -(1 << 63) <= value < 1 << 63 or _signed_size(value) != size:
        raise DataLossError("ordered code signed number is not in its shortest form")
    return value, end


def _signed_size(value: int) -> int:
    """Count the bytes of a signed number: seven bits each, one of all of them for the sign."""
    return ((~value if value < 0 else value).bit_length() + 7) // 7
