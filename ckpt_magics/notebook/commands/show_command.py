"""What a checkpoint holds."""

from __future__ import annotations

from ckpt_magics.notebook.commands.arguments import Argument, argument

__all__ = ["SHOW_ARGUMENTS"]

SHOW_ARGUMENTS: tuple[Argument, ...] = (
    argument(
        "source",
        help="A prefix, any file of the checkpoint, or a directory, whose latest checkpoint it is.",
    ),
    argument("--graph", action="store_true", help="Show its graph too: a row leads to its node and back."),
    argument("--static", action="store_true", help="Show plain tables instead of the interactive view."),
)
