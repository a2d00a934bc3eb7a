"""Regions of numbers that lie in a file in C order: read at the cost of the region, and little else."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ckpt_magics.files.storage.files import LocalFile
from ckpt_magics.files.tensors.source import Array

__all__ = ["ROWS_SIZE", "read_region"]

ROWS_SIZE = 1 << 20
"""Rows of which only some columns are wanted are read in pieces of this many bytes."""


def read_region(file: LocalFile, offset: int, shape: tuple[int, ...], bounds: tuple[slice, ...], target: Array) -> None:
    """Fill ``target`` (contiguous, of one dimension or more) with a region of the numbers that start at ``offset``."""
    if not target.size:
        return
    first, inner = bounds[0], bounds[1:]
    row_shape = shape[1:]
    row_size = math.prod(row_shape) * target.itemsize
    rows = first.stop - first.start
    offset += first.start * row_size
    if all(part.start == 0 and part.stop == size for part, size in zip(inner, row_shape, strict=True)):
        file.read_into(offset, target.reshape(-1).view(np.uint8).data, "tensor data")
    elif row_size > ROWS_SIZE:
        for row in range(rows):
            read_region(file, offset + row * row_size, row_shape, inner, target[row])
    else:
        step = ROWS_SIZE // row_size
        for row in range(0, rows, step):
            count = min(step, rows - row)
            piece: Array = _read_rows(file, offset + row * row_size, (count, *row_shape), target.dtype)
            target[row : row + count] = piece[(slice(None), *inner)]


def _read_rows(file: LocalFile, offset: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    data = file.read_at(offset, math.prod(shape) * dtype.itemsize, "tensor data")
    return np.frombuffer(data, dtype).reshape(shape)
