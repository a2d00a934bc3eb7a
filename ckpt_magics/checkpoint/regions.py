"""What a user may write for a part of a tensor."""

from __future__ import annotations

import operator

from ckpt_magics.errors import InternalError, InvalidArgumentError
from ckpt_magics.formats.shapes import format_shape
from ckpt_magics.formats.tensor_slice import Extent, TensorSlice

Region = str | TensorSlice | slice | tuple[slice, ...]

_STEPS: tuple[object, ...] = (None, 1)


def as_tensor_slice(region: object, shape: tuple[int, ...]) -> TensorSlice:
    """Return the slice that ``region`` means for a tensor of ``shape``.

    Slices may be fewer than the dimensions, may count from the end and may reach over it, as in indexing.

    Raises:
        InvalidArgumentError: It does not fit the shape, or has a step.

    >>> as_tensor_slice((slice(1, None), slice(-2, None)), (4, 3)).format()
    '1,3:1,2'
    """
    if isinstance(region, slice):
        region = (region,)
    if isinstance(region, str):
        region = TensorSlice.parse(region)
    if isinstance(region, TensorSlice):
        try:
            region.resolve(shape)
        except InternalError as error:
            raise InvalidArgumentError(error.message) from error
        return region
    if not isinstance(region, tuple) or len(region) > len(shape):
        raise InvalidArgumentError(f"region {region!r} does not fit a tensor of shape {format_shape(shape)}")
    padded = (*region, *[slice(None)] * (len(shape) - len(region)))
    return TensorSlice(tuple(_to_extent(part, size) for part, size in zip(padded, shape, strict=True)))


def _to_extent(part: object, size: int) -> Extent:
    if not isinstance(part, slice) or part.step not in _STEPS:
        raise InvalidArgumentError(f"{part!r} is not a slice of step 1")
    try:
        start, stop, _ = part.indices(size)
        return Extent(operator.index(start), max(stop - start, 0))
    except TypeError as error:
        raise InvalidArgumentError(f"{part!r} is not a slice of integers") from error
