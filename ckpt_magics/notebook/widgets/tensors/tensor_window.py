"""Pieces of tensors for a picture: read at the cost of what is seen, sent as numbers that a browser computes with."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box, cut_shape, elements_of, part_of, region_shape
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.source import TensorSource, TensorSpec
from ckpt_magics.notebook.widgets.tensors.facets import CellExtremes, FacetPlane, axis_order, facet_cells

__all__ = ["MAX_WINDOW", "TensorWindows", "encode_cells", "encode_values"]

MAX_WINDOW = 1_000_000
"""Elements sent at most for one picture."""

_KEEP = 16 << 20
"""Bytes up to which a tensor is kept whole while it is looked at; of a larger one, what is seen is read each time."""

_REGION = 4 << 20
"""Bytes of the file that one region spans at most, unless it is one row of one element after the other."""

_GAP = 64 << 10
"""Bytes between two rows up to which they are read in one region: skipping them would take as long."""

_MAX_TEXT = 200
"""Characters of one string value shown."""

_COMPLEX_PARTS: Mapping[str, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    "abs": np.abs,
    "phase": np.angle,
    "real": np.real,
    "imag": np.imag,
}

_KINDS = {"b": "boolean", "i": "integer", "u": "integer"}
"""What the values of a NumPy kind are called; others are numbers."""


class TensorWindows:
    """Reads windows of the tensors of a source; keeps the last small tensor, which the next window mostly needs."""

    def __init__(self, tensors: NamedTensors[TensorSource]) -> None:
        self._tensors = tensors
        self._kept: tuple[str, npt.NDArray[Any]] | None = None
        # Tensor, axis and order that were asked for last: it takes a walk over all values.
        self._sorted: tuple[str, int, npt.NDArray[np.intp]] | None = None

    def read(self, name: str, region: object) -> npt.NDArray[Any]:
        """Return the elements at start, start + step, … of every axis.

        Args:
            name: Of the tensor.
            region: For every axis a list [start, stop, step], as it came from the page.

        Raises:
            InvalidArgumentError: The region does not fit the tensor, or has more than `MAX_WINDOW` elements.
            CheckpointError: The tensor cannot be read, or what is kept of it is not there any more.
        """
        self._tensors.check_current()
        spec = self._tensors.spec(name)
        ranges = _ranges(region, spec.shape)
        if not spec.shape or not spec.dtype.itemsize or spec.nbytes <= _KEEP:
            # With the dots a tensor of no dimensions stays an array, also one of strings.
            window: Any = (*_slices(ranges), ...)
            part: npt.NDArray[Any] = self._whole(name)[window]
            return part
        if spec.size is None:
            return _gather(self._tensors.pieces(name, PIECE_SIZE), ranges, spec.dtype.numpy)
        return self._read_regions(name, spec, (), ranges)

    def cells(self, name: str, asked: Mapping[str, Any]) -> tuple[CellExtremes, list[int]]:
        """Return the extremes of cells of a picture of all axes, and the order of the axis that is sorted.

        Args:
            name: Of a tensor of numbers, of one dimension at least.
            asked: As it came from the page: ``down`` and ``across``, axes, outermost first; ``rows`` and ``columns``
                of the picture, each a list [start, stop, step]; ``sorted``, the axis to put in the order of its norms,
                or None; ``part``, what of complex numbers, as of :func:`encode_values`.

        Raises:
            InvalidArgumentError: The axes or the part of the picture do not fit the tensor.
            CheckpointError: The tensor cannot be read, or what is kept of it is not there any more.
        """
        self._tensors.check_current()
        spec, part = self._tensors.spec(name), asked.get("part")
        plane = FacetPlane.checked(spec.shape, asked.get("down"), asked.get("across"))
        if asked.get("sorted") in range(len(spec.shape)):
            plane = replace(plane, ordered=asked["sorted"], order=self._order(name, spec, asked["sorted"]))
        sizes = [math.prod(spec.shape[axis] for axis in axes) for axes in (plane.down, plane.across)]
        rows, columns = _ranges([asked.get("rows"), asked.get("columns")], sizes)
        dtype = _browser_numbers(np.zeros(0, spec.dtype.numpy), part).dtype
        seen = [range(each.start, each.stop) for each in plane.box(rows, columns)]
        pieces = ((box, _browser_numbers(piece, part)) for box, piece in self._covering(name, spec, seen))
        order = [] if plane.order is None else plane.order.tolist()
        return facet_cells(pieces, plane, rows, columns, dtype), order

    def _order(self, name: str, spec: TensorSpec, axis: int) -> npt.NDArray[np.intp]:
        if self._sorted is None or self._sorted[:2] != (name, axis):
            whole = [range(size) for size in spec.shape]
            self._sorted = name, axis, axis_order(self._covering(name, spec, whole), spec.shape, axis)
        return self._sorted[2]

    def _covering(self, name: str, spec: TensorSpec, ranges: Sequence[range]) -> Iterator[tuple[Box, Any]]:
        """All that lies between the first and the last position of each range, a piece in memory at a time."""
        seen = tuple(slice(each.start, each.stop) for each in ranges)
        if spec.nbytes <= _KEEP:
            yield seen, part_of(self._whole(name), seen)
        elif spec.size is None:
            yield from self._tensors.pieces(name, PIECE_SIZE)
        else:
            for box in _cut(seen, spec.dtype.itemsize):
                yield box, self._tensors.read(name, box)

    def forget(self) -> None:
        """Keep nothing."""
        self._kept = self._sorted = None

    def _whole(self, name: str) -> npt.NDArray[Any]:
        kept = self._kept
        if kept is not None and kept[0] == name:
            return kept[1]
        whole = self._tensors.read(name)
        self._kept = (name, whole) if _memory_size(whole) <= _KEEP else None
        return whole

    def _read_regions(
        self, name: str, spec: TensorSpec, outer: tuple[slice, ...], ranges: Sequence[range]
    ) -> npt.NDArray[Any]:
        """Read what the ranges of the inner axes say, of one index of each outer axis."""
        row_size = math.prod(spec.shape[len(outer) + 1 :]) * spec.dtype.itemsize
        if not all(ranges) or (ranges[0][-1] - ranges[0].start + 1) * row_size <= _REGION:
            box = (*outer, *map(_cover, ranges))
            steps: Any = (*[slice(None)] * len(outer), *(slice(None, None, each.step) for each in ranges))
            part: npt.NDArray[Any] = self._tensors.read(name, box)[steps]
            return part
        runs = _runs(ranges[0], row_size)
        if len(ranges) > 1 and row_size > _REGION:
            parts = [self._read_regions(name, spec, (*outer, _cover(run)), ranges[1:]) for run in runs]
        else:
            parts = [self._read_regions(name, spec, outer, (run, *ranges[1:])) for run in runs]
        return np.concatenate(parts, axis=len(outer))


def encode_values(array: npt.NDArray[Any], part: object = "abs") -> tuple[dict[str, Any], list[bytes]]:
    """Return the JSON content and the buffers for a piece of a tensor.

    Args:
        array: The piece; strings as objects (bytes).
        part: What to show of complex numbers: "abs", "phase" (radians), "real" or "imag".

    Returns:
        ``shape``; for strings ``texts``, their ``sizes`` in bytes and whether they are ``utf8``; for numbers ``kind``
        (boolean, integer or number), ``format`` (kind and bits, as i64) and one little-endian buffer in C order.
    """
    content: dict[str, Any] = {"shape": list(array.shape)}
    if array.dtype == np.object_:
        strings = array.reshape(-1)[:MAX_WINDOW]
        stored = [value if isinstance(value, bytes) else str(value).encode() for value in strings]
        content |= {"sizes": list(map(len, stored)), "utf8": list(map(_is_utf8, stored))}
        return {**content, "texts": [_text(value) for value in strings]}, []
    numbers = _browser_numbers(array, part)
    content["kind"] = _KINDS.get(array.dtype.kind, "number")
    content["format"] = f"{numbers.dtype.kind}{8 * numbers.dtype.itemsize}"
    return content, [np.ascontiguousarray(numbers).tobytes()]


def encode_cells(cells: CellExtremes, steps: Sequence[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Return the JSON content and the buffers of cells: that of the least values, then that of the greatest.

    Where every cell is one value there is one buffer. ``specials`` says of NaN and Inf how many there are, and where
    the first one is.
    """
    content, buffers = encode_values(cells.low)
    if max(steps, default=1) > 1:
        buffers += encode_values(cells.high)[1]
    kinds = {"NaN": cells.nans, "Inf": cells.infs}
    specials = [{"kind": kind, "count": each.count, "first": each.first} for kind, each in kinds.items() if each.count]
    return {**content, "specials": specials}, buffers


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _browser_numbers(array: npt.NDArray[Any], part: object) -> npt.NDArray[Any]:
    if array.dtype.kind == "c":
        array = _COMPLEX_PARTS.get(str(part), np.abs)(array)
    if array.dtype.kind == "b":
        return array.astype("u1")
    if array.dtype.kind in "iu" or array.dtype == np.float64:
        return array.astype(array.dtype.newbyteorder("<"))
    # The small floats and integers of ml_dtypes all fit a float32 exactly.
    return array.astype("<f4")


