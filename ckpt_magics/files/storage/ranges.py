"""Ranges of bytes: which of them are read in one go, and how each gets its own bytes out of that.

One rule for every store: ranges are taken in the order of their places, and what lies between two of them is read along
if it is no more than the store's gap. A read over a network costs as much as a megabyte; one of a disk, a few KiB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.storage.store import Range

__all__ = ["neighbours_within", "read_ranges"]


def neighbours_within(starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], gap: int) -> Iterator[slice]:
    """Yield runs of ranges, as slices of their rows, that are read in one go.

    Args:
        starts: int64 [ranges], in increasing order.
        ends: int64 [ranges], at least as great as the starts.
        gap: Bytes between two ranges up to which they are read together.
    """
    if not len(starts):
        return
    gaps = starts[1:] - np.maximum.accumulate(ends)[:-1]
    breaks = (np.flatnonzero(gaps > gap) + 1).tolist()
    yield from map(slice, [0, *breaks], [*breaks, len(starts)])


def read_ranges(ranges: Sequence[Range], gap: int, read: Callable[[int, int], bytes]) -> list[bytes]:
    """Return the bytes of each range, neighbours read together.

    Args:
        ranges: In any order; they may overlap.
        gap: Bytes between two ranges up to which they are read together.
        read: Returns exactly so many bytes from an offset on.
    """
    places = np.array(ranges, np.int64).reshape(len(ranges), 2)
    order = np.argsort(places[:, 0], kind="stable")
    starts = places[order, 0]
    ends = starts + places[order, 1]
    parts = [b""] * len(ranges)
    for run in neighbours_within(starts, ends, gap):
        first = int(starts[run.start])
        data = read(first, int(ends[run].max()) - first)
        for row in order[run].tolist():
            start = ranges[row].start - first
            parts[row] = data[start : start + ranges[row].length]
    return parts
