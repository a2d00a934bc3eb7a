"""Tensors that are worked out when they are asked for: what steps make of the tensors of a source.

A step reads nothing. It says of each tensor what it is made of, and a region of the result is made of regions of those.
So a conversion needs memory for a few pieces, whatever the tensors' sizes and however many steps there are.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.pieces import (
    PIECE_SIZE,
    Box,
    cut_shape,
    elements_of,
    part_of,
    region_shape,
    shape_pieces,
)
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.steps.transposition import Axes, permuted
from ckpt_magics.files.tensors.reading_ahead import read_ahead
from ckpt_magics.files.tensors.source import Array, NamedValues
from ckpt_magics.files.tensors.stored_pieces import StoredPieces

__all__ = ["ArrayTensor", "Elementwise", "Joined", "LazyTensor", "Part", "Reshaped", "SourceTensor", "Transposed"]


_TOGETHER = 8 << 20
"""Bytes of pieces of several tensors that belong together, however small a piece of the result is."""


class LazyTensor(ABC):
    """A tensor whose elements are made when they are asked for.

    Attributes:
        dtype: Of the elements.
        shape: Sizes of the dimensions.
    """

    streams = False
    """Whether its pieces are made one after the other at the cost of their bytes, so that small ones, which stay in a
    core's cache, are the quickest. Large ones are where each is gathered from all over a file."""

    def __init__(self, dtype: DType, shape: tuple[int, ...]) -> None:
        self.dtype = dtype
        self.shape = shape

    @property
    def size(self) -> int | None:
        """Bytes of all elements; None of strings."""
        return math.prod(self.shape) * self.dtype.itemsize if self.dtype.itemsize else None

    @property
    def whole(self) -> Box:
        """The region that is all of it."""
        return tuple(slice(0, size) for size in self.shape)

    @abstractmethod
    def read(self, box: Box) -> Array:
        """Return a region, which the caller does not change.

        Raises:
            CheckpointError: It cannot be read, or an element does not fit its dtype.
        """

    def pieces(self, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Yield regions in C order with their elements, of at most so many bytes; strings come whole."""
        if not self.dtype.itemsize:
            yield self.whole, self.read(self.whole)
            return
        for box in cut_shape(self.shape, elements_of(at_most, self.dtype.itemsize)):
            yield box, self.read(box)


class SourceTensor(LazyTensor):
    """A tensor as a source has it.

    Args:
        source: Which has it.
        key: What it is called there.
        dtype: What the source says of it.
        shape: Likewise.
    """

    def __init__(self, source: NamedValues, key: bytes, dtype: DType, shape: tuple[int, ...]) -> None:
        super().__init__(dtype, shape)
        self.streams = True
        self.source = source
        self.key = key
        self._is_sound = False

    def read(self, box: Box) -> Array:
        """Return a region, after the whole was read once for its checksum."""
        if box == self.whole:
            return self.source.read(self.key)
        if not self.dtype.itemsize or math.prod(self.shape) * self.dtype.itemsize <= PIECE_SIZE:
            return part_of(self.source.read(self.key), box)
        if not self._is_sound:
            for _ in self.source.pieces(self.key):
                pass
            self._is_sound = True
        return self.source.read(self.key, TensorSlice.of(box))

    def pieces(self, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return the pieces as the source gives them."""
        return self.source.pieces(self.key, at_most)


class ArrayTensor(LazyTensor):
    """An array.

    Args:
        dtype: Of the elements.
        array: Which has them.
    """

    def __init__(self, dtype: DType, array: Array) -> None:
        super().__init__(dtype, array.shape)
        self._array = array

    def read(self, box: Box) -> Array:
        """Return a view of a region."""
        return part_of(self._array, box)


class Elementwise(LazyTensor):
    """What a function makes of each element.

    Args:
        of: Tensors of one shape.
        dtype: Of the results.
        function: Takes an array of each and returns a new one of their shape.
    """

    def __init__(self, of: Sequence[LazyTensor], dtype: DType, function: Callable[..., Array]) -> None:
        super().__init__(dtype, of[0].shape)
        self.streams = all(tensor.streams for tensor in of)
        self._of = of
        self._function = function

    def read(self, box: Box) -> Array:
        """Return a region."""
        # NumPy makes scalars of arrays without dimensions.
        return np.asarray(self._function(*(tensor.read(box) for tensor in self._of)))

    def pieces(self, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return what the function makes of pieces of all of them, which together are about as large as one may be."""
        widest = max(self.dtype.itemsize, *(tensor.dtype.itemsize for tensor in self._of))
        # Those of many are so small that most of the time would go by between them.
        share = max(at_most // len(self._of), min(at_most, _TOGETHER // len(self._of)))
        parts = (piece.reshape(-1) for piece in self._parts(elements_of(share, widest)))
        return shape_pieces(self.shape, elements_of(at_most, self.dtype.itemsize), self.dtype.numpy, parts)

    def _parts(self, most: int) -> Iterator[Array]:
        pieces = (tensor.pieces(most * tensor.dtype.itemsize) for tensor in self._of)
        together = zip(*pieces, strict=True)
        for parts in together if math.prod(self.shape) <= most else read_ahead(together):
            yield np.asarray(self._function(*(array for _, array in parts)))


class Transposed(LazyTensor):
    """A tensor with its dimensions in another order.

    Args:
        of: The tensor.
        axes: Its dimension for each of the result, as NumPy's ``transpose`` has it.
    """

    def __init__(self, of: LazyTensor, axes: Axes) -> None:
        super().__init__(of.dtype, permuted(of.shape, axes))
        self._of = of
        self._axes = axes

    def read(self, box: Box) -> Array:
        """Return a region, in memory as C order has it."""
        old = tuple(box[self._axes.index(axis)] for axis in range(len(self._axes)))
        return np.asarray(self._of.read(old).transpose(self._axes), order="C")


class Part(LazyTensor):
    """A region of a tensor.

    Args:
        of: The tensor.
        box: The region.
    """

    def __init__(self, of: LazyTensor, box: Box) -> None:
        super().__init__(of.dtype, region_shape(box))
        self._of = of
        self._box = box

    def read(self, box: Box) -> Array:
        """Return a region of it."""
        shifted = (
            slice(outer.start + one.start, outer.start + one.stop) for outer, one in zip(self._box, box, strict=True)
        )
        return self._of.read(tuple(shifted))


class Joined(LazyTensor):
    """Tensors one behind the other along a dimension.

    Args:
        of: The tensors, of one dtype and, but for that dimension, one shape.
        axis: The dimension.
    """

    def __init__(self, of: Sequence[LazyTensor], axis: int) -> None:
        shape = list(of[0].shape)
        shape[axis] = sum(tensor.shape[axis] for tensor in of)
        super().__init__(of[0].dtype, tuple(shape))
        self._of = of
        self._axis = axis

    def read(self, box: Box) -> Array:
        """Return a region."""
        start, found = 0, []
        wanted = box[self._axis]
        for tensor in self._of:
            length = tensor.shape[self._axis]
            first, last = max(wanted.start - start, 0), min(wanted.stop - start, length)
            if first < last:
                found.append(tensor.read((*box[: self._axis], slice(first, last), *box[self._axis + 1 :])))
            start += length
        return np.concatenate(found, self._axis) if found else np.empty(region_shape(box), self.dtype.numpy)


class Reshaped(LazyTensor):
    """The elements of a tensor, in C order, in another shape.

    Args:
        of: The tensor.
        shape: With as many elements.
    """

    def __init__(self, of: LazyTensor, shape: tuple[int, ...]) -> None:
        super().__init__(of.dtype, shape)
        self.streams = of.streams
        self._of = of

    def pieces(self, at_most: int = PIECE_SIZE) -> Iterator[tuple[Box, Array]]:
        """Return regions of the elements in order."""
        if not self.dtype.itemsize:
            return super().pieces(at_most)
        most = elements_of(at_most, self.dtype.itemsize)

        def reshaped(pieces: Iterator[tuple[Box, Array]]) -> Iterator[tuple[Box, Array]]:
            return shape_pieces(self.shape, most, self.dtype.numpy, (piece.reshape(-1) for _, piece in pieces))

        pieces = self._of.pieces(at_most)
        return pieces.cut(reshaped) if isinstance(pieces, StoredPieces) else reshaped(pieces)

    def read(self, box: Box) -> Array:
        """Return a region: out of the rows that it lies in, or, if they are too many to hold, in halves."""
        if box == self.whole:
            return self._of.read(self._of.whole).reshape(self.shape)
        sizes = region_shape(box)
        if 0 in sizes:
            return np.empty(sizes, self.dtype.numpy)
        first = int(np.ravel_multi_index([part.start for part in box], self.shape))
        last = int(np.ravel_multi_index([part.stop - 1 for part in box], self.shape)) + 1
        widest = next((axis for axis, size in enumerate(sizes) if size > 1), None)
        if widest is not None and (last - first) * self.dtype.itemsize > PIECE_SIZE:
            return np.concatenate([self.read(half) for half in _halves(box, widest)], widest)
        flat = self._flat(first, last)
        steps = [math.prod(self.shape[axis + 1 :]) * flat.itemsize for axis in range(len(sizes))]
        return np.lib.stride_tricks.as_strided(flat, sizes, steps).copy()

    def _flat(self, first: int, last: int) -> Array:
        """Elements one behind the other: out of boxes that begin and end in the middle of no row."""
        boxes = _boxes_of_run(self._of.shape, first, last)
        return np.concatenate([self._of.read(box).reshape(-1) for box in boxes])


def _halves(box: Box, axis: int) -> tuple[Box, Box]:
    start, stop = box[axis].start, box[axis].stop
    middle = (start + stop) // 2
    return tuple((*box[:axis], part, *box[axis + 1 :]) for part in (slice(start, middle), slice(middle, stop)))  # type: ignore[return-value]


def _boxes_of_run(shape: tuple[int, ...], first: int, last: int) -> Iterator[Box]:
    """Yield the boxes that a run of elements in C order is made of."""
    if last - first == math.prod(shape):
        yield tuple(slice(0, size) for size in shape)
        return
    row = math.prod(shape[1:])
    index, start, stop = first // row, -(-first // row), last // row
    if stop < start:
        yield from _within_row(shape, index, first - index * row, last - index * row)
        return
    if index < start:
        yield from _within_row(shape, index, first - index * row, row)
    if start < stop:
        yield (slice(start, stop), *(slice(0, size) for size in shape[1:]))
    if stop * row < last:
        yield from _within_row(shape, stop, 0, last - stop * row)


def _within_row(shape: tuple[int, ...], index: int, first: int, last: int) -> Iterator[Box]:
    return ((slice(index, index + 1), *box) for box in _boxes_of_run(shape[1:], first, last))
