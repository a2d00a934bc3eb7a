"""Putting together a tensor, or a part of one, from the slices it was stored in.

Every element asked for has to come from exactly one slice: a gap would leave memory as it was found, and an overlap
leaves it open which value counts. TensorFlow's words are used for both.

Format: tensorflow/core/util/tensor_slice_set.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import DataLossError, InternalError, InvalidArgumentError, visible
from ckpt_magics.files.formats.pieces import Box, cut_shape, elements_of, part_of, shape_pieces
from ckpt_magics.files.formats.tensor_data import empty_array
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.tensors.source import Array, TensorSpec

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
    tensor: TensorSpec,
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
    bounds = bounds_of(tensor.slices, tensor.shape)
    wanted = bounds_of([region], tensor.shape)[0]
    used = _find_used(tensor, region, bounds, most_elements if out is None else None)
    if out is None:
        out = empty_array(tuple((wanted[:, 1] - wanted[:, 0]).tolist()), tensor.dtype)
    for index in used:
        own = bounds[index]
        span = np.stack([np.maximum(own[:, 0], wanted[:, 0]), np.minimum(own[:, 1], wanted[:, 1])], 1)
        place = [slice(low, high) for low, high in (span - wanted[:, :1]).tolist()]
        part = None
        if (span != own).any():
            part = TensorSlice.of([slice(low, high) for low, high in (span - own[:, :1]).tolist()])
        _copy_part(index, part, read_slice, part_of(out, place))
    return out


def check_slices(tensor: TensorSpec, *, most_elements: Callable[[Sequence[int]], int]) -> None:
    """Check that the slices of a tensor are all of it, each element once, and no more than their files can hold.

    Raises:
        InternalError, InvalidArgumentError, DataLossError: As :func:`assemble`.
    """
    _find_used(tensor, TensorSlice.full(len(tensor.shape)), bounds_of(tensor.slices, tensor.shape), most_elements)


def row_order(tensor: TensorSpec) -> list[int] | None:
    """Return the positions of slices that are runs of rows, one behind the other; None if they are anything else."""
    bounds = bounds_of(tensor.slices, tensor.shape)
    full = bounds_of([TensorSlice.full(len(tensor.shape))], tensor.shape)
    if not bounds.size or (bounds[:, 1:] != full[:, 1:]).any():
        return None
    order = np.argsort(bounds[:, 0, 0], kind="stable")
    starts, ends = bounds[order, 0, 0], bounds[order, 0, 1]
    is_whole = starts[0] == 0 and ends[-1] == tensor.shape[0] and (starts[1:] == ends[:-1]).all()
    return order.tolist() if is_whole else None


def iter_pieces(
    tensor: TensorSpec,
    at_most: int,
    slice_parts: Callable[[int], Iterator[Array]],
    read_region: Callable[[TensorSlice], Array],
) -> Iterator[tuple[Box, Array]]:
    """Yield the pieces of a partitioned tensor of numbers in C order.

    Args:
        tensor: What the checkpoint says about it; its slices were checked.
        at_most: Bytes of a piece.
        slice_parts: Gives the elements of slice number i in flat arrays, verified by their end.
        read_region: Reads a region of the tensor, verified or not.
    """
    most = elements_of(at_most, tensor.dtype.itemsize)
    order = row_order(tensor)
    if order is not None:
        parts = chain.from_iterable(map(slice_parts, order))
        yield from shape_pieces(tensor.shape, most, tensor.dtype.numpy, parts)
        return
    # A piece cuts through slices, and only a whole one can be verified.
    for position in range(len(tensor.slices)):
        for _ in slice_parts(position):
            pass
    for region in cut_shape(tensor.shape, most):
        yield region, read_region(TensorSlice.of(region))


def _find_used(
    tensor: TensorSpec,
    region: TensorSlice,
    bounds: Bounds,
    most_elements: Callable[[Sequence[int]], int] | None,
) -> list[int]:
    """Return the positions of the slices that reach into a region, which have each of its elements once."""
    overlap = find_overlap(bounds)
    if overlap:
        first, second = (tensor.slices[position].format() for position in sorted(overlap))
        raise InternalError(f"Overlapping slices: existing slice = {first}, new slice = {second}")
    wanted = bounds_of([region], tensor.shape)[0]
    spans = np.minimum(bounds[..., 1], wanted[:, 1]) - np.maximum(bounds[..., 0], wanted[:, 0])
    used = np.flatnonzero((spans > 0).all(axis=1))
    size = math.prod((wanted[:, 1] - wanted[:, 0]).tolist())
    covered = sum(map(math.prod, spans[used].tolist()))
    if covered != size:
        raise InvalidArgumentError(
            f"Does not have sufficient slices for partitioned tensor {visible(tensor.name)} to restore in slice_spec: "
            f"{region.format()}",
            hint=f"{size - covered} of {size} elements are in no slice.",
        )
    positions: list[int] = used.tolist()
    if most_elements is not None and covered > (most := most_elements(positions)):
        raise DataLossError(f"the slices list {covered} elements, the files can hold {most}")
    return positions


def _copy_part(index: int, part: TensorSlice | None, read_slice: ReadSlice, target: Array) -> None:
    """Read one slice, or the part of it that is wanted, into its place; straight, where memory allows it."""
    if target.flags.c_contiguous:
        read_slice(index, part, target)
    else:
        target[...] = read_slice(index, part, None)
