"""All axes of a tensor in one picture: each is laid down or across, one inside the other, as facets of facets.

A cell of the picture has the least and the greatest of all the values that fall into it; nothing is left out.

The picture is a plane. Its rows are the positions of some axes, the first of them outermost, and its columns those of
the others: a bank of filters [height, width, in, out] with in and height down, out and width across has a row of
filters for each input channel. One axis may be put into another order than its own, by the norm of what is there.
The browser's half is js/src/tensors/facet_plane.ts.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.pieces import Box

__all__ = ["CellExtremes", "FacetPlane", "axis_order", "facet_cells"]

Numbers = npt.NDArray[Any]
Places = npt.NDArray[np.intp]


@dataclass(slots=True)
class Special:
    """How many values of a kind are seen, and where the first one is.

    Attributes:
        count: Their number.
        first: Indices in the tensor; None where there is none.
    """

    count: int = 0
    first: list[int] | None = None


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


@dataclass(frozen=True, slots=True)
class FacetPlane:
    """Where each element lies in the picture.

    Attributes:
        shape: Of the tensor.
        down: Axes that make the rows, outermost first.
        across: Axes that make the columns, likewise.
        ordered: The axis that has another order, or None.
        order: Its positions in that order, intp [size].
    """

    shape: tuple[int, ...]
    down: tuple[int, ...]
    across: tuple[int, ...]
    ordered: int | None = None
    order: Places | None = None

    @classmethod
    def checked(cls, shape: tuple[int, ...], down: object, across: object) -> FacetPlane:
        """Return the plane that a page asks for.

        Raises:
            InvalidArgumentError: The axes are not each of the tensor's once.
        """
        if not isinstance(down, list) or not isinstance(across, list) or not all(type(x) is int for x in down + across):
            raise InvalidArgumentError("facets are two lists of axes")
        if sorted(down + across) != list(range(len(shape))):
            raise InvalidArgumentError(f"facets of this tensor have each of its {len(shape)} axes once")
        return cls(shape, tuple(down), tuple(across))

    def box(self, rows: range, columns: range) -> Box:
        """Return a box of the tensor that has all of a part of the picture, as small as a box can."""
        box = [slice(0, size) for size in self.shape]
        for axes, part in ((self.down, rows), (self.across, columns)):
            start, last = part.start, part.stop - 1
            for place, axis in enumerate(axes):
                inner = math.prod(self.shape[other] for other in axes[place + 1 :])
                first, end = start // inner, last // inner
                if axis == self.ordered:
                    break
                box[axis] = slice(first, end + 1)
                if first != end:
                    break
                start, last = start - first * inner, last - first * inner
        return tuple(box)

    def places(self, axes: Sequence[int], box: Box) -> Places:
        """Return where each position of a box lies along the rows (axes of `down`) or the columns, flat."""
        found = np.zeros(1, np.intp)
        for axis in axes:
            own = np.arange(box[axis].start, box[axis].stop)
            if axis == self.ordered and self.order is not None:
                ranks = np.empty(self.shape[axis], np.intp)
                ranks[self.order] = np.arange(self.shape[axis])
                own = ranks[own]
            found = (found[:, None] * self.shape[axis] + own).reshape(-1)
        return found


def axis_order(pieces: Iterable[tuple[Box, Numbers]], shape: tuple[int, ...], axis: int) -> Places:
    """Return the positions of an axis by the norm of what is there, largest first; NaN and infinities before all."""
    squares = np.zeros(shape[axis])
    others = tuple(other for other in range(len(shape)) if other != axis)
    with np.errstate(over="ignore", invalid="ignore"):
        for box, piece in pieces:
            squares[box[axis]] += np.square(np.abs(piece), dtype=np.float64).sum(axis=others)
    return np.argsort(-np.where(np.isnan(squares), np.inf, squares), kind="stable")


def facet_cells(
    pieces: Iterable[tuple[Box, Numbers]], plane: FacetPlane, rows: range, columns: range, dtype: np.dtype[Any]
) -> CellExtremes:
    """Return the cells of a part of the picture: each has ``step`` rows and columns, the last ones fewer.

    Args:
        pieces: Boxes of the tensor with their values, which together cover the part at least; real numbers.
        plane: Where they lie.
        rows: Where each cell begins.
        columns: Likewise.
        dtype: Of the values.
    """
    size = len(rows), len(columns)
    found = CellExtremes(np.zeros(size, dtype), np.zeros(size, dtype))
    is_known = np.zeros(size, np.bool_)
    for box, piece in pieces:
        flat = piece.transpose(*plane.down, *plane.across)
        down, across = plane.places(plane.down, box), plane.places(plane.across, box)
        inside = _Part.of(down, rows), _Part.of(across, columns)
        if all(part.positions.size for part in inside):
            seen = inside[1].taken(inside[0].taken(flat.reshape(down.size, across.size), 0), 1)
            _count_specials(found, seen, plane, box, inside)
            _merge(found, is_known, seen, inside)
    return found


@dataclass(frozen=True, slots=True)
class _Part:
    """Positions of a piece, flat along the rows or columns, that lie in some cell; in the order of the picture.

    Attributes:
        positions: The positions.
        starts: Where among them each cell begins.
        cells: The number of each of those cells.
    """

    positions: Places
    starts: Places
    cells: Places

    @classmethod
    def of(cls, places: Places, wanted: range) -> _Part:
        positions = np.flatnonzero((places >= wanted.start) & (places < wanted.stop))
        positions = positions[np.argsort(places[positions], kind="stable")]
        cells = (places[positions] - wanted.start) // wanted.step
        starts = np.flatnonzero(np.diff(cells, prepend=-1))
        return cls(positions, starts, cells[starts])

    def taken(self, values: Numbers, axis: int) -> Numbers:
        """Return only these positions, without a copy where they are one after the other."""
        first, last = int(self.positions[0]), int(self.positions[-1])
        if last - first + 1 == self.positions.size and not np.any(np.diff(self.positions) < 0):
            return values[(slice(None),) * axis + (slice(first, last + 1),)]
        return values.take(self.positions, axis)


def _count_specials(
    found: CellExtremes, seen: Numbers, plane: FacetPlane, box: Box, inside: tuple[_Part, _Part]
) -> None:
    if seen.dtype.kind != "f":
        return
    for special, is_one in ((found.nans, np.isnan(seen)), (found.infs, np.isinf(seen))):
        count = int(np.count_nonzero(is_one))
        if count and special.first is None:
            at = np.unravel_index(int(is_one.argmax()), is_one.shape)
            special.first = [0] * len(plane.shape)
            for axes, part, place in zip((plane.down, plane.across), inside, at, strict=True):
                sizes = [box[axis].stop - box[axis].start for axis in axes]
                indices = np.unravel_index(int(part.positions[place]), sizes) if axes else ()
                for axis, index in zip(axes, indices, strict=True):
                    special.first[axis] = box[axis].start + int(index)
        special.count += count


def _merge(found: CellExtremes, is_known: npt.NDArray[np.bool_], seen: Numbers, inside: tuple[_Part, _Part]) -> None:
    low = high = seen
    for axis, part in enumerate(inside):
        if part.starts.size == part.positions.size:
            continue
        low, high = np.minimum.reduceat(low, part.starts, axis), np.maximum.reduceat(high, part.starts, axis)
    cells = np.ix_(*(part.cells for part in inside))
    known = is_known[cells]
    found.low[cells] = np.where(known, np.minimum(found.low[cells], low), low)
    found.high[cells] = np.where(known, np.maximum(found.high[cells], high), high)
    is_known[cells] = True
