"""The tensors of a checkpoint as a table, without their values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from ckpt_magics.checkpoint.groups import GROUPS, variable_group
from ckpt_magics.checkpoint.store import TensorEntry

COLUMNS = ("name", "dtype", "shape", "elements", "bytes", "shard", "offset", "slices", "group")


def variables_frame(entries: Sequence[TensorEntry]) -> pd.DataFrame:
    """Return one row per tensor.

    Args:
        entries: What a checkpoint says about its tensors.

    Returns:
        Columns ``name`` (str), ``dtype`` (category of TensorFlow's names), ``shape`` (tuples), ``elements`` (int64),
        ``bytes`` (Int64; of the value in memory where the file does not tell, missing for such strings), ``shard``
        (int64), ``offset`` (Int64, in the data file; missing for partitioned tensors and V1), ``slices`` (int64, 1 of
        a tensor stored in one piece) and ``group`` (category).
    """
    names = [entry.name.decode("utf-8", "surrogateescape") for entry in entries]
    dtypes = [entry.dtype.name for entry in entries]
    return pd.DataFrame(
        {
            "name": pd.Series(names, dtype=object),
            "dtype": pd.Categorical(dtypes, sorted(set(dtypes))),
            "shape": pd.Series([entry.shape for entry in entries], dtype=object),
            "elements": np.array([entry.elements for entry in entries], np.int64),
            "bytes": pd.array([_bytes_of(entry) for entry in entries], "Int64"),
            "shard": np.array([entry.shard_id for entry in entries], np.int64),
            "offset": pd.array([entry.offset for entry in entries], "Int64"),
            "slices": np.array([len(entry.slices) or 1 for entry in entries], np.int64),
            "group": pd.Categorical([variable_group(name) for name in names], list(GROUPS)),
        },
        columns=list(COLUMNS),
    )


def _bytes_of(entry: TensorEntry) -> int | None:
    if entry.size is not None:
        return entry.size
    size = entry.elements * entry.dtype.itemsize
    # A shape may be larger than any memory; a column of int64 must hold it all the same.
    return min(size, (1 << 63) - 1) if entry.dtype.itemsize else None
