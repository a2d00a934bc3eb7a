"""All entries of a block at once, where the reader of a block walks from one to the next.

Where an entry begins is known only when the one before it was read, but the restarts are known from the start: NumPy
reads the first entry of all runs between restarts, then the second of all, and so on. An index of 100,000 tensors has
some 6,000 runs of 16. Blocks of other writers with few restarts, and malformed ones, are walked one by one.

Format: as block.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.block import KEY_ALLOWANCE, LARGEST_EXPANSION, Block

__all__ = ["BlockEntries", "scan_block"]

_LONGEST_RUN = 64
"""Entries from a restart to the next beyond which a step of NumPy does too little to be worth its call."""

_MOST_GROUPS = 5
"""Bytes of a varint32."""

Positions = npt.NDArray[np.intp]


class BlockEntries(NamedTuple):
    """The entries of a block.

    Attributes:
        keys: Increasing.
        starts: intp [entries], where the value of each begins in the contents of the block.
        ends: intp [entries], where it ends.
        damage: Why there are no more of them, if the block goes on.
    """

    keys: list[bytes]
    starts: Positions
    ends: Positions
    damage: DataLossError | None = None


def scan_block(block: Block) -> BlockEntries:
    """Return the entries of a block, of a malformed one those before the fault."""
    return _scan_runs(block) or _walk(block)


def _walk(block: Block) -> BlockEntries:
    keys, starts, ends, damage = [], [], [], None
    try:
        for key, start, end in block.iter_places():
            keys.append(key)
            starts.append(start)
            ends.append(end)
    except DataLossError as error:
        damage = error
    return BlockEntries(keys, np.array(starts, np.intp), np.array(ends, np.intp), damage)


def _scan_runs(block: Block) -> BlockEntries | None:
    """Read all runs in lockstep; None if anything is not as it should be."""
    contents = np.frombuffer(block.contents, np.uint8)
    positions = block.restarts.astype(np.intp)
    if positions[0]:
        return None
    ends = np.append(positions[1:], block.end)
    runs = np.flatnonzero(positions < ends)
    positions, ends = positions[runs], ends[runs]
    steps: list[tuple[Positions, ...]] = []
    while runs.size:
        if len(steps) == _LONGEST_RUN:
            return None
        shared, suffix_start = _take_varints(contents, positions)
        suffix_size, suffix_start = _take_varints(contents, suffix_start)
        value_size, suffix_start = _take_varints(contents, suffix_start)
        value_start = suffix_start + suffix_size
        positions = value_start + value_size
        if (positions > ends).any():
            return None
        steps.append((runs, shared, suffix_start, value_start, positions))
        if not (going := positions < ends).all():
            runs, positions, ends = runs[going], positions[going], ends[going]
    if not steps:
        return BlockEntries([], positions, positions)
    shared, suffix_starts, starts, ends = _in_order(steps)
    keys = _join_keys(block, shared, suffix_starts, starts)
    return None if keys is None else BlockEntries(keys, starts, ends)


def _in_order(steps: Sequence[tuple[Positions, ...]]) -> list[Positions]:
    """Return the columns, read step by step, in the order of the entries; the first says which run each is of."""
    runs, *columns = map(np.concatenate, zip(*steps, strict=True))
    step = np.repeat(np.arange(len(steps)), [len(rows) for rows, *_ in steps])
    counts = np.bincount(runs)
    order = np.empty_like(runs)
    order[(np.cumsum(counts) - counts)[runs] + step] = np.arange(len(runs))
    return [column[order] for column in columns]


def _take_varints(contents: npt.NDArray[np.uint8], positions: Positions) -> tuple[Positions, Positions]:
    """Return the varint32 at each position, and the positions behind them; one too long comes out beyond any block."""
    values = contents[positions].astype(np.intp)
    positions = positions + 1
    rows = np.flatnonzero(values >= 0x80)
    if not rows.size:
        return values, positions
    values[rows] &= 0x7F
    last = len(contents) - 1
    for group in range(1, _MOST_GROUPS):
        groups = contents[np.minimum(positions[rows], last)].astype(np.intp)
        values[rows] |= (groups & 0x7F) << 7 * group
        positions[rows] += 1
        rows = rows[groups >= 0x80]
        if not rows.size:
            break
    values[rows] = 1 << 40
    # The next field is looked for inside of the block, whatever this one says.
    return values, np.minimum(positions, last)


def _join_keys(block: Block, shared: Positions, starts: Positions, ends: Positions) -> list[bytes] | None:
    """Return the keys, whose suffixes lie from ``starts`` to ``ends``; None if they are not as they should be."""
    sizes = shared + ends - starts
    if shared[0] or (shared[1:] > sizes[:-1]).any() or shared.sum() > KEY_ALLOWANCE + LARGEST_EXPANSION * block.end:
        return None
    contents, key = block.contents, b""
    places = zip(shared.tolist(), starts.tolist(), ends.tolist(), strict=True)
    keys = [key := key[:common] + contents[start:end] for common, start, end in places]
    return keys if all(map(operator.lt, keys, keys[1:])) else None
