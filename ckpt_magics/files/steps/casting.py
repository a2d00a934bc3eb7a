"""Numbers of one dtype as numbers of another, where every value fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import TensorMismatchError
from ckpt_magics.files.tensors.spec import Array, dtype_family, shape_text

__all__ = ["cast_array"]

PIECE = 1 << 18
"""Elements that are looked at at once."""

Flags = npt.NDArray[np.bool_]


def cast_array(array: Array, wanted: np.dtype[Any], name: str) -> Array:
    """Return an array as a new one of another dtype of numbers.

    Between floating dtypes, and from integers to them, values are rounded to the nearest; to integers, fractions are
    cut off. Refused is what would become another value: a number outside of an integer's range, NaN and infinity as
    integers, anything but 0 and 1 as a boolean, and a float that would become infinite or NaN, or that is and would
    not stay so.

    Args:
        array: Numbers, not complex unless ``wanted`` is.
        wanted: A dtype of NumPy or ml_dtypes.
        name: The tensor's name, for messages.

    Raises:
        TensorMismatchError: A value does not fit; the message has the first.
    """
    cast = _CASTS[dtype_family(wanted)]
    result = np.empty(array.shape, wanted)
    flat, cast_flat = array.reshape(-1), result.reshape(-1)
    for start in range(0, flat.size, PIECE):
        piece = flat[start : start + PIECE]
        # What does not fit is found here, and not by NumPy's warnings.
        with np.errstate(all="ignore"):
            values, fits = cast(piece, wanted)
        if not fits.all():
            _refuse(array, start + int(fits.argmin()), wanted, name)
        cast_flat[start : start + PIECE] = values
    return result


def _refuse(array: Array, position: int, wanted: np.dtype[Any], name: str) -> None:
    value = array.reshape(-1)[position]
    place = [int(index) for index in np.unravel_index(position, array.shape)] if array.ndim else []
    first = f"{value} at {shape_text(place)}" if place else f"{value}"
    raise TensorMismatchError(
        f"values do not fit in {wanted.name}, which holds {_range(wanted)}; the first is {first}", tensor=name
    )


def _range(dtype: np.dtype[Any]) -> str:
    if dtype_family(dtype) == "boolean":
        return "0 and 1"
    limits = _limits(dtype if dtype.kind != "c" else np.dtype(f"f{dtype.itemsize // 2}"))
    return f"{limits.min} to {limits.max}"


def _limits(dtype: np.dtype[Any]) -> Any:  # noqa: ANN401 - NumPy's and ml_dtypes' records of limits
    import ml_dtypes

    return (ml_dtypes.iinfo if dtype_family(dtype) == "integer" else ml_dtypes.finfo)(dtype)


def _plain(values: Array) -> Array:
    """Values of the small dtypes of ml_dtypes, which NumPy cannot compare, as one of NumPy's that holds them all."""
    if values.dtype.kind in "biufc":
        return values
    return values.astype(np.int64 if dtype_family(values.dtype) == "integer" else np.float64)


def _to_boolean(values: Array, wanted: np.dtype[Any]) -> tuple[Array, Flags]:
    values = _plain(values)
    return values.astype(wanted), (values == 0) | (values == 1)


def _to_integer(values: Array, wanted: np.dtype[Any]) -> tuple[Array, Flags]:
    limits = _limits(wanted)
    low, high = int(limits.min), int(limits.max)
    values = _plain(values)
    if values.dtype.kind == "f":
        whole = np.trunc(values.astype(np.float64))
        # Both bounds are powers of two or 0, so they are exact as floats, which the greatest integer is not.
        return whole.astype(wanted), (whole >= float(low)) & (whole < float(high + 1))
    fits = np.ones(values.shape, bool)
    if values.dtype.kind != "b":
        own = np.iinfo(values.dtype)
        # Only a bound that the values' own dtype has can be passed, and only there can it be compared exactly.
        if own.min < low:
            fits &= values >= values.dtype.type(low)
        if own.max > high:
            fits &= values <= values.dtype.type(high)
    return values.astype(wanted), fits


def _to_floating(values: Array, wanted: np.dtype[Any]) -> tuple[Array, Flags]:
    values = _plain(values)
    result = values.astype(wanted)
    stored, kept = values.astype(np.float64), result.astype(np.float64)
    fits = (np.isnan(stored) == np.isnan(kept)) & (np.isinf(stored) == np.isinf(kept))
    if np.isfinite(np.array(np.inf).astype(wanted).astype(np.float64)):
        # A dtype without infinity gives its greatest number in place of greater ones.
        fits &= np.abs(stored) <= float(_limits(wanted).max)
    return result, fits


def _to_complex(values: Array, wanted: np.dtype[Any]) -> tuple[Array, Flags]:
    part = np.dtype(f"f{wanted.itemsize // 2}")
    values = _plain(values)
    fits = _to_floating(values.real, part)[1] & _to_floating(values.imag, part)[1]
    return values.astype(wanted), fits


_CASTS: dict[str, Callable[[Array, np.dtype[Any]], tuple[Array, Flags]]] = {
    "boolean": _to_boolean,
    "integer": _to_integer,
    "floating": _to_floating,
    "complex": _to_complex,
}
