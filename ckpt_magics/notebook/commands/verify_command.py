"""Whether a checkpoint is whole."""

from __future__ import annotations

from ckpt_magics.notebook.commands.arguments import Argument, argument

__all__ = ["VERIFY_ARGUMENTS"]

VERIFY_ARGUMENTS: tuple[Argument, ...] = (
    argument(
        "source",
        help="A prefix, any file of the checkpoint, or a directory, whose latest checkpoint it is.",
    ),
    argument("--salvage", metavar="NEW_PREFIX", help="Write the good tensors there if anything is damaged."),
    argument("-q", "--quiet", action="store_true", help="Show no progress; a ; at the end hides the report."),
)
