"""What two checkpoints, or a checkpoint and the notebook, differ in: the same table, and pictures of differences."""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_magics.files.jobs.comparison import STATUSES, TensorDifference, Tensors, compare
from ckpt_magics.files.jobs.difference_source import DifferenceSource
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.notebook.frames.differences import difference_frame
from ckpt_magics.notebook.reports.difference_report import counted_differences, difference_report
from ckpt_magics.notebook.widgets.fallback import MAX_ROWS
from ckpt_magics.notebook.widgets.tensors.table_view import TableView
from ckpt_magics.notebook.widgets.tensors.variable_index import ExtraColumn
from ckpt_magics.notebook.widgets.tensors.variable_messages import VariableMessages, ViewHead

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
        found: What :func:`~ckpt_magics.files.jobs.comparison.compare` said; compared if not given.
    """

    def __init__(
        self,
        before: Tensors,
        after: Tensors,
        titles: tuple[str, str],
        found: Sequence[TensorDifference] | None = None,
    ) -> None:
        found = compare(before, after) if found is None else found
        frame = difference_frame(found)
        self._titles = titles
        head = ViewHead(f"{titles[0]} → {titles[1]}", counted_differences(found), group_title="Status")
        source = DifferenceSource(before, after, list(frame["name"]), head.title)
        answers = VariableMessages(NamedTensors(source), frame, head, group="status", extras=_EXTRAS)
        super().__init__(answers, difference_report(found, head.title, MAX_ROWS))
        present = {tensor.status for tensor in found}
        changed = [status for status in STATUSES if status != "same" and status in present]
        if changed and "same" in present:
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
