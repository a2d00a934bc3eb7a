"""Check every byte of a table: each block against its checksum, and what lies between and behind the blocks.

A reader touches only the blocks that it needs, and never the metaindex; this looks at all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.block_scan import scan_block
from ckpt_magics.files.formats.random_access import RandomAccessFile
from ckpt_magics.files.formats.table import FOOTER_SIZE, TRAILER_SIZE, BlockHandle, TableReader, read_footer

__all__ = ["TableCheck", "TableRemark", "check_table", "unused_ranges"]


class TableRemark(NamedTuple):
    """Something about a table that is not as a writer would leave it, and that no reader looks at.

    Attributes:
        offset: Where, in bytes from the start of the file.
        text: What is odd.
    """

    offset: int
    text: str


class TableCheck(NamedTuple):
    """What was found in a table.

    Attributes:
        blocks: Count of data blocks.
        damage: What is wrong with data blocks, in their order; the entries in them are lost.
        remarks: What is odd and harms no reader.
    """

    blocks: int
    damage: tuple[CheckpointError, ...]
    remarks: tuple[TableRemark, ...]


def check_table(
    file: RandomAccessFile,
    table: TableReader,
    advance: Callable[[int], object],
    see: Callable[[list[bytes]], object] | None = None,
) -> TableCheck:
    """Check a table that was opened: its index block has been verified by that.

    Args:
        file: The table.
        table: A reader of it.
        advance: Called with the bytes of each part that was checked.
        see: Called with the keys of each block that can be read, of a malformed one those before the fault.
    """
    handles = table.blocks()
    damage = []
    for handle in handles:
        try:
            entries = scan_block(table.read_block(handle))
        except CheckpointError as error:
            damage.append(error)
        else:
            damage += [entries.damage] if entries.damage else []
            if see is not None:
                see(entries.keys)
        advance(handle.size + TRAILER_SIZE)
    footer = read_footer(file)
    remarks = []
    if footer.padding.strip(b"\x00"):
        remarks.append(TableRemark(file.size - FOOTER_SIZE, "the footer's padding is not zeros"))
    try:
        table.read_block(footer.metaindex)
    except CheckpointError as error:
        remarks.append(TableRemark(file.size - FOOTER_SIZE, f"the metaindex block, which holds nothing: {error}"))
    used = [_range_of(handle, file.size) for handle in (*handles, footer.metaindex, footer.index_block)]
    used.append((file.size - FOOTER_SIZE, file.size))
    remarks += (
        TableRemark(start, f"{end - start} bytes belong to no block") for start, end in unused_ranges(used, file.size)
    )
    return TableCheck(len(handles), tuple(damage), tuple(remarks))


def _range_of(handle: BlockHandle, most: int) -> tuple[int, int]:
    """Return where a block begins and ends; a handle may say any number of 64 bits."""
    return min(handle.offset, most), min(handle.offset + handle.size + TRAILER_SIZE, most)


def unused_ranges(used: npt.ArrayLike, size: int) -> list[tuple[int, int]]:
    """Return the ranges of a file that none of the ``used`` ones covers.

    Args:
        used: int64 [ranges, 2], where each begins and ends, in any order.
        size: Bytes of the file.

    >>> unused_ranges([(4, 6), (0, 2)], 9)
    [(2, 4), (6, 9)]
    """
    starts, ends = np.asarray(used, np.int64).reshape(-1, 2).T
    order = np.argsort(starts)
    starts = np.append(starts[order].clip(max=size), size)
    reached = np.maximum.accumulate(np.append(0, ends[order]))
    rows = np.flatnonzero(starts > reached)
    return list(zip(reached[rows].tolist(), starts[rows].tolist(), strict=True))
