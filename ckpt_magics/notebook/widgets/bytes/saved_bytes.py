"""What is saved of the view of bytes: the outer ranges, those inside of them, and the first bytes of each file."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from typing import Any

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.byte_maps import RangePath
from ckpt_magics.notebook.widgets.bytes.byte_messages import MAX_BYTES, ByteMessages
from ckpt_magics.notebook.widgets.saved_output import pack_data

__all__ = ["saved_bytes"]

_ROWS, _WHOLE_ROWS = 1_500, 30_000
"""Ranges that a notebook has of a view, and that a page of its own has."""
_START = 4096
"""Bytes of each file that a notebook has."""
_MOST_FILES = 8


def saved_bytes(answers: ByteMessages, selected: Sequence[int], limit: int | None) -> str:
    """Return the page's data, packed.

    Args:
        answers: Whose answers are saved.
        selected: The range that is looked at.
        limit: Characters that a notebook may have; None saves more.
    """
    rows, size = (_WHOLE_ROWS, MAX_BYTES) if limit is None else (_ROWS, _START)
    opening = answers.opening()
    opening["lines"] = [*opening["lines"], "The outer ranges and the first bytes are saved here; run the cell for all."]
    return pack_data(
        {
            "opening": opening,
            "ranges": dict(_levels(answers, rows)),
            "starts": [_start(answers, file, size) for file in range(min(len(opening["files"]), _MOST_FILES))],
            "state": {"selected": list(selected)},
        }
    )


def _start(answers: ByteMessages, file: int, size: int) -> str:
    try:
        return base64.b64encode(answers.read(file, 0, size)).decode("ascii")
    except CheckpointError:
        return ""


def _levels(answers: ByteMessages, rows: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what is inside, by path, the outermost first, until there are so many ranges."""
    share = rows // 4
    waiting: list[RangePath] = [(file,) for file in range(len(answers.found.files))]
    for path in waiting:
        try:
            level = answers.ranges(path, 0, share)
        except CheckpointError:
            continue
        rows -= len(level["rows"])
        if rows < 0:
            return
        yield ".".join(map(str, path)), level
        # Values are not read to be saved.
        inner = (at for at, row in enumerate(level["rows"]) if row[5] and row[2] != "tensor")
        waiting += ((*path, at) for at in inner)
