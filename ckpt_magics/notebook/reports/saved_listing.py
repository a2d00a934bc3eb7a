"""What a save wrote: the report of it, and the table of a checkpoint's files that other reports have, too."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ckpt_magics.files.jobs.saving import SavedCheckpoint
from ckpt_magics.phrasing import amount, names_text
from ckpt_magics.report import Report, Strong, Table

__all__ = ["FILE_ROLES", "file_sentence", "file_table", "saved_report"]

FILE_ROLES = {
    "index": "the index: name, dtype, shape, place and checksum of every tensor",
    "data": "the values, one tensor after the other",
    "values": "names, dtypes, shapes and values of all tensors",
    "V1": "names, dtypes, shapes and values of all tensors, in one table",
    "meta graph": "the graph: its operations, its collections, and how to save and restore it",
    "state": "the directory's list of checkpoints, and which is the latest",
}
"""What each file of a checkpoint holds, by its role."""

EMPTY_DATA = "nothing: it only counts, for the number of data files tells a save from the one that it replaced"


def file_sentence(role: str, size: int | None) -> str:
    """Return what a file of a role and a size in bytes holds."""
    return EMPTY_DATA if role == "data" and size == 0 else FILE_ROLES.get(role, f"all tensors, as {role}")


def file_table(files: Iterable[tuple[str, str, int | None]]) -> Table:
    """Return a table of files: path, what it holds, and size in bytes, None of a file that is missing."""
    rows = [(os.path.basename(path), holds, Strong("missing") if size is None else size) for path, holds, size in files]
    return Table(("file", "holds", "bytes"), rows, numeric={"bytes"}, headed=False)


def saved_report(saved: SavedCheckpoint) -> Report:
    """Return what is shown of a save: its files, with what each holds and its size."""
    size = f"{amount(saved.tensors, 'tensor')}, {saved.bytes:,} bytes in {saved.seconds:.2f} s"
    lines = [f"One array, saved under each of its names: {names_text(names)}" for names in saved.tied]
    if saved.removed:
        names = names_text([os.path.basename(prefix) for prefix in saved.removed])
        lines.insert(0, f"Deleted, being older than those kept: {names}")
    if saved.left_out:
        lines.append(f"{len(saved.left_out):,} left out, for None holds nothing: {names_text(saved.left_out)}")
    files = file_table((file.path, file_sentence(file.role, file.bytes), file.bytes) for file in saved.files)
    return Report(f"Saved {saved}: {size}", lines, [files])
