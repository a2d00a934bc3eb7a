"""The statistics of all tensors as a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ckpt_magics.files.jobs.checkpoint_statistics import DescribedTensor

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["statistics_frame"]

_COLUMNS = ("name", "dtype", "shape", "elements")
_MEASURES = ("min", "max", "mean", "std")
_COUNTS = ("zeros", "nans", "infs")


def statistics_frame(found: Sequence[DescribedTensor]) -> pd.DataFrame:
    """Return a row per tensor.

    Args:
        found: What is known of each.

    Returns:
        ``name``, ``dtype`` (TensorFlow's names), ``shape`` (tuples), ``elements`` (int64); ``min``, ``max``, ``mean``
        and ``std`` of the finite values (float64, NaN where there are none, and for strings); how many are ``zeros``
        (for strings: empty), ``nans`` and ``infs`` (Int64, missing where the tensor cannot be read); and ``problem``,
        why it cannot be read, or "".
    """
    import pandas as pd

    rows = [
        (one.name, one.type.dtype.name, one.type.shape, math.prod(one.type.shape), *one.facts().values(), one.problem)
        for one in found
    ]
    frame = pd.DataFrame(rows, columns=[*_COLUMNS, *_MEASURES, *_COUNTS, "problem"])
    types = {"elements": "int64", **dict.fromkeys(_MEASURES, "float64"), **dict.fromkeys(_COUNTS, "Int64")}
    return frame.astype(types)
