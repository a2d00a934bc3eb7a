"""Stored tensors in another dtype or shape: what may be converted, and the conversion."""

from __future__ import annotations

from typing import Any

import numpy as np

from ckpt_magics.errors import TensorMismatchError
from ckpt_magics.files.steps.casting import cast_array
from ckpt_magics.files.tensors.spec import Array, Spec, dtype_family, element_count
from ckpt_magics.files.tensors.text_values import decoded

__all__ = ["can_cast", "can_reshape", "cast_dtype", "converted"]

# Real numbers of every family can become those of any other, as far as each value fits; complex ones stay complex,
# since a part would be lost without a word.
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
    return spec.wanted_family in _TARGETS.get(dtype_family(dtype), set())


def converted(array: Array, spec: Spec, name: str, *, reshape: bool, cast: bool) -> Array:
    """Return a stored array in the place's shape and dtype.

    Raises:
        TensorMismatchError: An element does not fit: see `cast_array`, or text that the array would cut off.
    """
    if reshape and spec.shape is not None and not spec.accepts_shape(array.shape):
        array = array.reshape([length or 0 for length in spec.shape])
    wanted = cast_dtype(spec)
    if wanted is not None and wanted.kind in "SUT":
        return decoded(array, wanted, name)
    if wanted is None or spec.accepts_dtype(array.dtype):
        return array
    if not cast:
        raise TensorMismatchError(f"dtype {array.dtype} is not {wanted}", tensor=name)
    return cast_array(array, wanted, name)
