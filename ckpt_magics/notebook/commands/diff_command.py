"""What two checkpoints differ in."""

from __future__ import annotations

from ckpt_magics.notebook.commands.arguments import Argument, argument

__all__ = ["DIFF_ARGUMENTS"]

DIFF_ARGUMENTS: tuple[Argument, ...] = (
    argument("before", metavar="A", help="A checkpoint: prefix, file or directory."),
    argument(
        "after",
        nargs="?",
        metavar="B",
        help="Another one, or a variable that holds tensors. Default: the active graph, else the notebook.",
    ),
    argument("--static", action="store_true", help="Show a plain table instead of the interactive one."),
    argument("-q", "--quiet", action="store_true", help="Show no progress."),
)
