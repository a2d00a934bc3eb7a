"""What a checkpoint holds."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.notebook.commands.arguments import DASK, Argument, argument
from ckpt_magics.notebook.commands.shell_command import Outcome, ShellCommand
from ckpt_magics.notebook.commands.words import expanded
from ckpt_magics.phrasing import json_number

if TYPE_CHECKING:
    from ckpt_magics.notebook.reports.contents import CheckpointContents

__all__ = ["SHOW", "SHOW_ARGUMENTS"]

_ARGUMENTS: tuple[Argument, ...] = (
    argument(
        "source",
        help="A prefix, any file of the checkpoint, or a directory, whose latest checkpoint it is.",
    ),
    argument(
        "--stats",
        action="store_true",
        help="Read every tensor: min, max, mean, std, zeros, nans and infs of each, in plain tables.",
    ),
    DASK,
    argument("-q", "--quiet", action="store_true", help="Show no progress."),
)

SHOW_ARGUMENTS: tuple[Argument, ...] = (
    *_ARGUMENTS,
    argument("--graph", action="store_true", help="Show its graph too: a row leads to its node and back."),
    argument("--static", action="store_true", help="Show plain tables instead of the interactive view."),
)


def _run(arguments: argparse.Namespace, progress: Progress | None) -> Outcome:
    from ckpt_magics.files.parallel.dask_executor import dask_executor
    from ckpt_magics.notebook.reports.contents import contents_report, describe_checkpoint

    source = expanded(arguments.source)
    with dask_executor(arguments.dask) as executor:
        contents = describe_checkpoint(source, statistics=arguments.stats, progress=progress, executor=executor)
    is_good = not contents.damage and not any(one.problem for one in contents.described)
    return Outcome(
        text=lambda: contents_report(contents, at_most=None).text(),
        page=lambda: _page(source, statistics=arguments.stats),
        facts=lambda: _facts(contents),
        is_good=is_good,
    )


def _page(source: str, *, statistics: bool) -> str:
    from ckpt_magics.notebook.reader import opened_on_demand

    return opened_on_demand(source).show().saved_html(statistics=statistics)


def _facts(contents: CheckpointContents) -> Mapping[str, object]:
    tensors: list[dict[str, object]] = [
        {"name": one.name, "dtype": one.dtype, "shape": one.shape, "bytes": one.bytes, "group": one.group}
        for one in contents.tensors
    ]
    # Nothing was read, or every tensor.
    for tensor, one in zip(tensors, contents.described, strict=False):
        measured = {name: json_number(value) for name, value in one.facts().items()}
        tensor |= {**measured, "problem": one.problem}
    return {
        "checkpoint": contents.prefix,
        "format": contents.format,
        "note": contents.note,
        "files": [{"path": file.path, "bytes": file.bytes, "holds": file.holds} for file in contents.files],
        "tensors": tensors,
    }


SHOW = ShellCommand(
    "show",
    """List the tensors of a checkpoint.

    Exit code 1: a part of it cannot be read.

    --json: {"checkpoint", "format", "note", "files": [{"path", "bytes", "holds"}],
    "tensors": [{"name", "dtype", "shape", "bytes", "group"}]}; bytes are null where only
    reading would tell. With --stats a tensor also has "min", "max", "mean", "std", "zeros",
    "nans", "infs" and "problem", which is "" unless it cannot be read.
    """,
    _ARGUMENTS,
    _run,
)
