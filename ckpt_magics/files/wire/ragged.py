"""Rows of bytes of different lengths, put together and cut by NumPy.

Rows lie back to back in one array of bytes, and their sizes in another. What would be an index of eight bytes for each
byte that moves is a mask of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Bytes", "Sizes", "interleave", "take", "without_starts"]

Bytes = npt.NDArray[np.uint8]
Sizes = npt.NDArray[np.signedinteger[Any]]


def interleave(columns: Sequence[tuple[Bytes, Sizes]]) -> Bytes:
    """Return rows of which each is the first column's row, then the second's, and so on.

    Args:
        columns: Bytes of all rows, and the size of each row.

    >>> letters, digits = (np.frombuffer(text, np.uint8) for text in (b"abc", b"12"))
    >>> interleave([(letters, np.array([1, 2])), (digits, np.array([2, 0]))]).tobytes()
    b'a12bc'
    """
    sizes = np.stack([size for _, size in columns], axis=1)
    owners = np.repeat(np.tile(np.arange(len(columns), dtype=np.uint8), len(sizes)), sizes.reshape(-1))
    rows = np.empty(owners.size, np.uint8)
    for number, (data, _) in enumerate(columns):
        rows[owners == number] = data
    return rows


def without_starts(rows: Bytes, sizes: Sizes, skipped: Sizes) -> Bytes:
    """Return what is left of each row of ``sizes`` bytes without its first ``skipped``."""
    parts = np.stack([skipped, sizes - skipped], axis=1)
    kept: Bytes = rows[np.repeat(np.tile(np.array([False, True]), len(sizes)), parts.reshape(-1))]
    return kept


def take(rows: Sequence[bytes], ids: Sizes) -> Bytes:
    """Return some of a few rows, back to back.

    >>> take([b"ab", b"c"], np.array([1, 0, 1])).tobytes()
    b'cabc'
    """
    if len({*map(len, rows)}) == 1:
        return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)[ids].reshape(-1)
    return np.frombuffer(b"".join(map(rows.__getitem__, ids.tolist())), np.uint8)
