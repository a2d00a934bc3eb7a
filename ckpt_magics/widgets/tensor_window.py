"""Pieces of tensors for a picture: read at the cost of what is seen, sent as numbers that a browser computes with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ckpt_magics.checkpoint.store import TensorEntry
from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.formats.pieces import Box

__all__ = ["MAX_WINDOW", "TensorSource", "TensorWindows", "encode_values"]

MAX_WINDOW = 1_000_000
"""Elements sent at most for one picture."""

_KEEP = 256 << 20
"""Bytes of a tensor that is kept whole while it is looked at; a larger one is read row by row."""

_MAX_TEXT = 200
"""Characters of one string value shown."""

_KINDS = {"b": "boolean", "i": "integer", "u": "integer"}
"""What the values of a NumPy kind are called; others are numbers."""


class TensorSource(Protocol):
    """Where values come from: a reader, or the difference of two."""

    def entry(self, name: str) -> TensorEntry:
        """Dtype and shape of a tensor."""
        ...

    def get_slice(self, name: str, region: tuple[slice, ...]) -> npt.NDArray[Any]:
        """A part of it: slices of step 1 of the first axes; an array whatever its rank."""
        ...

    def pieces(self, name: str, at_most: int) -> Iterator[tuple[Box, npt.NDArray[Any]]]:
        """Regions and elements of all of it in C order, at most so many bytes at a time."""
        ...


class TensorWindows:
    """Reads windows of the tensors of one source and keeps the last tensor, which the next window mostly needs."""

    def __init__(self, source: TensorSource) -> None:
        self._source = source
        self._name: str | None = None
        self._kept: npt.NDArray[Any] = np.zeros(0)

    def read(self, name: str, region: object) -> npt.NDArray[Any]:
        """Return the elements at start, start + step, … of every axis.

        Args:
            name: Of the tensor.
            region: For every axis a list [start, stop, step], as it came from the page.

        Raises:
            InvalidArgumentError: The region does not fit the tensor, or has more than `MAX_WINDOW` elements.
            CheckpointError: The tensor cannot be read.
        """
        entry = self._source.entry(name)
        ranges = _ranges(region, entry.shape)
        if not entry.shape or entry.dtype.itemsize * int(np.prod(entry.shape, dtype=object)) <= _KEEP:
            # With the dots a tensor of no dimensions stays an array, also one of strings.
            window: Any = (*_slices(ranges), ...)
            part: npt.NDArray[Any] = self._whole(name)[window]
            return part
        rows = [self._source.get_slice(name, (slice(row, row + 1),)) for row in ranges[0]]
        return np.concatenate([row[(slice(None), *_slices(ranges[1:]))] for row in rows])

    def _whole(self, name: str) -> npt.NDArray[Any]:
        if name != self._name:
            self._kept = self._source.get_slice(name, ())
            self._name = name
        return self._kept


def encode_values(array: npt.NDArray[Any], part: object = "abs") -> tuple[dict[str, Any], list[bytes]]:
    """Return the JSON content and the buffers for a piece of a tensor.

    Args:
        array: The piece; strings as objects (bytes).
        part: What to show of complex numbers: "abs", "real" or "imag".

    Returns:
        ``shape``; for strings ``texts``; for numbers ``kind`` (boolean, integer or number), ``format`` (kind and bits,
        as i64) and one little-endian buffer in C order.
    """
    content: dict[str, Any] = {"shape": list(array.shape)}
    if array.dtype == np.object_:
        return {**content, "texts": [_text(value) for value in array.reshape(-1)[:MAX_WINDOW]]}, []
    numbers = _browser_numbers(array, part)
    content["kind"] = _KINDS.get(array.dtype.kind, "number")
    content["format"] = f"{numbers.dtype.kind}{8 * numbers.dtype.itemsize}"
    return content, [np.ascontiguousarray(numbers).tobytes()]


def _browser_numbers(array: npt.NDArray[Any], part: object) -> npt.NDArray[Any]:
    if array.dtype.kind == "c":
        array = {"real": array.real, "imag": array.imag}.get(str(part), np.abs(array))
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
