"""What differs between two sets of tensors: names, shapes, dtypes, and how far apart the values are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

import numpy as np

from ckpt_magics.files.formats.pieces import PIECE_SIZE, STREAM_SIZE, Box, elements_of
from ckpt_magics.files.jobs.tensor_statistics import sum_of_squares
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.parallel.tensor_tasks import on_each
from ckpt_magics.files.steps.naming_steps import MAP
from ckpt_magics.files.steps.stepped_tensors import stepped
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.reading_ahead import read_ahead
from ckpt_magics.files.tensors.source import Array, TensorSource, TensorSpec

__all__ = [
    "STATUSES",
    "Distance",
    "TensorDifference",
    "Tensors",
    "compare",
    "paired_pieces",
    "tensor_distance",
    "under_new_names",
    "values_apart",
]

Tensors = NamedTensors[TensorSource]
"""A side of a comparison."""

STATUSES = ("added", "removed", "reshaped", "retyped", "changed", "same")
"""What can have become of a tensor; the first that holds. "retyped" says nothing about the values."""

_LOW_HALF = 0xFFFFFFFF

_BLOCK = 1 << 16
"""Elements compared at a time: as float64 they stay in a core's cache."""


@dataclass(frozen=True, slots=True)
class Distance:
    """How far apart two tensors of one shape are.

    Attributes:
        changed: Elements that differ; NaN is the same as NaN.
        norm: Euclidean norm of the difference, over the elements that are finite on both sides; None for strings.
        largest: Largest absolute difference, likewise. Of integers too it is float64, but no difference becomes 0.
        relative: ``norm`` as a share of the first tensor's norm; None for strings, and where that norm is 0.
    """

    changed: int
    norm: float | None
    largest: float | None
    relative: float | None


def tensor_distance(before: Array, after: Array) -> Distance:
    """Return how far apart two arrays of the same shape are, in one walk over blocks of both."""
    return _distance([(before, after)])


def paired_pieces(name: str, before: Tensors, after: Tensors, at_most: int) -> Iterator[tuple[Box, Array, Array]]:
    """Yield region by region the values of a tensor on two sides that have it in one shape.

    Args:
        name: Of the tensor.
        before: The first side.
        after: The second side.
        at_most: Bytes of a region on the side where it takes more of them; strings come whole.
    """
    sizes = [side.spec(name).dtype.itemsize for side in (before, after)]
    if not all(sizes):
        first = before.read(name)
        yield tuple(slice(0, size) for size in first.shape), first, after.read(name)
        return
    # As many elements on both sides, which are cut alike then.
    count = elements_of(at_most, max(sizes))
    pieces = (side.pieces(name, count * size) for side, size in zip((before, after), sizes, strict=True))
    for (region, old), (_, new) in zip(*pieces, strict=True):
        yield region, old, new


def _distance(pairs: Iterable[tuple[Array, Array]]) -> Distance:
    """Return how far apart arrays are that together are two tensors."""
    changed, squares, of_before, largest = 0, 0.0, 0.0, 0.0
    wide = _WideBlocks()
    for first, second in _block_pairs(pairs):
        if np.object_ in (first.dtype, second.dtype):
            return Distance(int(np.count_nonzero(np.asarray(first != second))), None, None, None)
        with np.errstate(invalid="ignore", over="ignore"):  # infinities and NaN are data here
            found = wide.finite_apart(first, second) or _apart(first, second)
        changed += found.changed
        squares += found.squares
        of_before += found.of_before
        largest = max(largest, found.largest)
    # Squares of the smallest numbers are 0; a norm is never less than the largest difference.
    norm = max(math.sqrt(squares), largest)
    return Distance(changed, norm, largest, norm / math.sqrt(of_before) if of_before else None)


class _BlockDistance(NamedTuple):
    """How far apart two blocks are, where both are finite.

    Attributes:
        changed: Elements that differ, also in what is not finite.
        squares: Sum of the squares of the differences.
        of_before: Sum of the squares of the first block.
        largest: Largest absolute difference.
    """

    changed: int
    squares: float
    of_before: float
    largest: float


