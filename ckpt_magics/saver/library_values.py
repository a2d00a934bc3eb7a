"""Tensors of PyTorch, TensorFlow, Keras, JAX and pandas as arrays, and the way back.

The libraries are never imported here: an object of a library exists only when its user has imported it, so the
library is looked up in ``sys.modules``; most kinds are known by what they can do.
"""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ckpt_magics.saver.spec import Array, Spec

__all__ = [
    "array_like_spec",
    "array_like_to_array",
    "decoded",
    "is_array_like",
    "is_instance_of",
    "is_variable",
    "like",
    "numpy_dtype",
    "series_spec",
    "series_to_array",
    "set_series",
    "set_torch",
    "torch_from_array",
    "torch_spec",
    "torch_to_array",
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


# PyTorch has element types that it cannot hand to NumPy; their bits travel as integers of the same width.


def _torch_carrier(tensor: Any) -> tuple[Any, np.dtype[Any]] | None:
    import ml_dtypes

    name = str(tensor.dtype).removeprefix("torch.")
    kind = getattr(ml_dtypes, name, None)
    if kind is None or not name.startswith(("bfloat16", "float8")):
        return None
    torch = sys.modules["torch"]
    return (torch.int16 if tensor.element_size() == 2 else torch.uint8), np.dtype(kind)


def torch_to_array(tensor: Any) -> Array:
    """Return a dense torch tensor's values; on the CPU they are shared, not copied."""
    if getattr(tensor, "is_sparse", False) or str(tensor.layout) != "torch.strided":
        message = "a sparse tensor has no place in a checkpoint; save its .to_dense()"
        raise TypeError(message)
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
    carrier = _torch_carrier(tensor)
    if carrier is None:
        return np.asarray(tensor.numpy())
    return np.asarray(tensor.contiguous().view(carrier[0]).numpy()).view(carrier[1])


def torch_spec(tensor: Any) -> Spec:
    """The tensor's own shape and dtype."""
    carrier = _torch_carrier(tensor)
    dtype = carrier[1] if carrier else np.dtype(str(tensor.dtype).removeprefix("torch."))
    return Spec(tuple(tensor.shape), dtype)


def torch_from_array(array: Array) -> Any:
    """Return a new torch tensor with these values, in the same dtype."""
    torch = sys.modules["torch"]
    array = np.array(array, order="C")
    kind = getattr(torch, array.dtype.name, None)
    if kind is None:
        message = f"PyTorch has no {array.dtype.name}"
        raise TypeError(message)
    if array.dtype.name.startswith(("bfloat16", "float8")):
        return torch.from_numpy(array.view(np.int16 if array.itemsize == 2 else np.uint8)).view(kind)
    return torch.from_numpy(array)


def set_torch(tensor: Any, array: Array) -> Any:
    """Copy values into a torch tensor or parameter, in place and outside of any gradient."""
    with sys.modules["torch"].no_grad():
        tensor.copy_(torch_from_array(array))
    return tensor


def is_variable(value: object) -> bool:
    """Whether it is a variable as TensorFlow and Keras have them: it has a shape, a dtype, ``numpy`` and ``assign``."""
    return all(hasattr(type(value), name) for name in ("shape", "dtype", "numpy", "assign"))


def is_symbolic(value: object) -> bool:
    """Whether it is a tensor or variable of this package's graphs, whose value only a session has."""
    return is_instance_of(value, "ckpt_magics.graph.operators", "Operators")


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


def series_to_array(series: Any) -> Array:
    """Return a pandas Series as an array; missing values are NaN in a column of floats, else they are refused."""
    dtype = _element_dtype(series)
    may_be_nan = dtype.kind in "fcmM"
    # Otherwise pandas makes floats of integers among which some are missing, and rounds the large ones.
    array = series.to_numpy(dtype, na_value=np.nan) if dtype.kind == "f" else series.to_numpy()
    if not may_be_nan and series.isna().any():
        message = f"it has missing values and dtype {series.dtype}; fill them, or convert it to float"
        raise TypeError(message)
    return np.asarray(array)


def series_spec(series: Any) -> Spec:
    """The column's length and the NumPy dtype of its elements, some of which may be missing now."""
    return Spec((len(series),), _element_dtype(series))


def _element_dtype(series: Any) -> np.dtype[Any]:
    dtype = getattr(getattr(series.dtype, "categories", None), "dtype", series.dtype)
    if not isinstance(dtype, np.dtype) and dtype.kind in "iufcb":
        # Int64 and its like, or a sparse column.
        dtype = getattr(dtype, "numpy_dtype", getattr(dtype, "subtype", None))
    return dtype if isinstance(dtype, np.dtype) else np.dtype(series.to_numpy().dtype)


def set_series(series: Any, array: Array) -> Any:
    """Set a Series' values in place; its index stays."""
    series.iloc[:] = decoded(array) if array.dtype == object else array
    return series


def decoded(array: Array) -> Array:
    """Return an array of bytes objects as one of str objects."""
    texts = np.empty(array.shape, dtype=object)
    texts.ravel()[:] = [bytes(item).decode("utf-8", "surrogateescape") for item in array.ravel()]
    return texts
