"""The checkpoints of a directory as a table: whole, half-written and gone ones, leftovers, sizes, steps and times."""

from __future__ import annotations

import os
from collections.abc import Sequence
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
    OtherFile,
    take_inventory,
)
from ckpt_magics.files.directory.nearby import describe_inside
from ckpt_magics.files.directory.pinning import change_pins
from ckpt_magics.files.directory.repair import rewrite_state
from ckpt_magics.files.storage.place import AnyPath, place_of
from ckpt_magics.phrasing import amount
from ckpt_magics.report import Report, Strong, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DirectoryListing", "list_checkpoints", "listing_report", "repair_state"]

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
        others: Files of other kinds that can be read as checkpoints can.
    """

    directory: str
    checkpoints: tuple[FoundFiles, ...]
    leftovers: tuple[Leftover, ...]
    notes: tuple[str, ...] = ()
    others: tuple[OtherFile, ...] = ()

    @property
    def latest(self) -> str | None:
        """Prefix of the checkpoint that the state file calls the latest."""
        return next((one.prefix for one in self.checkpoints if one.is_latest), None)

    @property
    def is_whole(self) -> bool:
        """Whether nothing of any checkpoint is missing or damaged."""
        return not any(one.status in {HALF, MISSING} for one in self.checkpoints)

    @property
    def table(self) -> pd.DataFrame:
        """A row per checkpoint, with a column for each metric that is noted of one."""
        metrics = list(dict.fromkeys(name for one in self.checkpoints for name in one.metrics))
        columns = ("checkpoint", "status", "latest", "version", "step", "files", "bytes", "written", "problem")
        rows = [
            (
                _name(one),
                one.status,
                one.is_latest,
                one.version,
                one.step,
                len(one.files),
                one.bytes,
                _when(one.modified),
                visible(one.problem),
                one.is_pinned,
                one.is_kept,
                *map(one.metrics.get, metrics),
            )
            for one in self.checkpoints
        ]
        return Table((*columns, "pinned", "kept", *metrics), rows).frame().astype({"version": "Int64", "step": "Int64"})

    @property
    def summary(self) -> str:
        """Number of checkpoints by status, and the bytes of all files, in one line."""
        counts = dict.fromkeys((LISTED, UNLISTED, HALF, MISSING), 0)
        for one in self.checkpoints:
            counts[one.status] += 1
        parts = [f"{count} {status}" for status, count in counts.items() if count]
        if self.leftovers:
            parts.append(amount(len(self.leftovers), "leftover file"))
        if self.others:
            parts.append(f"{amount(len(self.others), 'file')} of other kinds")
        found: tuple[FoundFiles | Leftover | OtherFile, ...] = (*self.checkpoints, *self.leftovers, *self.others)
        size = sum(one.bytes for one in found)
        where = visible(self.directory or os.curdir)
        return f"{where}: {', '.join(parts)}, {size:,} bytes" if parts else f"{where}: no checkpoints"

    def __str__(self) -> str:
        return listing_report(self).text()

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return listing_report(self).html()


def listing_report(listing: DirectoryListing, at_most: int | None = MAX_ROWS) -> Report:
    """Return what is shown of a directory: its checkpoints, other files that can be read, and those that none needs.

    Args:
        listing: What is there.
        at_most: How many of each, of the checkpoints the youngest; None for all.
    """
    tables = [
        _checkpoint_table(listing.checkpoints, at_most),
        _other_table(listing.others, at_most),
        _leftover_table(listing.leftovers, at_most),
    ]
    return Report(listing.summary, listing.notes, [table for table in tables if table.rows])


def _checkpoint_table(checkpoints: Sequence[FoundFiles], at_most: int | None) -> Table:
    rows = [*map(_row, checkpoints[-(at_most or len(checkpoints)) :])]
    older = len(checkpoints) - len(rows)
    columns = ("checkpoint", "status", "format", "step", "files", "bytes", "written", "what")
    shown = [(f"… {older:,} older ones …",), *rows] if older else rows
    return Table(columns, shown, numeric={"step", "files", "bytes"})


def _other_table(others: Sequence[OtherFile], at_most: int | None) -> Table:
    rows = [(one.name, one.kind, one.tensors, one.bytes, one.problem) for one in others[:at_most]]
    columns = ("file", "kind", "tensors", "bytes", "what")
    caption = "These are read as checkpoints are, by their names:"
    return Table(columns, rows, caption, more=len(others) - len(rows), numeric={"tensors", "bytes"})


def _leftover_table(leftovers: Sequence[Leftover], at_most: int | None) -> Table:
    rows = [(one.name, one.bytes, one.what) for one in leftovers[:at_most]]
    more = len(leftovers) - len(rows)
    return Table(
        ("leftover", "bytes", "what"), rows, "No checkpoint needs these:", more=more, numeric={"bytes"}, headed=False
    )


def _name(one: FoundFiles) -> str:
    return visible(one.place.stem)


def _when(modified: float | None) -> datetime | None:
    """Return a file's time as the clock on the wall had it; None if there is none, or none that a calendar has."""
    try:
        return None if modified is None else datetime.fromtimestamp(modified)
    except (ValueError, OverflowError, OSError):
        return None


