"""What the lines take that only a notebook has: ``%ckpt_save`` and ``%ckpt_restore``."""

from __future__ import annotations

from ckpt_magics.files.tensors.save_options import DEFAULT_KEEP_HOURS
from ckpt_magics.notebook.commands.arguments import DASK, Argument, argument, many_values

__all__ = ["RESTORE_ARGUMENTS", "SAVE_ARGUMENTS"]

SAVE_ARGUMENTS: tuple[Argument, ...] = (
    argument("prefix", help="Stem of the checkpoint's files, such as runs/model.ckpt."),
    argument(
        "values",
        nargs="*",
        default=[],
        metavar="NAME | NAME=EXPR",
        help="What to save; NAME may be a pattern of arrays. Default: the active graph's variables, else every array.",
    ),
    argument("--as-root", action="store_true", help="Save what NAME holds, a dict or a module, under its own names."),
    argument("--step", metavar="N", help="Global step, appended to the prefix: a number, a name or an expression."),
    argument("--objects", action="store_true", help="Write a checkpoint of objects, as tf.train.Checkpoint does."),
    argument("--v1", action="store_true", help="Write the single file of before TensorFlow 0.12."),
    argument("--shards", type=int, default=1, metavar="N", help="Spread the tensors over so many data files."),
    argument(
        "--max-to-keep",
        type=int,
        metavar="N",
        help="With --step: delete the listed checkpoints PREFIX-STEP but the latest N; 0 deletes none. Default: 5.",
    ),
    argument(
        "--keep-every-hours",
        type=float,
        default=DEFAULT_KEEP_HOURS,
        metavar="H",
        help="Keep one for good every H hours.",
    ),
    many_values("--metric", "NAME=VALUE", "Note a number of this checkpoint: a number, a name or an expression."),
    argument(
        "--keep-best",
        type=int,
        metavar="N",
        help="Of those that would be deleted, keep the N with the lowest value of the first metric.",
    ),
    argument("--highest", action="store_true", help="Keep those with the highest value."),
    argument("--no-meta", action="store_true", help="Write no meta graph (the .meta file)."),
    argument("--no-state", action="store_true", help="Leave the directory's list (the checkpoint file) as it is."),
    argument("--absolute-paths", action="store_true", help="Write absolute paths to that list, as TensorFlow does."),
    DASK,
    argument("-q", "--quiet", action="store_true", help="Print nothing but the result; a ; at the end hides that."),
)

RESTORE_ARGUMENTS: tuple[Argument, ...] = (
    argument(
        "source",
        help="A prefix, any file of the checkpoint, or a directory, whose latest checkpoint it is.",
    ),
    argument(
        "pattern",
        nargs="*",
        default=[],
        metavar="PATTERN",
        help="Names, scopes (layer/), globs (* also matches /) or re:EXPRESSIONs of what to restore. A name takes "
        "that tensor alone. Default: everything.",
    ),
    argument("--slots", action="store_true", help="Take the optimizer slots of what PATTERN names along."),
    many_values("--exclude", "PATTERN", "Leave alone, optimizer slots too."),
    many_values(
        "--map",
        "NEW=OLD",
        r"Where names differ; scopes new/=old/, patterns '*/kernel=*/weights', 're:(.*)/kernel=\1/weights'.",
    ),
    many_values("--transpose", "PATTERN=AXES", "Where dimensions are in another order: '*/kernel=1,0'."),
    argument("--step", type=int, metavar="N", help="The checkpoint of this global step."),
    argument("--into", metavar="NAME", help="Restore into this dict, module or other holder; a new dict if none is."),
    argument("--by-order", action="store_true", help="Pair a Keras model's weights with stored ones by layer."),
    argument("--reshape", action="store_true", help="Permit another shape of as many elements."),
    argument("--cast", action="store_true", help="Permit another numeric dtype, if every value fits."),
    argument("--partial", action="store_true", help="Leave alone what the checkpoint does not have."),
    argument("--damaged", action="store_true", help="Restore what is left if the listing of tensors is damaged."),
    argument("--dry-run", action="store_true", help="Only say what would happen."),
    argument("-q", "--quiet", action="store_true", help="Show no progress; a ; at the end hides the report."),
)
