"""What two checkpoints, or a checkpoint and the notebook, differ in: the same table, and pictures of differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.jobs.comparison import STATUSES, Tensors
from ckpt_magics.files.jobs.difference_source import DifferenceSource
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.notebook.frames.differences import differences
from ckpt_magics.notebook.widgets.fallback import MAX_ROWS
from ckpt_magics.notebook.widgets.tensors.table_view import TableView
from ckpt_magics.notebook.widgets.tensors.variable_index import ExtraColumn
from ckpt_magics.notebook.widgets.tensors.variable_messages import VariableMessages, ViewHead
from ckpt_magics.report import Report, Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DifferenceView"]

_EXTRAS = (
    ExtraColumn("was", "Was", "texts"),
    ExtraColumn("changed", "Changed"),
    ExtraColumn("norm", "‖Δ‖"),
    ExtraColumn("relative", "‖Δ‖ / ‖before‖"),
    ExtraColumn("largest", "max |Δ|"),
)


class DifferenceView(TableView):
    """A table of what differs. The values of a row are second side minus first, where both have numbers of one shape.

    Args:
        before: The first side.
        after: The second side.
        titles: What the sides are called.
        frame: What :func:`~ckpt_magics.notebook.frames.differences.differences` said; computed if not given.
    """

    def __init__(
        self, before: Tensors, after: Tensors, titles: tuple[str, str], frame: pd.DataFrame | None = None
    ) -> None:
        frame = differences(before, after) if frame is None else frame
        self._titles = titles
        counts = frame["status"].value_counts()
        summary = ", ".join(f"{counts[status]:,} {status}" for status in STATUSES if counts[status])
        head = ViewHead(title=f"{titles[0]} → {titles[1]}", note=summary or "no tensors", group_title="Status")
        source = DifferenceSource(before, after, list(frame["name"]), head.title)
        answers = VariableMessages(NamedTensors(source), frame, head, group="status", extras=_EXTRAS)
        super().__init__(answers, _report(frame, f"{head.title}: {head.note}"))
        changed = [status for status in STATUSES if status != "same" and counts[status]]
        if changed and counts["same"]:
            self.filter(groups=changed)

    def _code_lines(self, names: Sequence[str]) -> list[str]:
        first, second = self._titles
        return [
            "import ckpt_magics",
            "",
            f"before = ckpt_magics.load_checkpoint({first!r})",
            f"after = ckpt_magics.load_checkpoint({second!r})",
            f"names = {list(names)!r}",
            "values = {name: (before.get(name), after.get(name)) for name in names}",
        ]


def _report(frame: pd.DataFrame, title: str) -> Report:
    shown = frame[frame["status"] != "same"]
    head = shown.head(MAX_ROWS)
    columns = [
        head["name"],
        head["status"].astype(str),
        head["dtype"],
        head["shape"].map(format_shape),
        head["was"],
        head["changed"].astype(object).where(head["changed"].notna(), None),
        *(head[key].map(lambda value: "" if np.isnan(value) else f"{value:.6g}") for key in ("norm", "largest")),
    ]
    titles = ("name", "status", "dtype", "shape", "was", "changed", "‖Δ‖", "max |Δ|")
    rows = list(zip(*columns, strict=True))
    return Report(title, tables=[Table(titles, rows, more=len(shown) - len(rows), numeric=titles[5:])])
