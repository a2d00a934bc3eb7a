"""Variable-length integers, one at a time and whole arrays at once.

A varint holds an unsigned number of at most 64 bits in groups of seven, lowest group first, one group per byte; the
high bit of a byte says that another follows. Protocol buffers and the table format both use it. A negative int64 is
written as its two's complement, which takes ten bytes.

Format: tensorflow/core/lib/core/coding.cc.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import DataLossError

Buffer = bytes | bytearray | memoryview

MAX_VARINT_SIZE = 10
"""Bytes in the longest varint: 64 bits in groups of seven."""

_STEP = 1 << 20
"""Bytes that are looked at in one call of NumPy."""

_SINGLE_BYTES = tuple(bytes([value]) for value in range(0x80))


def encode_varint(value: int) -> bytes:
    r"""Return ``value`` (0 <= value < 2**64) as 1 to 10 bytes.

    >>> encode_varint(300)
    b'\xac\x02'
    """
    if value < 0x80:
        return _SINGLE_BYTES[value]
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def decode_varint(buffer: Buffer, position: int) -> tuple[int, int]:
    """Return the number that starts at ``position`` and the position after it.

    Raises:
        DataLossError: The buffer ends inside the number, or the number does not fit in 64 bits.
    """
    value, shift, end = 0, 0, len(buffer)
    at = position
    while at < end:
        byte = buffer[at]
        at += 1
        if byte < 0x80:
            value |= byte << shift
            if value >> 64:
                break
            return value, at
        value |= (byte & 0x7F) << shift
        shift += 7
        if shift == 7 * MAX_VARINT_SIZE:
            break
    else:
        raise DataLossError("varint is cut off")
    raise DataLossError("varint is longer than 64 bits")


def varint_sizes(numbers: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.intp]:
    """Return how many bytes each of some numbers (not negative) takes."""
    sizes = np.ones(numbers.shape, np.intp)
    largest = int(numbers.max(initial=0))
    for group in range(1, (largest.bit_length() + 6) // 7):
        sizes += numbers >= numbers.dtype.type(1 << 7 * group)
    return sizes


def encode_packed_varints(values: npt.NDArray[np.int64] | npt.NDArray[np.uint64]) -> bytes:
    """Return the varints of ``values`` (int64 or uint64, any shape, taken in C order) back to back."""
    numbers = np.ascontiguousarray(values).reshape(-1).view(np.uint64)
    if not numbers.size:
        return b""
    if numbers.max() < 0x80:
        return numbers.astype(np.uint8).tobytes()
    sizes = varint_sizes(numbers)
    ends = np.cumsum(sizes)
    out = np.empty(int(ends[-1]), np.uint8)
    _scatter_groups(numbers, sizes, ends - sizes, out)
    return out.tobytes()


def encode_tagged_varints(
    tags: npt.NDArray[np.uint8], values: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]]:
    """Return varints back to back, each behind a byte that says what it is, and how many bytes each takes with it.

    Args:
        tags: uint8 [values], each below 128.
        values: int64 [values].
    """
    numbers = values.view(np.uint64)
    sizes = 1 + varint_sizes(numbers)
    starts = np.cumsum(sizes) - sizes
    out = np.empty(int(sizes.sum()), np.uint8)
    out[starts] = tags
    _scatter_groups(numbers, sizes - 1, starts + 1, out)
    return out, sizes


def _scatter_groups(
    numbers: npt.NDArray[np.uint64],
    sizes: npt.NDArray[np.intp],
    starts: npt.NDArray[np.intp],
    out: npt.NDArray[np.uint8],
) -> None:
    """Write group after group of all the numbers that are long enough to have it."""
    group = 0
    while numbers.size:
        more = sizes > group + 1
        out[starts + group] = (numbers & np.uint64(0x7F)).astype(np.uint8) | (more.astype(np.uint8) << 7)
        numbers, sizes, starts = numbers[more] >> np.uint64(7), sizes[more], starts[more]
        group += 1


def decode_packed_varints(buffer: Buffer | npt.NDArray[Any]) -> npt.NDArray[np.uint64]:
    """Return the numbers of a buffer of varints back to back, as uint64 [count].

    View the result as int64 where the field is signed.

    Raises:
        DataLossError: The last number is cut off, or one does not fit in 64 bits.
    """
    data = np.frombuffer(buffer, np.uint8)
    if not data.size:
        return np.empty(0, np.uint64)
    if data[-1] >= 0x80:
        raise DataLossError("varint is cut off")
    last = np.flatnonzero(data < 0x80)
    if last.size == data.size:
        return data.astype(np.uint64)
    first = np.empty_like(last)
    first[0] = 0
    np.add(last[:-1], 1, out=first[1:])
    longest = int((last - first).max()) + 1
    if longest > MAX_VARINT_SIZE:
        raise DataLossError("varint is longer than 64 bits")
    return _gather_groups(data, first, last, longest)


def count_varints(buffer: Buffer) -> int:
    """Count the numbers of a buffer of varints back to back, of which the last one is whole."""
    data = np.frombuffer(buffer, np.uint8)
    return sum(int(np.count_nonzero(data[start : start + _STEP] < 0x80)) for start in range(0, data.size, _STEP))


def iter_packed_varints(buffer: Buffer, most: int) -> Iterator[npt.NDArray[np.uint64]]:
    """Yield the numbers of a buffer of varints back to back, up to ``most`` at a time.

    Decoding takes some 40 bytes of memory a number: parts of many of them need less than all at once.

    Raises:
        DataLossError: As :func:`decode_packed_varints`.
    """
    view = memoryview(buffer)
    start = 0
    while start < len(view):
        end = min(start + most, len(view))
        # No number goes on for longer; if this one does, decoding says so.
        longest = min(end + MAX_VARINT_SIZE, len(view))
        while end < longest and view[end - 1] >= 0x80:
            end += 1
        yield decode_packed_varints(view[start:end])
        start = end


def _gather_groups(
    data: npt.NDArray[np.uint8], first: npt.NDArray[np.intp], last: npt.NDArray[np.intp], longest: int
) -> npt.NDArray[np.uint64]:
    """Add group after group to all the numbers that are long enough to have it."""
    values = (data[first] & 0x7F).astype(np.uint64)
    chosen = np.arange(first.size)
    for group in range(1, longest):
        chosen = chosen[last[chosen] - first[chosen] >= group]
        groups = data[first[chosen] + group] & 0x7F
        if group == MAX_VARINT_SIZE - 1 and groups.max() > 1:
            raise DataLossError("varint is longer than 64 bits")
        values[chosen] |= groups.astype(np.uint64) << np.uint64(7 * group)
    return values
