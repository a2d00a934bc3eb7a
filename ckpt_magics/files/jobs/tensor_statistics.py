"""Statistics of a tensor's values in two walks over cache-sized blocks.

The variance is merged block by block (Chan, Golub and LeVeque 1983), so that a mean far from zero costs no digits.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.pieces import PIECE_SIZE
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.source import TensorSource

__all__ = [
    "BINS",
    "TensorStatistics",
    "exact_extremes",
    "stored_statistics",
    "sum_of_squares",
    "tensor_statistics",
    "working_dtype",
]

Floats = npt.NDArray[np.float64]

BINS = 32
"""Bars of a histogram."""

_BLOCK = 1 << 17
"""Elements per block: what it takes as float64, 1 MiB, stays in a core's cache between the passes."""

_DOT_SIZE = 1 << 13
"""Elements of one dot product: from 10,000 on OpenBLAS starts threads of its own."""

_PLACES = BINS + 1
"""Bins, and one more for the largest value."""


@dataclass(frozen=True, slots=True)
class TensorStatistics:
    """What is known about the values of one tensor.

    Attributes:
        elements: How many there are.
        minimum: Smallest finite value, exact for integers; None where there is none, and for strings.
        maximum: Largest finite value, likewise.
        mean: Mean of the finite values.
        std: Standard deviation of the finite values (of the whole population).
        zeros: How many are zero; for strings, how many are empty.
        nans: How many are NaN.
        infs: How many are infinite.
        bins: Counts of the finite values in `BINS` equal steps from minimum to maximum, int64 [32]; empty for
            strings and where nothing is finite.

    Complex numbers are described by their magnitudes, Booleans as 0 and 1.
    """

    elements: int
    minimum: float | int | None
    maximum: float | int | None
    mean: float | None
    std: float | None
    zeros: int
    nans: int
    infs: int
    bins: npt.NDArray[np.int64]


def exact_extremes(statistics: TensorStatistics, dtype: np.dtype[Any]) -> list[str] | None:
    """Return least and greatest value in full as texts, if they are integers or Booleans; None of measurements."""
    if statistics.minimum is None or not (dtype.kind == "b" or isinstance(statistics.minimum, int)):
        return None
    extremes = (statistics.minimum, statistics.maximum)
    return [str(bool(each) if dtype.kind == "b" else each) for each in extremes]


class _Moments:
    """Count, mean and sum of squared differences from it, grown block by block."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, values: Floats) -> None:
        """Add a block of finite values, float64, and overwrite it."""
        with np.errstate(over="ignore", invalid="ignore"):
            mean = float(values.sum()) / values.size
            values -= mean
            squares = sum_of_squares(values)
        delta = mean - self.mean
        total = self.count + values.size
        self._squares += squares + delta * delta * self.count * values.size / total
        self.mean += delta * values.size / total
        self.count = total

    @property
    def std(self) -> float:
        return float(np.sqrt(self._squares / self.count))


def sum_of_squares(values: Floats) -> float:
    """Return the sum of the squares of float64, one behind the other, in this thread alone."""
    whole = values.size // _DOT_SIZE * _DOT_SIZE
    rows = values[:whole].reshape(-1, 1, _DOT_SIZE)
    rest = values[whole:]
    return float((rows @ rows.transpose(0, 2, 1)).sum()) + float(rest @ rest)


class _Memory(threading.local):
    """Room for what the passes over a block make, kept by each thread: fresh memory costs more than the arithmetic."""

    def __init__(self) -> None:
        self.values = np.empty(_BLOCK)
        self.wide = np.empty(_BLOCK)
        self.flags = np.empty(_BLOCK, np.bool_)
        self.places = np.empty(_BLOCK, np.uint8)
        self.codes = np.empty(_BLOCK // 2, np.uint16)
        self.pairs = np.empty(_BLOCK // 2, np.intp)


_memory = _Memory()


def working_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return what values are compared as: float32 if they are floats that it can hold, else float64."""
    # Integers often lie on the edge between two bins, where float32 would put whole values into the wrong one.
    narrow = dtype.kind not in "iub" and (dtype.kind == "c" or np.can_cast(dtype, np.float32))
    return np.dtype(np.float32 if narrow and dtype.itemsize <= 8 else np.float64)


