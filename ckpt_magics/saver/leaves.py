"""Values that are one tensor: a row per kind, with how it is read, what it accepts back and how it takes it."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from ckpt_magics.saver import library_values as library
from ckpt_magics.saver import python_values as python
from ckpt_magics.saver.spec import Array, Spec

__all__ = ["DECLARED", "LEAF_KINDS", "NEW_VALUE", "LeafKind", "leaf_kind"]


@dataclass(frozen=True, slots=True)
class LeafKind:
    """One kind of value that holds one tensor.

    Attributes:
        word: What a user calls it, for messages.
        matches: Whether a value is of this kind.
        to_array: The value as an array.
        spec: The shape and dtype that it accepts.
        assign: Takes the value and an array that fits ``spec``; returns the object that holds it from now on.
        in_place: Whether ``assign`` changes the object and returns it.
    """

    word: str
    matches: Callable[[Any], bool]
    to_array: Callable[[Any], Array]
    spec: Callable[[Any], Spec]
    assign: Callable[[Any, Array], Any]
    in_place: bool = False


def _unmasked(array: Array) -> Array:
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        message = "a masked array would lose its mask; save its .data and its .mask"
        raise TypeError(message)
    return np.asarray(array)


def _array_spec(array: Array) -> Spec:
    return Spec(array.shape, array.dtype, writable=bool(array.flags.writeable))


def _set_array(target: Array, array: Array) -> Array:
    target[...] = library.decoded(array) if target.dtype.kind == "U" else array
    return target


def _set_variable(variable: Any, array: Array) -> Any:
    variable.assign(array)
    return variable


def _is_dtype(value: object) -> bool:
    if isinstance(value, str):
        return value in np.sctypeDict or value == "bfloat16"
    return isinstance(value, np.dtype | type) or hasattr(value, "as_numpy_dtype")


def _is_declaration(value: object) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], tuple | list) and _is_dtype(value[1])


def _declaration_spec(value: Any) -> Spec:
    if not isinstance(value, tuple):
        return library.declared_spec(value)
    import ml_dtypes

    dtype = ml_dtypes.bfloat16 if value[1] == "bfloat16" else value[1]
    return Spec(tuple(value[0]), library.numpy_dtype(dtype))


def _no_values(value: object) -> Array:
    message = f"{type(value).__name__} declares a tensor and has no values here; in a graph, a session has them"
    raise TypeError(message)


def _declares(value: object) -> bool:
    # A module such as NumPy has both as functions and classes, so what they say is looked at.
    if isinstance(value, type | ModuleType) or not (hasattr(value, "shape") and hasattr(value, "dtype")):
        return False
    try:
        shape = library.declared_spec(value).shape
    except (AttributeError, TypeError, ValueError):
        return False
    return shape is None or all(size is None or isinstance(size, int | np.integer) for size in shape)


def _new(_: object, array: Array) -> Any:
    """A new value as the reader gives it: rank 0 as a NumPy scalar or bytes."""
    return array[()] if array.ndim == 0 else array


NEW_VALUE = LeafKind("new value", lambda value: value is None, _no_values, lambda _: Spec(), _new)

# The first row that matches counts, so the particular stands before the general.
LEAF_KINDS: tuple[LeafKind, ...] = (
    LeafKind("NumPy array", lambda value: isinstance(value, np.ndarray), _unmasked, _array_spec, _set_array, True),
    LeafKind(
        "NumPy scalar",
        lambda value: isinstance(value, np.generic),
        np.asarray,
        lambda value: Spec((), value.dtype),
        lambda old, array: np.asarray(array).astype(old.dtype)[()],
    ),
    LeafKind("Python value", python.is_plain, python.plain_to_array, python.plain_spec, python.new_plain),
    LeafKind("declared tensor", _is_declaration, _no_values, _declaration_spec, _new),
    LeafKind("list", python.is_plain_list, python.list_to_array, python.list_spec, python.refill_list, True),
    LeafKind(
        "PyTorch tensor",
        lambda value: library.is_instance_of(value, "torch", "Tensor"),
        library.torch_to_array,
        library.torch_spec,
        library.set_torch,
        True,
    ),
    LeafKind(
        "pandas Series",
        lambda value: library.is_instance_of(value, "pandas", "Series"),
        library.series_to_array,
        library.series_spec,
        library.set_series,
        True,
    ),
    LeafKind(
        "variable",
        library.is_variable,
        lambda value: np.asarray(value.numpy()),
        library.array_like_spec,
        _set_variable,
        True,
    ),
    LeafKind("array", library.is_array_like, library.array_like_to_array, library.array_like_spec, library.like),
)

# Checked after the containers, some of which have a field called shape.
DECLARED = LeafKind("declared tensor", _declares, _no_values, _declaration_spec, _new)


def leaf_kind(value: object) -> LeafKind | None:
    """Return how to treat a value that is one tensor, or None when it is not one."""
    return next((kind for kind in LEAF_KINDS if kind.matches(value)), None)
