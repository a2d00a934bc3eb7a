"""The metadata of every variable, packed for the browser.

Columns in order, each one zlib stream of little-endian numbers: name lengths in bytes (uint32), names (UTF-8), dtype
code (uint8), rank (uint8), dims of all rows one after the other (float64), elements (float64), bytes (float64), shard
(int32, -1 for several), offset in bytes (float64, -1 for none), slices (uint32), group code (uint8). The browser's half
is js/src/variable_index.ts. float64 is what a browser computes with; it is exact below 2**53.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["PackedIndex", "first_rows", "pack_index"]

_LEVEL = 1
"""zlib level: the page and the kernel are mostly one machine, so speed counts more than the last tenth of size."""


@dataclass(frozen=True, slots=True)
class PackedIndex:
    """The buffers of an index and the words that its codes stand for.

    Attributes:
        rows: Number of variables.
        dtypes: Names of dtypes, in the order of their codes.
        groups: Names of groups, likewise.
        buffers: The compressed columns.
    """

    rows: int
    dtypes: list[str]
    groups: list[str]
    buffers: list[bytes]


def pack_index(variables: pd.DataFrame) -> PackedIndex:
    """Pack a frame of variables, as ``CheckpointReader.variables`` gives it.

    Args:
        variables: Columns name, dtype, shape (tuples), elements, bytes, shard, offset, slices, group.
    """
    names = [text.encode("utf-8", "backslashreplace") for text in variables["name"]]
    dtype_codes, dtypes = _codes(variables["dtype"])
    group_codes, groups = _codes(variables["group"])
    shapes = list(variables["shape"])
    columns: list[npt.NDArray[Any]] = [
        np.fromiter(map(len, names), "<u4", len(names)),
        np.frombuffer(b"".join(names), "u1"),
        dtype_codes,
        np.fromiter(map(len, shapes), "u1", len(shapes)),
        np.fromiter(chain.from_iterable(shapes), "<f8"),
        variables["elements"].to_numpy("<f8"),
        variables["bytes"].to_numpy("<f8"),
        variables["shard"].fillna(-1).to_numpy("<i4"),
        variables["offset"].fillna(-1).to_numpy("<f8"),
        variables["slices"].to_numpy("<u4"),
        group_codes,
    ]
    return PackedIndex(len(names), dtypes, groups, [zlib.compress(column.tobytes(), _LEVEL) for column in columns])


def first_rows(variables: pd.DataFrame, count: int = 100) -> list[list[str | int]]:
    """The first rows as JSON values (name, dtype, shape as text, elements, bytes): what is painted first."""
    head = variables.head(count)
    return [
        [name, dtype, str(list(shape)), int(elements), int(size)]
        for name, dtype, shape, elements, size in zip(
            head["name"], head["dtype"], head["shape"], head["elements"], head["bytes"], strict=True
        )
    ]


def _codes(column: pd.Series[str]) -> tuple[npt.NDArray[np.uint8], list[str]]:
    words, codes = np.unique(column.astype(str).to_numpy("U"), return_inverse=True)
    return codes.astype("u1"), [str(word) for word in words]
