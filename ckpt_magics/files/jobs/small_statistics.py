"""Statistics of many small arrays at once: each pass goes over all of them, end to end.

An array of a few values costs more in calls than in arithmetic, so 20,000 of them are described as one long array that
is cut at their ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.jobs.tensor_statistics import BINS, TensorStatistics, tensor_statistics, working_dtype

__all__ = ["small_statistics"]

Numbers = npt.NDArray[Any]

_TOGETHER = 1 << 18
"""Elements of arrays that are walked over together; the passes take about 40 bytes for each."""


def small_statistics(arrays: Sequence[Numbers]) -> list[TensorStatistics]:
    """Return what `tensor_statistics` says of each; arrays are of one dtype and of any shapes."""
    found: list[TensorStatistics] = []
    for run in _runs(arrays):
        found += _together(run) if run[0].dtype != np.object_ else map(tensor_statistics, run)
    return found


def _runs(arrays: Sequence[Numbers]) -> Iterator[Sequence[Numbers]]:
    """Cut a list where so many elements have come together."""
    start = elements = 0
    for place, array in enumerate(arrays):
        if elements + array.size > _TOGETHER and place > start:
            yield arrays[start:place]
            start, elements = place, 0
        elements += array.size
    if start < len(arrays):
        yield arrays[start:]


@dataclass(slots=True)
class _Cut:
    """Values of several arrays, end to end.

    Attributes:
        values: The finite ones, as what they are compared as; complex numbers by their magnitudes.
        exact: The same with all digits of integers.
        owner: Place of each one's array, int64.
        counts: How many each array has, int64.
    """

    values: Numbers
    exact: Numbers
    owner: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where those begin that have any."""
        ends = np.cumsum(self.counts)
        return (ends - self.counts)[self.counts > 0]

    def sums(self, is_so: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Count for each array the values of which something is so."""
        return np.bincount(self.owner[is_so], minlength=len(self.counts))

    def where(self, wanted: npt.NDArray[np.bool_]) -> _Cut:
        """Return only some of the values."""
        return _Cut(self.values[wanted], self.exact[wanted], self.owner[wanted], self.sums(wanted))


def _together(arrays: Sequence[Numbers]) -> list[TensorStatistics]:
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        whole = _joined(arrays)
        nans, infs = whole.sums(np.isnan(whole.values)), whole.sums(np.isinf(whole.values))
        found = whole if not (nans.any() or infs.any()) else whole.where(np.isfinite(whole.values))
        described = _moments(found)
        low, high = _spread(np.minimum, found), _spread(np.maximum, found)
        bins, has_bins = _histograms(found, low.astype(np.float64), high.astype(np.float64))
    zeros, nothing = found.sums(found.values == 0), np.zeros(0, np.int64)
    measures = (low.tolist(), high.tolist(), *described, zeros.tolist(), nans.tolist(), infs.tolist())
    statistics = []
    for place, (array, least, most, mean, std, none, missing, endless) in enumerate(
        zip(arrays, *measures, strict=True)
    ):
        counts = (none, missing, endless)
        if not found.counts[place]:
            statistics.append(TensorStatistics(array.size, None, None, None, None, *counts, nothing))
        elif has_bins[place]:
            statistics.append(TensorStatistics(array.size, least, most, mean, std, *counts, bins[place]))
        else:
            statistics.append(tensor_statistics(array))
    return statistics


def _joined(arrays: Sequence[Numbers]) -> _Cut:
    exact = np.concatenate([array.reshape(-1) for array in arrays])
    counts = np.fromiter((array.size for array in arrays), np.int64, len(arrays))
    magnitudes = np.abs(exact) if exact.dtype.kind == "c" else exact
    values = magnitudes.astype(working_dtype(exact.dtype))
    owner = np.repeat(np.arange(len(arrays)), counts)
    return _Cut(values, exact if exact.dtype.kind in "iu" else values, owner, counts)


def _spread(least: np.ufunc, found: _Cut) -> Numbers:
    """Return the least or greatest value of each array; 0 where it has none."""
    spread = np.zeros(len(found.counts), found.exact.dtype)
    if found.exact.size:
        spread[found.counts > 0] = least.reduceat(found.exact, found.starts)
    return spread


def _moments(found: _Cut) -> tuple[list[float], list[float]]:
    """Return the mean and the standard deviation of each array."""
    wide = found.values.astype(np.float64)
    mean = _means(wide, found)
    wide -= mean[found.owner]
    return mean.tolist(), np.sqrt(_means(np.square(wide, out=wide), found)).tolist()


def _means(values: npt.NDArray[np.float64], found: _Cut) -> npt.NDArray[np.float64]:
    means = np.zeros(len(found.counts))
    if values.size:
        means[found.counts > 0] = np.add.reduceat(values, found.starts)
    return means / np.maximum(found.counts, 1)


def _histograms(
    found: _Cut, low: npt.NDArray[np.float64], high: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the counts in equal steps, int64 [arrays, bins], and which of them hold.

    They don't where the range of an array is hardly a number, which takes more thought than a pass over all.
    """
    kind = found.values.dtype
    limits = np.finfo(kind)
    tiny, huge = float(limits.tiny), float(limits.max)
    width, is_flat = high - low, low == high
    steps = np.where(is_flat, 0, BINS / np.where(is_flat, 1, width))
    holds = is_flat | ((width >= tiny) & (width <= huge) & (steps <= huge))
    scaled = found.values - low.astype(kind)[found.owner]
    scaled *= np.where(holds, steps, 0).astype(kind)[found.owner]
    places = np.nan_to_num(scaled, copy=False).astype(np.uint8)
    size = (BINS + 1) * len(low)
    counts = np.bincount(found.owner * (BINS + 1) + places, minlength=size).reshape(-1, BINS + 1)
    # One more bin takes the largest values.
    counts[:, BINS - 1] += counts[:, BINS]
    return counts[:, :BINS], holds
