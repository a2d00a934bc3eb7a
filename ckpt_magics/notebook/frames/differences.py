"""What differs between two sets of tensors, as a table: names, shapes, dtypes, and how far apart the values are."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.dtypes import DType, dtype_of
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box, array_pieces, elements_of, part_of
from ckpt_magics.files.object_graph.groups import variable_group

if TYPE_CHECKING:
    import pandas as pd

    from ckpt_magics.notebook.reader import CheckpointReader

__all__ = [
    "STATUSES",
    "ArrayTensors",
    "Distance",
    "Tensors",
    "compare_checkpoints",
    "differences",
    "paired_pieces",
    "stored_tensors",
    "tensor_distance",
    "tensors_of",
    "values_apart",
]

STATUSES = ("added", "removed", "reshaped", "retyped", "changed", "same")
"""What can have become of a tensor; the first that holds. "retyped" says nothing about the values."""

_LOW_HALF = 0xFFFFFFFF

_BLOCK = 1 << 17
"""Elements compared at a time: as float64 they stay in a core's cache."""

Array = npt.NDArray[Any]


class Tensors(Protocol):
    """One side of a comparison."""

    def names(self) -> list[str]:
        """Names of all tensors."""
        ...

    def may_have_lost(self, name: str) -> bool:
        """Whether one of this name may have been there that is not listed because the listing is damaged."""
        ...

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:
        """Dtype and shape of one."""
        ...

    def check_current(self) -> None:
        """Raise an error if what was read before has been replaced or deleted since."""
        ...

    def has_regions(self, name: str) -> bool:
        """Whether a region of one is read at its own cost, and not at that of the whole."""
        ...

    def read(self, name: str, region: Box = ()) -> Array:
        """The values of one, or of a region of it; an array whatever its rank."""
        ...

    def pieces(self, name: str, at_most: int) -> Iterator[tuple[Box, Array]]:
        """Regions and values of one, at most so many bytes at a time, in C order."""
        ...


@dataclass(frozen=True, slots=True)
class ArrayTensors:
    """Arrays in memory as a side of a comparison."""

    arrays: Mapping[str, Array]

    def names(self) -> list[str]:
        """Names of all arrays."""
        return list(self.arrays)

    def may_have_lost(self, name: str) -> bool:  # noqa: ARG002 - of the protocol
        """Never: all that there are are listed."""
        return False

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:
        """Dtype and shape of an array."""
        array = self.arrays[name]
        return dtype_of(array), array.shape

    def check_current(self) -> None:
        """They are."""

    def has_regions(self, name: str) -> bool:  # noqa: ARG002 - as all do
        """Always."""
        return True

    def read(self, name: str, region: Box = ()) -> Array:
        """A view of the array."""
        return part_of(self.arrays[name], region)

    def pieces(self, name: str, at_most: int) -> Iterator[tuple[Box, Array]]:
        """Regions and views of the array."""
        return array_pieces(self.arrays[name], at_most)


@dataclass(frozen=True, slots=True)
class _StoredTensors:
    reader: CheckpointReader

    def names(self) -> list[str]:
        return list(self.reader)

    def may_have_lost(self, name: str) -> bool:
        return self.reader.may_have_lost(name)

    def spec(self, name: str) -> tuple[DType, tuple[int, ...]]:
        entry = self.reader.entry(name)
        return entry.dtype, entry.shape

    def check_current(self) -> None:
        self.reader.check_current()

    def has_regions(self, name: str) -> bool:
        return self.reader.entry(name).size is not None

    def read(self, name: str, region: Box = ()) -> Array:
        # A region of the whole keeps a tensor of rank 0 an array.
        return self.reader.get_slice(name, region)

    def pieces(self, name: str, at_most: int) -> Iterator[tuple[Box, Array]]:
        return self.reader.pieces(name, at_most)


def stored_tensors(reader: CheckpointReader) -> Tensors:
    """The tensors of a checkpoint as a side of a comparison."""
    return _StoredTensors(reader)


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
    sizes = [side.spec(name)[0].itemsize for side in (before, after)]
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
    for first, second in _block_pairs(pairs):
        if np.object_ in (first.dtype, second.dtype):
            return Distance(int(np.count_nonzero(np.asarray(first != second))), None, None, None)
        with np.errstate(invalid="ignore", over="ignore"):  # infinities and NaN are data here
            differs = (first != second) & ~((first != first) & (second != second))  # noqa: PLR0124 - NaN differs from itself
            changed += int(np.count_nonzero(differs))
            apart = values_apart(first, second)
            size = np.abs(_wide(first))
        both = np.isfinite(apart)
        apart, size = np.abs(apart[both]), size[both]
        squares += float(apart @ apart)
        of_before += float(size @ size)
        largest = max(largest, float(apart.max(initial=0.0)))
    # Squares of the smallest numbers are 0; a norm is never less than the largest difference.
    norm = max(math.sqrt(squares), largest)
    return Distance(changed, norm, largest, norm / math.sqrt(of_before) if of_before else None)


