"""What each byte of a checkpoint is."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.notebook.commands.arguments import Argument, argument
from ckpt_magics.notebook.commands.shell_command import Outcome, ShellCommand
from ckpt_magics.notebook.commands.words import expanded

if TYPE_CHECKING:
    from ckpt_magics.files.formats.maps.byte_range import ByteRange
    from ckpt_magics.files.kinds.byte_map import FileMap
    from ckpt_magics.notebook.reports.byte_report import CheckpointBytes

__all__ = ["BYTES", "BYTES_ARGUMENTS"]

_ARGUMENTS: tuple[Argument, ...] = (
    argument(
        "source",
        help="A prefix, any file of the checkpoint, a directory, or a file of another kind.",
    ),
    argument("--tensor", metavar="NAME", help="Only the bytes of this tensor, with the first of them as numbers."),
    argument("--depth", type=int, default=2, metavar="LEVELS", help="How deep to look into each range. Default: 2."),
)

BYTES_ARGUMENTS: tuple[Argument, ...] = (
    *_ARGUMENTS,
    argument("--static", action="store_true", help="Show plain tables instead of the interactive view."),
)


def _run(arguments: argparse.Namespace, _progress: Progress | None) -> Outcome:
    from ckpt_magics.notebook.reports.byte_report import bytes_report, describe_bytes
    from ckpt_magics.notebook.reports.report_page import report_page

    found = describe_bytes(expanded(arguments.source), tensor=arguments.tensor, depth=arguments.depth)
    return Outcome(
        text=lambda: bytes_report(found, None).text(),
        page=lambda: report_page(bytes_report(found, None)),
        facts=lambda: _facts(found),
        is_good=not found.problems,
    )


def _facts(found: CheckpointBytes) -> Mapping[str, object]:
    if found.only is None:
        chosen = [(file, file.ranges) for file in found.files]
    else:
        chosen = [(file, [one]) for file, one in found.tensor(found.only)]
    files = [
        {"path": file.name, "bytes": file.size, "ranges": _range_facts(file, ranges, found.depth)}
        for file, ranges in chosen
    ]
    return {"source": found.source, "bytes": found.size, "files": files}


def _range_facts(file: FileMap, ranges: Sequence[ByteRange], depth: int) -> list[dict[str, object]]:
    return [
        {
            "offset": one.offset,
            "bytes": one.size,
            "what": one.what,
            "key": one.key.decode("utf-8", "surrogateescape"),
            "text": one.text,
            "problem": one.problem,
            "ranges": _range_facts(file, file.inside(one), depth - 1) if depth > 1 else [],
        }
        for one in ranges
    ]


BYTES = ShellCommand(
    "bytes",
    """Say what each byte of a checkpoint's files is.

    Blocks, restart points, entries, messages, checksums, values, and what belongs to nothing.

    Exit code 1: a part cannot be read.

    --json: {"source", "bytes", "files": [{"path", "bytes", "ranges": [{"offset", "bytes",
    "what", "key", "text", "problem", "ranges"}]}]}; the ranges of a file make up all of it,
    and those inside of one all of that; "problem" is "" unless something is wrong.
    """,
    _ARGUMENTS,
    _run,
)
