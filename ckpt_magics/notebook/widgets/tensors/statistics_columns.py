"""The statistics of many rows, packed for the browser.

One message for a run of rows: what is numbers as columns in buffers, what is text beside them. The buffers are float64
[8, rows] (min, max, mean, std, zeros, nans, infs, dead; NaN where there is none) and the bins of the histograms, uint32
[rows, 32], little-endian; bins that are all zero are none. The browser's half is js/src/tensors/statistics.ts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ckpt_magics.errors import visible
from ckpt_magics.files.jobs.checkpoint_statistics import DescribedTensor
from ckpt_magics.files.jobs.tensor_statistics import BINS, exact_extremes

__all__ = ["pack_statistics"]


def pack_statistics(described: Mapping[int, DescribedTensor]) -> tuple[dict[str, Any], list[bytes]]:
    """Return JSON content and buffers for tensors by their rows.

    The content is ``rows``, ``extremes`` (row as text to least and greatest value in full, of integers and Booleans,
    which a browser's numbers would round) and ``errors`` (row as text to why a tensor could not be read).
    """
    bins = np.zeros((len(described), BINS), "<u4")
    extremes: dict[str, list[str]] = {}
    for place, (row, one) in enumerate(described.items()):
        found = one.statistics
        if found is None or not found.bins.size:
            continue
        # A bar of a picture needs no more digits.
        bins[place] = np.minimum(found.bins, np.iinfo(np.uint32).max)
        exact = exact_extremes(found, one.type.dtype.numpy)
        if exact is not None:
            extremes[str(row)] = exact
    errors = {str(row): visible(one.problem) for row, one in described.items() if one.problem}
    columns = np.array([[*one.facts().values(), one.dead] for one in described.values()], "<f8").reshape(-1, 8)
    content = {"rows": list(described), "extremes": extremes, "errors": errors}
    return content, [np.ascontiguousarray(columns.T).tobytes(), bins.tobytes()]
