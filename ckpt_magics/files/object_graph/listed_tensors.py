"""What a listing says of each tensor without its value: dtype, shape, size and group."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import groupby
from typing import NamedTuple

import numpy as np

from ckpt_magics.files.object_graph.groups import GROUPS
from ckpt_magics.files.object_graph.shown_names import TensorListing
from ckpt_magics.files.tensors.source import Columns, Numbers
from ckpt_magics.phrasing import amount

__all__ = ["ListedTensor", "listed_tensors", "sizes_of", "totals_text"]

_LARGEST = (1 << 63) - 1


class ListedTensor(NamedTuple):
    """A tensor, or a variable of a graph.

    Attributes:
        name: Its name.
        dtype: TensorFlow's name of its type.
        shape: Sizes of its dimensions; None for one that is unknown, or for all of them.
        elements: How many there are, or None where the shape leaves it open.
        bytes: What they take, or None where only reading them would tell, as of strings.
        group: One of `GROUPS`.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None
    elements: int | None
    bytes: int | None
    group: str


def listed_tensors(listing: TensorListing) -> list[ListedTensor]:
    """Return what a listing says, tensor by tensor."""
    columns = listing.columns
    sizes = (size if size >= 0 else None for size in sizes_of(columns).tolist())
    rows = zip(listing.names, columns.dtypes, columns.shapes, sizes, listing.groups, strict=True)
    return [
        ListedTensor(name, dtype.name, shape, math.prod(shape), size, group) for name, dtype, shape, size, group in rows
    ]


def sizes_of(columns: Columns) -> Numbers:
    """Return the bytes of each tensor, int64: in memory where the file does not tell.

    -1 of such strings, the largest int64 of what no memory could hold.
    """
    itemsizes = np.array([dtype.itemsize for dtype in columns.dtypes], np.int64)
    elements = np.fromiter(map(math.prod, columns.shapes), np.int64, len(columns.keys))
    fits = elements <= _LARGEST // np.maximum(itemsizes, 1)
    in_memory = np.where(itemsizes == 0, -1, np.where(fits, elements * np.where(fits, itemsizes, 0), _LARGEST))
    return np.where(columns.sizes < 0, in_memory, columns.sizes)


def totals_text(tensors: Iterable[ListedTensor]) -> str:
    """Return number of tensors, their elements and bytes, in one line; by group if they are of several.

    >>> totals_text([ListedTensor("w", "float", (2, 3), 6, 24, "weights")])
    '1 tensor, 6 elements, 24 bytes'
    """
    tensors = sorted(tensors, key=lambda tensor: GROUPS.index(tensor.group))
    groups = {group: list(members) for group, members in groupby(tensors, lambda tensor: tensor.group)}
    shares = (f"{group}: {amount(len(each), 'tensor')}, {_bytes(each):,} bytes" for group, each in groups.items())
    elements = sum(tensor.elements or 0 for tensor in tensors)
    text = f"{amount(len(tensors), 'tensor')}, {amount(elements, 'element')}, {_bytes(tensors):,} bytes"
    return text if len(groups) < 2 else f"{text} ({', '.join(shares)})"


def _bytes(tensors: Iterable[ListedTensor]) -> int:
    return sum(tensor.bytes or 0 for tensor in tensors)
