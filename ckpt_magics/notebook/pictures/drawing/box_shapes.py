"""Outlines of boxes as SVG path data, one function per shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ckpt_magics.notebook.pictures.drawing.box_sizes import PILE
from ckpt_magics.notebook.pictures.drawing.layout import Box
from ckpt_magics.notebook.pictures.drawing.palette import Paint
from ckpt_magics.notebook.pictures.drawing.svg_elements import element, number
from ckpt_magics.notebook.pictures.model.kinds import Kind

_LID: Final = 8.0
_TAB: Final = 6.0
_FOLD: Final = 8.0
_TIP: Final = 10.0


@dataclass(frozen=True, slots=True)
class Outline:
    """The outlines of one box and where the middle of its text is.

    Attributes:
        paths: Path data, back to front: the sheets of a pile, then the box.
        text_x: Middle of the text.
        text_y: Likewise.
    """

    paths: tuple[str, ...]
    text_x: float
    text_y: float


def outline_box(kind: Kind, box: Box, *, series: bool, upward: bool) -> Outline:
    """Return the outlines of a box.

    Args:
        kind: Decides the shape.
        box: Where.
        series: Draw a pile.
        upward: Edges point up, so the tip of a placeholder does too.
    """
    left, top = box.x - box.width / 2, box.y - box.height / 2
    width, height = box.width, box.height
    paths: list[str] = []
    if series:
        width, height = width - PILE, height - PILE
        sheet = _rounded if kind == "op" else _rectangle
        paths = [sheet(left + shift, top + PILE - shift, width, height) for shift in (PILE, PILE / 2)]
        top += PILE
    if kind == "placeholder" and upward:
        # The pentagon upside down: mirrored in its own middle.
        paths.append(_pentagon(left, top + height, width, -height))
    else:
        paths.append(_PATHS.get(kind, _rectangle)(left, top, width, height))
    middle = top + height / 2
    if kind == "variable":
        middle += _LID / 3
    elif kind in {"scope", "library"}:
        middle += _TAB / 2
    elif kind == "placeholder":
        middle += _TIP / 2 if upward else -_TIP / 2
    return Outline(tuple(paths), left + width / 2 + (5 if kind == "function" else 0), middle)


def draw_box(kind: Kind, box: Box, paint: Paint, *, series: bool, upward: bool) -> tuple[str, float, float]:
    """Return a box as SVG elements, and where the middle of its text is; arguments as of :func:`outline_box`."""
    outline = outline_box(kind, box, series=series, upward=upward)
    style: dict[str, str | float] = {"fill": paint.fill, "stroke": paint.stroke, "stroke-width": 1.2}
    drawn = [element("path", {"d": path, "stroke-linejoin": "round", **style}) for path in outline.paths]
    return "".join(drawn), outline.text_x, outline.text_y


def _path(*parts: str | float) -> str:
    return " ".join(part if isinstance(part, str) else number(part) for part in parts)


def _rectangle(x: float, y: float, w: float, h: float) -> str:
    return _path("M", x, y, "h", w, "v", h, "h", -w, "Z")


def _rounded(x: float, y: float, w: float, h: float) -> str:
    r = min(h / 2, 14.0)
    return _path(
        *("M", x + r, y, "h", w - 2 * r, "a", r, r, 0.0, 0.0, 1.0, r, r, "v", h - 2 * r, "a", r, r, 0.0, 0.0, 1.0),
        *(-r, r, "h", 2 * r - w, "a", r, r, 0.0, 0.0, 1.0, -r, -r, "v", 2 * r - h, "a", r, r, 0.0, 0.0, 1.0, r, -r),
        "Z",
    )


def _folder(x: float, y: float, w: float, h: float) -> str:
    """A sheet with a tab at its upper left."""
    tab = min(34.0, w / 3)
    return _path(
        *("M", x, y + 3, "q", 0.0, -3.0, 3.0, -3.0, "h", tab - 6, "q", 2.0, 0.0, 3.0, 2.0, "l", 2.0, _TAB - 2),
        *("H", x + w - 4, "q", 4.0, 0.0, 4.0, 4.0, "V", y + h - 4, "q", 0.0, 4.0, -4.0, 4.0),
        *("H", x + 4, "q", -4.0, 0.0, -4.0, -4.0, "Z"),
    )


def _cylinder(x: float, y: float, w: float, h: float) -> str:
    half = _LID / 2
    rim = ("a", w / 2, half, 0.0, 0.0)
    return _path(
        *("M", x, y + half, *rim, 1.0, w, 0.0, "V", y + h - half, *rim, 1.0, -w, 0.0, "Z"),
        # From right to left, as the outline runs there: the other way round the lid would be a hole.
        *("M", x + w, y + half, *rim, 1.0, -w, 0.0),
    )


def _pentagon(x: float, y: float, w: float, h: float) -> str:
    """A box whose lower side is a tip; a negative height turns it over."""
    shoulder = y + h - (_TIP if h > 0 else -_TIP)
    return _path("M", x, y, "H", x + w, "V", shoulder, "L", x + w / 2, y + h, "L", x, shoulder, "Z")


def _note(x: float, y: float, w: float, h: float) -> str:
    corner = x + w - _FOLD
    return _path(
        *("M", x, y, "H", corner, "L", x + w, y + _FOLD, "V", y + h, "H", x, "Z"),
        *("M", x + w, y + _FOLD, "H", corner, "V", y),
    )


def _component(x: float, y: float, w: float, h: float) -> str:
    """A box with two plugs on its left side."""
    plugs: list[str | float] = []
    for plug in (y + h * 0.22, y + h * 0.58):
        plugs += ["M", x - 4, plug, "h", 10.0, "v", h * 0.2, "h", -10.0, "Z"]
    return _path("M", x, y, "h", w, "v", h, "h", -w, "Z", *plugs)


_PATHS: Final[Mapping[str, Callable[[float, float, float, float], str]]] = {
    "op": _rounded,
    "scope": _folder,
    "library": _folder,
    "variable": _cylinder,
    "placeholder": _pentagon,
    "constant": _note,
    "function": _component,
}
