"""Stored tensors in another dtype or shape: what may be converted, and the conversion, which loses no magnitude."""

from __future__ import annotations

from typing import Any

import numpy as np

from ckpt_magics.errors import TensorMismatchError
from ckpt_magics.saver.spec import Array, Spec, dtype_family, element_count

__all__ = ["can_cast", "can_reshape", "cast_dtype", "converted"]

# Each family can become itself and those after it; an integer may also come from a float, by cutting off.
_TARGETS = {
    "boolean": {"boolean", "integer", "floating", "complex"},
    "integer": {"boolean", "integer", "floating", "complex"},
    "floating": {"boolean", "integer", "floating", "complex"},
    "complex": {"complex"},
    "string": {"string"},
}
_WIDEST = {"boolean": np.bool_, "integer": np.int64, "floating": np.float64, "complex": np.complex128}


def can_reshape(spec: Spec, shape: tuple[int, ...]) -> bool:
    """Whether the place has as many elements as the stored shape."""
    count = element_count(spec.shape)
    return count is not None and count == element_count(shape)


def cast_dtype(spec: Spec) -> np.dtype[Any] | None:
    """Return the dtype to cast to for a place, None when it takes all."""
    if spec.dtype is not None:
        return spec.dtype
    return np.dtype(_WIDEST[spec.family]) if spec.family in _WIDEST else None


def can_cast(spec: Spec, dtype: np.dtype[Any]) -> bool:
    """Whether a stored dtype can be cast to the place's: numbers to numbers, but nothing complex to real."""
    family = dtype_family(spec.dtype) if spec.dtype is not None else spec.family
    return family in _TARGETS.get(dtype_family(dtype), set())


def converted(array: Array, spec: Spec, name: str, *, reshape: bool, cast: bool) -> Array:
    """Return a stored array in the place's shape and dtype.

    Raises:
        TensorMismatchError: An element does not fit: a number outside of the integer's range or not a number, or
            text that is longer than the array's.
    """
    if reshape and spec.shape is not None and not spec.accepts_shape(array.shape):
        array = array.reshape([length or 0 for length in spec.shape])
    wanted = cast_dtype(spec)
    if wanted is None or spec.accepts_dtype(array.dtype):
        if wanted is not None and wanted.kind in "SU":
            _check_width(array, wanted, name)
        return array
    if not cast:
        raise TensorMismatchError(f"dtype {array.dtype} is not {wanted}", tensor=name)
    if dtype_family(wanted) == "integer":
        _check_range(array, wanted, name)
    return np.asarray(array.astype(wanted))


def _check_range(array: Array, wanted: np.dtype[Any], name: str) -> None:
    if not array.size or dtype_family(array.dtype) == "boolean":
        return
    import ml_dtypes

    limits: Any = ml_dtypes.iinfo(wanted)  # type: ignore[no-untyped-call]
    low, high = array.min(), array.max()
    # Not-a-number makes both comparisons false.
    if not (int(limits.min) <= low and high <= int(limits.max)):
        raise TensorMismatchError(
            f"values from {low} to {high} do not fit in {wanted.name}, which holds {limits.min} to {limits.max}",
            tensor=name,
        )


def _check_width(array: Array, wanted: np.dtype[Any], name: str) -> None:
    width = wanted.itemsize // (4 if wanted.kind == "U" else 1)
    longest = max((len(bytes(item)) for item in array.ravel()), default=0)
    if longest > width:
        raise TensorMismatchError(
            f"a string of {longest} bytes does not fit in the array's {width} characters", tensor=name
        )
