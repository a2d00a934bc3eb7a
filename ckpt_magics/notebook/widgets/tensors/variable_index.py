"""The metadata of every variable, packed for the browser.

Columns in order, each one zlib stream of little-endian numbers: name lengths in bytes (uint32), names (UTF-8), dtype
code (uint8), rank (uint8), dims of all rows one after the other (float64), elements (float64), bytes (float64), shard
(int32), offset in bytes (float64, -1 for none), slices (uint32), group code (uint8); then the extra columns: numbers
(float64, NaN for none), or texts as lengths in bytes (uint32) and UTF-8. Bytes are -1 where only reading the
value would tell. The browser's half is js/src/tensors/variable_index.ts. float64 is what a browser computes with; it is
exact below 2**53.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ExtraColumn", "PackedIndex", "first_rows", "pack_index"]

_LEVEL = 1
"""zlib level: the page and the kernel are mostly one machine, so speed counts more than the last tenth of size."""


@dataclass(frozen=True, slots=True)
class ExtraColumn:
    """A column that only some views have.

    Attributes:
        key: Its name in the frame.
        title: What the page calls it.
        kind: "numbers" or "texts".
    """

    key: str
    title: str
    kind: str = "numbers"


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


def pack_index(variables: pd.DataFrame, *, group: str = "group", extras: Sequence[ExtraColumn] = ()) -> PackedIndex:
    """Pack a frame of variables, as ``CheckpointReader.variables`` gives it.

    Args:
        variables: Columns name, dtype, shape (tuples), elements, bytes, shard, offset, slices, group; the columns from
            shard to slices may be absent.
        group: The column that rows are grouped by, of a few different words.
        extras: Columns to send besides.
    """
    dtype_codes, dtypes = _codes(variables["dtype"])
    group_codes, groups = _codes(variables[group])
    shapes = list(variables["shape"])
    count = len(shapes)
    columns: list[npt.NDArray[Any]] = [
        *_texts(variables["name"]),
        dtype_codes,
        np.fromiter(map(len, shapes), "u1", count),
        np.fromiter(chain.from_iterable(shapes), "<f8"),
        _numbers(variables, "elements", 0),
        _numbers(variables, "bytes", -1),
        _numbers(variables, "shard", -1).astype("<i4"),
        _numbers(variables, "offset", -1),
        _numbers(variables, "slices", 1).astype("<u4"),
        group_codes,
    ]
    for extra in extras:
        texts = extra.kind == "texts"
        columns += _texts(variables[extra.key]) if texts else [_numbers(variables, extra.key, np.nan)]
    return PackedIndex(count, dtypes, groups, [zlib.compress(column.tobytes(), _LEVEL) for column in columns])


def first_rows(variables: pd.DataFrame, count: int = 100) -> list[list[str | int]]:
    """The first rows as JSON values (name, dtype, shape as text, elements, bytes): what is painted first."""
    head = variables.head(count)
    return [
        [str(name).encode("utf-8", "backslashreplace").decode(), str(dtype), str(list(shape)), int(elements), int(size)]
        for name, dtype, shape, elements, size in zip(
            head["name"], head["dtype"], head["shape"], head["elements"], head["bytes"].fillna(-1), strict=True
        )
    ]


def _texts(column: pd.Series[Any]) -> list[npt.NDArray[Any]]:
    # Lone surrogates stand for bytes that are no UTF-8; a browser's decoder would refuse them.
    texts = [text.encode("utf-8", "backslashreplace") for text in column]
    return [np.fromiter(map(len, texts), "<u4", len(texts)), np.frombuffer(b"".join(texts), "u1")]


def _numbers(variables: pd.DataFrame, key: str, missing: float) -> npt.NDArray[np.float64]:
    if key not in variables:
        return np.full(len(variables), missing)
    return variables[key].to_numpy("<f8", na_value=missing)


def _codes(column: pd.Series[Any]) -> tuple[npt.NDArray[np.uint8], list[str]]:
    """Codes of the words that occur, in the order of the categories where the column has them."""
    category = column.astype("category").cat.remove_unused_categories()
    return category.cat.codes.to_numpy().astype("u1"), [str(word) for word in category.cat.categories]
