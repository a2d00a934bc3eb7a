"""The bytes of one tensor in a data file of a V2 checkpoint.

Numbers are stored element after element in C order, ``itemsize`` bytes each (one byte for types of less), in the byte
order that the bundle's header names; a complex number is real part, imaginary part. The entry's checksum is the masked
CRC-32C of these bytes as stored. Nothing stands before or after them. Strings and variants: :mod:`.string_data`.

Format: tensorflow/core/util/tensor_bundle/tensor_bundle.cc, byte_swap_array.cc.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ckpt_magics.errors import (
    DataLossError,
    ResourceExhaustedError,
    TensorMismatchError,
    UnimplementedError,
)
from ckpt_magics.files.formats.dtypes import RESOURCE, STRING, VARIANT, DType
from ckpt_magics.files.formats.number_bytes import AnyArray, number_bytes
from ckpt_magics.files.formats.pieces import Box, cut_shape, elements_of, region_shape
from ckpt_magics.files.formats.random_access import RandomAccessFile, check_range
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.formats.string_data import (
    CHECKSUM_SIZE,
    check_crc,
    decode_strings,
    decode_variants,
    encode_strings,
    encode_variants,
)
from ckpt_magics.files.wire.crc32c import crc32c, mask
from ckpt_magics.files.wire.varint import Buffer

__all__ = [
    "CRC_STEP",
    "AnyArray",
    "empty_array",
    "encode_tensor",
    "iter_tensor",
    "read_tensor",
    "swap_bytes",
]

CRC_STEP = 1 << 20
"""Bytes that are copied, and then checksummed while they are still in the processor's cache."""


def encode_tensor(array: AnyArray, dtype: DType) -> tuple[list[Buffer], int]:
    """Return a tensor's bytes, in pieces that belong back to back, and their masked checksum.

    Args:
        array: Any shape and layout. Numbers: see :func:`number_bytes`, whose view is the one piece. Strings: bytes, or
            str (stored as UTF-8). Variants: VariantBytes.
        dtype: Type to store it as.

    Raises:
        InvalidArgumentError: The elements are not of the type.
        UnimplementedError: Files cannot hold the type.
    """
    if dtype.number == STRING.number:
        return encode_strings(array)
    if dtype.number == VARIANT.number:
        return encode_variants(array)
    data = number_bytes(array, dtype)
    return [data], mask(crc32c(data))


def read_tensor(
    file: RandomAccessFile,
    offset: int,
    size: int,
    dtype: DType,
    shape: tuple[int, ...],
    *,
    expected_crc: int,
    big_endian: bool = False,
    out: AnyArray | None = None,
) -> AnyArray:
    """Return one tensor, its checksum verified.

    Args:
        file: The data file.
        offset: Where the tensor's bytes begin.
        size: How many they are.
        dtype: Type of the elements.
        shape: Shape of the result.
        expected_crc: Masked checksum from the entry.
        big_endian: Whether the file's numbers have their highest byte first.
        out: Array to read into, of exactly this type and shape. After an error its contents mean nothing.

    Returns:
        ``out``, or a new array: of the dtype's NumPy type, of bytes for strings, of VariantBytes for variants.

    Raises:
        TruncatedError: The file ends inside the tensor. Nothing was allocated.
        ChecksumError: A checksum differs from the contents'.
        DataLossError: ``size`` is not what type and shape need, or strings do not fill it.
        TensorMismatchError: ``out`` has another type or shape, or cannot be written.
        UnimplementedError: Files cannot hold the type, or NumPy cannot hold the shape.
    """
    what = f"{dtype.name} {format_shape(shape)}"
    if out is not None:
        _check_out(out, dtype, shape, what)
    count = math.prod(shape)
    _check_size(size, count, dtype, big_endian=big_endian)
    check_range(file.size, offset, size, what)
    try:
        if dtype.itemsize:
            array = out if out is not None and out.flags.c_contiguous else empty_array(shape, dtype)
            check_crc(_read_numbers(file, offset, array, what), expected_crc)
            if big_endian:
                swap_bytes(array)
        else:
            data = file.read_at(offset, size, what)
            array = empty_array(shape, dtype)
            array.reshape(-1)[:] = (
                decode_strings(data, count, expected_crc, big_endian=big_endian)
                if dtype.number == STRING.number
                else decode_variants(data, count, expected_crc)
            )
    except DataLossError as error:
        error.offset = offset
        raise
    if out is None or out is array:
        return array
    out[...] = array
    return out


