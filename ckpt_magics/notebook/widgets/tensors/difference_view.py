"""What two checkpoints, or a checkpoint and the notebook, differ in: the same table, and pictures of differences."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.files.formats.dtypes import DOUBLE
from ckpt_magics.files.formats.pieces import Box
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.tensors.store import TensorEntry
from ckpt_magics.notebook.frames.differences import STATUSES, Tensors, differences, paired_pieces, values_apart
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
        source = _Differences(before, after, frozenset(before.names()), frozenset(after.names()))
        answers = VariableMessages(source, frame, head, group="status", extras=_EXTRAS)
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


@dataclass(frozen=True, slots=True)
class _Differences:
    """Second side minus first as a source of values; a side alone where there is no difference to take."""

    before: Tensors
    after: Tensors
    before_names: frozenset[str]
    after_names: frozenset[str]

    def check_current(self) -> None:
        self.before.check_current()
        self.after.check_current()

    def entry(self, name: str) -> TensorEntry:
        side = self.after if name in self.after_names else self.before
        dtype, shape = side.spec(name)
        has_both = self._both(name)
        sides = (self.before, self.after) if has_both else (side,)
        dtype = DOUBLE if has_both else dtype
        size = math.prod(shape) * dtype.itemsize if all(each.has_regions(name) for each in sides) else None
        return TensorEntry(name.encode("utf-8", "surrogateescape"), dtype, shape, size=size)

    def get_slice(self, name: str, region: tuple[slice, ...]) -> npt.NDArray[Any]:
        if not self._both(name):
            return (self.after if name in self.after_names else self.before).read(name, region)
        return _apart(self.before.read(name, region), self.after.read(name, region))

    def pieces(self, name: str, at_most: int) -> Iterator[tuple[Box, npt.NDArray[Any]]]:
        if not self._both(name):
            return (self.after if name in self.after_names else self.before).pieces(name, at_most)
        # An element takes up to eight times as much once it is float64.
        pairs = paired_pieces(name, self.before, self.after, at_most // 8)
        return ((region, _apart(before, after)) for region, before, after in pairs)

    def _both(self, name: str) -> bool:
        if name not in self.before_names or name not in self.after_names:
            return False
        (old, old_shape), (new, new_shape) = self.before.spec(name), self.after.spec(name)
        return old_shape == new_shape and old.itemsize > 0 and new.itemsize > 0


def _apart(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> npt.NDArray[Any]:
    with np.errstate(invalid="ignore", over="ignore"):  # what is infinite on both sides differs by NaN
        return values_apart(before, after)


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
