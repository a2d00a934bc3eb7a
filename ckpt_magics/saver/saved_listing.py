"""What a save wrote, as a small table."""

from __future__ import annotations

import os

from ckpt_magics.checkpoint.saving import SavedCheckpoint
from ckpt_magics.errors import visible
from ckpt_magics.saver.tables import amount, html_table, text_table

__all__ = ["saved_html", "saved_text"]


def saved_html(saved: SavedCheckpoint) -> str:
    """Return a table of the files, with what each holds and its size, as HTML."""
    return html_table(_summary(saved), ("file", "holds", "bytes"), _rows(saved), numeric={"bytes"})


def saved_text(saved: SavedCheckpoint) -> str:
    """Return the same as text."""
    return "\n".join([_summary(saved), *(f"  {line}" for line in text_table(_rows(saved)))])


def _summary(saved: SavedCheckpoint) -> str:
    tensors = saved.tensors if isinstance(saved.tensors, int) else len(saved.tensors)
    return f"Saved {visible(saved)}: {amount(tensors, 'tensor')}, {saved.bytes:,} bytes in {saved.seconds:.2f} s"


def _rows(saved: SavedCheckpoint) -> list[tuple[str, ...]]:
    return [(visible(os.path.basename(file.path)), file.role, f"{file.bytes:,}") for file in saved.files]
