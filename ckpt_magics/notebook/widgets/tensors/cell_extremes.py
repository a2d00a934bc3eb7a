"""The cells of a picture: of all the values that fall into one, the least and the greatest; nothing is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.pieces import Box

__all__ = ["CellExtremes", "Special", "cell_extremes"]

Numbers = npt.NDArray[Any]


@dataclass(slots=True)
class Special:
    """How many values of a kind are seen, and where the first one is.

    Attributes:
        count: Their number.
        first: Indices in the tensor; None where there is none.
    """

    count: int = 0
    first: list[int] | None = None

    def add(self, found: npt.NDArray[np.bool_], starts: Sequence[int]) -> None:
        """Count those of a piece that begins at ``starts``."""
        count = int(np.count_nonzero(found))
        if count and self.first is None:
            place = np.unravel_index(int(found.argmax()), found.shape)
            self.first = [start + int(index) for start, index in zip(starts, place, strict=True)]
        self.count += count


@dataclass(slots=True)
class CellExtremes:
    """Cells along every axis; a cell with a NaN is NaN in both.

    Attributes:
        low: The least value of each cell.
        high: The greatest.
        nans: The NaNs among all values seen.
        infs: The infinities.
    """

    low: Numbers
    high: Numbers
    nans: Special = field(default_factory=Special)
    infs: Special = field(default_factory=Special)


def cell_extremes(pieces: Iterable[tuple[Box, Numbers]], ranges: Sequence[range], dtype: np.dtype[Any]) -> CellExtremes:
    """Return the cells of what ranges cover: a cell has ``step`` positions along an axis, the last one fewer.

    Args:
        pieces: Boxes of the tensor with their values, which together cover the ranges at least; real numbers.
        ranges: For every axis, where each cell begins.
        dtype: Of the values.
    """
    sizes = tuple(map(len, ranges))
    found = CellExtremes(np.zeros(sizes, dtype), np.zeros(sizes, dtype))
    is_known = np.zeros(sizes, bool)
    for box, piece in pieces:
        parts = [_overlap(each, part) for each, part in zip(ranges, box, strict=True)]
        if all(parts):
            inside = tuple(slice(p.start - b.start, p.stop - b.start) for p, b in zip(parts, box, strict=True))
            _add(found, is_known, piece[inside], parts, ranges)
    return found


def _add(
    found: CellExtremes, is_known: npt.NDArray[np.bool_], seen: Numbers, parts: Sequence[range], ranges: Sequence[range]
) -> None:
    if seen.dtype.kind == "f":
        starts = [part.start for part in parts]
        found.nans.add(np.isnan(seen), starts)
        found.infs.add(np.isinf(seen), starts)
    low, high = seen, seen
    for axis, (part, each) in enumerate(zip(parts, ranges, strict=True)):
        if each.step > 1:
            edges = _edges(part, each)
            low, high = np.minimum.reduceat(low, edges, axis), np.maximum.reduceat(high, edges, axis)
    cells = tuple(map(_cells, parts, ranges))
    # A cell may begin in one piece and end in the next.
    known = is_known[cells]
    found.low[cells] = np.where(known, np.minimum(found.low[cells], low), low)
    found.high[cells] = np.where(known, np.maximum(found.high[cells], high), high)
    is_known[cells] = True


def _overlap(cells: range, part: slice) -> range:
    """Positions of a box that lie in some cell."""
    return range(max(cells.start, part.start), min(cells.stop, part.stop))


def _cells(part: range, cells: range) -> slice:
    """The cells that positions fall into."""
    return slice((part.start - cells.start) // cells.step, (part.stop - 1 - cells.start) // cells.step + 1)


def _edges(part: range, cells: range) -> list[int]:
    """Where in a part each cell begins; the first may have begun before."""
    first = cells.start + _cells(part, cells).start * cells.step
    return [max(start - part.start, 0) for start in range(first, part.stop, cells.step)]
