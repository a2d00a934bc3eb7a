"""Statistics of a tensor's values in one walk over cache-sized blocks.

The variance is merged block by block (Chan, Golub and LeVeque 1983), so that a mean far from zero costs no digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["BINS", "TensorStatistics", "tensor_statistics"]

BINS = 32
"""Bars of a histogram."""

_BLOCK = 1 << 17
"""Elements per block: 1 MiB as float64, which stays in a core's cache between the passes over it."""


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

    def add(self, block: npt.NDArray[np.float64]) -> None:
        mean = float(block.mean())
        centred = block - mean
        delta = mean - self.mean
        total = self.count + block.size
        self._squares += float(centred @ centred) + delta * delta * self.count * block.size / total
        self.mean += delta * block.size / total
        self.count = total

    @property
    def std(self) -> float:
        return float(np.sqrt(self._squares / self.count))


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
    low: Any = None
    high: Any = None
    zeros = nans = infs = 0
    moments = _Moments()
    for block in _blocks(flat):
        zeros += block.size - int(np.count_nonzero(block))
        values = _as_float64(block)
        finite = np.isfinite(values)
        if not finite.all():
            missing = int(np.isnan(values).sum())
            nans += missing
            infs += block.size - int(finite.sum()) - missing
            values, block = values[finite], block[finite]  # noqa: PLW2901  # the rest of the loop is about these
        if values.size:
            exact = block if block.dtype.kind in "iu" else values
            low = exact.min() if low is None else min(low, exact.min())
            high = exact.max() if high is None else max(high, exact.max())
            moments.add(values)
    if low is None:
        return TensorStatistics(array.size, None, None, None, None, zeros, nans, infs, np.zeros(0, np.int64))
    bins = _histogram(flat, float(low), float(high))
    return TensorStatistics(array.size, low.item(), high.item(), moments.mean, moments.std, zeros, nans, infs, bins)


def _string_statistics(array: npt.NDArray[Any]) -> TensorStatistics:
    empty = sum(1 for value in array.flat if len(value) == 0)
    return TensorStatistics(array.size, None, None, None, None, empty, 0, 0, np.zeros(0, np.int64))


def _blocks(flat: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    for start in range(0, flat.size, _BLOCK):
        yield flat[start : start + _BLOCK]


def _as_float64(block: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    with np.errstate(invalid="ignore", over="ignore"):  # signalling NaNs and magnitudes past float64 are data here
        values: npt.NDArray[np.float64] = (np.abs(block) if block.dtype.kind == "c" else block).astype(np.float64)
    return values


def _histogram(flat: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.int64]:
    """Counts in equal steps; everything lies in the first bin when the values cannot be told apart."""
    bins = np.zeros(BINS, np.int64)
    half_width = (high / 2 - low / 2) / BINS  # halves, because the range of float64's extremes is not finite
    for block in _blocks(flat):
        values = _as_float64(block)
        values = values[np.isfinite(values)]
        places = (values / 2 - low / 2) / half_width if half_width else np.zeros(values.size)
        bins += np.bincount(np.minimum(places, BINS - 1).astype(np.intp), minlength=BINS)
    return bins
