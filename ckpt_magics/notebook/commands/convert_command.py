"""Checkpoints as other kinds of files, and changed on the way; and the mean of several."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.notebook.commands.arguments import Argument, argument
from ckpt_magics.notebook.commands.shell_command import Outcome, ShellCommand
from ckpt_magics.notebook.commands.words import expanded

if TYPE_CHECKING:
    from ckpt_magics.notebook.reports.conversion_report import ConversionReport

__all__ = ["AVERAGE", "CONVERT", "average_arguments", "convert_arguments"]

# The steps, and with them NumPy, are loaded for who converts, not for who asks what commands there are.


def convert_arguments() -> tuple[Argument, ...]:
    """Return what a conversion takes."""
    from ckpt_magics.notebook.commands.convert_line import WRITING_ARGUMENTS, step_arguments

    return (
        argument(
            "paths",
            nargs="*",
            metavar="SOURCE… TARGET",
            help="Checkpoints, files of other kinds, or variables that hold tensors: several are merged, NAME:SOURCE "
            "puts its names below NAME/. Last the path of the result, whose ending says the kind.",
        ),
        *step_arguments(),
        argument("--under", nargs="+", default=[], metavar="SCOPE", help="Scope of the sources' names, or of each."),
        *WRITING_ARGUMENTS,
        argument("--recipes", action="store_true", help="List the recipes."),
    )


def average_arguments() -> tuple[Argument, ...]:
    """Return what an average takes."""
    from ckpt_magics.notebook.commands.convert_line import WRITING_ARGUMENTS, step_arguments

    return (
        argument(
            "paths",
            nargs="*",
            metavar="SOURCE… TARGET",
            help="Checkpoints, the newest last, or with --last a directory; last the path of the result, whose ending "
            "says the kind.",
        ),
        argument("--last", type=int, metavar="N", help="Take the last checkpoints of a directory."),
        argument("--factors", metavar="N,N…", help="How much each checkpoint counts. Default: all as much."),
        argument("--ema", type=float, metavar="DECAY", help="Take the exponential moving average, the oldest first."),
        argument("--common", action="store_true", help="Leave out tensors that not all have."),
        *step_arguments(),
        *WRITING_ARGUMENTS,
    )


def _convert(arguments: argparse.Namespace, progress: Progress | None) -> Outcome:
    from ckpt_magics.files.parallel.dask_executor import dask_executor
    from ckpt_magics.notebook.commands.convert_line import convert_options, paths_of_line, steps_of_line
    from ckpt_magics.notebook.reports.conversion_report import convert_checkpoint, list_recipes
    from ckpt_magics.notebook.reports.report_page import report_page

    if arguments.recipes:
        recipes = list_recipes()
        facts = [
            {"name": one.name, "title": one.title, "target": one.target, "notes": one.notes} for one in recipes.recipes
        ]
        return Outcome(recipes.report.text, lambda: report_page(recipes.report), lambda: {"recipes": facts})
    sources, scopes, target = paths_of_line(arguments.paths, arguments.under)
    steps = steps_of_line(arguments, {})
    with dask_executor(arguments.dask) as executor:
        options = convert_options(arguments, progress, executor)
        made = convert_checkpoint(list(map(expanded, sources)), target, steps, under=scopes, options=options)
    return _outcome(made)


def _average(arguments: argparse.Namespace, progress: Progress | None) -> Outcome:
    from ckpt_magics.files.parallel.dask_executor import dask_executor
    from ckpt_magics.notebook.commands.convert_line import convert_options, factors_of, paths_of_line, steps_of_line
    from ckpt_magics.notebook.reports.conversion_report import average_checkpoints

    sources, _, target = paths_of_line(arguments.paths)
    with dask_executor(arguments.dask) as executor:
        made = average_checkpoints(
            list(map(expanded, sources)),
            target,
            steps_of_line(arguments, {}),
            last=arguments.last,
            factors=factors_of(arguments.factors),
            ema=arguments.ema,
            common=arguments.common,
            options=convert_options(arguments, progress, executor),
        )
    return _outcome(made)


def _outcome(made: ConversionReport) -> Outcome:
    from ckpt_magics.notebook.reports.conversion_report import conversion_report
    from ckpt_magics.notebook.reports.report_page import report_page

    return Outcome(
        text=conversion_report(made).text,
        page=lambda: report_page(conversion_report(made, at_most=None)),
        facts=lambda: _facts(made),
    )


def _facts(made: ConversionReport) -> Mapping[str, object]:
    conversion = made.conversion
    return {
        "sources": conversion.sources,
        "target": conversion.target,
        "kind": conversion.kind,
        "dry_run": conversion.dry_run,
        "verified": conversion.is_verified,
        "tensors": [
            {
                "name": name,
                "dtype": values.dtype.name,
                "shape": values.shape,
                "bytes": values.size,
                "from": origins,
                "changed": changes,
            }
            for name, (values, origins, changes) in conversion.tensors.items()
        ],
        "dropped": [{"name": name, "reason": reason} for name, reason in conversion.dropped],
        "files": [{"path": one.path, "role": one.role, "bytes": one.bytes} for one in conversion.files],
        "notes": made.notes,
    }


_FACTS = """--json: {"sources", "target", "kind", "dry_run", "verified", "tensors": [{"name", "dtype",
    "shape", "bytes", "from", "changed"}], "dropped": [{"name", "reason"}], "files": [{"path",
    "role", "bytes"}], "notes"}."""

CONVERT = ShellCommand(
    "convert",
    f"""Write the tensors of checkpoints to a file of any kind, changed by steps in the order given.

    Nothing is written if a step cannot be done or a tensor cannot be held, and what was
    written is read back. With --recipes nothing is written, and --json is {{"recipes": [{{"name",
    "title", "target", "notes"}}]}}.

    {_FACTS}
    """,
    (),
    _convert,
    verb="Converting",
    further=convert_arguments,
)

AVERAGE = ShellCommand(
    "average",
    f"""Write the mean of several checkpoints, taken in float64, to a file of any kind.

    Integers, strings and steps are those of the newest.

    {_FACTS}
    """,
    (),
    _average,
    verb="Averaging",
    further=average_arguments,
)
