"""What the options of a save may be, looked at before anything is written."""

from __future__ import annotations

import numbers
import operator

from ckpt_magics.errors import InvalidArgumentError

__all__ = ["check_options"]


def check_options(
    write_version: object, max_to_keep: object, keep_checkpoint_every_n_hours: object, num_shards: object
) -> None:
    """Refuse options of a save that cannot be.

    Args:
        write_version: 1 or 2.
        max_to_keep: None, or a whole number from 0.
        keep_checkpoint_every_n_hours: A number from 0.
        num_shards: A whole number from 1.

    Raises:
        InvalidArgumentError: One of them is of another type or value.
    """
    if _whole(write_version) not in {1, 2}:
        raise InvalidArgumentError(f"write_version is {write_version!r}; there are versions 1 and 2")
    if max_to_keep is not None and _whole(max_to_keep) < 0:
        raise InvalidArgumentError(
            f"max_to_keep is {max_to_keep!r}; it may be a whole number of checkpoints, or 0 or None to keep all"
        )
    hours = keep_checkpoint_every_n_hours
    # Said so that NaN, which compares as neither, is refused too.
    if not isinstance(hours, numbers.Real) or not float(hours) >= 0:
        raise InvalidArgumentError(f"keep_checkpoint_every_n_hours is {hours!r}; it may be a number of hours from 0")
    if _whole(num_shards) < 1:
        raise InvalidArgumentError(f"num_shards is {num_shards!r}; it is a whole number, and at least 1 is needed")


def _whole(value: object) -> int:
    """Return a whole number as an int, anything else as -1."""
    try:
        return operator.index(value)  # type: ignore[arg-type]  # what is none is the question
    except TypeError:
        return -1
