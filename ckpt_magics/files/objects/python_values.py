"""Python's own numbers, strings and lists of them as tensors, and tensors as Python values again."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

from typing import Any

import numpy as np

from ckpt_magics.files.tensors.spec import Array, Spec, dtype_family
from ckpt_magics.files.tensors.text_values import bytes_of, text_like

__all__ = [
    "is_plain",
    "is_plain_list",
    "is_text",
    "list_spec",
    "list_to_array",
    "new_list",
    "new_plain",
    "plain_spec",
    "plain_to_array",
    "refill_list",
    "snapshot_list",
    "undo_list",
]

_TEXTS = (str, bytes, bytearray)
_PLAIN = (bool, int, float, complex, *_TEXTS)
_FAMILIES = {bool: "boolean", int: "integer", float: "floating", complex: "complex"}


def is_plain(value: object) -> bool:
    """Whether it is a Python number, string or bytes."""
    return isinstance(value, _PLAIN)


def is_text(value: object) -> bool:
    """Whether it is a string or bytes, of Python or of NumPy."""
    return isinstance(value, _TEXTS)


def plain_to_array(value: Any) -> Array:
    """Return a Python value as an array of rank 0: int64 or uint64, float64, complex128, bool, or bytes objects."""
    if is_text(value):
        array = np.empty((), dtype=object)
        array[()] = bytes_of(value)
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
    item: Any = array[()]
    if is_text(old):
        return text_like(old, item)
    return type(old)(item.item() if hasattr(item, "item") else item)


def is_plain_list(value: object) -> bool:
    """Whether it is a list or tuple of nothing but numbers or of strings, nested regularly: one tensor."""
    return isinstance(value, list | tuple) and _regular_shape(value) is not None


def _regular_shape(value: object, depth: int = 0) -> tuple[bool, tuple[int, ...]] | None:
    """Whether the items are strings, and the shape; None when ragged, mixed, empty, or holding anything else."""
    if is_text(value):
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
    """Return a regular nested list as an array; strings become bytes objects.

    Raises:
        TypeError: No dtype holds all its numbers as they are.
    """
    shape = _regular_shape(value)
    items = _items(value)
    if shape is not None and shape[0]:
        strings = np.empty(shape[1], dtype=object)
        strings.ravel()[:] = list(map(bytes_of, items))
        return strings
    array = _numbers(value, items)
    if array.dtype == object:
        message = "its numbers do not fit in 64 bits"
        raise TypeError(message)
    if not _is_exact(items, array):
        message = "no dtype holds all its numbers as they are"
        raise TypeError(message)
    return array


def _numbers(value: Any, items: list[Any]) -> Array:
    """A list of numbers in the dtype that NumPy gives it, but whole numbers up to 2**64 as such."""
    array = np.array(value)
    if array.dtype.kind == "f" and all(isinstance(item, int | np.integer) and item >= 0 for item in items):
        return np.array(value, np.uint64)
    return array


def _is_exact(items: list[Any], array: Array) -> bool:
    """Whether the whole numbers of a list are whole, or among fractions, as they are."""
    if array.dtype.kind not in "fc":
        return True
    whole = [(item, place) for place, item in enumerate(items) if isinstance(item, int | np.integer)]
    flat = array.ravel()
    return len(whole) < len(items) and all(int(flat[place].real) == item for item, place in whole)


def _items(value: Any) -> list[Any]:
    """The innermost items, in order."""
    items = list(value)
    while items and isinstance(items[0], list | tuple):
        items = [item for row in items for item in row]
    return items


def list_spec(value: Any) -> Spec:
    """A list has no fixed length, so any shape fits; its numbers stay of their family."""
    items = _items(value)
    if is_text(items[0]):
        return Spec(None, None, "string")
    # Of mixed numbers the widest counts: as it is saved, so it can be restored.
    dtype = _numbers(value, items).dtype
    if isinstance(items[0], np.generic):
        return Spec(None, dtype)
    return Spec(None, None, "integer" if dtype == np.object_ else dtype_family(dtype))


def refill_list(old: Any, array: Array) -> Any:
    """Give a list new contents, in place; a tuple becomes a new tuple."""
    if isinstance(old, tuple):
        return new_list(old, array)
    old[:] = new_list(old, array)
    return old


def new_list(old: Any, array: Array) -> Any:
    """Return the elements as lists and tuples nested as the old ones are, of values of the same types."""
    kinds: list[type] = []
    level = old
    while isinstance(level, list | tuple):
        kinds.append(tuple if isinstance(level, tuple) else list)
        level = level[0]
    return _nested(_with_types(_items(old), np.atleast_1d(array)), kinds)


def _with_types(old: list[Any], array: Array) -> Array:
    """The elements as an array of objects: Python's numbers, or NumPy's if the old are, and text as each is there."""
    elements = np.empty(array.shape, dtype=object)
    flat = array.ravel()
    if is_text(old[0]):
        models = old if len(old) == flat.size else [old[0]] * flat.size
        elements.ravel()[:] = list(map(text_like, models, flat.tolist()))
    else:
        elements.ravel()[:] = list(flat) if isinstance(old[0], np.generic) else flat.tolist()
    return elements


def _nested(elements: Array, kinds: list[type]) -> Any:
    """An array of objects as nested lists and tuples, by the kind at each depth; lists further down."""
    kind, deeper = (kinds[0], kinds[1:]) if kinds else (list, [])
    return kind(elements.tolist() if elements.ndim == 1 else [_nested(row, deeper) for row in elements])


def snapshot_list(value: Any) -> list[Any]:
    """Return what a list holds; what lies in nested ones never changes."""
    return list(value)


def undo_list(value: Any, before: list[Any]) -> None:
    """Give a list what it held; a tuple never changed."""
    if isinstance(value, list):
        value[:] = before
