"""Note a checkpoint in its directory when no saver object lives from one save to the next.

What a saver would remember is recovered from the state file: the checkpoints that it lists, with CheckpointManager's
timestamps if they are needed. Predecessors of ``model-7``, saved with step 7, are the listed ``model-`` and a number.
A save without a step has none: ``resnet18`` and ``fold-1`` are names that somebody gave, and nobody else can tell
what is no longer needed.

Format: tensorflow/python/checkpoint/checkpoint_management.py (CheckpointManager).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from ckpt_magics.files.directory.journal import Journal
from ckpt_magics.files.directory.listed import Listed, read_list, replace_list, steps_of, written
from ckpt_magics.files.directory.notes import CheckpointNotes, best_of, read_notes, write_notes
from ckpt_magics.files.directory.retention import let_go, remove_old_checkpoint
from ckpt_magics.files.directory.state import update_checkpoint_state
from ckpt_magics.files.kinds.directory import checkpoint_files
from ckpt_magics.files.storage.naming import index_filename
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.store import Absent, Version, WrittenFile
from ckpt_magics.files.tensors.save_options import SaveOptions

__all__ = ["checkpoints_to_go", "record_alone", "record_checkpoint"]


def record_checkpoint(
    place: Place,
    options: SaveOptions,
    *,
    stem: Place | None = None,
    clock: Callable[[], float] = time.time,
) -> tuple[WrittenFile, tuple[str, ...]]:
    """Make a checkpoint the latest of its directory; then delete its predecessors but the last ``max_to_keep``.

    Args:
        place: Prefix or V1 pattern of the checkpoint just saved.
        options: How it was saved. ``max_to_keep`` None or 0 deletes none of its predecessors and lists only the new
            one; one that is ``keep_checkpoint_every_n_hours`` younger than the last one kept for ever is kept, and so
            are the best ones, if that is asked for, and those that are pinned, which are not listed.
        stem: Its prefix without the step; None for a checkpoint without a step, which has no predecessors.
        clock: Returns seconds since 1970.

    Returns:
        The state file, and the checkpoints that were deleted, oldest first.

    Raises:
        CheckpointError: The state file could not be written.
    """
    return replace_list(
        place.directory, options.latest_filename, lambda former: _record(place, options, stem, clock, former)
    )


def _record(
    place: Place,
    options: SaveOptions,
    stem: Place | None,
    clock: Callable[[], float],
    former: Version | Absent | None,
) -> tuple[WrittenFile, tuple[str, ...]]:
    """Write a list in place of the one that is read, then delete.

    Raises:
        AbortedError: Somebody else wrote one meanwhile; nothing was changed.
    """
    directory = place.directory
    journal = Journal(directory)
    kept = _kept(place, options, stem, clock(), journal)
    if kept.notes_changed:
        write_notes(directory, kept.notes, options.latest_filename, durable=options.durable)
    journal.name(stem, kept.dropped)
    paths = [one.path for one in kept.listed]
    times = [written(one, directory) for one in kept.listed] if kept.has_times else None
    state_file = update_checkpoint_state(
        directory,
        place,
        paths,
        options.latest_filename,
        times,
        kept.last_preserved,
        save_relative_paths=not options.absolute_paths,
        durable=options.durable,
        if_match=former,
    )
    needed = {directory.at(path).identity for path in paths} if kept.dropped else set()
    removed: list[str] = []
    for old in kept.dropped:
        version = 2 if directory.at(index_filename(old)) in checkpoint_files(directory.at(old)) else 1
        if remove_old_checkpoint(old, directory, needed, version, options.meta_graph_suffix):
            removed.append(old)
    journal.settle()
    return state_file, tuple(removed)


def record_alone(place: Place) -> WrittenFile:
    """Make a checkpoint the latest of its directory and the only one of its list, as ``tf.train.Checkpoint.save`` does.

    Raises:
        CheckpointError: The state file could not be written.
    """
    with place.directory.lock():
        return update_checkpoint_state(place.directory, place, save_relative_paths=True)


def checkpoints_to_go(place: Place, options: SaveOptions, stem: Place) -> list[str]:
    """Return the checkpoints that a save would delete, oldest first, if nobody else saves meanwhile.

    Args:
        place: Prefix of the checkpoint to be saved.
        options: How it will be saved.
        stem: Its prefix without the step.

    Raises:
        CheckpointError: The directory's list cannot be read.
    """
    directory = place.directory
    if not directory.shown.is_directory or not options.write_state:
        return []
    dropped = _kept(place, options, stem, time.time(), Journal(directory)).dropped
    # What lies elsewhere is not deleted, whatever the list says.
    return [old for old in dropped if directory.at(old).plain.directory == directory.plain]


def _kept(place: Place, options: SaveOptions, stem: Place | None, now: float, journal: Journal) -> _Kept:
    kept = _Kept(place, options, stem, now, journal)
    if options.max_to_keep:
        kept.drop_old(options)
    else:
        kept.forget_predecessors()
    return kept


class _Kept:
    """The checkpoints of a directory that stay listed, oldest first with times, and those that go."""

    def __init__(self, place: Place, options: SaveOptions, stem: Place | None, now: float, journal: Journal) -> None:
        self._directory = directory = place.directory
        listed, state, is_damaged = read_list(directory, options.latest_filename)
        self.notes: CheckpointNotes = read_notes(directory, options.latest_filename)
        self._new = place.stem
        # What was noted of the one that it replaces, says nothing of this one.
        former = self.notes.metrics.pop(self._new, None)
        self.notes_changed = bool(options.metrics) or former is not None
        if options.metrics:
            self.notes.metrics[self._new] = dict(options.metrics)
        if is_damaged:
            # Which of those in the directory a save with a step made is not known.
            stem = None
        self.has_times = bool(state.all_model_checkpoint_timestamps)
        self.last_preserved: float | None = state.last_preserved_timestamp or None
        self.dropped: list[str] = []
        listed += journal.unlisted(stem, listed)
        base, new = place.stem, place.identity
        self.listed = [
            one
            for one in listed
            if not (one.path.endswith(base) and directory.at(one.path).identity == new)
            and not (self.notes.pinned and self.notes.is_pinned(self._stem(one.path)))
        ]
        steps = set() if stem is None else steps_of(stem, [one.path for one in self.listed])
        self._predecessors = [one for one in self.listed if one.path in steps]
        self.listed.append(Listed(place.name, now))

    def forget_predecessors(self) -> None:
        """List none of the predecessors, as a Saver without max_to_keep."""
        self._leave_out(self._predecessors)

    def drop_old(self, options: SaveOptions) -> None:
        """Let the oldest of the series go while there are too many, but those that are among the best."""
        most = options.max_to_keep or 0
        # Without times in the state file the next save could not know what to keep, and TensorFlow's manager takes none
        # of what is listed for its own.
        self.has_times = True
        self.last_preserved = self.last_preserved or min(map(self._written, self.listed)) - 1.0
        best = self._best(options)
        old = [
            one
            for one in self._predecessors[: max(len(self._predecessors) + 1 - most, 0)]
            if self._stem(one.path) not in best
        ]
        times = [(one.path, self._written(one)) for one in old]
        self.dropped, self.last_preserved = let_go(times, options.keep_checkpoint_every_n_hours, self.last_preserved)
        self._leave_out(old)
        gone = [self._stem(path) for path in self.dropped]
        self.notes_changed |= any(name in self.notes.metrics for name in gone)
        self.notes.forget(gone)

    def _best(self, options: SaveOptions) -> set[str]:
        """Names of the best of the series, if that is asked for."""
        if options.keep_best is None:
            return set()
        names = [*(self._stem(one.path) for one in self._predecessors), self._new]
        return best_of(self.notes, names, next(iter(options.metrics)), options.keep_best, highest=options.highest)

    def _stem(self, path: str) -> str:
        return self._directory.at(path).stem

    def _written(self, one: Listed) -> float:
        return written(one, self._directory)

    def _leave_out(self, others: Iterable[Listed]) -> None:
        gone = set(others)
        self.listed = [one for one in self.listed if one not in gone]
