"""The report of a comparison: what became of each tensor, and how far apart the values are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.files.jobs.comparison import STATUSES, TensorDifference
from ckpt_magics.report import Report, Table

__all__ = ["counted_differences", "difference_report"]

_COLUMNS = ("name", "status", "dtype", "shape", "was", "changed", "‖Δ‖", "max |Δ|")


def counted_differences(found: Sequence[TensorDifference]) -> str:
    """Return how many tensors there are of each status, in one line."""
    counts = Counter(tensor.status for tensor in found)
    return ", ".join(f"{counts[status]:,} {status}" for status in STATUSES if counts[status]) or "no tensors"


def difference_report(found: Sequence[TensorDifference], title: str, at_most: int | None = None) -> Report:
    """Return what is shown of a comparison: every tensor that is not the same.

    Args:
        found: What became of each tensor.
        title: What was compared.
        at_most: How many tensors; None for all.
    """
    shown = [tensor for tensor in found if tensor.status != "same"]
    rows = list(map(_row, shown[:at_most]))
    tables = [Table(_COLUMNS, rows, more=len(shown) - len(rows), numeric=_COLUMNS[5:])] if rows else []
    return Report(f"{title}: {counted_differences(found)}", tables=tables)


def _row(tensor: TensorDifference) -> tuple[object, ...]:
    spec, distance = tensor.spec, tensor.distance
    known = (tensor.name, tensor.status, spec.dtype.name, format_shape(spec.shape), tensor.was)
    if distance is None:
        return known
    return (*known, distance.changed, _measure(distance.norm), _measure(distance.largest))


def _measure(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"
