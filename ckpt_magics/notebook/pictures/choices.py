"""What can be chosen about a picture, by name."""

from __future__ import annotations

from typing import Final, Literal

__all__ = ["DIRECTIONS", "GROUPS", "PALETTE_NAMES", "Direction", "PaletteName"]

GROUPS: Final = {
    "gradients": "gradients",
    "optimizer": "optimizer",
    "save": "saving and restoring",
    "initializers": "initializers",
    "summaries": "summaries",
    "constants": "constants",
    "functions": "library functions",
}
"""What is drawn aside, in the order of the strip below the picture. The text says what the group holds."""

Direction = Literal["TB", "BT", "LR", "RL"]
DIRECTIONS: Final = ("TB", "BT", "LR", "RL")

PaletteName = Literal["auto", "light", "dark"]
PALETTE_NAMES: Final = ("auto", "light", "dark")
