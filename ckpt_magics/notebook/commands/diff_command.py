"""What two checkpoints differ in."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ckpt_magics.files.steps.mapping import parse_map
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.notebook.commands.arguments import DASK, Argument, argument, many_values
from ckpt_magics.notebook.commands.shell_command import Outcome, ShellCommand
from ckpt_magics.notebook.commands.words import expanded
from ckpt_magics.phrasing import json_number

if TYPE_CHECKING:
    from ckpt_magics.files.jobs.comparison import TensorDifference

__all__ = ["DIFF", "DIFF_ARGUMENTS"]

_BEFORE = argument("before", metavar="A", help="A checkpoint: prefix, file or directory.")
_MAP = many_values(
    "--map", "NEW=OLD", "Where B has another name than A; scopes new/=old/, patterns '*/kernel=*/weights'."
)
_WHO = (DASK, argument("-q", "--quiet", action="store_true", help="Show no progress."))

DIFF_ARGUMENTS: tuple[Argument, ...] = (
    _BEFORE,
    argument(
        "after",
        nargs="?",
        metavar="B",
        help="Another one, or a variable that holds tensors. Default: the active graph, else the notebook.",
    ),
    _MAP,
    argument("--graph", action="store_true", help="Show the graph too, coloured by how much has changed."),
    argument("--static", action="store_true", help="Show a plain table instead of the interactive one."),
    *_WHO,
)


def _run(arguments: argparse.Namespace, progress: Progress | None) -> Outcome:
    from ckpt_magics.files.directory.open_tensors import open_on_demand
    from ckpt_magics.files.jobs.comparison import compare, under_new_names
    from ckpt_magics.files.parallel.dask_executor import dask_executor
    from ckpt_magics.notebook.reports.difference_report import difference_report

    stored, after = (open_on_demand(expanded(word)) for word in (arguments.before, arguments.after))
    before = under_new_names(stored, parse_map(arguments.map))
    with dask_executor(arguments.dask) as executor:
        found = compare(before, after, progress, executor=executor)

    def page() -> str:
        from ckpt_magics.notebook.widgets.tensors.difference_view import DifferenceView

        view = DifferenceView(before, after, (before.origin, after.origin), found)
        return view.saved_html(statistics=False)

    damage = [*stored.source.damage, *after.source.damage]
    return Outcome(
        text=lambda: difference_report(found, f"{before.origin} → {after.origin}").text(),
        page=page,
        facts=lambda: {"before": before.origin, "after": after.origin, **_facts(found)},
        is_good=not damage and all(tensor.status == "same" for tensor in found),
    )


def _facts(found: Sequence[TensorDifference]) -> Mapping[str, object]:
    return {"counts": Counter(tensor.status for tensor in found), "tensors": list(map(_tensor, found))}


def _tensor(tensor: TensorDifference) -> Mapping[str, object]:
    spec, distance = tensor.spec, tensor.distance
    facts = {"name": tensor.name, "status": tensor.status, "dtype": spec.dtype.name, "shape": spec.shape}
    measures = ("norm", "largest", "relative")
    return {
        **facts,
        "was": tensor.was,
        "changed": None if distance is None else distance.changed,
        **{name: None if distance is None else json_number(getattr(distance, name)) for name in measures},
    }


DIFF = ShellCommand(
    "diff",
    """Compare two checkpoints: which tensors are added, removed, reshaped, retyped or changed.

    Exit code 1: they differ, or a part of one cannot be read.

    --json: {"before", "after", "counts": {status: number}, "tensors": [{"name", "status",
    "dtype", "shape", "was", "changed", "norm", "largest", "relative"}]}; "changed" is the
    number of elements that differ, the others are norm and largest absolute difference, and
    the norm as a share of that of A; null where shapes differ.
    """,
    (_BEFORE, argument("after", metavar="B", help="Another one."), _MAP, *_WHO),
    _run,
    verb="Comparing",
)
