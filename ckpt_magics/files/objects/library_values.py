"""Tensors and variables of TensorFlow, Keras, JAX and others as arrays, and the way back.

The libraries are never imported here: an object of a library exists only when its user has imported it, so the
library is looked up in ``sys.modules``; most kinds are known by what they can do.
"""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ckpt_magics.errors import FailedPreconditionError
from ckpt_magics.files.tensors.spec import Array, Spec
from ckpt_magics.files.tensors.text_values import TEXT_KINDS

__all__ = [
    "array_like_spec",
    "array_like_to_array",
    "declared_spec",
    "is_array_like",
    "is_instance_of",
    "is_variable",
    "like",
    "numpy_dtype",
    "same_elements",
    "set_variable",
    "snapshot_variable",
    "undo_variable",
    "variable_to_array",
]


def is_instance_of(value: object, module: str, name: str) -> bool:
    """Whether it is an instance of ``module.name``, when that module is loaded at all."""
    library = sys.modules.get(module)
    kind = getattr(library, name, None)
    return isinstance(kind, type) and isinstance(value, kind)


def numpy_dtype(dtype: Any) -> np.dtype[Any]:
    """Return the NumPy dtype of any library's dtype."""
    known: np.dtype[Any] = np.dtype(getattr(dtype, "as_numpy_dtype", dtype))
    return known


def declared_spec(value: Any) -> Spec:
    """The shape and dtype that a tensor-like object declares; its elements are not read."""
    shape = value.shape
    if hasattr(shape, "rank"):
        shape = None if shape.rank is None else shape.as_list()
    dtype = numpy_dtype(value.dtype)
    return Spec(None if shape is None else tuple(shape), dtype)


def is_variable(value: object) -> bool:
    """Whether it is a variable as TensorFlow and Keras have them: it has a shape, a dtype, ``numpy`` and ``assign``."""
    return all(hasattr(type(value), name) for name in ("shape", "dtype", "numpy", "assign"))


def variable_to_array(variable: Any) -> Array:
    """Return the variable's values, which may be in its own memory."""
    return np.asarray(variable.numpy())


def snapshot_variable(variable: Any) -> Array | None:
    """Return a copy of the variable's values; None if it has none yet, as one of a session may."""
    try:
        array = variable_to_array(variable)
    except FailedPreconditionError:
        return None
    # An array of its own that nobody can write to never changes; those of a session are such.
    is_final = array.base is None and not array.flags.writeable
    return array if is_final else array.copy()


def set_variable(variable: Any, array: Array) -> Any:
    """Assign values to a variable."""
    variable.assign(array)
    return variable


def undo_variable(variable: Any, before: Array | None) -> None:
    """Assign a variable its values again, unless it has them: it may refuse these too."""
    if before is not None and not same_elements(variable_to_array(variable), before):
        variable.assign(before)


def same_elements(one: Array, other: Array) -> bool:
    """Whether two arrays are the same, element by element, NaN too."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    # Objects are equal by their own rule, and text of any length lies outside of the array.
    return one.tolist() == other.tolist() if one.dtype.kind in TEXT_KINDS else one.tobytes() == other.tobytes()


def is_symbolic(value: object) -> bool:
    """Whether it is a tensor or variable of this package's graphs, whose value only a session has."""
    return is_instance_of(value, "ckpt_magics.graphs.graph.operators", "Operators")


def is_array_like(value: object) -> bool:
    """Whether NumPy can read it, by ``__array__`` or DLPack."""
    if isinstance(value, type) or is_instance_of(value, "pandas", "DataFrame") or is_symbolic(value):
        return False
    return any(hasattr(type(value), name) for name in ("__array__", "__dlpack__"))


def array_like_to_array(value: Any) -> Array:
    """Return the values of anything with ``__array__`` or DLPack."""
    if hasattr(type(value), "__array__"):
        return np.asarray(value)
    return np.asarray(np.from_dlpack(value))


def array_like_spec(value: Any) -> Spec:
    """What it declares; the dtype of its NumPy form where its own is not one of NumPy's."""
    try:
        return declared_spec(value)
    except (AttributeError, TypeError):
        array = array_like_to_array(value)
        return Spec(array.shape, array.dtype)


def like(value: Any, array: Array) -> Any:
    """Return a new tensor of the same library as ``value`` where it has a plain constructor, else the array."""
    root = type(value).__module__.partition(".")[0]
    if root == "tensorflow":
        return sys.modules["tensorflow"].constant(array)
    if root in {"jax", "jaxlib"}:
        return sys.modules["jax"].numpy.asarray(array)
    return array
