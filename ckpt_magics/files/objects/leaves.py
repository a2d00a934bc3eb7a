"""Values that are one tensor: a row per kind, with how it is read, what it accepts back and how it takes it."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from ckpt_magics.files.object_graph.live_state import StatePart
from ckpt_magics.files.objects import array_values as arrays
from ckpt_magics.files.objects import library_values as library
from ckpt_magics.files.objects import python_values as python
from ckpt_magics.files.objects import series_values as series
from ckpt_magics.files.objects import torch_values
from ckpt_magics.files.tensors.spec import Array, Spec

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
        renew: Takes what ``assign`` takes and returns a new object of the same kind; None where none can be made.
        snapshot: What has to be kept of a value that changes in place, so that the change can be undone.
        undo: Takes the value and the snapshot, and makes the value what it was.
    """

    word: str
    matches: Callable[[Any], bool]
    to_array: Callable[[Any], Array]
    spec: Callable[[Any], Spec]
    assign: Callable[[Any, Array], Any]
    in_place: bool = False
    renew: Callable[[Any, Array], Any] | None = None
    snapshot: Callable[[Any], Any] = lambda _: None
    undo: Callable[[Any, Any], None] = lambda _value, _snapshot: None


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
    LeafKind(
        "NumPy array",
        lambda value: isinstance(value, np.ndarray),
        arrays.unmasked,
        arrays.array_spec,
        arrays.set_array,
        True,
        arrays.new_array,
        arrays.snapshot_array,
        arrays.undo_array,
    ),
    LeafKind(
        "NumPy scalar",
        lambda value: isinstance(value, np.generic) and not python.is_text(value),
        np.asarray,
        lambda value: Spec((), value.dtype),
        lambda old, array: np.asarray(array).astype(old.dtype)[()],
    ),
    LeafKind("Python value", python.is_plain, python.plain_to_array, python.plain_spec, python.new_plain),
    LeafKind("declared tensor", _is_declaration, _no_values, _declaration_spec, _new),
    LeafKind(
        "list",
        python.is_plain_list,
        python.list_to_array,
        python.list_spec,
        python.refill_list,
        True,
        python.new_list,
        python.snapshot_list,
        python.undo_list,
    ),
    LeafKind(
        "PyTorch tensor",
        lambda value: library.is_instance_of(value, "torch", "Tensor"),
        torch_values.torch_to_array,
        torch_values.torch_spec,
        torch_values.set_torch,
        True,
        lambda _, array: torch_values.torch_from_array(array),
        torch_values.snapshot_torch,
        torch_values.undo_torch,
    ),
    LeafKind(
        "pandas Series",
        series.is_fixed_series,
        series.series_to_array,
        series.series_spec,
        series.new_series,
    ),
    LeafKind(
        "pandas Series",
        series.is_series,
        series.series_to_array,
        series.series_spec,
        series.set_series,
        True,
        series.new_series,
        series.snapshot_series,
        series.undo_series,
    ),
    LeafKind("pandas array", series.is_elements, series.elements_to_array, series.elements_spec, series.new_elements),
    LeafKind(
        "variable",
        library.is_variable,
        library.variable_to_array,
        library.array_like_spec,
        library.set_variable,
        True,
        None,
        library.snapshot_variable,
        library.undo_variable,
    ),
    LeafKind(
        "part of a state",
        lambda value: isinstance(value, StatePart),
        lambda value: value.array,
        lambda value: Spec(None, value.dtype.numpy),
        lambda _, array: array,
    ),
    LeafKind("array", library.is_array_like, library.array_like_to_array, library.array_like_spec, library.like),
)

# Checked after the containers, some of which have a field called shape.
DECLARED = LeafKind("declared tensor", _declares, _no_values, _declaration_spec, _new)


def leaf_kind(value: object) -> LeafKind | None:
    """Return how to treat a value that is one tensor, or None when it is not one."""
    return next((kind for kind in LEAF_KINDS if kind.matches(value)), None)
