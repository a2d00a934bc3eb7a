"""What the options of a save may be, looked at before anything is written."""

from __future__ import annotations

import numbers
import operator

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.bundle_records import MAX_SHARDS

__all__ = ["check_options"]


def check_options(
    write_version: object, max_to_keep: object, keep_checkpoint_every_n_hours: object, num_shards: object
) -> None:
    """Refuse options of a save that cannot be.

    Args:
        write_version: 1 or 2.
        max_to_keep: None, or a whole number from 0.
        keep_checkpoint_every_n_hours: A number from 0.
        num_shards: A whole number from 1 to the most that a reader takes for sound.

    Raises:
        InvalidArgumentError: One of them is of another type or value.
    """
    if _whole(write_version) not in {1, 2}:
        raise InvalidArgumentError(f"write_version is {_shown(write_version)}; there are versions 1 and 2")
    if max_to_keep is not None and _whole(max_to_keep) < 0:
        raise InvalidArgumentError(
            f"max_to_keep is {_shown(max_to_keep)}; it may be a whole number of checkpoints, or 0 or None to keep all"
        )
    hours = keep_checkpoint_every_n_hours
    if not _is_duration(hours):
        raise InvalidArgumentError(
            f"keep_checkpoint_every_n_hours is {_shown(hours)}; it may be a number of hours from 0"
        )
    if not 1 <= _whole(num_shards) <= MAX_SHARDS:
        raise InvalidArgumentError(
            f"num_shards is {_shown(num_shards)}; it is a whole number to {MAX_SHARDS}, and at least 1 is needed"
        )


def _is_duration(value: object) -> bool:
    try:
        # Said so that NaN, which compares as neither, is refused too.
        return isinstance(value, numbers.Real) and float(value) >= 0
    except OverflowError:
        return False


def _shown(value: object) -> str:
    try:
        return repr(value)
    except ValueError:
        # Python writes no number of more than 4,300 digits.
        return "a number of thousands of digits"


def _whole(value: object) -> int:
    """Return a whole number as an int, anything else as -1."""
    try:
        return operator.index(value)  # type: ignore[arg-type]  # what is none is the question
    except TypeError:
        return -1