def empty_array(shape: tuple[int, ...], dtype: DType) -> AnyArray:
    """Return a new array. The caller has checked that the shape is justified by what the file holds.

    Raises:
        UnimplementedError: NumPy allows no such shape, as one of more than 64 dimensions.
        ResourceExhaustedError: There is not enough memory.
    """
    try:
        return np.empty(shape, dtype.numpy)
    except ValueError as error:
        raise UnimplementedError(f"NumPy cannot hold shape {format_shape(shape)}: {error}") from error
    except MemoryError as error:
        raise ResourceExhaustedError(
            f"not enough memory for {dtype.name} {format_shape(shape)}",
            hint="Free some, or take parts: reader.get_slice(name, region), or reader.pieces(name) one by one.",
        ) from error


def iter_tensor(
    file: RandomAccessFile,
    offset: int,
    dtype: DType,
    shape: tuple[int, ...],
    *,
    expected_crc: int,
    at_most: int,
    big_endian: bool = False,
) -> Iterator[tuple[Box, AnyArray]]:
    """Yield the pieces of one tensor of numbers in C order, new arrays; the checksum is verified before the last one.

    Args:
        file: The data file, of which the caller knows that the tensor lies in it.
        offset: Where the tensor's bytes begin.
        dtype: Type of the elements.
        shape: Of the tensor.
        expected_crc: Masked checksum from the entry.
        at_most: Bytes of a piece.
        big_endian: Whether the file's numbers have their highest byte first.

    Raises:
        ChecksumError: The checksum differs from the contents': what was given out before is not to be used.
        TruncatedError: The file was cut meanwhile.
    """
    what = f"{dtype.name} {format_shape(shape)}"
    end, position, crc = offset + math.prod(shape) * dtype.itemsize, offset, 0
    for region in cut_shape(shape, elements_of(at_most, dtype.itemsize)):
        array = empty_array(region_shape(region), dtype)
        crc = _read_numbers(file, position, array, what, crc)
        position += array.nbytes
        if position == end:
            try:
                check_crc(crc, expected_crc)
            except DataLossError as error:
                error.offset = offset
                raise
        if big_endian:
            swap_bytes(array)
        yield region, array


def _read_numbers(file: RandomAccessFile, offset: int, array: AnyArray, what: str, crc: int = 0) -> int:
    """Fill a C-contiguous array with the file's bytes. Returns the checksum that goes on from ``crc`` over them."""
    view = array.reshape(-1).view(np.uint8).data
    if len(view) <= CRC_STEP:
        file.read_into(offset, view, what)
        return crc32c(view, crc)
    for start in range(0, len(view), CRC_STEP):
        piece = view[start : start + CRC_STEP]
        file.read_into(offset + start, piece, what)
        crc = crc32c(piece, crc)
    return crc


def swap_bytes(array: AnyArray) -> None:
    """Turn big-endian elements into little-endian ones, in place; both halves of a complex number."""
    size = array.dtype.itemsize // (2 if array.dtype.kind == "c" else 1)
    if size > 1:
        array.reshape(-1).view(f"u{size}").byteswap(inplace=True)


def _check_size(size: int, count: int, dtype: DType, *, big_endian: bool) -> None:
    """Refuse a size that ``count`` elements cannot have."""
    if dtype.number == RESOURCE.number or (dtype.number == VARIANT.number and big_endian):
        raise UnimplementedError(f"Reading data type {dtype.c_name} not supported")
    if dtype.itemsize:
        if size != count * dtype.itemsize:
            raise DataLossError(
                f"Invalid size in bundle entry: stored size {size}; expected size {count * dtype.itemsize}"
            )
        return
    # A string takes at least the byte of its length; a variant has a checksum of its own too.
    least = count + CHECKSUM_SIZE if dtype.number == STRING.number else count * (1 + CHECKSUM_SIZE)
    if size < least:
        raise DataLossError(f"Invalid size in bundle entry: stored size {size}; expected size is at least {least}")


def _check_out(out: AnyArray, dtype: DType, shape: tuple[int, ...], what: str) -> None:
    """Refuse an array that the tensor does not fit into."""
    if out.dtype != dtype.numpy or out.shape != shape:
        raise TensorMismatchError(f"cannot read {what} into an array of {out.dtype} {format_shape(out.shape)}")
    if not out.flags.writeable:
        raise TensorMismatchError(f"cannot read {what} into an array that is read-only")
