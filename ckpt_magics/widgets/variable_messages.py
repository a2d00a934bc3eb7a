"""Answers to what the views ask about the tensors of a checkpoint: index, statistics, values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ckpt_magics.errors import CheckpointError, InvalidArgumentError
from ckpt_magics.frames.statistics import TensorStatistics, tensor_statistics
from ckpt_magics.widgets.messages import Handler, Reply, Request
from ckpt_magics.widgets.tensor_window import TensorWindows, encode_values
from ckpt_magics.widgets.variable_index import first_rows, pack_index

if TYPE_CHECKING:
    import pandas as pd

    from ckpt_magics.checkpoint.reader import CheckpointReader

__all__ = ["VariableMessages"]


class VariableMessages:
    """What a view can ask about one checkpoint; rows are positions in ``variables``.

    Args:
        reader: The checkpoint; stays open as long as the view lives.
        title: Headline of the view.

    Attributes:
        variables: The table behind the view.
        nan_names: Names of the tensors in which statistics have found a NaN.
    """

    def __init__(self, reader: CheckpointReader, title: str) -> None:
        self.variables: pd.DataFrame = reader.variables
        self.nan_names: set[str] = set()
        self._names: list[str] = list(self.variables["name"])
        self._reader = reader
        self._title = title
        self._windows = TensorWindows(reader)

    def handlers(self) -> dict[str, Handler]:
        """Kinds of requests and their answers."""
        return {
            "open": Handler(self._open),
            "index": Handler(self._index),
            "statistics": Handler(self._statistics, background=True),
            "values": Handler(self._values, background=True),
        }

    def row_of(self, name: str) -> int | None:
        """Row of a tensor by name, or None."""
        position = self.variables["name"].searchsorted(name) if self._names else 0
        found = position < len(self._names) and self._names[position] == name
        return int(position) if found else next((row for row, each in enumerate(self._names) if each == name), None)

    def _open(self, _request: Request) -> Reply:
        first = first_rows(self.variables)
        return Reply({"title": self._title, "note": self._note(), "total": len(self._names), "first": first})

    def _note(self) -> str:
        total = sum(int(size) for size in self.variables["bytes"])
        return f"{len(self._names):,} variables in a V{self._reader.version} checkpoint, {_size(total)}"

    def _index(self, _request: Request) -> Reply:
        packed = pack_index(self.variables)
        return Reply({"rows": packed.rows, "dtypes": packed.dtypes, "groups": packed.groups}, packed.buffers)

    def _statistics(self, request: Request) -> Reply:
        rows = _rows(request.payload.get("rows"), len(self._names))
        for done, row in enumerate(rows):
            request.check_cancelled()
            request.emit("statistics", {"row": row, **self._statistics_of(self._names[row])})
            request.progress((done + 1) / len(rows))
        return Reply()

    def _statistics_of(self, name: str) -> dict[str, Any]:
        try:
            # Read past the window's cache: one walk over all tensors must not push out the one that is looked at.
            statistics = tensor_statistics(self._reader.get_slice(name, ()))
        except CheckpointError as error:
            return {"error": str(error)}
        if statistics.nans:
            self.nan_names.add(name)
        return _statistics_json(statistics)

    def _values(self, request: Request) -> Reply:
        row = request.integer("row", 0, len(self._names))
        array = self._windows.read(self._names[row], request.payload.get("region"))
        request.check_cancelled()
        return Reply(*encode_values(array, request.payload.get("part")))


def _statistics_json(statistics: TensorStatistics) -> dict[str, Any]:
    return {
        "min": _number(statistics.minimum),
        "max": _number(statistics.maximum),
        "mean": _number(statistics.mean),
        "std": _number(statistics.std),
        "zeros": statistics.zeros,
        "nans": statistics.nans,
        "infs": statistics.infs,
        "bins": statistics.bins.tolist(),
    }


def _number(value: float | None) -> float | str | None:
    """JSON has no names for what is not finite; the browser's half knows these."""
    if value is None or math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _rows(rows: object, total: int) -> Sequence[int]:
    if not isinstance(rows, list) or not all(isinstance(row, int) and 0 <= row < total for row in rows):
        raise InvalidArgumentError(f"rows must be a list of integers below {total}")
    return rows


def _size(size: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:.3g} {unit}"
