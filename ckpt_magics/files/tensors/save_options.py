"""The options of a save, said once: every door fills them in and hands them on whole."""

from __future__ import annotations

import numbers
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import SupportsIndex

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.bundle_records import MAX_SHARDS
from ckpt_magics.files.storage.naming import META_GRAPH_SUFFIX
from ckpt_magics.files.storage.progress import Progress

__all__ = ["DEFAULT_KEEP_HOURS", "SaveOptions"]

DEFAULT_KEEP_HOURS = 10000.0
"""Hours between checkpoints kept for ever; TensorFlow's default amounts to none."""

_MAX_STEP_BITS = 800
"""Bits of a number of some 240 digits: names of files have 255 bytes at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveOptions:
    """How a checkpoint is saved.

    Attributes:
        write_version: 2 for index and data files, 1 for the single file of before TensorFlow 0.12.
        global_step: Appended to the prefix as ``-STEP``; an int, whatever it was given as.
        max_to_keep: How many of the listed checkpoints of this prefix with a step to keep, this one included; the
            older ones are deleted. None or 0 keeps all. A save without a step deletes nothing.
        keep_checkpoint_every_n_hours: One of those that would go is kept for ever each time so many hours have passed.
        metrics: Numbers by name that are noted of this checkpoint.
        keep_best: Of those that would go, how many are kept because the first of ``metrics`` is best in them; None for
            none.
        highest: Whether high values of that metric are the good ones.
        num_shards: Number of data files, each a run of the tensors of about the same size.
        max_shard_size: Bytes of values in a data file at most, unless one tensor is larger; says in place of
            ``num_shards`` how many data files there are.
        objects: Write the graph of the objects that hold the tensors, as TensorFlow 2 does, and no meta graph.
        write_meta_graph: Write the meta graph beside the values, if there is one.
        write_state: List the checkpoint in the directory's state file; without, no old checkpoint goes either.
        absolute_paths: Write absolute paths to that list if the prefix is absolute, as TensorFlow does; relative ones
            survive a move of the directory.
        latest_filename: Name of that list, None for ``checkpoint``.
        meta_graph_suffix: What the name of the meta graph ends with.
        durable: Sync files and directory, so that a power loss after the return takes nothing.
        progress: Called with (bytes done, bytes in all); what it raises ends the save and undoes it.

    Raises:
        InvalidArgumentError: One of them is of another type or value.
    """

    write_version: int = 2
    global_step: SupportsIndex | None = None
    max_to_keep: int | None = 5
    keep_checkpoint_every_n_hours: float = DEFAULT_KEEP_HOURS
    metrics: Mapping[str, float] = field(default_factory=dict)
    keep_best: int | None = None
    highest: bool = False
    num_shards: int = 1
    max_shard_size: int | None = None
    objects: bool = False
    write_meta_graph: bool = True
    write_state: bool = True
    absolute_paths: bool = False
    latest_filename: str | None = None
    meta_graph_suffix: str = META_GRAPH_SUFFIX
    durable: bool = True
    progress: Progress | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if _whole(self.write_version) not in {1, 2}:
            raise InvalidArgumentError(f"write_version is {_shown(self.write_version)}; there are versions 1 and 2")
        if self.objects and self.write_version == 1:
            raise InvalidArgumentError("a checkpoint of objects is of version 2; version 1 has none")
        if self.max_to_keep is not None and _whole(self.max_to_keep) < 0:
            raise InvalidArgumentError(
                f"max_to_keep is {_shown(self.max_to_keep)}; it may be a whole number of checkpoints, or 0 or None to "
                "keep all"
            )
        if not _is_duration(self.keep_checkpoint_every_n_hours):
            raise InvalidArgumentError(
                f"keep_checkpoint_every_n_hours is {_shown(self.keep_checkpoint_every_n_hours)}; it may be a number of "
                "hours from 0"
            )
        object.__setattr__(self, "metrics", _numbers(self.metrics))
        if self.keep_best is not None and (_whole(self.keep_best) < 1 or not self.metrics):
            raise InvalidArgumentError(
                f"keep_best is {_shown(self.keep_best)}; it is a whole number from 1, and goes with a metric"
            )
        if self.metrics and not self.write_state:
            raise InvalidArgumentError("metrics are noted beside the directory's list, which is not to be written")
        if not 1 <= _whole(self.num_shards) <= MAX_SHARDS:
            raise InvalidArgumentError(
                f"num_shards is {_shown(self.num_shards)}; it is a whole number to {MAX_SHARDS}, and at least 1 is "
                "needed"
            )
        if self.max_shard_size is not None and (_whole(self.max_shard_size) < 1 or self.num_shards != 1):
            raise InvalidArgumentError(
                f"max_shard_size is {_shown(self.max_shard_size)}; it is a whole number of bytes from 1, and stands "
                "without num_shards"
            )
        if self.global_step is not None:
            object.__setattr__(self, "global_step", _step_number(self.global_step))

    @property
    def in_shards(self) -> bool:
        """Whether they say into how many data files values are divided."""
        return self.num_shards > 1 or self.max_shard_size is not None

    def with_step(self, stem: str) -> str:
        """Return the prefix of a checkpoint: its stem, and the step if there is one."""
        return stem if self.global_step is None else f"{stem}-{self.global_step}"


def _numbers(metrics: Mapping[str, float]) -> dict[str, float]:
    """Metrics as what a file of notes can hold."""
    try:
        return {str(name): float(value) for name, value in metrics.items()}
    except (TypeError, ValueError, OverflowError, AttributeError):
        raise InvalidArgumentError(f"metrics are numbers by name, not {metrics!r:.100}") from None


def _step_number(global_step: SupportsIndex) -> int:
    try:
        step = operator.index(global_step)
    except TypeError:
        raise InvalidArgumentError(f"global_step is a whole number, not {global_step!r}") from None
    if step.bit_length() > _MAX_STEP_BITS:
        raise InvalidArgumentError(f"global_step has {step.bit_length()} bits, too many for the name of a file")
    return step


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
