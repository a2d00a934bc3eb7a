"""The checkpoints of a directory."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.notebook.commands.arguments import Argument, argument, many_values
from ckpt_magics.notebook.commands.shell_command import Outcome, ShellCommand
from ckpt_magics.notebook.commands.words import expanded

if TYPE_CHECKING:
    from ckpt_magics.notebook.reports.directory_listing import DirectoryListing

__all__ = ["LS", "LS_ARGUMENTS"]

LS_ARGUMENTS: tuple[Argument, ...] = (
    argument("directory", nargs="?", default=".", help="The directory. Default: the current one."),
    argument("--repair", action="store_true", help="Write a damaged or stale state file anew."),
    many_values("--pin", "CHECKPOINT", "Let no save delete these; they leave TensorFlow's list."),
    many_values("--unpin", "CHECKPOINT", "Let go of these; they join it again."),
)


def _run(arguments: argparse.Namespace, _progress: Progress | None) -> Outcome:
    from ckpt_magics.notebook.reports.directory_listing import list_checkpoints, listing_report
    from ckpt_magics.notebook.reports.report_page import report_page

    directory = expanded(arguments.directory)
    listing = list_checkpoints(directory, repair=arguments.repair, pin=arguments.pin, unpin=arguments.unpin)
    return Outcome(
        text=lambda: listing_report(listing, at_most=None).text(),
        page=lambda: report_page(listing_report(listing, at_most=None)),
        facts=lambda: _facts(listing),
        is_good=listing.is_whole,
    )


def _facts(listing: DirectoryListing) -> Mapping[str, object]:
    checkpoints = [
        {
            "name": os.path.basename(one.prefix),
            "prefix": one.prefix,
            "status": one.status,
            "latest": one.is_latest,
            "version": one.version,
            "step": one.step,
            "metrics": dict(one.metrics),
            "pinned": one.is_pinned,
            "kept": one.is_kept,
            "files": one.files,
            "bytes": one.bytes,
            "modified": one.modified,
            "problem": one.problem,
        }
        for one in listing.checkpoints
    ]
    return {
        "directory": listing.directory,
        "latest": listing.latest,
        "checkpoints": checkpoints,
        "others": [
            {"name": one.name, "kind": one.kind, "tensors": one.tensors, "bytes": one.bytes, "problem": one.problem}
            for one in listing.others
        ],
        "leftovers": [{"name": one.name, "bytes": one.bytes, "what": one.what} for one in listing.leftovers],
        "notes": listing.notes,
    }


LS = ShellCommand(
    "ls",
    """List the checkpoints of a directory.

    Exit code 1: one is half-written or missing.

    --json: {"directory", "latest", "checkpoints": [{"name", "prefix", "status", "latest",
    "version", "step", "metrics", "pinned", "kept", "files", "bytes", "modified", "problem"}], "others": [{"name",
    "kind", "tensors", "bytes", "problem"}], "leftovers": [{"name", "bytes", "what"}],
    "notes"}; the status is "listed", "unlisted", "half-written" or "missing", "modified"
    is in seconds since 1970; others are files of other kinds.
    """,
    LS_ARGUMENTS,
    _run,
)
