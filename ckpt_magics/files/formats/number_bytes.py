"""The elements of an array of numbers as bytes: C order, little-endian, whole or piece by piece.

A complex number is real part, imaginary part; a type of less than a byte takes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.pieces import cut_shape, elements_of, part_of

__all__ = ["AnyArray", "number_bytes", "number_copies", "number_pieces"]

COPY_SIZE = 4 << 20
"""Bytes that are copied at once of an array whose layout is not the file's."""

AnyArray = npt.NDArray[Any]


def number_bytes(array: AnyArray, dtype: DType) -> memoryview:
    """Return the bytes of an array of numbers, C order and little-endian.

    Args:
        array: Elements of the dtype's NumPy type in any byte order, or of the structured type that TensorFlow has for
            a quantized dtype.
        dtype: Type to store it as.

    Returns:
        A view of ``array`` if it is contiguous and little-endian, else of a copy. The view keeps the memory alive.
        For what may be large there is :func:`number_pieces`.

    Raises:
        InvalidArgumentError: The elements are not of the type.
        UnimplementedError: Files cannot hold the type, or not as numbers.
    """
    return _contiguous_bytes(_as_numbers(array, dtype), dtype)


def number_pieces(array: AnyArray, dtype: DType) -> Iterator[memoryview]:
    """Return the bytes of an array of numbers one piece after the other, so that no large array is copied whole.

    Args:
        array: As :func:`number_bytes` takes it.
        dtype: Type to store it as.

    Returns:
        One view of ``array`` if it is contiguous and little-endian, else copies of up to 4 MiB; none is used again.

    Raises:
        InvalidArgumentError: The elements are not of the type.
        UnimplementedError: Files cannot hold the type, or not as numbers.
    """
    numbers = _as_numbers(array, dtype)
    if numbers.flags.c_contiguous and numbers.dtype == dtype.numpy:
        return iter((_contiguous_bytes(numbers, dtype),))
    blocks = _cut(numbers, elements_of(COPY_SIZE, dtype.itemsize))
    return (_contiguous_bytes(block, dtype) for block in blocks)


def number_copies(
    arrays: Iterable[AnyArray], dtype: DType, buffers: Sequence[npt.NDArray[np.uint8]]
) -> Iterator[memoryview]:
    """Copy the bytes of arrays of numbers, one piece after the other, to memory that nobody else writes to.

    What is done with a piece, twice even, is done with the same bytes, whatever another thread does to the array.

    Args:
        arrays: Each as :func:`number_bytes` takes it. They are looked at when a piece is asked for.
        dtype: Type to store it as.
        buffers: uint8 [size] each, of at least an element. Pieces come to lie in them in turn, so that one is gone
            when it is that buffer's turn again.

    Raises:
        InvalidArgumentError: From the iterator: the elements are not of the type.
        UnimplementedError: From the iterator: files cannot hold the type, or not as numbers.
    """
    most = min(map(len, buffers)) // max(dtype.itemsize, 1)
    blocks = (block for array in arrays for block in _blocks(_as_numbers(array, dtype), most))
    for block, buffer in zip(blocks, cycle(buffers), strict=False):
        piece = buffer[: block.size * dtype.itemsize]
        piece.view(dtype.numpy).reshape(block.shape)[...] = block
        yield piece.data


def _blocks(numbers: AnyArray, most: int) -> Iterator[AnyArray]:
    # Flat, it can be cut anywhere.
    return _cut(numbers.reshape(-1) if numbers.flags.c_contiguous else numbers, most)


def _as_numbers(array: AnyArray, dtype: DType) -> AnyArray:
    """Return an array of the dtype's NumPy type in either byte order; else as :func:`number_bytes`."""
    if not dtype.itemsize:
        raise UnimplementedError(f"Saving data type {dtype.c_name} not supported")
    found = array.dtype
    if found == dtype.numpy or found.newbyteorder("=") == dtype.numpy:
        return array
    if dtype.is_quantized and found == dtype.as_numpy_dtype:
        return array.view(dtype.numpy)
    raise InvalidArgumentError(f"array of {found} cannot be stored as {dtype.name}")


def _contiguous_bytes(array: AnyArray, dtype: DType) -> memoryview:
    return np.ascontiguousarray(array, dtype.numpy).reshape(-1).view(np.uint8).data


def _cut(array: AnyArray, most: int) -> Iterator[AnyArray]:
    """Return an array's blocks in C order, each of at most ``most`` elements."""
    return (part_of(array, region) for region in cut_shape(array.shape, most))
