"""The bytes of string and variant tensors in a data file of a V2 checkpoint.

Strings, in order::

    varint64            per element: its length in bytes
    fixed32             masked length checksum
    bytes               of all elements

The length checksum is the CRC-32C of the lengths as uint32 each (uint64 where one is larger), and not of the varints.
The entry's checksum goes on from it over the 4 stored bytes and the bytes of the elements. The oldest writers had
varint32 lengths, which are the same bytes.

Variants, per element::

    varint64            length
    bytes               a VariantTensorDataProto
    fixed32             masked checksum

The checksum runs on through all elements, over each length as uint64, the bytes, and the stored checksum.

Fixed numbers, and the lengths that are checksummed, are big-endian where the bundle's header says so.

Format: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, WriteStringTensor, ReadStringTensor, WriteVariantTensor,
ReadVariantTensor.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import ChecksumError, DataLossError, InvalidArgumentError, TruncatedError
from ckpt_magics.files.formats.dtypes import VariantBytes
from ckpt_magics.files.wire.crc32c import crc32c, mask, unmask
from ckpt_magics.files.wire.varint import (
    MAX_VARINT_SIZE,
    Buffer,
    decode_packed_varints,
    decode_varint,
    encode_packed_varints,
    encode_varint,
)

JOIN_LIMIT = 1 << 24
"""Strings of at most so many bytes in all are joined into one buffer; larger ones are handed on without a copy."""

CHECKSUM_SIZE = 4
_LARGEST_UINT32 = 0xFFFFFFFF


def encode_strings(array: npt.NDArray[Any]) -> tuple[list[Buffer], int]:
    """Return a string tensor's bytes, in pieces that belong back to back, and their masked checksum.

    Args:
        array: Elements bytes, or str, which is stored as UTF-8; any shape.

    Raises:
        InvalidArgumentError: An element is neither.
    """
    elements = string_elements(array)
    lengths = np.fromiter(map(len, elements), np.uint64, len(elements))
    crc = crc32c(_checksummed_lengths(lengths, "little"))
    checksum = mask(crc).to_bytes(CHECKSUM_SIZE, "little")
    buffers: list[Buffer] = [encode_packed_varints(lengths) + checksum]
    buffers += elements if int(lengths.sum()) > JOIN_LIMIT else [b"".join(elements)]
    crc = crc32c(checksum, crc)
    for buffer in buffers[1:]:
        crc = crc32c(buffer, crc)
    return buffers, mask(crc)


def decode_strings(data: bytes, count: int, expected_crc: int, *, big_endian: bool = False) -> list[bytes]:
    """Return the elements of a string tensor, its checksums verified.

    Args:
        data: The tensor's bytes, all of them.
        count: Elements of the tensor.
        expected_crc: Masked checksum from the entry.
        big_endian: Whether the file's fixed numbers have their highest byte first.

    Raises:
        ChecksumError: A checksum differs from the contents'.
        DataLossError: The elements need more or fewer bytes than there are.
    """
    order: Literal["big", "little"] = "big" if big_endian else "little"
    lengths, start = _decode_lengths(data, count)
    checksum = data[start : start + CHECKSUM_SIZE]
    stored = unmask(int.from_bytes(checksum, order))
    crc = crc32c(_checksummed_lengths(lengths, order))
    if stored != crc:
        message = f"The length checksum does not match: expected {stored:08} but actual is {crc:08}"
        raise ChecksumError(message, stored=stored, computed=crc)
    start += CHECKSUM_SIZE
    elements = _cut(data, start, lengths)
    check_crc(crc32c(memoryview(data)[start:], crc32c(checksum, crc)), expected_crc)
    return elements


def joined_strings(array: npt.NDArray[Any]) -> bytes:
    """Return the bytes of a string tensor without checksums: all lengths, then all bytes; see `split_strings`.

    Raises:
        InvalidArgumentError: An element is no text.
    """
    elements = string_elements(array)
    lengths = np.fromiter(map(len, elements), np.uint64, len(elements))
    return b"".join([encode_packed_varints(lengths), *elements])


def split_strings(data: bytes, count: int) -> list[bytes]:
    """Return the elements of a string tensor without checksums: all lengths, then all bytes.

    Raises:
        DataLossError: The elements need more or fewer bytes than there are.
    """
    lengths, start = _decode_lengths(data, count)
    return _cut(data, start, lengths)


def _cut(data: bytes, start: int, lengths: npt.NDArray[np.uint64]) -> list[bytes]:
    """Cut the bytes from ``start`` on into elements, which must fill them."""
    # Python's numbers, because the sum of lengths that nobody vouches for could overflow NumPy's.
    bounds = list(accumulate(lengths.tolist(), initial=start))
    if bounds[-1] > len(data):
        raise TruncatedError(f"Read less bytes than requested: strings end at byte {bounds[-1]} of {len(data)}")
    if bounds[-1] < len(data):
        raise DataLossError(f"strings end at byte {bounds[-1]} of {len(data)}")
    return [data[begin:end] for begin, end in pairwise(bounds)]


def _decode_lengths(data: bytes, count: int) -> tuple[npt.NDArray[np.uint64], int]:
    """Decode the lengths of all elements. Returns them and the position after them."""
    head = np.frombuffer(data, np.uint8, min(len(data), count * MAX_VARINT_SIZE))
    last = np.flatnonzero(head < 0x80)[:count]
    start = int(last[-1]) + 1 if last.size else 0
    if last.size < count:
        raise TruncatedError(f"Read less bytes than requested: the lengths of {count} strings are cut off")
    return decode_packed_varints(head[:start]), start


def _checksummed_lengths(lengths: npt.NDArray[np.uint64], order: Literal["big", "little"]) -> bytes:
    """Return the lengths in the form that their checksum covers."""
    if not (lengths > _LARGEST_UINT32).any():
        return lengths.astype(">u4" if order == "big" else "<u4").tobytes()
    return b"".join(length.to_bytes(4 if length <= _LARGEST_UINT32 else 8, order) for length in lengths.tolist())


def encode_variants(array: npt.NDArray[Any]) -> tuple[list[Buffer], int]:
    """Return a variant tensor's bytes, in pieces that belong back to back, and their masked checksum.

    Args:
        array: Elements VariantBytes, any shape.

    Raises:
        InvalidArgumentError: An element is no VariantBytes.
    """
    buffers: list[Buffer] = []
    crc = 0
    for element in array.reshape(-1).tolist():
        if not isinstance(element, bytes):
            raise InvalidArgumentError(f"element of a variant tensor is {type(element).__name__}, not VariantBytes")
        crc = crc32c(element, crc32c(len(element).to_bytes(8, "little"), crc))
        checksum = mask(crc).to_bytes(CHECKSUM_SIZE, "little")
        crc = crc32c(checksum, crc)
        buffers += (encode_varint(len(element)), element, checksum)
    return buffers, mask(crc)


def decode_variants(data: bytes, count: int, expected_crc: int) -> list[VariantBytes]:
    """Return the elements of a variant tensor, its checksums verified.

    Args:
        data: The tensor's bytes, all of them.
        count: Elements of the tensor.
        expected_crc: Masked checksum from the entry.

    Raises:
        ChecksumError: A checksum differs from the contents'.
        DataLossError: The elements need more or fewer bytes than there are.
    """
    elements = []
    position = crc = 0
    for index in range(count):
        size, start = decode_varint(data, position)
        end = start + size
        position = end + CHECKSUM_SIZE
        if position > len(data):
            raise TruncatedError(f"Read less bytes than requested: variant {index} is cut off")
        crc = crc32c(memoryview(data)[start:end], crc32c(size.to_bytes(8, "little"), crc))
        checksum = data[end:position]
        stored = unmask(int.from_bytes(checksum, "little"))
        if stored != crc:
            message = f"The checksum after Variant {index} does not match. Expected: {stored:08} Actual: {crc:08}"
            raise ChecksumError(message, stored=stored, computed=crc)
        crc = crc32c(checksum, crc)
        elements.append(VariantBytes(data[start:end]))
    if position != len(data):
        raise DataLossError(f"variants fill {position} of the {len(data)} bytes stored")
    check_crc(crc, expected_crc)
    return elements


def check_crc(computed: int, masked: int) -> None:
    """Compare a tensor's checksum with the masked one in its entry.

    Raises:
        ChecksumError: They differ.
    """
    stored = unmask(masked)
    if stored != computed:
        message = f"Checksum does not match: stored {stored:08} vs. calculated on the restored bytes {computed:08}"
        raise ChecksumError(message, stored=stored, computed=computed)


def string_elements(array: npt.NDArray[Any]) -> list[bytes]:
    """Return the elements of a string tensor as they are stored, in C order.

    Raises:
        InvalidArgumentError: An element is neither bytes nor str.
    """
    return [_as_bytes(element) for element in array.reshape(-1).tolist()]


def _as_bytes(element: object) -> bytes:
    """Return one string element as it is stored."""
    if isinstance(element, bytes):
        return element
    if not isinstance(element, str):
        raise InvalidArgumentError(f"element of a string tensor is {type(element).__name__}, not bytes or str")
    try:
        return element.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(f"string element cannot be stored as UTF-8: {error.reason}") from error
