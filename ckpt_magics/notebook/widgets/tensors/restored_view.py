"""The value of a restore in a notebook: the checkpoint's variables, each with what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.open_tensors import open_on_demand
from ckpt_magics.files.restore.restore_report import MAX_LISTED, RestoredTensor, RestoreReport
from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView
from ckpt_magics.phrasing import names_text

__all__ = ["restored_bundle", "restored_view"]

_UNUSED = "unused"


def restored_bundle(
    report: RestoreReport, show: Callable[[VariablesView], Any] = VariablesView._repr_mimebundle_
) -> dict[str, Any]:
    """Return what a front end with widgets shows for a report; the report itself is what the others show.

    Nothing is returned for a restore that was refused, and where the checkpoint has gone meanwhile.

    Args:
        report: Of the restore.
        show: Returns what a front end shows of a view, and its metadata.
    """
    if report.problems:
        return {}
    try:
        data, _ = show(restored_view(report))
    except (CheckpointError, OSError):
        return {}
    return {mime: form for mime, form in data.items() if mime not in ("text/html", "text/plain")}


def restored_view(report: RestoreReport) -> VariablesView:
    """Return the variables grouped by what became of them; of a part of a checkpoint, that part is what is shown.

    Raises:
        CheckpointError: The checkpoint has gone or changed meanwhile.
    """
    became = {tensor.stored: _became(tensor, dry_run=report.dry_run) for tensor in report.restored}
    lines = [report.summary, *report.notes]
    if report.left_alone:
        lines.append(f"Left alone: {names_text(report.left_alone, MAX_LISTED)}")
    tensors = open_on_demand(report.source)
    view = VariablesView(tensors, lines=lines, status=lambda name: became.get(name, _UNUSED))
    if became and (view.variables["status"] == _UNUSED).any():
        view.filter(groups=sorted(set(became.values())))
    return view


def _became(tensor: RestoredTensor, *, dry_run: bool) -> str:
    """What became of a tensor; without shapes and dtypes, which the report has, so that it is the same for many."""
    verb = "would be restored" if dry_run else "restored"
    return ", ".join((verb, tensor.how, *(change.partition(" ")[0] for change in tensor.changes)))
