"""What is shown where a view cannot run: without a kernel, on GitHub, in an export to HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ckpt_magics.errors import visible
from ckpt_magics.tables import html_lines, html_table, text_table

__all__ = ["Fallback", "FallbackTable"]

MAX_ROWS = 20
"""Rows shown: every output is saved with the notebook, which stays small and is read, not searched."""

_MAX_CELL = 160
"""Characters of a cell; a name may be of any length."""


@dataclass(frozen=True, slots=True)
class FallbackTable:
    """One table.

    Attributes:
        caption: The line above it, which has the totals.
        columns: Headings.
        rows: The first rows, as text.
        total: How many rows there are in all.
        numeric: Headings of the columns that are aligned to the right.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: int
    numeric: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fallback:
    """Tables with lines of text below them; every text is escaped on its way out.

    Attributes:
        tables: The tables.
        lines: The lines.
    """

    tables: Sequence[FallbackTable]
    lines: Sequence[str] = ()

    def html(self) -> str:
        """As HTML without scripts or style sheets."""
        tables = "".join(
            html_table(visible(table.caption), table.columns, _rows(table), numeric=table.numeric)
            for table in self.tables
        )
        return tables + html_lines(visible(line) for line in self.lines)

    def text(self) -> str:
        """As aligned text."""
        parts: list[str] = []
        for table in self.tables:
            parts.append(visible(table.caption))
            parts += [f"  {line}" for line in text_table([table.columns, *_rows(table)])]
        return "\n".join([*parts, *map(visible, self.lines)])


def _rows(table: FallbackTable) -> list[tuple[str, ...]]:
    rows = [tuple(map(_shortened, row)) for row in table.rows[:MAX_ROWS]]
    more = table.total - len(rows)
    return [*rows, (f"… and {more:,} more", *[""] * (len(table.columns) - 1))] if more else rows


def _shortened(cell: str) -> str:
    text = visible(cell)
    return text if len(text) <= _MAX_CELL else f"{text[:_MAX_CELL]}…"
