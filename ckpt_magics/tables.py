"""Small tables for terminals and notebooks: aligned text, and HTML that takes its colours from the page."""

from __future__ import annotations

import html
from collections.abc import Collection, Iterable, Sequence

from ckpt_magics.errors import visible

__all__ = ["amount", "an", "html_lines", "html_table", "names_text", "text_table"]

MAX_NAMES = 5
"""Names that a sentence lists."""

MAX_WIDTH = 90
"""Characters up to which a column of text is padded."""

# No colours but the page's own, and no style sheet or script: it has to read well in light and dark, in an untrusted
# notebook, and in an export.
_RULE = "border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)"
_CELL = "padding:2px 12px 2px 0;text-align:{align};white-space:pre-wrap"
_TABLE = "border-collapse:collapse;margin:4px 0;background:transparent;color:inherit;border:none;font-family:monospace"
_FAINT = "opacity:.75"


def amount(count: int, noun: str) -> str:
    """Return a number with its noun.

    >>> amount(1, "file"), amount(2000, "file")
    ('1 file', '2,000 files')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def an(noun: str) -> str:
    """Return a noun with the article that its sound takes; those of this package that begin with u sound like you.

    >>> an("array"), an("NumPy array"), an("uint8")
    ('an array', 'a NumPy array', 'a uint8')
    """
    return f"an {noun}" if noun[:1].lower() in "aeio" else f"a {noun}"


def names_text(names: Sequence[str]) -> str:
    """Return names as one text that may be printed, the first few if there are many.

    >>> names_text(["a", "b"]), names_text([*"abcdefg"])
    ('a, b', 'a, b, c, d, e and 2 more')
    """
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return ", ".join(map(visible, names[:MAX_NAMES])) + more


def text_table(rows: Iterable[Sequence[str]]) -> list[str]:
    """Return lines with the columns aligned.

    >>> text_table([("a", "1"), ("bcd", "22")])
    ['a    1', 'bcd  22']
    """
    rows = [tuple(row) for row in rows]
    if not rows:
        return []
    # One very long name must not push the other columns of every row out of sight.
    widths = [max(min(len(row[column]), MAX_WIDTH) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def html_table(
    caption: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numeric: Collection[str] = (),
    folded: bool = False,
) -> str:
    """Return a table as HTML; every text is escaped here.

    Args:
        caption: A line above it.
        columns: Headings.
        rows: Cells, a text per column.
        numeric: Headings of the columns that are aligned to the right.
        folded: Whether to show only the caption until it is clicked.
    """
    aligns = ["right" if column in numeric else "left" for column in columns]
    head = "".join(
        f'<th style="{_CELL.format(align=align)};{_RULE};font-weight:600">{html.escape(column)}</th>'
        for column, align in zip(columns, aligns, strict=True)
    )
    body = "".join(
        "<tr style='background:transparent'>"
        + "".join(
            f'<td style="{_CELL.format(align=align)}">{html.escape(visible(cell))}</td>'
            for cell, align in zip(row, aligns, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    above = html.escape(visible(caption))
    table = (
        f'<table style="{_TABLE}"><thead><tr style="background:transparent">{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )
    if folded:
        return f'<details style="margin:4px 0"><summary style="cursor:pointer">{above}</summary>{table}</details>'
    return f'<div style="margin:4px 0">{above}</div>{table}'


def html_lines(lines: Iterable[str]) -> str:
    """Return lines of text as HTML, escaped."""
    parts = ("<br>".join(html.escape(visible(part)) for part in line.splitlines()) for line in lines)
    return "".join(f'<div style="{_FAINT};margin:2px 0">{part}</div>' for part in parts)
