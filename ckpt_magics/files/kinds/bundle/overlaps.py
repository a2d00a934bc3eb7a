"""Tensors that claim the same bytes of a data file.

No writer makes them, and a small file with a hundred thousand entries for one range would unfold, when all tensors are
read, to any amount of memory. So where it comes to much, only one tensor of a range counts as listed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]

MAX_SHARED_SIZE = 200 << 20
"""Bytes that the values of a checkpoint may take beyond twice the ranges that they lie in."""


def find_shared(shard_ids: Numbers, offsets: Numbers, sizes: Numbers) -> npt.NDArray[np.intp]:
    """Return the positions of values whose bytes others have taken before them, if they come to much.

    Args:
        shard_ids: int64 [values], number of the data file of each.
        offsets: int64 [values], where it starts there, in bytes.
        sizes: int64 [values], how many bytes it takes; not negative.
    """
    none = np.empty(0, np.intp)
    # As floats: the sizes are from a file, and integers of 64 bits might overflow.
    total = float(sizes.sum(dtype=np.float64))
    if total <= MAX_SHARED_SIZE:
        return none
    order = np.lexsort((offsets, shard_ids))
    shards, starts = shard_ids[order], offsets[order].astype(np.float64)
    ends = starts + sizes[order]
    # Where the values before each one end, in its file: files are told apart by a step larger than any offset.
    base = shards.astype(np.float64) * 2.0**64
    reached = np.maximum.accumulate(np.concatenate([[-1.0], (base + ends)[:-1]])) - base
    covered = float(np.maximum(ends - np.maximum(starts, np.maximum(reached, 0.0)), 0.0).sum())
    if total <= 2 * covered + MAX_SHARED_SIZE:
        return none
    shared: npt.NDArray[np.intp] = np.sort(order[(reached > starts) & (sizes[order] > 0)])
    return shared
