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
from ckpt_magics.files.storage import disk, files
from ckpt_magics.files.storage.atomic import forget_names, is_journal_name, journal_name, writer_is_gone
from ckpt_magics.files.storage.naming import index_filename, meta_graph_filename, parse_v1_shard, v1_shard_pattern

__all__ = ["Journal", "announced"]

MAX_ENTRY_SIZE = 1024
"""Bytes of an entry that are looked at; a name has at most 255."""


@contextmanager
def announced(prefix: str, *, durable: bool = True) -> Iterator[None]:
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
    directory, base = os.path.split(prefix)
    name = journal_name()
    entry = os.path.join(directory, name)
    created = False
    try:
        with suppress(CheckpointError):
            created = _make_directory(directory, durable=durable)
            _write_entry(entry, base)
        yield
    except BaseException:
        # What is whole by now stays named, for it is not listed yet.
        if _find(prefix) is None:
            disk.remove_if_possible(entry)
            if created:
                disk.remove_directory_if_empty(directory)
        raise
    else:
        disk.remove_if_possible(entry)
    finally:
        forget_names([name])


def _make_directory(directory: str, *, durable: bool) -> bool:
    created = disk.make_directory(directory)
    if created and durable:
        disk.sync_directory(os.path.dirname(directory))
    return created


def _write_entry(path: str, base: str) -> None:
    file = disk.create_file(path, path, durable=False)
    try:
        file.write(os.fsencode(base))
        file.finish()
    finally:
        file.abandon()


class Journal:
    """The entries of a directory that were left by processes that have ended. To be used under the directory's lock.

    Args:
        directory: The directory; the empty string is the current one.
    """

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._entries = [name for name in disk.list_names(directory) if is_journal_name(name) and writer_is_gone(name)]
        self._done: list[str] = []

    def name(self, stem: str | None, paths: Iterable[str]) -> None:
        """Name checkpoints of one prefix that the state file is going to list no more and that will be removed.

        Args:
            stem: The prefix without the step; None for none, and then nothing is named.
            paths: Prefixes or V1 patterns.
        """
        for path in paths:
            if stem is None or not is_step_of(stem, path):
                continue
            shard = parse_v1_shard(os.path.basename(path))
            entry = journal_name()
            # Forgotten at once, for if this save fails the next one of this process has to look at the entry.
            forget_names([entry])
            self._done.append(entry)
            with suppress(CheckpointError):
                _write_entry(os.path.join(self._directory, entry), shard[0] if shard else os.path.basename(path))

    def unlisted(self, stem: str | None, listed: Iterable[Listed]) -> list[Listed]:
        """Return the whole checkpoints of one prefix that the entries name and the state file does not.

        Args:
            stem: The prefix without the step; None takes those of no prefix.
            listed: What the state file lists.

        Returns:
            The oldest first, with the time at which each was written.
        """
        if not self._entries:
            return []
        known = {os.path.abspath(one.path) for one in listed}
        found: dict[str, float] = {}
        for name in self._entries:
            base = self._named_by(name)
            prefix = None if base is None else _find(os.path.join(self._directory, base))
            if prefix is None or os.path.abspath(prefix) in known or not is_whole(prefix):
                self._done.append(name)
            elif stem is not None and is_step_of(stem, prefix):
                self._done.append(name)
                found[prefix] = _written(prefix)
        ordered = sorted(found, key=lambda prefix: (found[prefix], len(prefix), prefix))
        return [Listed(prefix, found[prefix]) for prefix in ordered]

    def settle(self) -> None:
        """Remove the entries that are done with, and the parts of checkpoints that were never finished."""
        for name in self._done:
            entry = os.path.join(self._directory, name)
            base = self._named_by(name)
            if base is not None:
                _remove_unfinished(os.path.join(self._directory, base), since=files.modified_time(entry))
            disk.remove_if_possible(entry)

    def _named_by(self, entry: str) -> str | None:
        """Return the name that an entry holds; None if it is no plain name of a file."""
        try:
            base = os.fsdecode(files.read_start(os.path.join(self._directory, entry), MAX_ENTRY_SIZE))
        except CheckpointError:
            return None
        is_plain = os.path.basename(base) == base and base not in {"", os.curdir, os.pardir} and "\0" not in base
        return base if is_plain else None


def _find(prefix: str) -> str | None:
    """Return the prefix or V1 pattern of what lies at ``prefix``, whole or not; None if nothing does."""
    if files.is_file(index_filename(prefix)) or is_table(prefix):
        return prefix
    shards = v1_shards(prefix)
    return v1_shard_pattern(prefix, shards[max(shards, key=files.modified_time)]) if shards else None


def _written(prefix: str) -> float:
    return max(map(files.modified_time, checkpoint_files(prefix)), default=0.0)


def _remove_unfinished(prefix: str, since: float) -> None:
    """Remove the data files, V1 files and meta graph of a save that was killed before its checkpoint was there.

    Args:
        prefix: Of the checkpoint.
        since: Only what was written from then on, in seconds since 1970: nothing that the save found.
    """
    found = _find(prefix)
    if found is not None and (found == prefix or is_whole(found)):
        return
    for path in (*data_files(prefix), *v1_shards(prefix), meta_graph_filename(prefix)):
        if files.modified_time(path) >= since:
            disk.remove_if_possible(path)
