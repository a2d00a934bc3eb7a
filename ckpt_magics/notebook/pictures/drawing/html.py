"""The picture as static HTML: the SVG, its notes, and a table of the same boxes; no script, no id, no class."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from ckpt_magics.notebook.pictures.model.labels import MAX_TOOLTIP_LINE, shorten, shown
from ckpt_magics.notebook.pictures.views.view import View
from ckpt_magics.report import Table

MAX_ROWS: Final = 60


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
        f'<div style="font-size:85%;opacity:0.8">{below}</div>'
        f'<div style="font-size:85%">{_table(view)}</div></div>'
    )


def _table(view: View) -> str:
    nodes = (*view.nodes, *view.aside)
    if not nodes:
        return ""
    rows = [tuple(map(_shortened, (node.name, node.kind, node.detail))) for node in nodes[:MAX_ROWS]]
    caption = f"{len(nodes):,} boxes as a table"
    return Table(("name", "kind", "what"), rows, caption, more=len(nodes) - len(rows), folded=True).html()


def _shortened(content: str) -> str:
    return shorten(shown(content), MAX_TOOLTIP_LINE) if content else ""


def _text(content: str) -> str:
    return escape(_shortened(content))
