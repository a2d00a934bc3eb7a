"""NumPy's arrays as places for tensors: what they accept, and how they take it and give it back."""

from __future__ import annotations

import numpy as np

from ckpt_magics.files.tensors.spec import Array, Spec
from ckpt_magics.files.tensors.text_values import like_elements

__all__ = ["array_spec", "new_array", "set_array", "snapshot_array", "undo_array", "unmasked"]


def unmasked(array: Array) -> Array:
    """Return a plain array of the values; TypeError if some are masked."""
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        message = "a masked array would lose its mask; save its .data and its .mask"
        raise TypeError(message)
    return np.asarray(array)


def array_spec(array: Array) -> Spec:
    """The array's own shape and dtype."""
    return Spec(array.shape, array.dtype, obstacle=_obstacle(array))


def _obstacle(array: Array) -> str:
    """Say why an array cannot take values, whatever they are; "" if it can."""
    if not array.flags.writeable:
        return "it is a read-only array"
    if isinstance(array, np.ma.MaskedArray) and array.hardmask and np.ma.is_masked(array):
        return "it has a hard mask, which keeps the masked elements as they are; .soften_mask() lets them change"
    if _overlaps_itself(array):
        return "its elements share memory, so they cannot have values of their own"
    return ""


def _overlaps_itself(array: Array) -> bool:
    """Whether elements of an array lie in the same bytes, as those of a broadcast array or of windows do."""
    if array.flags.forc or array.size < 2:
        return False
    dimensions = [(abs(step), size) for step, size in zip(array.strides, array.shape, strict=True) if size > 1]
    extent = array.itemsize
    for step, size in sorted(dimensions):
        if step < extent:
            break
        extent += step * (size - 1)
    else:
        # Each step is over all that the smaller ones reach.
        return False
    offsets = np.zeros(1, np.intp)
    for step, size in dimensions:
        offsets = np.add.outer(offsets, step * np.arange(size)).ravel()
    offsets.sort()
    return bool(np.diff(offsets).min() < array.itemsize)


def set_array(target: Array, array: Array) -> Array:
    """Copy values into an array; a soft mask opens, since all values are known now."""
    target[...] = like_elements(target, array) if target.dtype == object else array
    return target


def new_array(old: Array, array: Array) -> Array:
    """Return the values as a new array of the old one's type."""
    return set_array(old.copy(), array)


def snapshot_array(array: Array) -> Array:
    """Return a copy of an array, with its mask if it has one."""
    return array.copy()


def undo_array(array: Array, before: Array) -> None:
    """Give an array its values back, and its mask, past what a subclass may have against it."""
    np.asarray(array)[...] = np.asarray(before)
    if isinstance(array, np.ma.MaskedArray) and isinstance(before, np.ma.MaskedArray):
        array.mask = before.mask