def _text(value: object) -> str:
    text = visible(value) if isinstance(value, bytes | str) else repr(value)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}… ({len(text):,} characters)"


def _ranges(region: object, shape: Sequence[int]) -> list[range]:
    if not isinstance(region, list) or len(region) != len(shape):
        raise InvalidArgumentError(f"a region of this tensor has {len(shape)} ranges, got {region!r}")
    ranges = [_range(each, size) for each, size in zip(region, shape, strict=True)]
    if int(np.prod([len(each) for each in ranges], dtype=object)) > MAX_WINDOW:
        raise InvalidArgumentError(f"a picture shows at most {MAX_WINDOW:,} elements; ask for a smaller part")
    return ranges


def _range(bounds: object, size: int) -> range:
    if not isinstance(bounds, list) or len(bounds) != 3 or not all(isinstance(each, int) for each in bounds):
        raise InvalidArgumentError(f"a range is [start, stop, step], got {bounds!r}")
    start, stop, step = bounds
    if not 0 <= start <= stop <= size or step < 1:
        raise InvalidArgumentError(f"the range {bounds} does not fit an axis of {size}")
    return range(start, stop, step)


def _slices(ranges: Sequence[range]) -> tuple[slice, ...]:
    return tuple(slice(each.start, each.stop, each.step) for each in ranges)


