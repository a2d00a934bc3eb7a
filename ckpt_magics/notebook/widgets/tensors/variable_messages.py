"""Answers to what the views ask about tensors: index, statistics, values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ckpt_magics.errors import CheckpointError, InvalidArgumentError
from ckpt_magics.files.jobs.tensor_statistics import TensorStatistics, exact_extremes, stored_statistics
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.notebook.widgets.conversation import Handler, Reply, Request
from ckpt_magics.notebook.widgets.tensors.tensor_window import TensorWindows, encode_cells, encode_values
from ckpt_magics.notebook.widgets.tensors.variable_index import ExtraColumn, first_rows, pack_index
from ckpt_magics.phrasing import json_number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["VariableMessages", "ViewHead"]


@dataclass(frozen=True, slots=True)
class ViewHead:
    """What stands above the table.

    Attributes:
        title: Headline.
        note: A few words beside it; the page adds the totals.
        lines: Sentences below it.
        files: Name, what it holds, and bytes (None: missing) of each file.
        group_title: What the column of groups is called.
        can_restore: Whether there is somewhere to restore to.
    """

    title: str
    note: str
    lines: Sequence[str] = ()
    files: Sequence[tuple[str, str, int | None]] = ()
    group_title: str = "Group"
    can_restore: bool = False


@dataclass(slots=True)
class VariableMessages:
    """What a view can ask; rows are positions in ``variables``.

    Attributes:
        tensors: Where values come from.
        variables: The table behind the view, sorted by name.
        head: What stands above it.
        group: The column that rows are grouped by.
        extras: Columns beyond those that every view has.
        nan_names: Names of the tensors in which statistics have found a NaN.
    """

    tensors: NamedTensors[TensorSource]
    variables: pd.DataFrame
    head: ViewHead
    group: str = "group"
    extras: Sequence[ExtraColumn] = ()
    nan_names: set[str] = field(default_factory=set)
    _names: list[str] = field(init=False)
    _rows: dict[str, int] = field(init=False)
    _windows: TensorWindows = field(init=False)
    _known: dict[int, dict[str, Any]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._names = list(self.variables["name"])
        self._rows = {name: row for row, name in enumerate(self._names)}
        self._windows = TensorWindows(self.tensors)

    def handlers(self) -> dict[str, Handler]:
        """Kinds of requests and their answers."""
        return {
            "open": Handler(lambda _: Reply(self.opening())),
            "index": Handler(lambda _: self.index()),
            "statistics": Handler(self._send_statistics, background=True),
            "values": Handler(self._values, background=True),
            "cells": Handler(self._cells, background=True),
        }

    def row_of(self, name: str) -> int | None:
        """Row of a tensor by name, or None."""
        return self._rows.get(name)

    def opening(self) -> dict[str, Any]:
        """What the page needs to paint at once."""
        head = self.head
        return {
            "title": _text(head.title),
            "note": head.note,
            "lines": [_text(line) for line in head.lines],
            "files": [[_text(name), holds, size] for name, holds, size in head.files],
            "can_restore": head.can_restore,
            "total": len(self._names),
            "first": first_rows(self.variables),
        }

    def index(self, rows: int | None = None) -> Reply:
        """The metadata of all rows, or of the first so many."""
        shown = self.variables if rows is None else self.variables.head(rows)
        packed = pack_index(shown, group=self.group, extras=self.extras)
        extras = [{"key": extra.key, "title": extra.title, "kind": extra.kind} for extra in self.extras]
        content = {"rows": packed.rows, "dtypes": packed.dtypes, "groups": packed.groups}
        return Reply({**content, "group_title": self.head.group_title, "extras": extras}, packed.buffers)

    def forget(self) -> None:
        """Let go of the values that are kept for the next question."""
        self._windows.forget()

    def compute_statistics(self) -> None:
        """Read every tensor for its statistics."""
        for row in range(len(self._names)):
            self._statistics(row)

    def known_statistics(self) -> list[dict[str, Any]]:
        """The statistics computed so far, as the page takes them."""
        return [{"row": row, **known} for row, known in sorted(self._known.items())]

    def _send_statistics(self, request: Request) -> Reply:
        rows = request.rows(len(self._names))
        percent = len(rows) // 100 + 1
        for done, row in enumerate(rows, 1):
            request.check_cancelled()
            request.emit("statistics", {"row": row, **self._statistics(row)})
            # A message costs as much as the statistics of a small tensor.
            if done % percent == 0 or done == len(rows):
                request.progress(done / len(rows))
        return Reply()

    def _statistics(self, row: int) -> dict[str, Any]:
        if row not in self._known:
            self._known[row] = self._read_statistics(self._names[row])
        return self._known[row]

    def _read_statistics(self, name: str) -> dict[str, Any]:
        try:
            # Read past the window's cache: one walk over all tensors must not push out the one that is looked at.
            statistics = stored_statistics(self.tensors, name)
        except CheckpointError as error:
            return {"error": _text(str(error))}
        if statistics.nans:
            self.nan_names.add(name)
        return _statistics_json(statistics, self.tensors.spec(name).dtype.numpy)

    def _values(self, request: Request) -> Reply:
        row = request.integer("row", 0, len(self._names))
        region, part = request.payload.get("region"), request.payload.get("part")
        array = self._windows.read(self._names[row], region)
        request.check_cancelled()
        return Reply(*encode_values(array, part))

    def _cells(self, request: Request) -> Reply:
        """Cells of a picture; of strings there are none."""
        row = request.integer("row", 0, len(self._names))
        if not self.tensors.spec(self._names[row]).dtype.itemsize:
            raise InvalidArgumentError("a picture is of numbers")
        region, part = request.payload.get("region"), request.payload.get("part")
        cells = self._windows.cells(self._names[row], region, part)
        request.check_cancelled()
        return Reply(*encode_cells(cells, [step for _, _, step in cast("list[list[int]]", region)]))


def _statistics_json(statistics: TensorStatistics, dtype: np.dtype[Any]) -> dict[str, Any]:
    return {
        # A browser's numbers round large integers.
        "extremes": exact_extremes(statistics, dtype),
        "min": json_number(statistics.minimum),
        "max": json_number(statistics.maximum),
        "mean": json_number(statistics.mean),
        "std": json_number(statistics.std),
        "zeros": statistics.zeros,
        "nans": statistics.nans,
        "infs": statistics.infs,
        "bins": statistics.bins.tolist(),
    }


def _text(text: str) -> str:
    """Text that goes over the wire: lone surrogates stand for bytes that are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
