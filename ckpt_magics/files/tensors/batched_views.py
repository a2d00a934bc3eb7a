"""The ``items()`` and ``values()`` of a reader, which read small tensors many at a time."""

from __future__ import annotations

import math
from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Any, Protocol

from ckpt_magics.files.tensors.source import Columns
from ckpt_magics.files.tensors.tensor_names import key_to_name

BATCH_SIZE = 4 << 20
"""Bytes of values that are read ahead of the one that is given out."""

_STRING_SIZE = 64
"""Bytes that a string counts for: its length is not known before it is read."""


class BatchReader(Protocol):
    """What the views need of a reader."""

    def get_tensors(self, names: list[str]) -> dict[str, Any]:
        """Return several tensors by name."""
        ...

    def columns(self) -> Columns:
        """Return what is known of all tensors."""
        ...


class BatchedItems(ItemsView[str, Any]):
    """Pairs of name and value."""

    def __init__(self, reader: BatchReader, mapping: Mapping[str, Any]) -> None:
        super().__init__(mapping)
        self._reader = reader

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        for names in iter_batches(self._reader.columns()):
            yield from self._reader.get_tensors(names).items()


class BatchedValues(ValuesView[Any]):
    """Values in the order of the names."""

    def __init__(self, reader: BatchReader, mapping: Mapping[str, Any]) -> None:
        super().__init__(mapping)
        self._items = BatchedItems(reader, mapping)

    def __iter__(self) -> Iterator[Any]:
        return (value for _, value in self._items)


def iter_batches(columns: Columns, size: int = BATCH_SIZE) -> Iterator[list[str]]:
    """Yield all names in order, as many at a time as take about ``size`` bytes in memory."""
    batch: list[str] = []
    total = 0
    for key, dtype, shape in zip(columns.keys, columns.dtypes, columns.shapes, strict=True):
        value_size = math.prod(shape) * (dtype.itemsize or _STRING_SIZE)
        if batch and total + value_size > size:
            yield batch
            batch, total = [], 0
        batch.append(key_to_name(key))
        total += value_size
    if batch:
        yield batch
