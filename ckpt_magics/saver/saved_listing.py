"""What a save wrote, as a small table."""

from __future__ import annotations

import os

from ckpt_magics.checkpoint.saving import SavedCheckpoint
from ckpt_magics.errors import visible
from ckpt_magics.saver.tables import amount, html_table, text_table

__all__ = ["FILE_ROLES", "saved_html", "saved_text"]

FILE_ROLES = {
    "index": "the index: name, dtype, shape, place and checksum of every tensor",
    "data": "the values, one tensor after the other",
    "V1": "names, dtypes, shapes and values of all tensors, in one table",
    "meta graph": "the graph: its operations, its collections, and how to save and restore it",
    "state": "the directory's list of checkpoints, and which is the latest",
}
"""What each file of a checkpoint holds, by its role."""


def saved_html(saved: SavedCheckpoint) -> str:
    """Return a table of the files, with what each holds and its size, as HTML."""
    return html_table(_summary(saved), ("file", "holds", "bytes"), _rows(saved), numeric={"bytes"})


def saved_text(saved: SavedCheckpoint) -> str:
    """Return the same as text."""
    return "\n".join([_summary(saved), *(f"  {line}" for line in text_table(_rows(saved)))])


def _summary(saved: SavedCheckpoint) -> str:
    return f"Saved {visible(saved)}: {amount(saved.tensors, 'tensor')}, {saved.bytes:,} bytes in {saved.seconds:.2f} s"


def _rows(saved: SavedCheckpoint) -> list[tuple[str, ...]]:
    return [(visible(os.path.basename(file.path)), FILE_ROLES[file.role], f"{file.bytes:,}") for file in saved.files]