def _apart(first: Array, second: Array) -> _BlockDistance:
    """Return how far apart blocks of any numbers are."""
    differs = (first != second) & ~((first != first) & (second != second))  # noqa: PLR0124 - NaN differs from itself
    apart = values_apart(first, second)
    both = np.isfinite(apart)
    apart, size = np.abs(apart[both]), np.abs(_wide(first))[both]
    squares, of_before = sum_of_squares(apart), sum_of_squares(size)
    return _BlockDistance(int(np.count_nonzero(differs)), squares, of_before, float(apart.max(initial=0.0)))


class _WideBlocks:
    """Memory for the differences of blocks: to have it made anew each time costs more than the arithmetic."""

    def __init__(self) -> None:
        self._before: Array = np.empty(0)
        self._apart: Array = np.empty(0)

    def finite_apart(self, first: Array, second: Array) -> _BlockDistance | None:
        """Return how far apart blocks are whose values and squares are finite in float64; None of others."""
        if not (_fits_float64(first) and _fits_float64(second)):
            return None
        if self._before.size < first.size:
            self._before, self._apart = np.empty((2, first.size))
        before, apart = self._before[: first.size], self._apart[: first.size]
        np.copyto(before, first, casting="unsafe")
        of_before, squares, largest = sum_of_squares(before), 0.0, 0.0
        changed = int(np.count_nonzero(first != second))
        if changed:
            np.copyto(apart, second, casting="unsafe")
            np.subtract(apart, before, out=apart)
            squares, largest = sum_of_squares(apart), max(float(apart.max()), -float(apart.min()))
        # One that is not finite would make the sum so.
        return _BlockDistance(changed, squares, of_before, largest) if math.isfinite(of_before + squares) else None


@dataclass(frozen=True, slots=True)
class TensorDifference:
    """What has become of one tensor.

    Attributes:
        name: Of the tensor.
        status: One of `STATUSES`.
        before: What the first side says of it; None if it has no such tensor.
        after: What the second side says of it; None likewise.
        distance: How far apart the values are, where both sides have it in one shape.
        group: What it is for, one of `GROUPS`.
    """

    name: str
    status: str
    before: TensorSpec | None
    after: TensorSpec | None
    distance: Distance | None
    group: str

    @property
    def spec(self) -> TensorSpec:
        """What the second side says of it, or the first if the second has it not."""
        spec = self.after or self.before
        assert spec is not None  # noqa: S101 - a side has it
        return spec

    @property
    def was(self) -> str:
        """Dtype and shape of the first side where the second has others, or ""."""
        old, new = self.before, self.after
        if old is None or new is None or (old.dtype, old.shape) == (new.dtype, new.shape):
            return ""
        return f"{old.dtype.name} {list(old.shape)}"


def compare(
    before: Tensors, after: Tensors, progress: Progress | None = None, *, executor: Executor | None = None
) -> list[TensorDifference]:
    """Compare two sets of tensors by name. Of each side a few pieces of a tensor are in memory.

    Args:
        before: The first side.
        after: The second side.
        progress: Called with the bytes compared and in all.
        executor: Who compares them; None for this thread.

    Returns:
        What became of each tensor, sorted by name. Names that one side has, and the other may have lost because its
        listing is damaged, are left out; a warning has said which.

    Raises:
        CheckpointError: A tensor that both sides have cannot be read.
    """
    sides = _paired_names(before, after)
    names = sorted(name for name in sides[0] | sides[1] if not _is_lost(name, (before, after), sides))
    pairs = [_NameOfBoth(name, name in sides[0], name in sides[1]) for name in names]
    specs = {pair: (after if pair.is_after else before).spec(pair.name) for pair in pairs}
    found = on_each(
        _difference, specs, [before, after], name_of=attrgetter("name"), progress=progress, executor=executor
    )
    return list(found.values())


class _NameOfBoth(NamedTuple):
    """A name, and which sides have it."""

    name: str
    is_before: bool
    is_after: bool


