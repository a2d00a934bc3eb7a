"""Checkpoints as other kinds of files, and changed on the way; and the mean of several."""

from __future__ import annotations

from ckpt_magics.notebook.commands.arguments import Argument, argument
from ckpt_magics.notebook.commands.convert_line import WRITING_ARGUMENTS, step_arguments

__all__ = ["AVERAGE_ARGUMENTS", "CONVERT_ARGUMENTS"]

CONVERT_ARGUMENTS: tuple[Argument, ...] = (
    argument(
        "paths",
        nargs="*",
        metavar="SOURCE… TARGET",
        help="Checkpoints, files of other kinds, or variables that hold tensors: several are merged, NAME:SOURCE puts "
        "its names below NAME/. Last the path of the result, whose ending says the kind.",
    ),
    *step_arguments(),
    argument("--under", nargs="+", default=[], metavar="SCOPE", help="Scope of the sources' names, or one of each."),
    *WRITING_ARGUMENTS,
    argument("--recipes", action="store_true", help="List the recipes."),
)

AVERAGE_ARGUMENTS: tuple[Argument, ...] = (
    argument(
        "paths",
        nargs="*",
        metavar="SOURCE… TARGET",
        help="Checkpoints, the newest last, or with --last a directory; "
        "last the path of the result, whose ending says the kind.",
    ),
    argument("--last", type=int, metavar="N", help="Take the last checkpoints of a directory."),
    argument("--factors", metavar="N,N…", help="How much each checkpoint counts. Default: all as much."),
    argument("--ema", type=float, metavar="DECAY", help="Take the exponential moving average, the oldest first."),
    argument("--common", action="store_true", help="Leave out tensors that not all have."),
    *step_arguments(),
    *WRITING_ARGUMENTS,
)
