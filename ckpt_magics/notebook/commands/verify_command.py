"""Whether a checkpoint is whole."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.tensor_names import key_to_name
from ckpt_magics.notebook.commands.arguments import DASK, Argument, argument
from ckpt_magics.notebook.commands.shell_command import Outcome, ShellCommand
from ckpt_magics.notebook.commands.words import expanded

if TYPE_CHECKING:
    from ckpt_magics.files.jobs.verification import Finding
    from ckpt_magics.notebook.reports.verification_report import VerificationReport

__all__ = ["VERIFY", "VERIFY_ARGUMENTS"]

VERIFY_ARGUMENTS: tuple[Argument, ...] = (
    argument(
        "source",
        help="A prefix, any file of the checkpoint, or a directory, whose latest checkpoint it is.",
    ),
    argument("--salvage", metavar="NEW_PREFIX", help="Write the good tensors there if anything is damaged."),
    DASK,
    argument("-q", "--quiet", action="store_true", help="Show no progress."),
)


def _run(arguments: argparse.Namespace, progress: Progress | None) -> Outcome:
    from ckpt_magics.files.parallel.dask_executor import dask_executor
    from ckpt_magics.notebook.reports.verification_report import verification_report, verify_checkpoint

    salvage = None if arguments.salvage is None else expanded(arguments.salvage)
    with dask_executor(arguments.dask) as executor:
        source = expanded(arguments.source)
        found = verify_checkpoint(source, salvage=salvage, progress=progress, executor=executor)
    return Outcome(
        text=lambda: verification_report(found, at_most=None).text(),
        page=lambda: _page(found),
        facts=lambda: _facts(found),
        is_good=found.is_whole,
    )


def _page(found: VerificationReport) -> str:
    from ckpt_magics.notebook.reports.report_page import report_page
    from ckpt_magics.notebook.reports.verification_report import checked_table, verification_report

    report = verification_report(found, at_most=None)
    return report_page(replace(report, tables=[*report.tables, checked_table(found)]))


def _facts(found: VerificationReport) -> Mapping[str, object]:
    return {
        "checkpoint": found.prefix,
        "format": found.format,
        "whole": found.is_whole,
        "files": [
            {"path": one.path, "role": one.role, "bytes": one.bytes, "blocks": one.blocks} for one in found.files
        ],
        "findings": list(map(_finding, found.findings)),
        "tensors": [
            {
                "name": found.name_of(one),
                "good": one.error is None,
                "problem": "" if one.error is None else str(one.error),
            }
            for one in found.tensors
        ],
        "lost_names": found.lost_names,
        "salvaged": None if found.salvaged is None else str(found.salvaged),
    }


def _finding(one: Finding) -> Mapping[str, object]:
    tensor = None if one.tensor is None else key_to_name(one.tensor)
    return {"file": one.file, "tensor": tensor, "byte": one.offset, "damage": one.is_damage, "what": one.text}


VERIFY = ShellCommand(
    "verify",
    """Check every block and every tensor of a checkpoint against its checksums.

    Exit code 1: something is damaged.

    --json: {"checkpoint", "format", "whole", "files": [{"path", "role", "bytes", "blocks"}],
    "findings": [{"file", "tensor", "byte", "damage", "what"}], "tensors": [{"name", "good",
    "problem"}], "lost_names", "salvaged"}; findings that are no damage harm nobody.
    """,
    VERIFY_ARGUMENTS,
    _run,
    verb="Verifying",
)
