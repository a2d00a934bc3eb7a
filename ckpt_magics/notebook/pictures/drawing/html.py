"""The picture as static HTML: the SVG, its notes, and a table of the same boxes; no script, no id, no class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from ckpt_magics.notebook.pictures.model.labels import MAX_TOOLTIP_LINE, shorten, shown
from ckpt_magics.notebook.pictures.views.view import View, ViewNode

MAX_ROWS: Final = 60
_CELL: Final = "text-align:left;padding:1px 12px 1px 0"


def format_html(view: View, svg: str, heading: str, notes: Sequence[str]) -> str:
    """Return a picture for ``text/html``.

    Args:
        view: What the picture shows.
        svg: The picture.
        heading: One line above it.
        notes: Sentences below it.
    """
    below = "".join(f"<div>{_text(note)}</div>" for note in notes)
    return (
        f'<div style="max-width:100%"><div style="margin:4px 0"><b>{_text(heading)}</b></div>'
        f'<div style="overflow:auto;max-height:900px">{svg}</div>'
        f'<div style="font-size:85%;opacity:0.8">{below}</div>{_table(view)}</div>'
    )


def _table(view: View) -> str:
    nodes = (*view.nodes, *view.aside)
    if not nodes:
        return ""
    rows = "".join(_row(node) for node in nodes[:MAX_ROWS])
    more = f"<div>and {len(nodes) - MAX_ROWS:,} more</div>" if len(nodes) > MAX_ROWS else ""
    head = "".join(f'<th style="{_CELL}">{name}</th>' for name in ("name", "kind", "what"))
    return (
        f'<details style="font-size:85%"><summary>{len(nodes):,} boxes as a table</summary>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{more}</details>"
    )


def _row(node: ViewNode) -> str:
    return "".join(
        ["<tr>", *(f'<td style="{_CELL}">{_text(cell)}</td>' for cell in (node.name, node.kind, node.detail)), "</tr>"]
    )


def _text(content: str) -> str:
    return escape(shorten(shown(content), MAX_TOOLTIP_LINE)) if content else ""
