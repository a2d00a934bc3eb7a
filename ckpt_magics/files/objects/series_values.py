"""Columns of pandas as arrays, and the way back. pandas is never imported here; see `library_values`."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from ckpt_magics.files.objects.library_values import is_instance_of
from ckpt_magics.files.tensors.spec import Array, Spec
from ckpt_magics.files.tensors.text_values import as_text, like_elements

__all__ = [
    "elements_spec",
    "elements_to_array",
    "frame_columns",
    "is_elements",
    "is_fixed_series",
    "is_series",
    "new_elements",
    "new_series",
    "series_spec",
    "series_to_array",
    "set_series",
    "snapshot_series",
    "undo_frame",
    "undo_series",
    "update_frame",
]


def is_series(value: object) -> bool:
    """Whether it is a pandas Series."""
    return is_instance_of(value, "pandas", "Series")


def is_fixed_series(value: Any) -> bool:
    """Whether it is a Series whose elements can never change, because it stores only some of them."""
    return is_series(value) and hasattr(value.dtype, "fill_value") and hasattr(value.dtype, "subtype")


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
    return Spec((len(series),), _element_dtype(series), obstacle=_obstacle(series))


def _element_dtype(series: Any) -> np.dtype[Any]:
    dtype = getattr(getattr(series.dtype, "categories", None), "dtype", series.dtype)
    if not isinstance(dtype, np.dtype) and dtype.kind in "iufcb":
        # Int64 and its like, or a sparse column.
        dtype = getattr(dtype, "numpy_dtype", getattr(dtype, "subtype", None))
    return dtype if isinstance(dtype, np.dtype) else np.dtype(series.to_numpy().dtype)


def _obstacle(series: Any) -> str:
    is_read_only = isinstance(series.dtype, np.dtype) and not np.asarray(series.array).flags.writeable
    return "it is a Series of a read-only array" if is_read_only else ""


def set_series(series: Any, array: Array) -> Any:
    """Set a Series' values in place; its index stays."""
    series.iloc[:] = _elements(series, array)
    return series


def new_series(series: Any, array: Array) -> Any:
    """Return a Series with these values, and the index, the dtype and the name of another."""
    return type(series)(_elements(series, array), index=series.index, dtype=series.dtype, name=series.name)


def _elements(series: Any, array: Array) -> Array:
    """The values as the Series has them: text that is bytes in the checkpoint as str, unless it is bytes here too."""
    if array.dtype != object:
        return array
    if series.dtype == object:
        return like_elements(series.to_numpy(), array)
    texts = np.empty(array.shape, dtype=object)
    texts[:] = list(map(as_text, array.tolist()))
    return texts


def snapshot_series(series: Any) -> Any:
    """Return a copy of a Series."""
    return series.copy()


def undo_series(series: Any, before: Any) -> None:
    """Give a Series its values back."""
    # The elements alone: pandas would look for the labels of a Series, which may not be unique.
    series.iloc[:] = before.array


def is_elements(value: object) -> bool:
    """Whether it is a pandas Index, or an array of pandas such as a Series has: what it restores is a new one."""
    return is_instance_of(value, "pandas", "Index") or is_instance_of(value, "pandas.api.extensions", "ExtensionArray")


def _as_series(elements: Any) -> Any:
    return sys.modules["pandas"].Series(elements, dtype=elements.dtype, copy=False)


def elements_to_array(elements: Any) -> Array:
    """Return an Index or an array of pandas as `series_to_array` does a Series."""
    return series_to_array(_as_series(elements))


def elements_spec(elements: Any) -> Spec:
    """Its length and the NumPy dtype of its elements."""
    return Spec((len(elements),), _element_dtype(_as_series(elements)))


def new_elements(elements: Any, array: Array) -> Any:
    """Return an Index or an array of pandas with these values, and the dtype and the name of another."""
    series = new_series(_as_series(elements), array)
    is_index = is_instance_of(elements, "pandas", "Index")
    return sys.modules["pandas"].Index(series, name=elements.name) if is_index else series.array


def frame_columns(frame: Any) -> list[tuple[Any, Any]]:
    """Return the columns of a DataFrame by their names; they may change, and `update_frame` takes them in."""
    return [(column, _changeable(frame[column])) for column in frame.columns]


def _changeable(column: Any) -> Any:
    # A Series of its own in any case: pandas 2 warns of changes to what it thinks is a part of a frame.
    return column.copy(deep=bool(_obstacle(column))) if is_series(column) else column


def update_frame(frame: Any, columns: dict[Any, Any]) -> Any:
    """Give a DataFrame new columns in place of those of the same names."""
    for name, column in columns.items():
        frame[name] = column
    return frame


def undo_frame(frame: Any, before: Any) -> None:
    """Give a DataFrame its columns back."""
    update_frame(frame, {name: before[name] for name in before.columns})