def under_new_names(tensors: Tensors, mapping: Mapping[str, str]) -> Tensors:
    """Return a side of a comparison under the names that the other one has.

    Args:
        tensors: The side.
        mapping: From new to old name, also of scopes and patterns; what it does not name is called as before.

    Raises:
        InvalidArgumentError: An old name is not there, or two tensors would have one name.
        CheckpointError: Not all tensors are listed, because the listing is damaged.
    """
    if not mapping:
        return tensors
    return NamedTensors(MAP.given(list(mapping.items())).apply(stepped(tensors)))


def _paired_names(before: Tensors, after: Tensors) -> tuple[set[str], set[str]]:
    """Return the names of both sides.

    A tensor that one side calls by another name of the other side's, as a graph's name of a variable or the key in a
    checkpoint of objects, has that name on both.
    """
    names = set(before), set(after)
    for side, (own, others) in ((after, names), (before, names[::-1])):
        for name in own - others:
            known = None if side.may_have_lost(name) else side.name_or_none(name)
            if known is not None and known in others and known not in own:
                others.remove(known)
                others.add(name)
    return names


def _is_lost(name: str, tensors: Sequence[Tensors], listed: Sequence[set[str]]) -> bool:
    """Whether a side does not list a tensor that it may have had: nobody knows what became of it."""
    pairs = zip(tensors, listed, strict=True)
    return any(name not in names and side.may_have_lost(name) for side, names in pairs)


def _difference(pair: _NameOfBoth, first: Tensors, second: Tensors) -> TensorDifference:
    name = pair.name
    before, after = first if pair.is_before else None, second if pair.is_after else None
    old = before.spec(name) if before is not None else None
    new = after.spec(name) if after is not None else None
    distance = None
    if before is not None and after is not None and old is not None and new is not None and old.shape == new.shape:
        are_streams = all(spec.offset is not None and not spec.slices for spec in (old, new))
        size = STREAM_SIZE if are_streams else PIECE_SIZE
        pieces = paired_pieces(name, before, after, size)
        distance = _distance(
            (first, second) for _, first, second in (read_ahead(pieces) if old.nbytes > size else pieces)
        )
    side = after if after is not None else before
    assert side is not None  # noqa: S101 - a side has it
    return TensorDifference(name, _status(old, new, distance), old, new, distance, side.group(name))


def _status(old: TensorSpec | None, new: TensorSpec | None, distance: Distance | None) -> str:
    if old is None or new is None:
        return "added" if old is None else "removed"
    if old.shape != new.shape:
        return "reshaped"
    if old.dtype != new.dtype:
        return "retyped"
    return "changed" if distance is None or distance.changed else "same"


def _block_pairs(pairs: Iterable[tuple[Array, Array]]) -> Iterator[tuple[Array, Array]]:
    for before, after in pairs:
        if np.object_ in (before.dtype, after.dtype):
            yield before, after
            continue
        first, second = before.reshape(-1), after.reshape(-1)
        for start in range(0, first.size, _BLOCK):
            yield first[start : start + _BLOCK], second[start : start + _BLOCK]


def _fits_float64(block: Array) -> bool:
    return block.dtype.kind in "fVb" or (block.dtype.kind in "iu" and block.itemsize < 8)


def values_apart(first: Array, second: Array) -> Array:
    """Return ``second - first`` of arrays of one shape as float64 or complex128, rounded once.

    It is 0 only where they are equal. Where both are infinite it is NaN, of which NumPy warns.
    """
    if {first.dtype.kind, second.dtype.kind} <= {"i", "u"} and max(first.itemsize, second.itemsize) == 8:
        # float64 has no place for 64 bits, nor int64 for a difference of two; halves and their differences fit.
        (old_high, old_low), (high, low) = map(_halves, (first, second))
        return np.asarray((high - old_high) * 2.0**32 + (low - old_low))
    return _wide(second) - _wide(first)


def _halves(block: Array) -> tuple[Array, Array]:
    """Return integers as int64 pairs: ``high * 2**32 + low``, with 0 <= low < 2**32."""
    block = block.astype(np.int64 if block.dtype.kind == "i" else np.uint64, copy=False)
    return (block >> 32).astype(np.int64, copy=False), (block & _LOW_HALF).astype(np.int64, copy=False)


def _wide(block: Array) -> Array:
    return block.astype(np.complex128 if block.dtype.kind == "c" else np.float64)
