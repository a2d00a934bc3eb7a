"""Putting together a tensor, or a part of one, from the slices it was stored in.

Every element asked for has to come from exactly one slice: a gap would leave memory as it was found, and an overlap
leaves it open which value counts. TensorFlow's words are used for both.

Format: tensorflow/core/util/tensor_slice_set.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.checkpoint.store import Array, TensorEntry
from ckpt_magics.errors import DataLossError, InternalError, InvalidArgumentError, visible
from ckpt_magics.formats.tensor_data import empty_array
from ckpt_magics.formats.tensor_slice import Extent, TensorSlice

Bounds = npt.NDArray[np.int64]
"""int64 [slices, rank, 2]: start and end of each slice in each dimension."""

ReadSlice = Callable[[int, TensorSlice | None, Array | None], Array]
"""Reads slice number i, or the part of it that a TensorSlice (relative to it) says, into an array if one is given."""


def bounds_of(slices: Iterable[TensorSlice], shape: tuple[int, ...]) -> Bounds:
    """Return start and end of slices of a tensor of ``shape``; refuses one that does not fit."""
    rows = [[(part.start, part.stop) for part in item.resolve(shape)] for item in slices]
    return np.array(rows, np.int64).reshape(len(rows), len(shape), 2)


def find_overlap(bounds: Bounds) -> tuple[int, int] | None:
    """Return the positions of two slices that share an element, None when no two do.

    Slices are swept along the dimension that tells most of them apart, so that n slices cut along one axis cost n
    comparisons.
    """
    count, rank, _ = bounds.shape
    if count < 2:
        return None
    if not rank:
        return 0, 1
    axis = max(range(rank), key=lambda dimension: len(np.unique(bounds[:, dimension, 0])))
    order = np.argsort(bounds[:, axis, 0], kind="stable")
    ordered = bounds[order]
    # Whoever starts before this one ends is a candidate.
    reach = np.searchsorted(ordered[:, axis, 0], ordered[:, axis, 1], "left")
    for position in np.flatnonzero(reach > np.arange(1, count + 1)):
        rivals = ordered[position + 1 : reach[position]]
        shared = np.minimum(rivals[..., 1], ordered[position, :, 1]) > np.maximum(
            rivals[..., 0], ordered[position, :, 0]
        )
        hits = np.flatnonzero(shared.all(axis=1))
        if hits.size:
            return int(order[position]), int(order[position + 1 + hits[0]])
    return None


def assemble(
    tensor: TensorEntry,
    region: TensorSlice,
    read_slice: ReadSlice,
    *,
    most_elements: Callable[[Sequence[int]], int],
    out: Array | None = None,
) -> Array:
    """Return a region of a partitioned tensor; only the slices that reach into it are read.

    Args:
        tensor: What the checkpoint says about it, its slices above all.
        region: What is wanted.
        read_slice: Reads a slice or a part of it.
        most_elements: Says how many elements the files of some slices can hold, so that no more memory is allocated
            than the files justify.
        out: Array of the region's shape to fill; a fresh one if None.

    Raises:
        InternalError: Two slices overlap.
        InvalidArgumentError: The slices leave a part of the region out.
    """
    slices = tensor.slices
    bounds = bounds_of(slices, tensor.shape)
    overlap = find_overlap(bounds)
    if overlap:
        first, second = sorted(overlap)
        raise InternalError(
            f"Overlapping slices: existing slice = {slices[first].format()}, new slice = {slices[second].format()}"
        )
    wanted = bounds_of([region], tensor.shape)[0]
    starts = np.maximum(bounds[..., 0], wanted[:, 0])
    ends = np.minimum(bounds[..., 1], wanted[:, 1])
    used = np.flatnonzero((ends > starts).all(axis=1))
    sizes = (wanted[:, 1] - wanted[:, 0]).tolist()
    covered = sum(math.prod(row) for row in (ends[used] - starts[used]).tolist())
    if covered != math.prod(sizes):
        raise InvalidArgumentError(
            f"Does not have sufficient slices for partitioned tensor {visible(tensor.name)} to restore in slice_spec: "
            f"{region.format()}",
            hint=f"{math.prod(sizes) - covered} of {math.prod(sizes)} elements are in no slice.",
        )
    if out is None:
        if covered > (most := most_elements(used.tolist())):
            raise DataLossError(f"the slices list {covered} elements, the files can hold {most}")
        out = empty_array(tuple(sizes), tensor.dtype)
    for index in used:
        span = np.stack([starts[index], ends[index]], 1)
        ranges = (span - wanted[:, :1]).tolist()
        part = None
        if (span != bounds[index]).any():
            inside = span - bounds[index][:, :1]
            part = TensorSlice(tuple(Extent(low, high - low) for low, high in inside.tolist()))
        _copy_part(int(index), part, read_slice, _part_of(out, ranges))
    return out


def _copy_part(index: int, part: TensorSlice | None, read_slice: ReadSlice, target: Array) -> None:
    """Read one slice, or the part of it that is wanted, into its place; straight, where memory allows it."""
    if target.flags.c_contiguous:
        read_slice(index, part, target)
    else:
        target[...] = read_slice(index, part, None)


def _part_of(array: Array, ranges: list[tuple[int, int]]) -> Array:
    """Return a view of a part of an array; of a scalar too, where an index without ellipsis would be a copy."""
    index: tuple[Any, ...] = (*(slice(low, high) for low, high in ranges), ...)
    view: Array = array[index]
    return view
