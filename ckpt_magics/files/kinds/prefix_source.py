"""Finding the checkpoint with a given prefix, in either format.

TensorFlow's rule: if there is an index, it is V2; otherwise the prefix is the V1 file, or the pattern of several.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from ckpt_magics.errors import CheckpointError, DataLossError, visible
from ckpt_magics.files.kinds.directory import checkpoint_files
from ckpt_magics.files.kinds.table_file import is_table, table_version
from ckpt_magics.files.storage import naming
from ckpt_magics.files.storage.place import CURRENT, Place


@dataclass(frozen=True, slots=True)
class FoundCheckpoint:
    """Which checkpoint was meant.

    Attributes:
        given: The path as it was given.
        place: Prefix of the checkpoint; of a V1 checkpoint in several files, their pattern.
        version: Format of a checkpoint: 1 or 2; 0 of another kind of file.
        kind: What ``given`` is: ``prefix``, ``index``, ``data file``, ``meta graph``, ``V1 file``, ``V1 shard``,
            ``state file``, ``directory`` or ``SavedModel``; of another kind of file, its name.
        note: What was used in place of what was given, as a sentence; empty if they are the same.
    """

    given: str
    place: Place
    version: int
    kind: str
    note: str = ""

    @property
    def prefix(self) -> str:
        """The prefix as a name."""
        return self.place.name

    @property
    def format(self) -> str:
        """The format in a word: V1, V2, or the kind of file."""
        return f"V{self.version}" if self.version else self.kind

    @property
    def kind_name(self) -> str:
        """The name of the row that it is of."""
        return self.format.lower()

    def here(self) -> FoundCheckpoint:
        """Return the checkpoint with a prefix that means it now: as it was given, or absolute after a chdir."""
        return replace(self, place=self.place.here)

    def path_here(self, path: str) -> str:
        """Return a path that was found with the checkpoint: as it is while it means the same, else absolute."""
        return self.place.store.spelled(path)

    def __str__(self) -> str:
        return self.note or self.prefix


def find_prefix(place: Place) -> FoundCheckpoint | None:
    """Take a place for a prefix, a V1 file or pattern, or for the prefix of V1 shards."""
    name = place.name
    if place.stem in {"", CURRENT}:
        return _find_bare(place / "" if name == CURRENT else place.at(name.removesuffix(CURRENT))) if name else None
    if place.at(naming.index_filename(name)).is_file:
        # Far away, that look would cost as much as the value that is wanted.
        is_both = place.store.is_local and place.is_directory
        note = f"{visible(name)} is a directory too; the checkpoint of that name was used." * is_both
        return FoundCheckpoint(name, place, 2, "prefix", note)
    found = _find_v1_shard(place)
    if found is None and is_table(place):
        found = _table_source(place)
    pattern = None if found is not None or place.exists else _sharded_v1(place)
    if pattern is not None:
        return FoundCheckpoint(name, pattern, 1, "prefix", f"The files of {visible(pattern.name)} were used.")
    return found


def _find_bare(directory: Place) -> FoundCheckpoint | None:
    """Take a directory, with its separator, for the prefix of files that are called ``.index`` and so on.

    TensorFlow's Saver writes them for ``save(sess, "model/")``, and calls them ``.`` in the state file.
    """
    if not directory.at(naming.index_filename(directory.name)).is_file:
        return None
    return FoundCheckpoint(directory.name, directory, 2, "prefix")


def _find_v1_shard(place: Place) -> FoundCheckpoint | None:
    """Take a place for one of several V1 files, or for their pattern."""
    shard = naming.parse_v1_shard(place.name)
    if shard is None:
        return None
    pattern = place.at(naming.v1_shard_pattern(shard[0], shard[2]))
    if shard[1] is None:
        return FoundCheckpoint(place.name, pattern, 1, "prefix") if checkpoint_files(pattern) else None
    note = f"{visible(place.name)} is one of several files; all of {visible(pattern.name)} were used."
    return FoundCheckpoint(place.name, pattern, 1, "V1 shard", note) if is_table(place) else None


def _table_source(place: Place) -> FoundCheckpoint | None:
    """Tell a V1 file from the index of a V2 checkpoint by its first record."""
    name, version = place.name, table_version(place)
    if name.endswith(naming.INDEX_SUFFIX) and version != 1:
        prefix = naming.prefix_of(name)
        note = f"{visible(name)} is the index of {visible(prefix)}."
        return FoundCheckpoint(name, place.at(prefix), 2, "index", note)
    if version == 2:
        raise DataLossError(
            "this is the index of a V2 checkpoint under another name",
            file=name,
            hint=f'Rename it to PREFIX{naming.INDEX_SUFFIX}, beside its "PREFIX.data-" files, and give the prefix.',
        )
    return FoundCheckpoint(name, place, 1, "V1 file")


def _sharded_v1(prefix: Place) -> Place | None:
    """Return the pattern of the V1 shards of a prefix, None if there are none.

    Of several sets it is the newest that is complete: while one is being replaced, there is half of the new one.
    """
    try:
        names = prefix.siblings()
    except CheckpointError:
        return None
    parsed = ((name, naming.parse_v1_shard(name)) for name in names)
    shards = [(prefix.beside(name), parts[2]) for name, parts in parsed if parts and parts[0] == prefix.stem]
    shards = [shard for shard in shards if is_table(shard[0])]
    if not shards:
        return None
    found = Counter(count for _, count in shards)
    newest = max(shards, key=lambda shard: (found[shard[1]] == shard[1], shard[0].modified))
    return prefix.at(naming.v1_shard_pattern(prefix.name, newest[1]))
