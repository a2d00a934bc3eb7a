"""Which checkpoints of a directory are kept: the last few, some for ever; the others are deleted.

This is the bookkeeping of TensorFlow's Saver, with three differences. Other savers' checkpoints that the state file
lists stay listed, so that two notebooks may share a directory. What is deleted are exact names inside the directory of
the state file, never patterns, because the names come from a file that anyone can edit. And a checkpoint goes only
after the state file that no longer lists it is safely on disk.

Format: tensorflow/python/training/saver.py (Saver), tensorflow/python/checkpoint/checkpoint_management.py.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Collection, Iterable

from ckpt_magics.errors import AbortedError, CheckpointError, visible
from ckpt_magics.files.directory.journal import Journal
from ckpt_magics.files.directory.listed import Listed, read_list, replace_list, written
from ckpt_magics.files.directory.notes import read_notes
from ckpt_magics.files.directory.state import checkpoint_exists, get_checkpoint_mtimes, update_checkpoint_state
from ckpt_magics.files.kinds.data_files import data_files
from ckpt_magics.files.kinds.directory import checkpoint_files
from ckpt_magics.files.storage.naming import (
    META_GRAPH_SUFFIX,
    index_filename,
    meta_graph_filename,
    parse_v1_shard,
)
from ckpt_magics.files.storage.place import ABOVE, CURRENT, AnyPath, Place, PlaceIdentity, place_of
from ckpt_magics.files.storage.store import Absent, Version, WrittenFile
from ckpt_magics.files.tensors.save_options import DEFAULT_KEEP_HOURS, SaveOptions

__all__ = [
    "CheckpointHistory",
    "let_go",
    "remove_checkpoint",
    "remove_old_checkpoint",
]


def let_go(
    checkpoints: Iterable[tuple[str, float]], keep_hours: float | None, last_preserved: float | None
) -> tuple[list[str], float | None]:
    """Divide checkpoints that leave a list into those that go and those that are kept for good, as a manager does.

    Args:
        checkpoints: Paths and when they were saved, in seconds since 1970, the oldest first.
        keep_hours: One is kept each time that so many hours have passed; None for none.
        last_preserved: When the last one was saved that is kept; None for never, and then none is.

    Returns:
        Those that go, and when the last one was saved that is kept by now.

    >>> let_go([("m-1", 1000.0), ("m-2", 4600.0), ("m-3", 5000.0)], 1, 0.0)
    (['m-1', 'm-3'], 4600.0)
    """
    going = []
    for path, saved in checkpoints:
        if keep_hours is not None and last_preserved is not None and saved - keep_hours * 3600.0 >= last_preserved:
            last_preserved = saved
        else:
            going.append(path)
    return going, last_preserved


def remove_checkpoint(
    checkpoint_prefix: AnyPath, version: int = 2, meta_graph_suffix: str | None = META_GRAPH_SUFFIX
) -> None:
    """Delete the files of one checkpoint: meta graph, index and data files, or the V1 files. Missing ones are fine.

    Names are compared, never expanded; of a symbolic link the link is removed. Directories stay.

    Args:
        checkpoint_prefix: The prefix, or the pattern of a V1 checkpoint in shards.
        version: 1 or 2.
        meta_graph_suffix: What the meta graph's name ends with; None leaves it.

    Raises:
        CheckpointError: The disk refuses.
    """
    prefix = place_of(checkpoint_prefix)
    base = prefix.stem
    if base in {"", CURRENT, ABOVE}:
        return
    if meta_graph_suffix is not None:
        prefix.beside(meta_graph_filename(base, meta_graph_suffix)).remove()
    if version == 2:
        prefix.beside(index_filename(base)).remove()
        for file in data_files(prefix):
            file.remove()
        return
    pattern = parse_v1_shard(base)
    if pattern is None or pattern[1] is not None:
        prefix.remove()
        return
    for file in checkpoint_files(prefix):
        file.remove()


class CheckpointHistory:
    """The checkpoints that one saver wrote, oldest first, and when.

    Args:
        max_to_keep: How many to keep; None or 0 keeps all and remembers none.
        keep_checkpoint_every_n_hours: One checkpoint is kept for ever each time that this many hours have passed.
        write_version: 1 or 2, the format of the checkpoints, for deleting them.
        clock: Returns seconds since 1970.
    """

    def __init__(
        self,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = DEFAULT_KEEP_HOURS,
        write_version: int = 2,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.max_to_keep = max_to_keep
        self.keep_checkpoint_every_n_hours = keep_checkpoint_every_n_hours
        self.write_version = write_version
        self._clock = clock
        self._kept: list[tuple[str, float]] = []
        self._to_delete: list[tuple[str, float]] = []
        # Everything this saver ever listed, so that its own past is not taken for another saver's.
        self._own: set[PlaceIdentity] = set()
        self.next_checkpoint_time = clock() + keep_checkpoint_every_n_hours * 3600

    @property
    def last_checkpoints(self) -> list[str]:
        """Paths of the checkpoints that are kept, oldest first."""
        return [path for path, _ in self._kept]

    def set_last_checkpoints(self, last_checkpoints: list[AnyPath]) -> None:
        """Take over paths whose times are not known; those are never deleted."""
        assert isinstance(last_checkpoints, list)  # noqa: S101  # TensorFlow's check, which its users' tests expect
        self._kept = [(place_of(path).name, math.inf) for path in last_checkpoints]

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: list[tuple[AnyPath, float]]) -> None:
        """Take over (path, seconds since 1970), oldest first."""
        assert isinstance(last_checkpoints_with_time, list)  # noqa: S101  # as above
        self._kept = [(place_of(path).name, saved) for path, saved in last_checkpoints_with_time]

    def recover_last_checkpoints(self, checkpoint_paths: Iterable[AnyPath]) -> None:
        """Take over the paths that exist, with the times of their files."""
        existing = [place_of(path).name for path in checkpoint_paths if checkpoint_exists(path)]
        self._kept = list(zip(existing, get_checkpoint_mtimes(existing), strict=True))

    def record(
        self,
        place: Place,
        options: SaveOptions,
        *,
        stem: Place | None = None,
    ) -> WrittenFile:
        """Note a checkpoint just saved: write the state file, then delete at most one old checkpoint.

        Checkpoints of the same prefix that a killed save left unlisted are listed too, count as this saver's own, and
        add to what may be deleted.

        Args:
            place: Prefix or V1 pattern.
            options: How it was saved; how many are kept is up to this history.
            stem: Its prefix without the step; None for a checkpoint without a step.

        Returns:
            The state file.

        Raises:
            CheckpointError: The state file could not be written.
        """
        return replace_list(
            place.directory, options.latest_filename, lambda former: self._record(place, options, stem, former)
        )

    def _record(
        self, place: Place, options: SaveOptions, stem: Place | None, former: Version | Absent | None
    ) -> WrittenFile:
        directory, path = place.directory, place.name
        memory = list(self._kept), list(self._to_delete), self.next_checkpoint_time
        journal = Journal(directory)
        notes = read_notes(directory, options.latest_filename)
        listed = [
            one
            for one in read_list(directory, options.latest_filename).listed
            if not notes.is_pinned(directory.at(one.path).stem)
        ]
        left = self._take_over(journal, stem, place, listed)
        self._append(place, self._clock())
        expired = [old for old in self._expired(1 + left) if not notes.is_pinned(directory.at(old).stem)]
        journal.name(stem, expired)
        try:
            state_file = update_checkpoint_state(
                directory,
                path,
                [
                    *self._listed_by_others(directory, listed),
                    *(
                        own
                        for own in self._own_paths(directory, path)
                        if own == path or not notes.is_pinned(directory.at(own).stem)
                    ),
                ],
                options.latest_filename,
                save_relative_paths=not options.absolute_paths,
                durable=options.durable,
                if_match=former,
            )
        except AbortedError:
            self._kept, self._to_delete, self.next_checkpoint_time = memory
            raise
        except BaseException:
            self._to_delete[:0] = [(old, -math.inf) for old in expired]
            raise
        needed = {directory.at(known).identity for known in (path, *self.last_checkpoints)}
        for old in expired:
            remove_old_checkpoint(old, directory, needed, self.write_version, options.meta_graph_suffix)
        journal.settle()
        return state_file

    def _take_over(self, journal: Journal, stem: Place | None, new: Place, listed: Iterable[Listed]) -> int:
        """Take what killed saves of the prefix left for this saver's own; tell how many they were."""
        places = ((new.at(one.path), one) for one in journal.unlisted(stem, listed))
        left = [(place, one) for place, one in places if place.identity != new.identity]
        for place, one in left:
            self._append(place, written(one, new.directory))
        return len(left)

    def _append(self, place: Place, saved: float) -> None:
        path = place.name
        self._own.update(place.at(known).identity for known in (path, *self.last_checkpoints))
        if not self.max_to_keep:
            return
        self._kept = [known for known in self._kept if known[0] != path]
        self._kept.append((path, saved))
        if len(self._kept) > self.max_to_keep:
            self._to_delete.append(self._kept.pop(0))

    def _own_paths(self, directory: Place, path: str) -> list[str]:
        """Own paths for the state file, the new one last."""
        own = [known for known in self.last_checkpoints if known != path]
        if directory.store.rules.isabs(directory.name):
            # A relative path in a state file is taken as relative to its directory, these are relative to ours.
            own = [directory.at(known).plain.name for known in own]
        return [*own, path]

    def _listed_by_others(self, directory: Place, listed: Iterable[Listed]) -> list[str]:
        """Paths in the state file as it is now that this saver knows nothing of and that exist."""
        return [one.path for one in listed if directory.at(one.path).identity not in self._own]

    def _expired(self, most: int) -> list[str]:
        """Return at most so many of those that are no longer kept, without what is kept for ever."""
        expired = []
        for path, saved in self._to_delete[:most]:
            if saved > self.next_checkpoint_time:
                self.next_checkpoint_time += self.keep_checkpoint_every_n_hours * 3600
            else:
                expired.append(path)
        del self._to_delete[:most]
        return expired


def remove_old_checkpoint(
    path: str,
    directory: Place,
    needed: Collection[PlaceIdentity],
    version: int,
    meta_graph_suffix: str | None = META_GRAPH_SUFFIX,
) -> bool:
    """Delete a checkpoint that is no longer kept, if it lies in ``directory`` and is none of those still needed.

    What stands in the way is a warning: the save has succeeded.

    Args:
        path: Prefix or V1 pattern.
        directory: The directory of the state file.
        needed: What is still listed.
        version: 1 or 2.
        meta_graph_suffix: What the meta graph's name ends with; None leaves it.

    Returns:
        Whether it was deleted.
    """
    target = directory.at(path).plain
    if target.directory != directory.plain or target.identity in needed:
        return False
    try:
        remove_checkpoint(target, version, meta_graph_suffix)
    except CheckpointError as error:
        warnings.warn(f"Ignoring: {visible(str(error))}", UserWarning, stacklevel=4)
        return False
    return True