def _cut(box: Box, itemsize: int) -> Iterator[Box]:
    """Cut a box into pieces that are each read at once."""
    for piece in cut_shape(region_shape(box), elements_of(PIECE_SIZE, itemsize)):
        yield tuple(slice(b.start + p.start, b.start + p.stop) for b, p in zip(box, piece, strict=True))


def _cover(indices: range) -> slice:
    """The indices with all that lie between them."""
    return slice(indices.start, indices[-1] + 1 if indices else indices.start)


def _runs(rows: range, row_size: int) -> list[range]:
    """Cut rows of so many bytes each into runs that are read at once."""
    is_near = (rows.step - 1) * row_size <= _GAP
    count = max((_REGION // row_size - 1) // rows.step + 1, 1) if is_near else 1
    return [rows[start : start + count] for start in range(0, len(rows), count)]


def _gather(
    pieces: Iterable[tuple[Box, npt.NDArray[Any]]], ranges: Sequence[range], dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    """Pick a window from all pieces, of which one is in memory at a time."""
    window: npt.NDArray[Any] | None = None
    sizes = tuple(map(len, ranges))
    for box, piece in pieces:
        if window is None:
            window = np.empty(sizes, piece.dtype)
        found = [_indices_within(each, part) for each, part in zip(ranges, box, strict=True)]
        if all(found):
            target = tuple(slice(each.start, each.stop) for each in found)
            first = (each[run.start] - part.start for each, run, part in zip(ranges, found, box, strict=True))
            steps = zip(first, ranges, strict=True)
            picked = piece[tuple(slice(start, None, each.step) for start, each in steps)]
            window[target] = picked[tuple(slice(0, len(run)) for run in found)]
    return np.empty(sizes, dtype) if window is None else window


def _indices_within(indices: range, part: slice) -> range:
    """Positions of those indices that lie in a part."""
    before = [-((indices.start - end) // indices.step) for end in (part.start, part.stop)]
    first, last = (min(max(count, 0), len(indices)) for count in before)
    return range(first, last)


def _memory_size(array: npt.NDArray[Any]) -> int:
    return array.nbytes if array.dtype != np.object_ else sum(map(sys.getsizeof, array.flat)) + array.nbytes
