"""Checkpoints of objects in a directory: numbered, the last few kept, the latest restored.

Format: tensorflow/python/checkpoint/checkpoint_management.py (CheckpointManager).
"""

from __future__ import annotations

import logging
import operator
import os
from collections.abc import Callable
from typing import Any

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.directory.journal import announced
from ckpt_magics.files.directory.managed import ManagedCheckpoints
from ckpt_magics.files.jobs.saving import SavedCheckpoint
from ckpt_magics.files.storage.file_system import make_directories
from ckpt_magics.files.storage.place import AnyPath, name_of, place_of
from ckpt_magics.graphs.trackable.checkpoint import Checkpoint
from ckpt_magics.graphs.trackable.checkpoint_options import CheckpointOptions

__all__ = ["CheckpointManager"]

_LOGGER = logging.getLogger("ckpt_magics")


class CheckpointManager:
    """Saves a `Checkpoint` again and again into one directory, and lets old ones go.

    It goes on with the list of an earlier manager, TensorFlow's too. What others list meanwhile stays listed.

    Args:
        checkpoint: What to save.
        directory: Where; it is made by the first save.
        max_to_keep: How many of them stay; None for all.
        keep_checkpoint_every_n_hours: One of those that would go is kept for good each time that so many hours have
            passed; None for none.
        checkpoint_name: What they are called, before their number.
        step_counter: A variable that counts steps, for ``checkpoint_interval``.
        checkpoint_interval: Save only after so many steps; None for whenever `save` is called.
        init_fn: Called by `restore_or_initialize` where there is no checkpoint yet.
        last_checkpoint_step: The step of the last save, if there was one.

    Raises:
        ValueError: ``max_to_keep`` is no positive number, or there is no counter for an interval.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        checkpoint: Checkpoint,
        directory: AnyPath,
        max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None,
        checkpoint_name: str = "ckpt",
        step_counter: Any = None,  # noqa: ANN401 - a variable of any library
        checkpoint_interval: int | None = None,
        init_fn: Callable[[], object] | None = None,
        last_checkpoint_step: int | None = None,
    ) -> None:
        if max_to_keep is not None and max_to_keep <= 0:
            raise InvalidArgumentError(
                f"Expected a positive integer or `None` for `max_to_keep`, got {int(max_to_keep)}."
            )
        if checkpoint_interval is not None and step_counter is None:
            raise InvalidArgumentError("`step_counter` should be passed if `checkpoint_interval` is not None.")
        self._checkpoint = checkpoint
        self._directory = name_of(directory)
        self._stem = (place_of(directory) / checkpoint_name).name
        self._managed = ManagedCheckpoints(place_of(self._stem), max_to_keep, keep_checkpoint_every_n_hours or None)
        self._step_counter = step_counter
        self._checkpoint_interval = checkpoint_interval
        self._last_checkpoint_step = last_checkpoint_step
        self._init_fn = init_fn

    @property
    def directory(self) -> str:
        """Where the checkpoints are."""
        return self._directory

    @property
    def checkpoint(self) -> Checkpoint:
        """What is saved."""
        return self._checkpoint

    @property
    def checkpoint_interval(self) -> int | None:
        """How many steps lie between two saves at least."""
        return self._checkpoint_interval

    @property
    def latest_checkpoint(self) -> str | None:
        """Prefix of the last checkpoint that was saved; None if there is none."""
        return self._managed.latest

    @property
    def checkpoints(self) -> list[str]:
        """Prefixes of the checkpoints that may go some day, the oldest first, without those kept for good."""
        return self._managed.paths

    def save(
        self, checkpoint_number: object = None, check_interval: bool = True, options: CheckpointOptions | None = None
    ) -> SavedCheckpoint | None:
        """Save a checkpoint, make it the latest of the directory, and delete what is not kept.

        Args:
            checkpoint_number: Number in its name, an int or a variable; by default how often it was saved.
            check_interval: Save only if it is time; otherwise at each step that was not saved yet.
            options: How.

        Returns:
            The prefix with its number; None if it was not time.

        Raises:
            CheckpointError: The disk refuses; the counter of saves is what it was.
        """
        if self._checkpoint_interval is not None and not self._is_time(check_interval=check_interval):
            return None
        make_directories(self._directory or os.curdir)
        with self._checkpoint.counted() as count:
            number = count if checkpoint_number is None else operator.index(checkpoint_number)  # type: ignore[arg-type]
            path = f"{self._stem}-{number}"
            with announced(place_of(path)):
                saved = self._checkpoint.write(path, options=options)
                state_file = self._managed.record(saved)
        saved.files = (*saved.files, state_file)
        if self._checkpoint_interval is not None:
            self._last_checkpoint_step = int(self._step_counter)
        return saved

    def _is_time(self, *, check_interval: bool) -> bool:
        last, now = self._last_checkpoint_step, int(self._step_counter)
        if last is None:
            return True
        return now != last and not (check_interval and now < last + (self._checkpoint_interval or 0))

    def restore_or_initialize(self) -> str | None:
        """Restore the latest checkpoint, or else call ``init_fn``.

        Returns:
            The prefix of what was restored; None if there was none.

        Raises:
            NotFoundError: The directory's list names one that is not there.
            CheckpointError: As of `Checkpoint.restore`.
        """
        latest = self.latest_checkpoint
        if latest is not None:
            self._checkpoint.restore(latest)
            if self._checkpoint_interval is not None:
                self._last_checkpoint_step = int(self._step_counter)
            return latest
        if self._init_fn is not None:
            self._init_fn()
            _LOGGER.info("Customized initialization is done through the passed `init_fn`.")
        return None

    def sync(self) -> None:
        """Do nothing: a save that has returned is whole."""
        self._checkpoint.sync()
