"""The checkpoints that a manager keeps: the last few, one of each so many hours for good; the others are deleted.

A manager takes over what the directory's list says when it begins, and remembers it from then on. There are four
differences to TensorFlow's: numbered checkpoints of another name are not taken over, for a manager of that name may be
at work; what others list meanwhile stays listed, pinned checkpoints stay, and what is deleted are exact names inside
the directory, after the list that no longer has them is safely on disk.

Format: tensorflow/python/checkpoint/checkpoint_management.py (CheckpointManager).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from ckpt_magics.files.directory.journal import Journal
from ckpt_magics.files.directory.listed import Listed, read_list, replace_list, steps_of, written
from ckpt_magics.files.directory.notes import read_notes
from ckpt_magics.files.directory.retention import let_go, remove_old_checkpoint
from ckpt_magics.files.directory.state import get_checkpoint_state, update_checkpoint_state
from ckpt_magics.files.storage.place import Place, PlaceIdentity
from ckpt_magics.files.storage.store import Absent, Version, WrittenFile

__all__ = ["ManagedCheckpoints"]

_NUMBERED = re.compile(r"-[0-9]+\Z")
_LOGGER = logging.getLogger("ckpt_magics")


class ManagedCheckpoints:
    """The checkpoints of one manager, the oldest first.

    Args:
        stem: Their prefix without the number; its directory need not be there yet.
        max_to_keep: How many stay; None for all.
        keep_hours: One of those that would go is kept each time that so many hours have passed; None for none.
        clock: Returns seconds since 1970; the system's by default.

    Attributes:
        latest: The last one saved; None if there is none.

    Raises:
        InvalidArgumentError: The directory's list names no latest checkpoint.
        CheckpointError: It cannot be read.
    """

    def __init__(
        self,
        stem: Place,
        max_to_keep: int | None,
        keep_hours: float | None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._stem = stem
        self._directory = stem.directory
        self._max_to_keep = max_to_keep
        self._keep_hours = keep_hours
        self._clock = clock or time.time
        self._times: dict[str, float] = {}
        self._known: set[PlaceIdentity] = set()
        self._take_over()

    def _take_over(self) -> None:
        """Begin with what the directory's list says."""
        state, now = get_checkpoint_state(self._directory), self._clock()
        self.latest = None if state is None else state.model_checkpoint_path
        # A second back, so that one that is made again at once takes its own for younger.
        self._last_preserved = now - 1.0 if state is None else state.last_preserved_timestamp
        if now < self._last_preserved:
            _LOGGER.warning(
                "time.time() returned a value %f seconds behind the last preserved checkpoint timestamp.",
                self._last_preserved - now,
            )
            self._last_preserved = now
        if state is None:
            return
        paths = state.all_model_checkpoint_paths
        own = self._to_take_over(paths)
        self._known.update(map(self._identity, own))
        # What has no time is nobody's to delete.
        times = state.all_model_checkpoint_timestamps or [self._last_preserved] * len(paths)
        for path, saved in zip(paths, times, strict=False):
            if path in own and min(saved, now) > self._last_preserved:
                self._times[path] = min(saved, now)

    def _to_take_over(self, paths: list[str]) -> set[str]:
        """What is of this manager's name, and what is no number of another's."""
        own = steps_of(self._stem, paths)
        return {path for path in paths if path in own or not _NUMBERED.search(path)}

    @property
    def paths(self) -> list[str]:
        """The checkpoints that may be deleted some day, the oldest first."""
        return list(self._times)

    def record(self, path: str) -> WrittenFile:
        """Take a checkpoint just saved for the latest, write the directory's list, and delete what is not kept.

        Returns:
            The state file.

        Raises:
            CheckpointError: The state file could not be written.
        """
        return replace_list(self._directory, None, lambda former: self._record(path, former))

    def _record(self, path: str, former: Version | Absent | None) -> WrittenFile:
        journal, notes = Journal(self._directory), read_notes(self._directory)
        others = self._listed_by_others()
        left = [
            (one.path, written(one, self._directory))
            for one in journal.unlisted(self._stem, [*others, *self._listed()])
        ]
        times = {**dict(left), **{old: saved for old, saved in self._times.items() if old != path}}
        times[path] = self._clock()
        swept, last_preserved = self._swept(times)
        going = [old for old in swept if not notes.is_pinned(self._directory.at(old).stem)]
        journal.name(self._stem, going)
        kept = [
            *((one.path, written(one, self._directory)) for one in others if one.path not in times),
            *times.items(),
        ]
        state_file = update_checkpoint_state(
            self._directory,
            path,
            [one for one, _ in kept],
            all_model_checkpoint_timestamps=[saved for _, saved in kept],
            last_preserved_timestamp=last_preserved,
            save_relative_paths=True,
            if_match=former,
        )
        self._times, self._last_preserved, self.latest = times, last_preserved, path
        self._known.update(map(self._identity, [*times, *swept]))
        needed = {self._identity(one) for one, _ in kept}
        for old in going:
            remove_old_checkpoint(old, self._directory, needed, 2, meta_graph_suffix=None)
        journal.settle()
        return state_file

    def _identity(self, path: str) -> PlaceIdentity:
        return self._directory.at(path).identity

    def _listed(self) -> list[Listed]:
        return [Listed(path, saved) for path, saved in self._times.items()]

    def _listed_by_others(self) -> list[Listed]:
        """What the directory's list has and this manager knows nothing of."""
        listed = read_list(self._directory).listed
        return [one for one in listed if self._identity(one.path) not in self._known]

    def _swept(self, times: dict[str, float]) -> tuple[list[str], float]:
        """Take the oldest out while there are too many; return those that go, and when the last was preserved."""
        count = 0 if self._max_to_keep is None else max(len(times) - self._max_to_keep, 0)
        old = list(times.items())[:count]
        for path, _ in old:
            del times[path]
        going, last_preserved = let_go(old, self._keep_hours, self._last_preserved)
        return going, last_preserved or 0.0
