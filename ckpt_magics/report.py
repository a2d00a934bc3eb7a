"""What is shown of a result is data first: a title, lines, tables, advice; they become text, HTML or a DataFrame."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ckpt_magics.errors import visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Report", "Strong", "Table"]

MAX_WIDTH = 90
"""Characters up to which a column of text is padded."""

# No colours but the page's own, and no style sheet or script: it has to read well in light and dark, in an untrusted
# notebook, and in an export.
_RULE = "border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)"
_CELL = "padding:2px 12px 2px 0;white-space:pre-wrap;text-align"
_TABLE = "border-collapse:collapse;margin:4px 0;background:transparent;color:inherit;border:none;font-family:monospace"
_ROW = "background:transparent"
_STRONG = "font-weight:600"
_FAINT = "opacity:.75"


class Strong(str):
    """A cell's text that HTML sets in bold."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under headings; every text is made visible and escaped on its way out.

    Attributes:
        columns: Headings.
        rows: A value per column; numbers get their commas, and None is nothing. A row may end early.
        caption: The line above it, or "".
        more: How many further rows there are; a last row says so.
        numeric: Headings of the columns that HTML aligns to the right.
        headed: Whether text has the headings; HTML always has them.
        folded: Whether HTML shows only the caption until it is clicked.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    caption: str = ""
    more: int = 0
    numeric: Collection[str] = ()
    headed: bool = True
    folded: bool = False

    def text(self) -> list[str]:
        """Return lines: the caption, and the rows below it with the columns aligned.

        >>> Table(("name", "bytes"), [("a", 12000), ("bcd", None)], "Files:", more=3).text()
        ['Files:', '  name          bytes', '  a             12,000', '  bcd', '  … and 3 more']
        """
        rows = [tuple(map(_cell_text, row)) for row in ([self.columns] if self.headed else []) + self._all_rows()]
        return [*([visible(self.caption)] if self.caption else []), *(f"  {line}" for line in _aligned(rows))]

    def html(self) -> str:
        """Return the table as HTML without scripts or style sheets."""
        head = self._html_row("th", self.columns, f";{_RULE};{_STRONG}")
        body = "".join(self._html_row("td", row) for row in self._all_rows())
        table = f'<table style="{_TABLE}"><thead>{head}</thead><tbody>{body}</tbody></table>'
        above = html.escape(visible(self.caption))
        if self.folded:
            return f'<details style="margin:4px 0"><summary style="cursor:pointer">{above}</summary>{table}</details>'
        return f'<div style="margin:4px 0">{above}</div>{table}' if above else table

    def frame(self) -> pd.DataFrame:
        """Return the rows as a DataFrame, the cells being values as they are."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(self.columns))

    def without_empty(self) -> Table:
        """Return it without the columns that have nothing in any row.

        >>> Table(("a", "b"), [(1, None), (2, None)]).without_empty().columns
        ('a',)
        """
        kept = [at for at in range(len(self.columns)) if any(row[at] is not None for row in self.rows)]
        rows = [tuple(row[at] for at in kept) for row in self.rows]
        return replace(self, columns=tuple(self.columns[at] for at in kept), rows=rows)

    def _all_rows(self) -> list[Sequence[object]]:
        ended = [(f"… and {self.more:,} more",)] if self.more > 0 else []
        return [(*row, *[None] * (len(self.columns) - len(row))) for row in (*self.rows, *ended)]

    def _html_row(self, tag: str, row: Sequence[object], style: str = "") -> str:
        aligns = ("right" if column in self.numeric else "left" for column in self.columns)
        cells = (
            f'<{tag} style="{_CELL}:{align}{style}{f";{_STRONG}" if isinstance(cell, Strong) else ""}">'
            f"{html.escape(_cell_text(cell))}</{tag}>"
            for cell, align in zip(row, aligns, strict=True)
        )
        return f'<tr style="{_ROW}">{"".join(cells)}</tr>'


@dataclass(frozen=True, slots=True)
class Report:
    """What is shown of one result.

    Attributes:
        title: The outcome, in one line.
        lines: What is to be known besides, a line each.
        tables: The facts.
        advice: What stands below them, such as what to do: a line each, indented where it belongs to the one above.
        folded: Whether HTML shows only the title and the first line until it is clicked.
    """

    title: str
    lines: Sequence[str] = ()
    tables: Sequence[Table] = ()
    advice: Sequence[str] = ()
    folded: bool = False

    def text(self) -> str:
        """Return it as lines of text, tables indented.

        >>> print(Report("One thing.", ["It is good."], [Table(("what",), [("a",)], headed=False)]).text())
        One thing.
        It is good.
          a
        """
        tables = (line for table in self.tables for line in table.text())
        return "\n".join([visible(self.title), *map(visible, self.lines), *tables, *map(visible, self.advice)])

    def html(self) -> str:
        """Return it as HTML without scripts or style sheets, in the page's own colours."""
        tables = "".join(table.html() for table in self.tables)
        if not self.folded:
            return f"{_html_lines([self.title], _STRONG)}{_html_lines(self.lines)}{tables}{_html_lines(self.advice)}"
        title, *first = [html.escape(visible(line)) for line in (self.title, *self.lines[:1])]
        beside = f' <span style="{_FAINT}">{first[0]}</span>' if first else ""
        line = "cursor:pointer;overflow:hidden;white-space:nowrap;text-overflow:ellipsis"
        summary = f'<summary style="{line}"><span style="{_STRONG}">{title}</span>{beside}</summary>'
        return f"<details>{summary}{_html_lines(self.lines[1:])}{tables}{_html_lines(self.advice)}</details>"


def _cell_text(cell: object) -> str:
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else visible(str(cell))


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    # One very long name must not push the other columns of every row out of sight.
    widths = [max(min(len(cell), MAX_WIDTH) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _html_lines(lines: Iterable[str], style: str = _FAINT) -> str:
    opening = f'<div style="{style};margin:2px 0;white-space:pre-wrap">'
    return "".join(f"{opening}{html.escape(visible(line))}</div>" for line in lines)
