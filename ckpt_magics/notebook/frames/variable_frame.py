"""The tensors of a checkpoint as a table, without their values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ckpt_magics.files.object_graph.groups import GROUPS
from ckpt_magics.files.object_graph.listed_tensors import sizes_of
from ckpt_magics.files.object_graph.shown_names import TensorListing
from ckpt_magics.files.tensors.source import Numbers

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("name", "dtype", "shape", "elements", "bytes", "shard", "offset", "slices", "group")


def variables_frame(listing: TensorListing) -> pd.DataFrame:
    """Return one row per tensor.

    Args:
        listing: What a checkpoint says about its tensors.

    Returns:
        Columns ``name`` (str), ``dtype`` (category of TensorFlow's names), ``shape`` (tuples), ``elements`` (int64),
        ``bytes`` (Int64; of the value in memory where the file does not tell, missing for such strings), ``shard``
        (int64), ``offset`` (Int64, in the data file; missing for partitioned tensors and V1), ``slices`` (int64, 1 of
        a tensor stored in one piece) and ``group`` (category).
    """
    import pandas as pd

    names, columns = listing.names, listing.columns
    dtypes = [dtype.name for dtype in columns.dtypes]
    return pd.DataFrame(
        {
            "name": pd.Series(names, dtype=object),
            "dtype": pd.Categorical(dtypes, sorted(set(dtypes))),
            "shape": pd.Series(columns.shapes, dtype=object),
            "elements": np.fromiter(map(math.prod, columns.shapes), np.int64, len(names)),
            "bytes": _known(sizes_of(columns)),
            "shard": columns.shard_ids,
            "offset": _known(columns.offsets),
            "slices": columns.slice_counts,
            "group": pd.Categorical(listing.groups, list(GROUPS)),
        },
        columns=list(COLUMNS),
    )


def _known(numbers: Numbers) -> pd.arrays.IntegerArray:
    """Return numbers as a column in which negative ones are missing."""
    import pandas as pd

    return pd.arrays.IntegerArray(numbers.astype(np.int64), numbers < 0)
