"""What a save wrote, as a small table."""

from __future__ import annotations

import os

from ckpt_magics.errors import visible
from ckpt_magics.files.jobs.saving import SavedCheckpoint
from ckpt_magics.tables import amount, html_table, names_text, text_table

__all__ = ["FILE_ROLES", "file_sentence", "saved_html", "saved_text"]

FILE_ROLES = {
    "index": "the index: name, dtype, shape, place and checksum of every tensor",
    "data": "the values, one tensor after the other",
    "V1": "names, dtypes, shapes and values of all tensors, in one table",
    "meta graph": "the graph: its operations, its collections, and how to save and restore it",
    "state": "the directory's list of checkpoints, and which is the latest",
}
"""What each file of a checkpoint holds, by its role."""

EMPTY_DATA = "nothing: it only counts, for the number of data files tells a save from the one that it replaced"


def file_sentence(role: str, size: int | None) -> str:
    """Return what a file of a role and a size in bytes holds."""
    return EMPTY_DATA if role == "data" and size == 0 else FILE_ROLES[role]


def saved_html(saved: SavedCheckpoint) -> str:
    """Return a table of the files, with what each holds and its size, as HTML."""
    return html_table(". ".join(_sentences(saved)), ("file", "holds", "bytes"), _rows(saved), numeric={"bytes"})


def saved_text(saved: SavedCheckpoint) -> str:
    """Return the same as text."""
    return "\n".join([*_sentences(saved), *(f"  {line}" for line in text_table(_rows(saved)))])


def _sentences(saved: SavedCheckpoint) -> list[str]:
    size = f"{amount(saved.tensors, 'tensor')}, {saved.bytes:,} bytes in {saved.seconds:.2f} s"
    sentences = [f"Saved {visible(saved)}: {size}"]
    if saved.removed:
        names = names_text([os.path.basename(prefix) for prefix in saved.removed])
        sentences.append(f"Deleted, being older than those kept: {names}")
    sentences += [f"One array, saved under each of its names: {names_text(names)}" for names in saved.tied]
    if saved.left_out:
        sentences.append(f"{len(saved.left_out):,} left out, for None holds nothing: {names_text(saved.left_out)}")
    return sentences


def _rows(saved: SavedCheckpoint) -> list[tuple[str, ...]]:
    return [
        (visible(os.path.basename(file.path)), file_sentence(file.role, file.bytes), f"{file.bytes:,}")
        for file in saved.files
    ]
