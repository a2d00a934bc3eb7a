"""The value of a restore in a notebook: the checkpoint's variables, each with what became of it."""

from __future__ import annotations

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.open_tensors import open_on_demand
from ckpt_magics.files.restore.restore_report import MAX_LISTED, RestoredTensor, RestoreReport
from ckpt_magics.notebook.widgets.tensors.variables_view import VariablesView
from ckpt_magics.phrasing import names_text

__all__ = ["restored_view", "view_of_report"]

_UNUSED = "unused"


def view_of_report(report: RestoreReport) -> VariablesView | None:
    """Return the view of a restore; None for one that was refused, and where the checkpoint has gone meanwhile."""
    if report.problems:
        return None
    try:
        return restored_view(report)
    except (CheckpointError, OSError):
        return None


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