class _Scratch:
    """The passes over a block that need memory.

    Args:
        dtype: Of what is walked over.
    """

    def __init__(self, dtype: np.dtype[Any]) -> None:
        self.dtype = working_dtype(dtype)
        self._values = _memory.values.view(self.dtype)
        self._wide, self._flags = _memory.wide, _memory.flags
        self._places, self._codes, self._pairs = _memory.places, _memory.codes, _memory.pairs

    def load(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the real values of a block, complex numbers by their magnitudes: a copy unless they are as wanted."""
        if block.dtype == self.dtype:
            return block
        values = self._values[: block.size]
        with np.errstate(invalid="ignore", over="ignore"):  # signalling NaNs and magnitudes past float64 are data here
            np.copyto(values, np.abs(block) if block.dtype.kind == "c" else block, casting="unsafe")
        return values

    def widen(self, values: npt.NDArray[Any]) -> Floats:
        """Return a copy of values as float64."""
        wide = self._wide[: values.size]
        np.copyto(wide, values)
        return wide

    def count_zeros(self, values: npt.NDArray[Any]) -> int:
        """Count the zeros."""
        return int(np.count_nonzero(np.equal(values, 0, out=self._flags[: values.size])))

    def scale(self, values: npt.NDArray[Any], low: float, stretch: float, steps: float) -> npt.NDArray[np.uint8]:
        """Return the bin of each value, 0 to 32."""
        kind = self.dtype.type
        scaled = self._values[: values.size]
        if stretch != 1:
            values = np.multiply(values, kind(stretch), out=scaled)
        np.subtract(values, kind(low * stretch), out=scaled)
        np.multiply(scaled, kind(steps), out=scaled)
        places = self._places[: values.size]
        np.copyto(places, scaled, casting="unsafe")
        return places

    def join_halves(self, places: npt.NDArray[np.uint8]) -> npt.NDArray[np.intp]:
        """Return a number for two places each: counting takes longer than all that leads to it."""
        first, second = places.reshape(2, -1)
        codes, pairs = self._codes[: first.size], self._pairs[: first.size]
        np.multiply(first, _PLACES, out=codes, dtype=np.uint16)
        np.add(codes, second, out=codes)
        np.copyto(pairs, codes)
        return pairs


def stored_statistics(tensors: NamedTensors[TensorSource], name: str) -> TensorStatistics:
    """Return the statistics of a tensor, of which a few pieces are in memory; a large one is read twice.

    Raises:
        CheckpointError: It cannot be read.
    """
    spec = tensors.spec(name)
    if spec.nbytes > PIECE_SIZE:
        return _statistics(lambda: (piece for _, piece in tensors.pieces(name, PIECE_SIZE)), spec.dtype.numpy)
    # It is one piece.
    ((_, piece),) = tensors.pieces(name, PIECE_SIZE)
    return tensor_statistics(piece)


def tensor_statistics(array: npt.NDArray[Any]) -> TensorStatistics:
    """Return the statistics of all values of an array.

    Args:
        array: Any shape; numbers of any dtype including those of ml_dtypes, Booleans, or objects (bytes).

    Returns:
        The statistics; a scan of the values, and a second one for the histogram.
    """
    if array.dtype == np.object_:
        return _string_statistics(array)
    return _statistics(lambda: [array], array.dtype)


def _statistics(read: Callable[[], Iterable[npt.NDArray[Any]]], dtype: np.dtype[Any]) -> TensorStatistics:
    """Return the statistics of numbers that come in any number of arrays, each time that they are asked for."""
    scratch = _Scratch(dtype)
    low: Any = None
    high: Any = None
    elements = zeros = nans = infs = 0
    moments = _Moments()
    for block in _blocks(read()):
        elements += block.size
        values = scratch.load(block)
        exact = block if block.dtype.kind in "iu" else values
        least, most = _range(exact)
        if not (least > 0 or most < 0):
            zeros += scratch.count_zeros(values)
        if not (math.isfinite(least) and math.isfinite(most)):
            finite = np.isfinite(values)
            missing = int(np.count_nonzero(np.isnan(values)))
            nans += missing
            infs += block.size - int(np.count_nonzero(finite)) - missing
            exact = values = values[finite]
            if not values.size:
                continue
            least, most = _range(exact)
        low = least if low is None else min(low, least)
        high = most if high is None else max(high, most)
        moments.add(scratch.widen(values))
    if low is None:
        return TensorStatistics(elements, None, None, None, None, zeros, nans, infs, np.zeros(0, np.int64))
    bins = _histogram(_blocks(read()), float(low), float(high), scratch, is_finite=not nans + infs)
    return TensorStatistics(elements, low.item(), high.item(), moments.mean, moments.std, zeros, nans, infs, bins)


def _range(values: npt.NDArray[Any]) -> tuple[Any, Any]:
    """Return least and greatest value; one is not finite if any value is not."""
    with np.errstate(invalid="ignore"):
        return values.min(), values.max()


def _string_statistics(array: npt.NDArray[Any]) -> TensorStatistics:
    empty = sum(1 for value in array.flat if len(value) == 0)
    return TensorStatistics(array.size, None, None, None, None, empty, 0, 0, np.zeros(0, np.int64))


def _blocks(arrays: Iterable[npt.NDArray[Any]]) -> Iterator[npt.NDArray[Any]]:
    for array in arrays:
        flat = array.reshape(-1)
        for start in range(0, flat.size, _BLOCK):
            yield flat[start : start + _BLOCK]


def _histogram(
    blocks: Iterable[npt.NDArray[Any]], low: float, high: float, scratch: _Scratch, *, is_finite: bool
) -> npt.NDArray[np.int64]:
    """Counts in equal steps; everything lies in the first bin when the values cannot be told apart."""
    stretch, steps = _find_scale(low, high, scratch.dtype)
    pairs, rest = np.zeros(_PLACES**2, np.int64), np.zeros(_PLACES, np.int64)
    for block in blocks:
        values = scratch.load(block)
        if not is_finite:
            values = values[np.isfinite(values)]
        places = scratch.scale(values, low, stretch, steps)
        even = places.size // 2 * 2
        pairs += np.bincount(scratch.join_halves(places[:even]), minlength=pairs.size)
        rest += np.bincount(places[even:], minlength=_PLACES)
    square = pairs.reshape(_PLACES, _PLACES)
    bins: npt.NDArray[np.int64] = square.sum(axis=0) + square.sum(axis=1) + rest
    bins[BINS - 1] += bins[BINS]
    return bins[:BINS]


def _find_scale(low: float, high: float, dtype: np.dtype[Any]) -> tuple[float, float]:
    """Return what to multiply values by, so that their range is a number, and then by what to get bins from it."""
    if low == high:
        return 1.0, 0.0
    limits = np.finfo(dtype)
    tiny, huge = float(limits.tiny), float(limits.max)
    for stretch in (1.0, 0.5, 2.0 ** (limits.maxexp // 2)):
        width = high * stretch - low * stretch
        # The range of the extremes is not finite; the inverse of the smallest numbers is not either.
        if max(abs(high), abs(low)) * stretch <= huge and tiny <= width <= huge and BINS / width <= huge:
            return stretch, BINS / width
    return 1.0, 0.0
