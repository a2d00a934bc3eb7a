"""Sizes of boxes, and the Graphviz shape of each kind."""

from __future__ import annotations

from typing import Final

from ckpt_magics.notebook.pictures.model.labels import (
    DETAIL_SIZE,
    MAX_DETAIL,
    MAX_LABEL,
    NAME_SIZE,
    shorten,
    shown,
    text_width,
)
from ckpt_magics.notebook.pictures.views.view import ViewNode

# Kinds differ by shape as well as by colour. All but the pentagon are clipped as rectangles, so edges end at the same
# places in Graphviz's drawing and in ours.
DOT_SHAPES: Final = {
    "scope": "folder",
    "library": "folder",
    "bundle": "box3d",
    "op": "box",
    "variable": "cylinder",
    "placeholder": "invhouse",
    "constant": "note",
    "function": "component",
}
# In points, as Graphviz counts; an inch has 72.
PADDING: Final = 14.0
MIN_WIDTH: Final = 58.0
ONE_LINE: Final = 28.0
TWO_LINES: Final = 40.0
# The lid of a cylinder, the tip of a pentagon and the tab of a folder take room from the text.
EXTRA_HEIGHT: Final = {"variable": 8.0, "placeholder": 10.0, "scope": 6.0, "library": 6.0}
EXTRA_WIDTH: Final = {"function": 10.0, "constant": 6.0, "placeholder": 4.0}
PILE: Final = 6.0
# Bold letters are this much wider.
BOLD: Final = 1.08
# Faces that stand in for Helvetica where a system has none are up to this much wider.
WIDER_FACES: Final = 1.12


def box_lines(node: ViewNode) -> tuple[str, ...]:
    """Return the one or two lines written in a box."""
    lines = (shorten(shown(node.label), MAX_LABEL),)
    return (*lines, shorten(shown(node.detail), MAX_DETAIL)) if node.detail else lines


def box_size(node: ViewNode) -> tuple[float, float]:
    """Return width and height of a box, in points."""
    lines = box_lines(node)
    name_size = NAME_SIZE * (BOLD if node.kind in {"scope", "library"} else 1)
    widths = [text_width(line, size) * WIDER_FACES for line, size in zip(lines, (name_size, DETAIL_SIZE), strict=False)]
    width = max(MIN_WIDTH, *widths, 0) + 2 * PADDING - 8 + EXTRA_WIDTH.get(node.kind, 0)
    height = (TWO_LINES if len(lines) > 1 else ONE_LINE) + EXTRA_HEIGHT.get(node.kind, 0)
    pile = PILE if node.series else 0
    return width + pile, height + pile


def shape_of(node: ViewNode) -> str:
    """Return the Graphviz shape of a box; what stands for several is a pile."""
    return "box3d" if node.series else DOT_SHAPES[node.kind]
