"""Colours of a picture, by what is drawn; one palette reads on light and dark pages alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ckpt_magics.errors import InvalidArgumentError


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

# Hues of things that have no order (ops, devices), told apart also by most colour-blind eyes; the last is for the rest.
HUES: Final[Mapping[str, tuple[Paint, ...]]] = {
    "light": (
        Paint("#cfe3fb", "#3f86d6", "#0d2f57", "#2f5f96"),
        Paint("#ffe0bf", "#d9822b", "#522c05", "#8a5518"),
        Paint("#cdeee0", "#2f9e77", "#0a3b2a", "#2b6e57"),
        Paint("#fbd3d8", "#cf4a5d", "#541019", "#8e3240"),
        Paint("#e3d8f8", "#8661cc", "#2e1760", "#5f459a"),
        Paint("#f5efb5", "#b5a11d", "#413a04", "#756a1c"),
        Paint("#cdeff4", "#2a9db0", "#083a42", "#2a6d78"),
        Paint("#f8d6ec", "#c255a0", "#4d113c", "#87406f"),
        Paint("#e4dccd", "#93805a", "#37301e", "#6c5f44"),
        Paint("#eceef2", "#9aa3b2", "#2f3642", "#626b7a"),
    ),
    "dark": (
        Paint("#17375c", "#5b9ee8", "#dcebfc", "#9fc3ea"),
        Paint("#52340f", "#e0964a", "#fde8d2", "#dfb88c"),
        Paint("#114534", "#45b78d", "#d5f4e8", "#90cfb6"),
        Paint("#571d27", "#e06c7d", "#fcdde1", "#e2a3ad"),
        Paint("#382759", "#a183de", "#eae1fb", "#c1afe6"),
        Paint("#47400f", "#c9b43a", "#f8f3cf", "#d3c88a"),
        Paint("#0f434b", "#44b6c9", "#d6f3f7", "#92cfd9"),
        Paint("#52193f", "#d571b5", "#fbe0f2", "#dfa6cb"),
        Paint("#3f3726", "#a99672", "#f0e9dc", "#c8bb9f"),
        Paint("#343a44", "#7c8798", "#e3e7ee", "#a7b0be"),
    ),
}
# From little to much.
SCALE: Final[Mapping[str, tuple[Paint, ...]]] = {
    "light": (
        Paint("#eef4fb", "#a9bed8", "#2a3b52", "#5d6f88"),
        Paint("#cfe2f6", "#7fa8d6", "#1d3653", "#4a6a90"),
        Paint("#9fc6ee", "#4f8ccb", "#0f2b4a", "#2c5482"),
        Paint("#5c9cdd", "#2b6cb0", "#051c36", "#0f3560"),
        Paint("#2464a8", "#123f73", "#ffffff", "#d3e4f7"),
    ),
    "dark": (
        Paint("#1d2733", "#4d6078", "#cfdae8", "#8ea0b6"),
        Paint("#1f3853", "#57789e", "#d8e5f4", "#9cb4d0"),
        Paint("#245083", "#6c9cd2", "#e6f0fb", "#b4cfee"),
        Paint("#3b7cc4", "#93bdec", "#ffffff", "#d9e8f9"),
        Paint("#8fc0f5", "#d6e8fd", "#08203c", "#1d4270"),
    ),
}

# The same for numbers below zero.
FALL: Final[Mapping[str, tuple[Paint, ...]]] = {
    "light": (
        Paint("#fdf3ea", "#dcc0a4", "#54381f", "#8a6a4b"),
        Paint("#fbdfc4", "#dda878", "#55330f", "#8f6334"),
        Paint("#f5bd8a", "#cf8543", "#4a2704", "#7f4c16"),
        Paint("#e8924a", "#b5641c", "#361a00", "#5f3305"),
        Paint("#b0540f", "#7a3705", "#ffffff", "#f9dfc8"),
    ),
    "dark": (
        Paint("#33271c", "#78614c", "#e8d8c9", "#b69f88"),
        Paint("#533417", "#9e7650", "#f4e4d4", "#d0b292"),
        Paint("#83501e", "#d29b63", "#fbefe4", "#eed0b1"),
        Paint("#c4752e", "#edba8c", "#ffffff", "#f9e4d0"),
        Paint("#f5b980", "#fde4cc", "#4a2803", "#70450f"),
    ),
}


def find_palette(name: str) -> Palette:
    """Return a palette by name.

    Raises:
        InvalidArgumentError: There is none of that name.
    """
    if name not in PALETTES:
        raise InvalidArgumentError(f"palette is {name!r}; it can be {', '.join(PALETTES)}")
    return PALETTES[name]
