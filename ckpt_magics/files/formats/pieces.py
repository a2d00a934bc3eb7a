"""Tensors piece by piece: regions that lie one behind the other in C order, each of no more than some elements.

A job that walks over pieces needs memory for a few of them, whatever the size of a tensor. The regions follow from the
shape and the number of elements alone, so that two tensors of one shape are cut alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "PIECE_SIZE",
    "STREAM_SIZE",
    "array_pieces",
    "cut_shape",
    "elements_of",
    "part_of",
    "region_shape",
    "shape_pieces",
]

PIECE_SIZE = 16 << 20
"""Bytes of a piece unless another number is said."""

STREAM_SIZE = 1 << 20
"""Bytes of a piece that is read, checked and written while it is in a core's cache."""

Array = npt.NDArray[Any]
Box = tuple[slice, ...]
"""A region: start and stop in every dimension."""


def elements_of(at_most: int, itemsize: int) -> int:
    """Return how many elements a piece of ``at_most`` bytes has: one at least, if they are numbers."""
    return max(at_most // max(itemsize, 1), 1)


def region_shape(region: Box) -> tuple[int, ...]:
    """Return the shape of a region."""
    return tuple(part.stop - part.start for part in region)


def part_of(array: Array, region: Sequence[slice]) -> Array:
    """Return a view of a region of an array; of a scalar too, where an index without ellipsis would be a copy."""
    index: tuple[Any, ...] = (*region, ...)
    view: Array = array[index]
    return view


def cut_shape(shape: tuple[int, ...], most: int) -> Iterator[Box]:
    """Yield the regions of a tensor in C order, each of at most ``most`` elements, and one of a tensor that has none.

    >>> [region_shape(region) for region in cut_shape((2, 5, 3), 9)]
    [(1, 3, 3), (1, 2, 3), (1, 3, 3), (1, 2, 3)]
    """
    if math.prod(shape) <= most:
        yield tuple(slice(0, size) for size in shape)
        return
    # The first dimension of which a run of rows fits; every index of those before it is a row by itself.
    axis = next(axis for axis in range(len(shape)) if math.prod(shape[axis + 1 :]) <= most)
    step = most // math.prod(shape[axis + 1 :])
    inner = tuple(slice(0, size) for size in shape[axis + 1 :])
    for outer in product(*map(range, shape[:axis])):
        rows = tuple(slice(index, index + 1) for index in outer)
        for start in range(0, shape[axis], step):
            yield (*rows, slice(start, min(start + step, shape[axis])), *inner)


def array_pieces(array: Array, at_most: int) -> Iterator[tuple[Box, Array]]:
    """Yield regions of an array and views of them, of at most so many bytes; strings are one piece."""
    most = array.size if array.dtype == np.object_ else elements_of(at_most, array.itemsize)
    return ((region, part_of(array, region)) for region in cut_shape(array.shape, most))


def shape_pieces(
    shape: tuple[int, ...], most: int, dtype: np.dtype[Any], parts: Iterable[Array]
) -> Iterator[tuple[Box, Array]]:
    """Yield the regions of :func:`cut_shape` with their elements: views where a region lies in one part, else copies.

    Args:
        shape: Of the tensor.
        most: Elements of a region.
        dtype: Of the elements.
        parts: All elements in C order, in flat arrays of any sizes.
    """
    stream = _Stream(parts, dtype)
    for region in cut_shape(shape, most):
        sizes = region_shape(region)
        yield region, stream.take(math.prod(sizes)).reshape(sizes)


class _Stream:
    """Elements that come in parts of any sizes, taken as many at a time as are wanted."""

    def __init__(self, parts: Iterable[Array], dtype: np.dtype[Any]) -> None:
        self._parts = iter(parts)
        self._part: Array = np.empty(0, dtype)

    def take(self, count: int) -> Array:
        """Return the next elements."""
        if not self._part.size:
            self._part = next(self._parts, self._part)
        if count <= self._part.size:
            return self._cut(count)
        taken: Array = np.empty(count, self._part.dtype)
        filled = 0
        while filled < count:
            if not self._part.size:
                self._part = next(self._parts)
            part = self._cut(count - filled)
            taken[filled : filled + part.size] = part
            filled += part.size
        return taken

    def _cut(self, count: int) -> Array:
        taken, self._part = self._part[:count], self._part[count:]
        return taken
