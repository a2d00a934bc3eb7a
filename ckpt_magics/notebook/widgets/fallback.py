"""What is shown where a view cannot run: without a kernel, on GitHub, in an export to HTML."""

from __future__ import annotations

from dataclasses import replace

from ckpt_magics.errors import visible
from ckpt_magics.report import Report, Table

__all__ = ["MAX_ROWS", "shortened"]

MAX_ROWS = 20
"""Rows shown: every output is saved with the notebook, which stays small and is read, not searched."""

_MAX_CELL = 160
"""Characters of a cell; a name may be of any length."""


def shortened(report: Report) -> Report:
    """Return a report with long cells cut, for every output is saved with the notebook."""
    return replace(report, tables=[_shortened_table(table) for table in report.tables])


def _shortened_table(table: Table) -> Table:
    return replace(table, rows=[tuple(map(_shortened_cell, row)) for row in table.rows])


def _shortened_cell(cell: object) -> object:
    if not isinstance(cell, str) or len(text := visible(cell)) <= _MAX_CELL:
        return cell
    return f"{text[:_MAX_CELL]}…"
