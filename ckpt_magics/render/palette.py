"""Colours of a picture, by what is drawn; one palette reads on light and dark pages alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ckpt_magics.errors import InvalidArgumentError

PaletteName = Literal["auto", "light", "dark"]


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours of one kind of box, as ``#rrggbb``."""

    fill: str
    stroke: str
    text: str
    detail: str


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of a whole picture.

    Attributes:
        boxes: Paint by kind.
        page: Background; None leaves the page's own.
        edge: Lines between boxes.
        edge_text: Text along them.
        frame: Outline of open scopes.
        frame_fill: Ground of open scopes, drawn translucent so that nested ones show.
        frame_text: Names of open scopes, headings of strip and legend.
    """

    boxes: Mapping[str, Paint]
    page: str | None
    edge: str
    edge_text: str
    frame: str
    frame_fill: str
    frame_text: str


_LIGHT_BOXES: Final = {
    "scope": Paint("#dfe7f5", "#7f97c4", "#22304d", "#55658a"),
    "library": Paint("#dfe7f5", "#7f97c4", "#22304d", "#55658a"),
    "bundle": Paint("#eceef2", "#9aa3b2", "#2f3642", "#626b7a"),
    "op": Paint("#f7f9fc", "#93a1b8", "#263041", "#68748a"),
    "variable": Paint("#ffe6c2", "#d9963a", "#4d3206", "#86601f"),
    "placeholder": Paint("#d6f0dc", "#54a56d", "#12391f", "#3d7550"),
    "constant": Paint("#e8e6e0", "#a39c8c", "#3b372d", "#736c5d"),
    "function": Paint("#ebdff7", "#9d78c7", "#35204f", "#6d4f92"),
}
_DARK_BOXES: Final = {
    "scope": Paint("#2b3a57", "#6f8cc4", "#e4ecfb", "#a9badd"),
    "library": Paint("#2b3a57", "#6f8cc4", "#e4ecfb", "#a9badd"),
    "bundle": Paint("#343a44", "#7c8798", "#e3e7ee", "#a7b0be"),
    "op": Paint("#232a36", "#6d7b92", "#e2e8f2", "#9ba8bd"),
    "variable": Paint("#533d18", "#d39a45", "#fdebcd", "#dcb980"),
    "placeholder": Paint("#1d4429", "#58ab72", "#d9f3e0", "#97cda7"),
    "constant": Paint("#3b3930", "#958f7e", "#ece9e0", "#b5af9f"),
    "function": Paint("#3f2e57", "#a384cc", "#eee3fa", "#c4aee0"),
}
PALETTES: Final[Mapping[str, Palette]] = {
    # Pale boxes with dark text, and mid grey for all that stands on the page itself.
    "auto": Palette(_LIGHT_BOXES, None, "#8592a6", "#77839a", "#8b9bb8", "#8ba3d4", "#71809b"),
    "light": Palette(_LIGHT_BOXES, "#ffffff", "#8d99ac", "#667287", "#aab7ce", "#9db4e0", "#4c5b78"),
    "dark": Palette(_DARK_BOXES, "#14181f", "#77859b", "#9aa7bb", "#465470", "#5f7cb5", "#a9b7d0"),
}


def find_palette(name: str) -> Palette:
    """Return a palette by name.

    Raises:
        InvalidArgumentError: There is none of that name.
    """
    if name not in PALETTES:
        raise InvalidArgumentError(f"palette is {name!r}; it can be {', '.join(PALETTES)}")
    return PALETTES[name]
