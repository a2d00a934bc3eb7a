"""The value of a restore in a notebook: the checkpoint's variables, each with what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ckpt_magics.checkpoint.reader import load_checkpoint
from ckpt_magics.errors import CheckpointError
from ckpt_magics.widgets.variables_view import VariablesView

if TYPE_CHECKING:
    from ckpt_magics.saver.report import RestoreReport

__all__ = ["restored_bundle"]


def restored_bundle(report: RestoreReport) -> dict[str, Any]:
    """Return what a front end with widgets shows for a report; the report itself is what the others show.

    Nothing is returned for a restore that was refused, and where the checkpoint has gone meanwhile.
    """
    if report.problems:
        return {}
    verb = "would be restored" if report.dry_run else "restored"
    became = {tensor.stored: ", ".join((verb, tensor.how, *tensor.changes)) for tensor in report.restored}
    lines = [report.summary, *report.notes]
    if report.left_alone:
        lines.append(f"Left alone: {', '.join(report.left_alone[:20])}{', …' if len(report.left_alone) > 20 else ''}")
    try:
        reader = load_checkpoint(report.source)
        short = (
            {} if reader.object_graph is None else {key: name for name, key in reader.object_graph.short_names.items()}
        )
        view = VariablesView(
            reader, lines=lines, status=lambda key: became.get(key) or became.get(short.get(key, key), "unused")
        )
    except (CheckpointError, OSError):
        return {}
    data, _ = view._repr_mimebundle_()
    return {mime: form for mime, form in data.items() if mime not in ("text/html", "text/plain")}
