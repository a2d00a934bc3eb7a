"""Which checkpoints lie in a directory, found by their files and not by what a state file says."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple, Protocol, TypeVar

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.kinds.bundle.bundle_index import BundleIndex
from ckpt_magics.files.kinds.table_file import table_version
from ckpt_magics.files.storage.files import file_size, is_file, list_directory, modified_time
from ckpt_magics.files.storage.naming import (
    INDEX_SUFFIX,
    data_filename,
    index_filename,
    is_foreign_temporary,
    parse_data_filename,
    parse_v1_shard,
    split_step,
    v1_shard_filename,
    v1_shard_pattern,
)

__all__ = [
    "DatedCheckpoint",
    "checkpoint_files",
    "find_checkpoints",
    "in_order",
    "is_whole",
]

MAX_LOOKS = 10
"""How often to look again when each time another save came between."""


class DatedCheckpoint(NamedTuple):
    """A checkpoint by its files.

    Attributes:
        prefix: Its prefix, the directory included; a pattern for a V1 checkpoint in shards.
        version: 1 or 2.
        modified: When the file that makes it one was written, in seconds since 1970.
    """

    prefix: str
    version: int
    modified: float


class Dated(Protocol):
    """What can be put in order: a prefix, and when it was written in seconds since 1970, None if nothing is there."""

    @property
    def prefix(self) -> str: ...

    @property
    def modified(self) -> float | None: ...


AnyDated = TypeVar("AnyDated", bound=Dated)


def in_order(found: Iterable[AnyDated]) -> list[AnyDated]:
    """Return checkpoints in the order in which they were saved, as far as files can tell, the latest last.

    The steps of one prefix follow one another, whatever their times say: a copy has other times. Prefixes follow one
    another by the time of their youngest; of one tick of the clock, the longer and the greater name is the later.
    """
    known = [(one, *split_step(one.prefix), float("-inf") if one.modified is None else one.modified) for one in found]
    youngest: dict[str, float] = {}
    for _, stem, _, written in known:
        youngest[stem] = max(written, youngest.get(stem, written))

    def key(one: tuple[AnyDated, str, int | None, float]) -> tuple[float, int, str, int, float, int, str]:
        found, stem, step, written = one
        name = found.prefix
        return (youngest[stem], len(stem), stem, -1 if step is None else step, written, len(name), name)

    return [one[0] for one in sorted(known, key=key)]


def find_checkpoints(directory: str) -> list[DatedCheckpoint]:
    """Return the checkpoints in a directory, in order, the latest last; whether they are whole is not looked at.

    Raises:
        CheckpointError: The directory cannot be listed.
    """
    found = {}
    names = list_directory(directory)
    present = set(names)
    for name in names:
        if is_foreign_temporary(name):
            continue
        if name.endswith(INDEX_SUFFIX) and len(name) > len(INDEX_SUFFIX):
            prefix, version = name.removesuffix(INDEX_SUFFIX), 2
        elif name.startswith(".") or parse_data_filename(name) or name + INDEX_SUFFIX in present:
            continue
        elif table_version(os.path.join(directory, name)) == 1:
            shard = parse_v1_shard(name)
            prefix, version = (v1_shard_pattern(shard[0], shard[2]) if shard else name), 1
        else:
            continue
        modified = modified_time(os.path.join(directory, name))
        found[prefix] = DatedCheckpoint(os.path.join(directory, prefix), version, modified)
    return in_order(found.values())


def checkpoint_files(prefix: str) -> list[str]:
    """Return the files whose presence makes ``prefix`` a checkpoint: its index, or its V1 files; none if it is none.

    ``prefix`` is a name, only the marks of a V1 pattern (``-?????-of-00002``) stand for anything else.
    """
    index = index_filename(prefix)
    if os.path.exists(index):
        return [index]
    if os.path.exists(prefix):
        return [prefix]
    directory, base = os.path.split(prefix)
    pattern = parse_v1_shard(base)
    if pattern is None or pattern[1] is not None:
        return []
    names = (v1_shard_filename(pattern[0], shard, pattern[2]) for shard in _shards_present(directory, base))
    return [os.path.join(directory, name) for name in names]


def missing_shards(prefix: str, present: Iterable[str]) -> list[str]:
    """Return the paths of the V1 files that a pattern stands for and that are not ``present``; none of another name."""
    pattern = parse_v1_shard(prefix)
    if pattern is None or pattern[1] is not None:
        return []
    there = set(present)
    names = (v1_shard_filename(pattern[0], shard, pattern[2]) for shard in range(pattern[2]))
    return [name for name in names if name not in there]


def _shards_present(directory: str, pattern: str) -> list[int]:
    """Numbers of the V1 shards that a pattern stands for and that are in the directory."""
    wanted = parse_v1_shard(pattern)
    try:
        names = list_directory(directory)
    except CheckpointError:
        return []
    found = filter(None, map(parse_v1_shard, names))
    return sorted(
        shard for base, shard, shards in found if wanted and shard is not None and (base, shards) == wanted[::2]
    )


def is_whole(prefix: str) -> bool:
    """Tell whether a checkpoint's tables are undamaged and its files all there and as long as they should be.

    The values' own checksums are not computed.
    """
    index = index_filename(prefix)
    if not is_file(index):
        files = checkpoint_files(prefix)
        shards = parse_v1_shard(prefix)
        wanted = shards[2] if shards and shards[1] is None else 1
        return len(files) == wanted and all(table_version(file) == 1 for file in files)
    for _ in range(MAX_LOOKS):
        try:
            table = BundleIndex(prefix)
        except CheckpointError:
            return False
        with closing(table):
            if _has_data(prefix, table):
                return True
            if not table.file.replaced():
                return False
        # Saved over meanwhile: the data of the one looked at is gone, and that of the other is there.
    return False


def _has_data(prefix: str, index: BundleIndex) -> bool:
    """Whether an index is undamaged, and the data files that it needs are there and long enough."""
    count = index.header.num_shards
    # A damaged header may claim any number: the first file that is not there ends this.
    if not all(is_file(data_filename(prefix, shard_id, count)) for shard_id in range(count)):
        return False
    try:
        listing = index.listing()
        return not listing.damage and all(
            not needed or file_size(data_filename(prefix, shard_id, count)) >= needed
            for shard_id, needed in enumerate(listing.data_sizes(count).tolist())
        )
    except CheckpointError:
        return False
