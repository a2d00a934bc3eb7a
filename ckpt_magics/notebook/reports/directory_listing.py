"""The checkpoints of a directory as a table: whole, half-written and gone ones, leftovers, sizes, steps and times."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ckpt_magics.errors import visible
from ckpt_magics.files.directory.inventory import (
    HALF,
    LISTED,
    MISSING,
    SALVAGE_HINT,
    UNLISTED,
    FoundFiles,
    Leftover,
    take_inventory,
)
from ckpt_magics.files.directory.nearby import describe_inside
from ckpt_magics.files.directory.repair import rewrite_state
from ckpt_magics.files.storage.place import AnyPath, local_path
from ckpt_magics.tables import amount, html_lines, html_table, text_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DirectoryListing", "list_checkpoints", "repair_state"]

_COLUMNS = ("checkpoint", "status", "format", "step", "files", "bytes", "written", "what")
_LEFTOVERS = ("leftover", "bytes", "what")
_NUMERIC = {"step", "files", "bytes"}

MAX_ROWS = 200
"""Rows of a table that is shown; all of them are in the attributes."""


@dataclass(frozen=True, slots=True)
class DirectoryListing:
    """The checkpoints of a directory; shows itself in a notebook.

    Attributes:
        directory: The directory.
        checkpoints: Every checkpoint that its files or its state file tell of, the oldest first.
        leftovers: Files that no checkpoint needs.
        notes: What is wrong with the state file, and whether it was repaired, a sentence each.
    """

    directory: str
    checkpoints: tuple[FoundFiles, ...]
    leftovers: tuple[Leftover, ...]
    notes: tuple[str, ...] = ()

    @property
    def latest(self) -> str | None:
        """Prefix of the checkpoint that the state file calls the latest."""
        return next((one.prefix for one in self.checkpoints if one.is_latest), None)

    @property
    def table(self) -> pd.DataFrame:
        """A row per checkpoint."""
        import pandas as pd

        rows = [
            {
                "checkpoint": visible(os.path.basename(one.prefix)),
                "status": one.status,
                "latest": one.is_latest,
                "version": one.version,
                "step": one.step,
                "files": len(one.files),
                "bytes": one.bytes,
                "written": _when(one.modified),
                "problem": visible(one.problem),
            }
            for one in self.checkpoints
        ]
        columns = ["checkpoint", "status", "latest", "version", "step", "files", "bytes", "written", "problem"]
        return pd.DataFrame(rows, columns=columns).astype({"version": "Int64", "step": "Int64"})

    @property
    def summary(self) -> str:
        """Number of checkpoints by status, and the bytes of all files, in one line."""
        counts = dict.fromkeys((LISTED, UNLISTED, HALF, MISSING), 0)
        for one in self.checkpoints:
            counts[one.status] += 1
        parts = [f"{count} {status}" for status, count in counts.items() if count]
        if self.leftovers:
            parts.append(amount(len(self.leftovers), "leftover file"))
        size = sum(one.bytes for one in self.checkpoints) + sum(one.bytes for one in self.leftovers)
        where = visible(self.directory or os.curdir)
        return f"{where}: {', '.join(parts)}, {size:,} bytes" if parts else f"{where}: no checkpoints"

    def __str__(self) -> str:
        tables = [[_COLUMNS, *self._rows()] if self.checkpoints else [], self._leftover_rows()]
        return "\n".join(
            [
                self.summary,
                *map(visible, self.notes),
                *(f"  {line}" for table in tables for line in text_table(table)),
            ]
        )

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        leftovers = self._leftover_rows()
        return (
            html_table(self.summary, _COLUMNS, self._rows(), numeric=_NUMERIC)
            + html_lines(self.notes)
            + (html_table("No checkpoint needs these:", _LEFTOVERS, leftovers, numeric=_NUMERIC) if leftovers else "")
        )

    def _rows(self) -> list[tuple[str, ...]]:
        rows = [_row(one) for one in self.checkpoints[-MAX_ROWS:]]
        older = len(self.checkpoints) - len(rows)
        return [(f"… {older:,} older ones …", *[""] * (len(_COLUMNS) - 1)), *rows] if older else rows

    def _leftover_rows(self) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = [(visible(one.name), f"{one.bytes:,}", one.what) for one in self.leftovers]
        more = len(rows) - MAX_ROWS
        return [*rows[:MAX_ROWS], (f"… and {more:,} more", "", "")] if more > 0 else rows


def _when(modified: float | None) -> datetime | None:
    """Return a file's time as the clock on the wall had it; None if there is none, or none that a calendar has."""
    try:
        return None if modified is None else datetime.fromtimestamp(modified)
    except (ValueError, OverflowError, OSError):
        return None


def _row(one: FoundFiles) -> tuple[str, ...]:
    when = _when(one.modified)
    return (
        visible(os.path.basename(one.prefix)),
        f"{one.status}, latest" if one.is_latest else one.status,
        "" if one.version is None else f"V{one.version}",
        "" if one.step is None else str(one.step),
        str(len(one.files)),
        f"{one.bytes:,}",
        "" if when is None else f"{when:%Y-%m-%d %H:%M:%S}",
        visible(one.problem),
    )


def list_checkpoints(
    directory: AnyPath = ".", *, repair: bool = False, latest_filename: str | None = None
) -> DirectoryListing:
    """Return every checkpoint of a directory: listed, unlisted, half-written and missing ones, and leftovers.

    Args:
        directory: The directory.
        repair: Write the state file anew if it is damaged or names what is not there.
        latest_filename: Name of the state file, ``checkpoint`` by default.

    Raises:
        NotFoundError: There is no such directory; or, to be repaired, no whole checkpoint.
        CheckpointError: The disk refuses.
    """
    path = local_path(directory)
    notes = []
    if repair:
        written = rewrite_state(path, latest_filename)
        notes.append(
            "The state file is as it should be; nothing was written."
            if written is None
            else f"The state file was written anew: {visible(written.path)}."
        )
    found = take_inventory(path, latest_filename)
    is_any_whole = any(one.status in {LISTED, UNLISTED} for one in found.checkpoints)
    if found.state_problem:
        what_next = "Repair writes it anew." if is_any_whole else "No checkpoint is whole that it could list."
        notes.append(f"The state file is of no use: {visible(found.state_problem)}. {what_next}")
    elif not found.has_state and is_any_whole:
        notes.append("There is no state file. Repair writes one.")
    if not is_any_whole and any(one.status == HALF for one in found.checkpoints):
        notes.append(SALVAGE_HINT)
    inside = "" if found.checkpoints else describe_inside(path or os.curdir)
    if inside:
        notes.append(f"{inside[0].upper()}{inside[1:]}.")
    return DirectoryListing(path, found.checkpoints, found.leftovers, tuple(notes))


def repair_state(directory: AnyPath = ".", *, latest_filename: str | None = None) -> DirectoryListing:
    """Write a directory's state file anew if it is damaged, missing, or names what is not there.

    Args:
        directory: The directory.
        latest_filename: Name of the state file, ``checkpoint`` by default.

    Raises:
        CheckpointNotFoundError: No checkpoint in the directory is whole.
        CheckpointError: The disk refuses.
    """
    return list_checkpoints(directory, repair=True, latest_filename=latest_filename)
