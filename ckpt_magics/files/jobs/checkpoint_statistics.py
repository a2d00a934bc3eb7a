"""The statistics of many tensors: which layer has a NaN?"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.pieces import PIECE_SIZE, Box
from ckpt_magics.files.jobs.dead_rows import count_dead, may_have_dead
from ckpt_magics.files.jobs.small_statistics import small_statistics
from ckpt_magics.files.jobs.tensor_statistics import TensorStatistics, stored_statistics
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.parallel.tensor_tasks import on_each
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.source import Array, TensorSource, iter_whole

__all__ = ["DescribedTensor", "ValueType", "checkpoint_statistics", "describe_values", "value_types"]

_SMALL_SIZE = 64 << 10
"""Bytes up to which a tensor is described together with others: below, the walk costs more than the values."""


class ValueType(NamedTuple):
    """What is known of a tensor's values without reading them."""

    dtype: DType
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes that they take in memory; 0 of strings."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class DescribedTensor:
    """What is known about a tensor and its values.

    Attributes:
        name: What it is called.
        type: What is known without reading it.
        statistics: What its values are like; None if it cannot be read.
        problem: Why not, or "".
        dead: Rows of it that are all zero, along the first axis and along the last, where not everything is.
    """

    name: str
    type: ValueType
    statistics: TensorStatistics | None
    problem: str = ""
    dead: int = 0

    def facts(self) -> Mapping[str, float | int | None]:
        """Return the numbers under the names that a table of them has; None where there is none.

        ``min`` and ``max`` of the finite values (exact for integers), their ``mean`` and ``std``, and how many are
        ``zeros``, ``nans`` and ``infs``.
        """
        found = self.statistics
        if found is None:
            return dict.fromkeys(("min", "max", "mean", "std", "zeros", "nans", "infs"))
        return {
            "min": found.minimum,
            "max": found.maximum,
            "mean": found.mean,
            "std": found.std,
            "zeros": found.zeros,
            "nans": found.nans,
            "infs": found.infs,
        }


def value_types(tensors: NamedTensors[TensorSource]) -> dict[str, ValueType]:
    """Return dtype and shape of every tensor by name, sorted: for all of them faster than one by one."""
    listing = tensors.listing()
    return dict(zip(listing.names, map(ValueType, listing.columns.dtypes, listing.columns.shapes), strict=True))


def checkpoint_statistics(
    tensors: NamedTensors[TensorSource], progress: Progress | None = None, *, executor: Executor | None = None
) -> list[DescribedTensor]:
    """Return the statistics of every tensor, sorted by name; a few pieces of one are in memory.

    Args:
        tensors: Where they are read from.
        progress: Called with the bytes read and in all.
        executor: Who reads them; None for this thread.
    """
    if executor is not None:
        specs = {name: tensors.spec(name) for name in tensors}
        return list(on_each(_described_there, specs, [tensors], progress=progress, executor=executor).values())
    types = value_types(tensors)
    found: dict[str, DescribedTensor] = {}
    total, done = sum(kind.nbytes for kind in types.values()), 0
    for described in describe_values(tensors, types):
        found.update((one.name, one) for one in described)
        done += sum(one.type.nbytes for one in described)
        if progress is not None:
            progress(done, total)
    return [found[name] for name in types]


def describe_values(
    tensors: NamedTensors[TensorSource], types: Mapping[str, ValueType]
) -> Iterator[list[DescribedTensor]]:
    """Yield the statistics of tensors as they are found; many small ones, up to a piece of them, at a time.

    Args:
        tensors: Where they are read from.
        types: Those wanted, by name.
    """
    small: dict[str, ValueType] = {}
    size = 0
    for name, kind in types.items():
        bytes_more = kind.nbytes
        if bytes_more > _SMALL_SIZE:
            yield [_described(tensors, name, kind)]
            continue
        if size + bytes_more > PIECE_SIZE:
            yield _described_together(tensors, small)
            small, size = {}, 0
        small[name] = kind
        size += bytes_more
    if small:
        yield _described_together(tensors, small)


def _described_there(name: str, tensors: NamedTensors[TensorSource]) -> DescribedTensor:
    """Describe one tensor where a task runs."""
    spec = tensors.spec(name)
    return _described(tensors, name, ValueType(spec.dtype, spec.shape))


def _described(tensors: NamedTensors[TensorSource], name: str, kind: ValueType) -> DescribedTensor:
    if kind.nbytes <= _SMALL_SIZE:
        # The same arithmetic as for many, so that it does not matter how many come together.
        return _described_together(tensors, {name: kind})[0]
    try:
        return _with_dead(name, kind, stored_statistics(tensors, name), tensors.pieces(name))
    except CheckpointError as error:
        return DescribedTensor(name, kind, None, str(error))


def _described_together(tensors: NamedTensors[TensorSource], types: Mapping[str, ValueType]) -> list[DescribedTensor]:
    try:
        values = tensors.read_many(types)
    except CheckpointError as error:
        if len(types) == 1:
            return [DescribedTensor(name, kind, None, str(error)) for name, kind in types.items()]
        # One by one shows which it is.
        return [_described(tensors, *each) for each in types.items()]
    by_dtype = defaultdict(list)
    for name, value in values.items():
        by_dtype[value.dtype].append(name)
    statistics: dict[str, TensorStatistics] = {}
    for alike in by_dtype.values():
        statistics.update(zip(alike, small_statistics([values[name] for name in alike]), strict=True))
    return [
        _with_dead(name, kind, statistics[name], iter_whole(kind.shape, partial(values.__getitem__, name)))
        for name, kind in types.items()
    ]


def _with_dead(
    name: str, kind: ValueType, found: TensorStatistics, pieces: Iterable[tuple[Box, Array]]
) -> DescribedTensor:
    has_dead = kind.dtype.itemsize and may_have_dead(kind.shape, found.zeros)
    return DescribedTensor(name, kind, found, dead=count_dead(kind.shape, pieces) if has_dead else 0)
