"""Statistics of a tensor's values in one walk over cache-sized blocks.

The variance is merged block by block (Chan, Golub and LeVeque 1983), so that a mean far from zero costs no digits.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BINS", "TensorStatistics", "checkpoint_statistics", "tensor_statistics"]

Floats = npt.NDArray[np.float64]

BINS = 32
"""Bars of a histogram."""

_BLOCK = 1 << 15
"""Elements per block: the 256 KiB that they take as float64, three times, stay in a core's cache between the passes."""

_WORKERS = 2
"""Threads over the tensors of a checkpoint; NumPy lets go of the interpreter while it works on a block."""


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


class _Moments:
    """Count, mean and sum of squared differences from it, grown block by block."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self._squares = 0.0

    def add(self, block: Floats, mean: float, scratch: Floats) -> None:
        """Add a block that has this mean; ``scratch`` is as long and is overwritten."""
        centred = np.subtract(block, mean, out=scratch)
        delta = mean - self.mean
        total = self.count + block.size
        # Not a dot product: BLAS would start threads of its own for each block.
        squares = float(np.multiply(centred, centred, out=scratch).sum())
        self._squares += squares + delta * delta * self.count * block.size / total
        self.mean += delta * block.size / total
        self.count = total

    @property
    def std(self) -> float:
        return float(np.sqrt(self._squares / self.count))


class _Scratch:
    """Memory that is used again for each block: fresh memory would cost more than the arithmetic."""

    def __init__(self, elements: int) -> None:
        size = min(elements, _BLOCK)
        self.values = np.empty(size)
        self.other = np.empty(size)
        self.places = np.empty(size, np.intp)
        self.flags = np.empty(size, np.bool_)

    def as_float64(self, block: npt.NDArray[Any]) -> Floats:
        """Return a block as float64, complex numbers by their magnitudes, in this memory."""
        values = self.values[: block.size]
        with np.errstate(invalid="ignore", over="ignore"):  # signalling NaNs and magnitudes past float64 are data here
            np.copyto(values, np.abs(block) if block.dtype.kind == "c" else block, casting="unsafe")
        return values


def checkpoint_statistics(
    reader: Mapping[str, Any], names: Iterable[str] | None = None
) -> Iterator[tuple[str, TensorStatistics]]:
    """Yield name and statistics of the tensors of a checkpoint, each read once, two at a time.

    Args:
        reader: An open checkpoint, or any mapping of arrays that two threads may read.
        names: Which tensors; all of them if None.
    """
    wanted = list(reader) if names is None else list(names)
    with ThreadPoolExecutor(_WORKERS) as workers:
        # Two tensors are in memory at a time: a worker lets go of one before it takes the next.
        found = workers.map(lambda name: tensor_statistics(np.asarray(reader[name])), wanted)
        yield from zip(wanted, found, strict=True)


def tensor_statistics(array: npt.NDArray[Any]) -> TensorStatistics:
    """Return the statistics of all values of an array.

    Args:
        array: Any shape; numbers of any dtype including those of ml_dtypes, Booleans, or objects (bytes).

    Returns:
        The statistics; a scan of the values, and a second one for the histogram.
    """
    if array.dtype == np.object_:
        return _string_statistics(array)
    flat = array.reshape(-1)
    scratch = _Scratch(flat.size)
    low: Any = None
    high: Any = None
    zeros = nans = infs = 0
    moments = _Moments()
    for block in _blocks(flat):
        values = scratch.as_float64(block)
        zeros += int(np.count_nonzero(np.equal(values, 0, out=scratch.flags[: values.size])))
        with np.errstate(over="ignore", invalid="ignore"):
            total = float(values.sum())
        if not math.isfinite(total):
            finite = np.isfinite(values)
            missing = int(np.count_nonzero(np.isnan(values)))
            nans += missing
            infs += block.size - int(np.count_nonzero(finite)) - missing
            values, block = values[finite], block[finite]  # noqa: PLW2901  # the rest of the loop is about these
            total = float(values.sum())
        if values.size:
            exact = block if block.dtype.kind in "iu" else values
            low = exact.min() if low is None else min(low, exact.min())
            high = exact.max() if high is None else max(high, exact.max())
            moments.add(values, total / values.size, scratch.other[: values.size])
    if low is None:
        return TensorStatistics(array.size, None, None, None, None, zeros, nans, infs, np.zeros(0, np.int64))
    bins = _histogram(flat, float(low), float(high), scratch)
    return TensorStatistics(array.size, low.item(), high.item(), moments.mean, moments.std, zeros, nans, infs, bins)


def _string_statistics(array: npt.NDArray[Any]) -> TensorStatistics:
    empty = sum(1 for value in array.flat if len(value) == 0)
    return TensorStatistics(array.size, None, None, None, None, empty, 0, 0, np.zeros(0, np.int64))


def _blocks(flat: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    for start in range(0, flat.size, _BLOCK):
        yield flat[start : start + _BLOCK]


def _histogram(flat: npt.NDArray[Any], low: float, high: float, scratch: _Scratch) -> npt.NDArray[np.int64]:
    """Counts in equal steps; everything lies in the first bin when the values cannot be told apart."""
    # One bin more, for the largest value; it belongs to the last one.
    bins = np.zeros(BINS + 1, np.int64)
    stretch, steps = _scale(low, high)
    for block in _blocks(flat):
        values = scratch.as_float64(block)
        if stretch != 1:
            np.multiply(values, stretch, out=values)
        with np.errstate(invalid="ignore"):
            np.subtract(values, low * stretch, out=values)
            np.multiply(values, steps, out=values)
            # The sum of places from 0 to 32 is not finite just where one of them is not.
            if not math.isfinite(values.sum()):
                values = values[np.isfinite(values)]
        places = scratch.places[: values.size]
        np.copyto(places, values, casting="unsafe")
        bins += np.bincount(places, minlength=BINS + 1)
    bins[BINS - 1] += bins[BINS]
    return bins[:BINS]


def _scale(low: float, high: float) -> tuple[float, float]:
    """Return what to multiply values by, so that their range is a number, and then by what to get bins from it."""
    if low == high:
        return 1.0, 0.0
    for stretch in (1.0, 0.5, 2.0**600):
        width = high * stretch - low * stretch
        # The range of float64's extremes is not finite; the inverse of its smallest numbers is not either.
        if math.isfinite(width) and math.isfinite(BINS / width):
            return stretch, BINS / width
    return 1.0, 0.0
