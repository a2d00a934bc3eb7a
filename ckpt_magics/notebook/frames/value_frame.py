"""A tensor's values as a table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ckpt_magics.files.formats.dtypes import as_dtype

_PLAIN_KINDS = "biufcO"


def tensor_frame(value: npt.NDArray[Any], *, first_row: int = 0) -> pd.DataFrame:
    """Return an array of any rank as a table.

    Args:
        value: The array. Types that pandas does not know (bfloat16, float8, int4) become float32 or int8.
        first_row: Index of the first row in the tensor that ``value`` was cut from.

    Returns:
        The last dimension across, the others down; a scalar is one cell, a vector one column. The index numbers the
        rows, with one level per dimension above two.
    """
    if value.dtype.kind not in _PLAIN_KINDS:
        value = value.astype(_plain_dtype(value.dtype))
    if value.ndim < 2:
        index: pd.Index[Any] = pd.RangeIndex(first_row, first_row + value.size)
        return pd.DataFrame({"value": value.reshape(-1)}, index=index)
    rows = value.reshape(math.prod(value.shape[:-1]), value.shape[-1])
    if value.ndim == 2:
        index = pd.RangeIndex(first_row, first_row + len(rows))
    else:
        levels = [np.arange(first_row, first_row + value.shape[0]), *map(np.arange, value.shape[1:-1])]
        index = pd.MultiIndex.from_product(levels, names=[f"dim {number}" for number in range(value.ndim - 1)])
    return pd.DataFrame(rows, index=index)


def _plain_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the nearest type of NumPy's own that holds every value of an ml_dtypes type."""
    return np.dtype(np.int8 if as_dtype(dtype).is_integer else np.float32)
