"""Answers to what the views ask about tensors: index, statistics, values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ckpt_magics.errors import CheckpointError, InvalidArgumentError
from ckpt_magics.files.formats.dtypes import STRING
from ckpt_magics.files.jobs.checkpoint_statistics import DescribedTensor, ValueType, describe_values, value_types
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.notebook.widgets.conversation import Handler, Reply, Request
from ckpt_magics.notebook.widgets.tensors.statistics_columns import pack_statistics
from ckpt_magics.notebook.widgets.tensors.tensor_window import TensorWindows, encode_cells, encode_values
from ckpt_magics.notebook.widgets.tensors.variable_index import ExtraColumn, first_rows, pack_index

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
        described: What is known of values, by row, as far as somebody asked.
    """

    tensors: NamedTensors[TensorSource]
    variables: pd.DataFrame
    head: ViewHead
    group: str = "group"
    extras: Sequence[ExtraColumn] = ()
    described: dict[int, DescribedTensor] = field(default_factory=dict)
    _names: list[str] = field(init=False)
    _rows: dict[str, int] = field(init=False)
    _windows: TensorWindows = field(init=False)
    _types: dict[str, ValueType] | None = field(init=False, default=None)

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

    def measured(self, name: str) -> dict[str, float | int | None]:
        """Return what the statistics of a tensor say, if they are known."""
        one = self.described.get(self._rows[name])
        return {} if one is None or one.problem else {**one.facts(), "dead": one.dead}

    def compute_statistics(self) -> None:
        """Read every tensor for its statistics."""
        for _ in self._describe(range(len(self._names))):
            pass

    def known_statistics(self, rows: int) -> Reply:
        """The statistics of the first so many rows, as far as they are known, as the page takes them."""
        return Reply(*pack_statistics({row: one for row, one in sorted(self.described.items()) if row < rows}))

    def _send_statistics(self, request: Request) -> Reply:
        rows = request.rows(len(self._names))
        done, percent, told = 0, len(rows) // 100 + 1, 0
        for found in self._describe(rows):
            request.check_cancelled()
            request.emit("statistics", *pack_statistics(found))
            done += len(found)
            # A message costs as much as the statistics of a small tensor.
            if done - told >= percent or done == len(rows):
                request.progress(done / len(rows))
                told = done
        return Reply()

    def _describe(self, rows: Sequence[int]) -> Iterator[dict[int, DescribedTensor]]:
        """Yield what is known of the values of rows, then what was not known before, as it is found."""
        known = {row: self.described[row] for row in rows if row in self.described}
        if known:
            yield known
        wanted = {self._names[row]: row for row in rows if row not in known}
        try:
            if self._types is None:
                self._types = value_types(self.tensors)
            types = self._types
        except CheckpointError as error:
            nothing = ValueType(STRING, ())
            yield {row: DescribedTensor(name, nothing, None, str(error)) for name, row in wanted.items()}
            return
        # Read past the window's cache: one walk over all tensors must not push out the one that is looked at.
        for batch in describe_values(self.tensors, {name: types[name] for name in wanted}):
            found = {wanted[one.name]: one for one in batch}
            self.described |= found
            yield found

    def _values(self, request: Request) -> Reply:
        row = request.integer("row", 0, len(self._names))
        region, part = request.payload.get("region"), request.payload.get("part")
        array = self._windows.read(self._names[row], region)
        request.check_cancelled()
        return Reply(*encode_values(array, part))

    def _cells(self, request: Request) -> Reply:
        """Cells of a picture; of strings there are none."""
        asked = request.payload
        cells, order = self._windows.cells(self._numbers_of(request), asked)
        request.check_cancelled()
        content, buffers = encode_cells(cells, [asked["rows"][2], asked["columns"][2]])
        return Reply({**content, "order": order}, buffers)

    def _numbers_of(self, request: Request) -> str:
        """The name of the tensor that a picture is asked of."""
        name = self._names[request.integer("row", 0, len(self._names))]
        if not self.tensors.spec(name).dtype.itemsize:
            raise InvalidArgumentError("a picture is of numbers")
        return name


def _text(text: str) -> str:
    """Text that goes over the wire: lone surrogates stand for bytes that are no UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()
