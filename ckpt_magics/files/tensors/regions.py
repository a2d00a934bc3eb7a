"""What a user may write for a part of a tensor."""

from __future__ import annotations

import operator
from types import EllipsisType
from typing import NamedTuple, SupportsIndex

from ckpt_magics.errors import InternalError, InvalidArgumentError, OutOfRangeError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.formats.tensor_slice import Extent, TensorSlice

__all__ = ["Region", "ResolvedRegion", "as_part", "row_range"]

Index = slice | SupportsIndex | EllipsisType
Region = str | TensorSlice | Index | tuple[Index, ...]

_STEPS: tuple[object, ...] = (None, 1)
_SUPPORTED = "a part is given by integers, slices of step 1 and one ...; cut anything else out of the array"


class ResolvedRegion(NamedTuple):
    """A part of a tensor.

    Attributes:
        box: What is read.
        dropped: Dimensions, of length 1 in the box, that the result has not.
    """

    box: TensorSlice
    dropped: tuple[int, ...] = ()

    def shape(self, full_shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the result."""
        box = self.box.shape(full_shape)
        return tuple(size for dimension, size in enumerate(box) if dimension not in self.dropped)


def as_part(region: object, shape: tuple[int, ...]) -> ResolvedRegion:
    """Return the part that ``region`` means for a tensor of ``shape``, as NumPy's basic indexing has it.

    Indices may be fewer than the dimensions and may count from the end; slices may reach over it. An integer drops its
    dimension.

    Raises:
        InvalidArgumentError: It does not fit the shape, has a step, or is an index of another kind.
        OutOfRangeError: An integer reaches over the end.

    >>> as_part((slice(1, None), -1), (4, 3))
    ResolvedRegion(box=TensorSlice(extents=(Extent(start=1, length=3), Extent(start=2, length=1))), dropped=(1,))
    """
    if isinstance(region, str):
        region = TensorSlice.parse(region)
    if isinstance(region, TensorSlice):
        try:
            region.resolve(shape)
        except InternalError as error:
            raise InvalidArgumentError(error.message) from error
        return ResolvedRegion(region)
    indices = _one_per_dimension(region if isinstance(region, tuple) else (region,), shape)
    extents = [_to_extent(part, size) for part, size in zip(indices, shape, strict=True)]
    dropped = (dimension for dimension, part in enumerate(indices) if not isinstance(part, slice))
    return ResolvedRegion(TensorSlice(tuple(extents)), tuple(dropped))


def row_range(rows: object, shape: tuple[int, ...]) -> slice:
    """Return the rows that an integer or a slice means, as a slice from 0 on.

    Raises:
        InvalidArgumentError: It means no rows of a tensor of ``shape``.
        OutOfRangeError: An integer reaches over the end.
    """
    if isinstance(rows, str | tuple | TensorSlice | EllipsisType):
        raise InvalidArgumentError(f"{rows!r} means no rows; they are an integer or a slice of step 1")
    start, length = as_part(rows, shape).box.extents[0]
    return slice(start, start + (length or 0))


def _one_per_dimension(indices: tuple[object, ...], shape: tuple[int, ...]) -> tuple[object, ...]:
    gaps = [position for position, part in enumerate(indices) if part is Ellipsis]
    missing = len(shape) - len(indices) + len(gaps)
    if missing < 0 or len(gaps) > 1:
        raise InvalidArgumentError(f"region {indices!r} does not fit a tensor of shape {format_shape(shape)}")
    gap = gaps[0] if gaps else len(indices)
    return (*indices[:gap], *[slice(None)] * missing, *indices[gap + 1 :])


def _to_extent(part: object, size: int) -> Extent:
    try:
        if isinstance(part, slice) and part.step in _STEPS:
            start, stop, _ = part.indices(size)
            return Extent(operator.index(start), max(stop - start, 0))
        if isinstance(part, slice | bool) or not isinstance(part, SupportsIndex):
            raise InvalidArgumentError(f"{part!r} is not supported here: {_SUPPORTED}")
        index = operator.index(part)
    except TypeError as error:
        raise InvalidArgumentError(f"{part!r} is not supported here: {_SUPPORTED}") from error
    if not -size <= index < size:
        raise OutOfRangeError(f"index {index} is out of bounds for a dimension of size {size}")
    return Extent(index % size, 1)
