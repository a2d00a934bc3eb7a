"""The journal of saves: checkpoints that a killed save left whole and unlisted are listed by the next save.

A save may be killed between the rename that makes its checkpoint visible and the state file that names it, or between
the state file that no longer names an old one and the removal of that. What is left is whole, listed nowhere, and so
never deleted. Therefore a save with a step names itself before it publishes, and the old ones before it lets them go,
each in a file of its own beside the checkpoint (``.ckpt_magics-….journal``) that holds one name; when it is done, it
removes those files. The next save of the same prefix lists the whole checkpoints that entries of dead processes name,
and removes the parts of those that were not finished.

Nobody needs an entry to read, to copy or to resume: it holds what the state file would have said. It is believed only
so far: of a file that anyone may have written, one plain name in its own directory counts, and only if that is a step
of the prefix being saved.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.listed import Listed, is_step_of
from ckpt_magics.files.kinds.data_files import data_files, v1_shards
from ckpt_magics.files.kinds.directory import checkpoint_files, is_whole
from ckpt_magics.files.kinds.table_file import is_table
from ckpt_magics.files.storage.atomic import forget_names, is_journal_name, journal_name, writer_is_gone
from ckpt_magics.files.storage.naming import index_filename, meta_graph_filename, parse_v1_shard, v1_shard_pattern
from ckpt_magics.files.storage.place import ABOVE, CURRENT, Place

__all__ = ["Journal", "announced"]

MAX_ENTRY_SIZE = 1024
"""Bytes of an entry that are looked at; a name has at most 255."""


@contextmanager
def announced(prefix: Place, *, durable: bool = True) -> Iterator[None]:
    """Name a checkpoint in the journal of its directory while it is saved and listed.

    A checkpoint that is there already is not named: it is listed, or somebody keeps it unlisted. A journal that cannot
    be written stops no save; what is wrong with the disk the save itself will say.

    Args:
        prefix: Of the checkpoint, with its step; one missing directory is created.
        durable: Sync the directory that was created. The entry is not synced: what a power loss takes of the journal
            leaves a checkpoint unlisted, and harms none.
    """
    if _find(prefix) is not None:
        yield
        return
    directory, name = prefix.directory, journal_name()
    created = False
    try:
        with suppress(CheckpointError):
            created = _make_directory(directory, durable=durable)
            _write_entry(directory / name, prefix.stem)
        yield
    except BaseException:
        # What is whole by now stays named, for it is not listed yet.
        if _find(prefix) is None:
            _remove_if_possible(directory / name)
            if created:
                directory.store.remove_empty(directory.name)
        raise
    else:
        _remove_if_possible(directory / name)
    finally:
        forget_names([name])


def _make_directory(directory: Place, *, durable: bool) -> bool:
    created = directory.store.make_directory(directory.name)
    if created and durable:
        directory.directory.sync()
    return created


def _write_entry(place: Place, base: str) -> None:
    place.put(os.fsencode(base), durable=False)


def _remove_if_possible(place: Place) -> None:
    """Remove a file whose stay harms nobody."""
    with suppress(CheckpointError):
        place.remove()


class Journal:
    """The entries of a directory that were left by processes that have ended. To be used under the directory's lock.

    Args:
        directory: The directory.
    """

    def __init__(self, directory: Place) -> None:
        self._directory = directory
        self._entries = [name for name in _names(directory) if is_journal_name(name) and writer_is_gone(name)]
        self._done: list[str] = []

    def name(self, stem: Place | None, paths: Iterable[str]) -> None:
        """Name checkpoints of one prefix that the state file is going to list no more and that will be removed.

        Args:
            stem: The prefix without the step; None for none, and then nothing is named.
            paths: Prefixes or V1 patterns.
        """
        for path in paths:
            if stem is None or not is_step_of(stem, path):
                continue
            base = self._directory.at(path).stem
            shard = parse_v1_shard(base)
            entry = journal_name()
            # Forgotten at once, for if this save fails the next one of this process has to look at the entry.
            forget_names([entry])
            self._done.append(entry)
            with suppress(CheckpointError):
                _write_entry(self._directory / entry, shard[0] if shard else base)

    def unlisted(self, stem: Place | None, listed: Iterable[Listed]) -> list[Listed]:
        """Return the whole checkpoints of one prefix that the entries name and the state file does not.

        Args:
            stem: The prefix without the step; None takes those of no prefix.
            listed: What the state file lists.

        Returns:
            The oldest first, with the time at which each was written.
        """
        if not self._entries:
            return []
        known = {self._directory.at(one.path).identity for one in listed}
        found: dict[str, float] = {}
        for name in self._entries:
            base = self._named_by(name)
            prefix = None if base is None else _find(self._directory / base)
            if prefix is None or prefix.identity in known or not is_whole(prefix):
                self._done.append(name)
            elif stem is not None and is_step_of(stem, prefix.name):
                self._done.append(name)
                found[prefix.name] = _written(prefix)
        ordered = sorted(found, key=lambda prefix: (found[prefix], len(prefix), prefix))
        return [Listed(prefix, found[prefix]) for prefix in ordered]

    def settle(self) -> None:
        """Remove the entries that are done with, and the parts of checkpoints that were never finished."""
        for name in self._done:
            entry = self._directory / name
            base = self._named_by(name)
            if base is not None:
                _remove_unfinished(self._directory / base, since=entry.modified)
            _remove_if_possible(entry)

    def _named_by(self, entry: str) -> str | None:
        """Return the name that an entry holds; None if it is no plain name of a file."""
        try:
            base = os.fsdecode((self._directory / entry).read_start(MAX_ENTRY_SIZE))
        except CheckpointError:
            return None
        is_plain = self._directory.at(base).stem == base and base not in {"", CURRENT, ABOVE} and "\0" not in base
        return base if is_plain else None


def _names(directory: Place) -> list[str]:
    try:
        return directory.names()
    except CheckpointError:
        return []


def _find(prefix: Place) -> Place | None:
    """Return the prefix or V1 pattern of what lies at ``prefix``, whole or not; None if nothing does."""
    if prefix.at(index_filename(prefix.name)).is_file or is_table(prefix):
        return prefix
    shards = v1_shards(prefix)
    if not shards:
        return None
    youngest = max(shards, key=lambda shard: shard.modified)
    return prefix.at(v1_shard_pattern(prefix.name, shards[youngest]))


def _written(prefix: Place) -> float:
    return max((file.modified for file in checkpoint_files(prefix)), default=0.0)


def _remove_unfinished(prefix: Place, since: float) -> None:
    """Remove the data files, V1 files and meta graph of a save that was killed before its checkpoint was there.

    Args:
        prefix: Of the checkpoint.
        since: Only what was written from then on, in seconds since 1970: nothing that the save found.
    """
    found = _find(prefix)
    if found is not None and (found == prefix or is_whole(found)):
        return
    meta_graph = prefix.at(meta_graph_filename(prefix.name))
    for place in (*data_files(prefix), *v1_shards(prefix), meta_graph):
        if place.modified >= since:
            _remove_if_possible(place)
