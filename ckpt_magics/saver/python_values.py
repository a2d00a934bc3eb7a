"""Python's own numbers, strings and lists of them as tensors, and tensors as Python values again."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

from typing import Any

import numpy as np

from ckpt_magics.saver.spec import Array, Spec

__all__ = [
    "is_plain",
    "is_plain_list",
    "list_spec",
    "list_to_array",
    "new_plain",
    "plain_spec",
    "plain_to_array",
    "refill_list",
]

_PLAIN = (bool, int, float, complex, str, bytes, bytearray)
_FAMILIES = {bool: "boolean", int: "integer", float: "floating", complex: "complex"}


def is_plain(value: object) -> bool:
    """Whether it is a Python number, string or bytes."""
    return isinstance(value, _PLAIN)


def plain_to_array(value: Any) -> Array:
    """Return a Python value as an array of rank 0: int64 or uint64, float64, complex128, bool, or bytes objects."""
    if isinstance(value, str | bytes | bytearray):
        array = np.empty((), dtype=object)
        array[()] = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(value)
        return array
    array = np.asarray(value)
    if array.dtype == object:
        message = f"{value} does not fit in 64 bits"
        raise TypeError(message)
    return array


def plain_spec(value: Any) -> Spec:
    """A Python number takes any width of its own family, since Python's are wider than all of them."""
    family = next((family for kind, family in _FAMILIES.items() if isinstance(value, kind)), "string")
    return Spec((), None, family)


def new_plain(old: Any, array: Array) -> Any:
    """Return the element as a value of the old one's type."""
    item = array[()]
    if isinstance(old, str):
        return bytes(item).decode("utf-8", "surrogateescape")
    return type(old)(item.item() if hasattr(item, "item") else item)


def is_plain_list(value: object) -> bool:
    """Whether it is a list or tuple of nothing but numbers or of strings, nested regularly: one tensor."""
    return isinstance(value, list | tuple) and _regular_shape(value) is not None


def _regular_shape(value: object, depth: int = 0) -> tuple[bool, tuple[int, ...]] | None:
    """Whether the items are strings, and the shape; None when ragged, mixed, empty, or holding anything else."""
    if isinstance(value, str | bytes | bytearray | np.str_ | np.bytes_):
        return True, ()
    if isinstance(value, (*_PLAIN, np.generic)):
        return False, ()
    # NumPy's arrays have at most 64 dimensions; the limit also ends a list that contains itself.
    if not isinstance(value, list | tuple) or hasattr(value, "_fields") or depth == 64:
        return None
    rows = {_regular_shape(item, depth + 1) for item in value}
    row = rows.pop() if len(rows) == 1 else None
    return None if row is None else (row[0], (len(value), *row[1]))


def list_to_array(value: Any) -> Array:
    """Return a regular nested list as an array; strings become bytes objects."""
    shape = _regular_shape(value)
    if shape is not None and shape[0]:
        strings = np.empty(shape[1], dtype=object)
        strings.ravel()[:] = [plain_to_array(item)[()] for item in _items(value)]
        return strings
    array = np.array(value)
    if array.dtype == object:
        message = "its numbers do not fit in 64 bits"
        raise TypeError(message)
    return array


def _items(value: Any) -> list[Any]:
    """The innermost items, in order."""
    items = list(value)
    while items and isinstance(items[0], list | tuple):
        items = [item for row in items for item in row]
    return items


def list_spec(value: Any) -> Spec:
    """A list has no fixed length, so any shape fits; its numbers stay of their family."""
    first = _items(value)[0]
    if isinstance(first, np.generic):
        return Spec(None, first.dtype)
    return Spec(None, None, plain_spec(first).family)


def refill_list(old: Any, array: Array) -> Any:
    """Give a list new contents, in place; a tuple becomes a new tuple."""
    items = array
    if isinstance(_items(old)[0], str):
        items = np.empty(array.shape, dtype=object)
        items.ravel()[:] = [new_plain("", item) for item in map(plain_to_array, array.ravel())]
    if isinstance(old, tuple):
        return tuple(items.tolist())
    old[:] = items.tolist() if array.ndim else [items.tolist()]
    return old