def tensors_of(value: Any) -> Tensors:  # noqa: ANN401 - a path, a reader, or anything that holds tensors
    """Return a side of a comparison: of a checkpoint's path, of a reader, or of anything that holds tensors.

    Raises:
        CheckpointNotFoundError: There is no checkpoint at the path.
        InvalidArgumentError: The value holds something that is no tensor.
    """
    from ckpt_magics.files.objects.collected import collect_tensors
    from ckpt_magics.notebook.reader import CheckpointReader, load_checkpoint

    if isinstance(value, str | bytes | os.PathLike):
        value = load_checkpoint(value)
    if isinstance(value, CheckpointReader):
        return stored_tensors(value)
    return ArrayTensors(collect_tensors(value))


def compare_checkpoints(before: Any, after: Any) -> pd.DataFrame:  # noqa: ANN401 - as tensors_of
    """Compare two checkpoints, or a checkpoint and values in memory, by the names of their tensors.

    Args:
        before: A prefix or another path of a checkpoint, a reader, or a dict or module that holds tensors.
        after: Likewise.

    Returns:
        A row per tensor; see :func:`differences`.
    """
    return differences(tensors_of(before), tensors_of(after))


def differences(before: Tensors, after: Tensors, *, progress: Callable[[int, int], None] | None = None) -> pd.DataFrame:
    """Compare two sets of tensors by name. Of each side a few pieces of a tensor are in memory.

    Args:
        before: The first side.
        after: The second side.
        progress: Called with the bytes compared and in all.

    Returns:
        A row per name, sorted: ``name``, ``status`` (one of `STATUSES`), ``dtype`` and ``shape`` (of the second side
        where it has the tensor), ``elements``, ``bytes``, ``was`` (dtype and shape of the first side where they
        differ), ``changed`` (elements that differ; Int64, missing where shapes differ), ``norm``, ``largest`` and
        ``relative`` (see `Distance`; float64, NaN where there is none), ``group``.

        Names that one side has, and the other may have lost because its listing is damaged, are left out; a warning
        has said which.

    Raises:
        CheckpointError: A tensor that both sides have cannot be read.
    """
    import pandas as pd

    sides = set(before.names()), set(after.names())
    names = sorted(name for name in sides[0] | sides[1] if not _is_lost(name, (before, after), sides))
    sizes = [_bytes(*(after if name in sides[1] else before).spec(name)) for name in names]
    rows, done, total = [], 0, sum(sizes)
    for name, size in zip(names, sizes, strict=True):
        rows.append(_row(name, before if name in sides[0] else None, after if name in sides[1] else None))
        done += size
        if progress is not None:
            progress(done, total)
    frame = pd.DataFrame(rows, columns=list(_COLUMNS))
    frame["status"] = pd.Categorical(frame["status"], list(STATUSES))
    frame["changed"] = frame["changed"].astype("Int64")
    return frame.astype({"elements": "int64", "bytes": "int64", **dict.fromkeys(_MEASURES, "float64")})


def _is_lost(name: str, tensors: Sequence[Tensors], listed: Sequence[set[str]]) -> bool:
    """Whether a side does not list a tensor that it may have had: nobody knows what became of it."""
    pairs = zip(tensors, listed, strict=True)
    return any(name not in names and side.may_have_lost(name) for side, names in pairs)


_MEASURES = ("norm", "largest", "relative")
_COLUMNS = ("name", "status", "dtype", "shape", "elements", "bytes", "was", "changed", *_MEASURES, "group")


def _row(name: str, before: Tensors | None, after: Tensors | None) -> tuple[object, ...]:
    old = before.spec(name) if before is not None else None
    new = after.spec(name) if after is not None else None
    dtype, shape = (after or before).spec(name)  # type: ignore[union-attr]  # one side has it
    distance = None
    if before is not None and after is not None and old is not None and new is not None and old[1] == new[1]:
        pieces = paired_pieces(name, before, after, PIECE_SIZE)
        distance = _distance((first, second) for _, first, second in pieces)
    return (
        name,
        _status(old, new, distance),
        dtype.name,
        shape,
        math.prod(shape),
        _bytes(dtype, shape),
        _was(old, new),
        None if distance is None else distance.changed,
        *(None if distance is None else getattr(distance, measure) for measure in _MEASURES),
        variable_group(name),
    )


def _status(
    old: tuple[DType, tuple[int, ...]] | None, new: tuple[DType, tuple[int, ...]] | None, distance: Distance | None
) -> str:
    if old is None or new is None:
        return "added" if old is None else "removed"
    if old[1] != new[1]:
        return "reshaped"
    if old[0] != new[0]:
        return "retyped"
    return "changed" if distance is None or distance.changed else "same"


def _was(old: tuple[DType, tuple[int, ...]] | None, new: tuple[DType, tuple[int, ...]] | None) -> str:
    return f"{old[0].name} {list(old[1])}" if old is not None and new is not None and old != new else ""


def _bytes(dtype: DType, shape: tuple[int, ...]) -> int:
    return math.prod(shape) * dtype.itemsize


def _block_pairs(pairs: Iterable[tuple[Array, Array]]) -> Iterator[tuple[Array, Array]]:
    for before, after in pairs:
        if np.object_ in (before.dtype, after.dtype):
            yield before, after
            continue
        first, second = before.reshape(-1), after.reshape(-1)
        for start in range(0, first.size, _BLOCK):
            yield first[start : start + _BLOCK], second[start : start + _BLOCK]


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
