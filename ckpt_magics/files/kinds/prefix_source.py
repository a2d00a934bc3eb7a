"""Finding the checkpoint with a given prefix, in either format.

TensorFlow's rule: if there is an index, it is V2; otherwise the prefix is the V1 file, or the pattern of several.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field, replace

from ckpt_magics.errors import CheckpointError, DataLossError, visible
from ckpt_magics.files.kinds.directory import checkpoint_files
from ckpt_magics.files.kinds.table_file import is_table, table_version
from ckpt_magics.files.storage import files, naming
from ckpt_magics.files.storage.local_store import working_directory


@dataclass(frozen=True, slots=True)
class FoundCheckpoint:
    """Which checkpoint was meant.

    Attributes:
        given: The path as it was given.
        prefix: Prefix of the checkpoint; of a V1 checkpoint in several files, their pattern.
        version: Format of a checkpoint: 1 or 2; 0 of another kind of file.
        kind: What ``given`` is: ``prefix``, ``index``, ``data file``, ``meta graph``, ``V1 file``, ``V1 shard``,
            ``state file``, ``directory`` or ``SavedModel``; of another kind of file, its name.
        note: What was used in place of what was given, as a sentence; empty if they are the same.
        base: Directory that a relative prefix starts from; empty if there is none any more.
    """

    given: str
    prefix: str
    version: int
    kind: str
    note: str = ""
    base: str = field(default_factory=working_directory, compare=False)

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
        prefix = self.path_here(self.prefix)
        return self if prefix == self.prefix else replace(self, prefix=prefix)

    def path_here(self, path: str) -> str:
        """Return a path that was found with the checkpoint: as it is while it means the same, else absolute."""
        return path if self.base == working_directory() else os.path.join(self.base, path)

    def __str__(self) -> str:
        return self.note or self.prefix


def find_prefix(name: str) -> FoundCheckpoint | None:
    """Take ``name`` for a prefix, a V1 file or pattern, or for the prefix of V1 shards."""
    if os.path.basename(name) in {"", os.curdir}:
        return _find_bare(name.removesuffix(os.curdir) or os.path.join(os.curdir, "")) if name else None
    if files.is_file(naming.index_filename(name)):
        note = f"{visible(name)} is a directory too; the checkpoint of that name was used." * files.is_directory(name)
        return FoundCheckpoint(name, name, 2, "prefix", note)
    found = _find_v1_shard(name)
    if found is None and is_table(name):
        found = _table_source(name)
    pattern = "" if found is not None or files.exists(name) else _sharded_v1(name)
    if pattern:
        return FoundCheckpoint(name, pattern, 1, "prefix", f"The files of {visible(pattern)} were used.")
    return found


def _find_bare(directory: str) -> FoundCheckpoint | None:
    """Take a directory, with its separator, for the prefix of files that are called ``.index`` and so on.

    TensorFlow's Saver writes them for ``save(sess, "model/")``, and calls them ``.`` in the state file.
    """
    if not files.is_file(naming.index_filename(directory)):
        return None
    return FoundCheckpoint(directory, directory, 2, "prefix")


def _find_v1_shard(name: str) -> FoundCheckpoint | None:
    """Take ``name`` for one of several V1 files, or for their pattern."""
    shard = naming.parse_v1_shard(name)
    if shard is None:
        return None
    pattern = naming.v1_shard_pattern(shard[0], shard[2])
    if shard[1] is None:
        return FoundCheckpoint(name, pattern, 1, "prefix") if checkpoint_files(pattern) else None
    note = f"{visible(name)} is one of several files; all of {visible(pattern)} were used."
    return FoundCheckpoint(name, pattern, 1, "V1 shard", note) if is_table(name) else None


def _table_source(name: str) -> FoundCheckpoint | None:
    """Tell a V1 file from the index of a V2 checkpoint by its first record."""
    version = table_version(name)
    if name.endswith(naming.INDEX_SUFFIX) and version != 1:
        prefix = naming.prefix_of(name)
        return FoundCheckpoint(name, prefix, 2, "index", f"{visible(name)} is the index of {visible(prefix)}.")
    if version == 2:
        raise DataLossError(
            "this is the index of a V2 checkpoint under another name",
            file=name,
            hint=f'Rename it to PREFIX{naming.INDEX_SUFFIX}, beside its "PREFIX.data-" files, and give the prefix.',
        )
    return FoundCheckpoint(name, name, 1, "V1 file")


def _sharded_v1(prefix: str) -> str:
    """Return the pattern of the V1 shards of ``prefix``, empty if there are none.

    Of several sets it is the newest that is complete: while one is being replaced, there is half of the new one.
    """
    directory, base = os.path.split(prefix)
    try:
        names = files.list_directory(directory)
    except CheckpointError:
        return ""
    parsed = ((name, naming.parse_v1_shard(name)) for name in names if name.startswith(base))
    shards = [(os.path.join(directory, name), parts[2]) for name, parts in parsed if parts and parts[0] == base]
    shards = [shard for shard in shards if is_table(shard[0])]
    if not shards:
        return ""
    found = Counter(count for _, count in shards)
    newest = max(shards, key=lambda shard: (found[shard[1]] == shard[1], files.modified_time(shard[0])))
    return naming.v1_shard_pattern(prefix, newest[1])
