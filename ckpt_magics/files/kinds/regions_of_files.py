"""Regions of numbers that lie in a file: read at the cost of the region, and little else."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ckpt_magics.files.formats.shapes import dense_strides, is_dense, span_of
from ckpt_magics.files.tensors.source import Array

__all__ = ["ROWS_SIZE", "ByteSource", "read_region", "read_strided"]

ROWS_SIZE = 1 << 20
"""Elements that do not lie side by side are read in pieces of this many bytes, with what lies between them."""


class ByteSource(Protocol):
    """Bytes that can be read from any place."""

    def read_into(self, offset: int, buffer: memoryview, what: str) -> None:
        """Fill ``buffer`` (writable, bytes) with what stands at ``offset``."""
        ...


def read_region(
    file: ByteSource, offset: int, shape: tuple[int, ...], bounds: tuple[slice, ...], target: Array
) -> None:
    """Fill ``target`` (contiguous, of one dimension or more) with a region of the numbers that start at ``offset``."""
    strides = dense_strides(shape)
    first = sum(part.start * stride for part, stride in zip(bounds, strides, strict=True))
    read_strided(file, offset + first * target.itemsize, strides, target)


def read_strided(file: ByteSource, offset: int, strides: tuple[int, ...], target: Array) -> None:
    """Fill an array with numbers that lie at regular distances.

    Args:
        file: Where they are.
        offset: Of the first one, in bytes.
        strides: What lies between neighbours in each dimension, in elements, 0 or more.
        target: Any layout and order of bytes; the numbers are stored in that order.
    """
    if not target.size:
        return
    if target.flags.c_contiguous and is_dense(target.shape, strides):
        file.read_into(offset, target.reshape(-1).view(np.uint8).data, "tensor data")
        return
    span = span_of(target.shape, strides)
    if span * target.itemsize <= ROWS_SIZE:
        data = np.empty(span, target.dtype)
        file.read_into(offset, data.view(np.uint8).data, "tensor data")
        steps = tuple(stride * target.itemsize for stride in strides)
        target[...] = np.ndarray(target.shape, target.dtype, data, strides=steps)
        return
    _read_along(file, offset, strides, target, _longest(target.shape, strides))


def _longest(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """Return the dimension that reaches furthest."""
    reach = [(size - 1) * stride for size, stride in zip(shape, strides, strict=True)]
    return reach.index(max(reach))


def _read_along(file: ByteSource, offset: int, strides: tuple[int, ...], target: Array, axis: int) -> None:
    """Read as many indices of one dimension at a time as lie together in a piece, one at least."""
    stride, count = strides[axis], target.shape[axis]
    inner = span_of(target.shape[:axis] + target.shape[axis + 1 :], strides[:axis] + strides[axis + 1 :])
    step = max((ROWS_SIZE // target.itemsize - inner) // stride + 1, 1)
    for start in range(0, count, step):
        part: tuple[Any, ...] = (slice(None),) * axis + (slice(start, min(start + step, count)),)
        read_strided(file, offset + start * stride * target.itemsize, strides, target[part])
