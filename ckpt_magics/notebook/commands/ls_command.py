"""The checkpoints of a directory."""

from __future__ import annotations

from ckpt_magics.notebook.commands.arguments import Argument, argument

__all__ = ["LS_ARGUMENTS"]

LS_ARGUMENTS: tuple[Argument, ...] = (
    argument("directory", nargs="?", default=".", help="The directory. Default: the current one."),
    argument("--repair", action="store_true", help="Write a damaged or stale state file anew."),
)