def _row(one: FoundFiles) -> tuple[object, ...]:
    when = _when(one.modified)
    status = ", ".join([one.status, *["latest"] * one.is_latest, *["pinned"] * one.is_pinned, *["kept"] * one.is_kept])
    return (
        _name(one),
        Strong(status) if one.status in {HALF, MISSING} else status,
        None if one.version is None else f"V{one.version}",
        None if one.step is None else str(one.step),
        len(one.files),
        one.bytes,
        None if when is None else f"{when:%Y-%m-%d %H:%M:%S}",
        "; ".join(filter(None, [*(f"{name} {value:g}" for name, value in one.metrics.items()), one.problem])),
    )


def list_checkpoints(
    directory: AnyPath = ".",
    *,
    repair: bool = False,
    pin: Sequence[str] = (),
    unpin: Sequence[str] = (),
    latest_filename: str | None = None,
) -> DirectoryListing:
    """Return every checkpoint of a directory: listed, unlisted, half-written and missing ones, and leftovers.

    Args:
        directory: The directory.
        repair: Write the state file anew if it is damaged or names what is not there.
        pin: Names of checkpoints that no save is to delete; they leave TensorFlow's list.
        unpin: Names of those to let go of; they join it again.
        latest_filename: Name of the state file, ``checkpoint`` by default.

    Raises:
        NotFoundError: There is no such directory; or, to be repaired, no whole checkpoint.
        CheckpointError: The disk refuses.
    """
    place = place_of(directory)
    notes = []
    if pin or unpin:
        change_pins(place, pin, unpin, latest_filename)
    if repair:
        written = rewrite_state(place, latest_filename)
        notes.append(
            "The state file is as it should be; nothing was written."
            if written is None
            else f"The state file was written anew: {visible(written.path)}."
        )
    found = take_inventory(place, latest_filename)
    is_any_whole = any(one.status in {LISTED, UNLISTED} for one in found.checkpoints)
    if found.state_problem:
        what_next = "Repair writes it anew." if is_any_whole else "No checkpoint is whole that it could list."
        notes.append(f"The state file is of no use: {visible(found.state_problem)}. {what_next}")
    elif not found.has_state and is_any_whole:
        notes.append("There is no state file. Repair writes one.")
    if not is_any_whole and any(one.status == HALF for one in found.checkpoints):
        notes.append(SALVAGE_HINT)
    inside = "" if found.checkpoints else describe_inside(place.shown)
    if inside:
        notes.append(f"{inside[0].upper()}{inside[1:]}.")
    return DirectoryListing(place.name, found.checkpoints, found.leftovers, tuple(notes), found.others)


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
