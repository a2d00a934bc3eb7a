"""Which checkpoints lie in a directory, found by their files and not by what a state file says."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ckpt_magics.checkpoint.bundle_index import BundleIndex
from ckpt_magics.checkpoint.files import is_file, list_directory, modified_time, open_file
from ckpt_magics.checkpoint.naming import (
    INDEX_SUFFIX,
    data_filename,
    index_filename,
    parse_data_filename,
    parse_v1_shard,
    v1_shard_filename,
    v1_shard_pattern,
)
from ckpt_magics.checkpoint.table_file import is_table
from ckpt_magics.errors import CheckpointError

__all__ = [
    "FoundCheckpoint",
    "checkpoint_files",
    "has_all_files",
    "is_whole",
    "iter_checkpoints",
    "newest_whole_checkpoint",
]


class FoundCheckpoint(NamedTuple):
    """A checkpoint by its files.

    Attributes:
        prefix: Its prefix, the directory included; a pattern for a V1 checkpoint in shards.
        version: 1 or 2.
        modified: When the file that makes it one was written, in seconds since 1970.
    """

    prefix: str
    version: int
    modified: float


def iter_checkpoints(directory: str) -> Iterator[FoundCheckpoint]:
    """Yield the checkpoints in a directory, the oldest first; whether they are whole is not looked at.

    Raises:
        CheckpointError: The directory cannot be listed.
    """
    found = {}
    names = list_directory(directory)
    present = set(names)
    for name in names:
        if name.endswith(INDEX_SUFFIX) and len(name) > len(INDEX_SUFFIX):
            prefix, version = name.removesuffix(INDEX_SUFFIX), 2
        elif name.startswith(".") or parse_data_filename(name) or name + INDEX_SUFFIX in present:
            continue
        elif is_table(os.path.join(directory, name)):
            shard = parse_v1_shard(name)
            prefix, version = (v1_shard_pattern(shard[0], shard[2]) if shard else name), 1
        else:
            continue
        modified = modified_time(os.path.join(directory, name))
        found[prefix] = FoundCheckpoint(os.path.join(directory, prefix), version, modified)
    # Saved within one tick of the clock, the longer and the greater name is the later step.
    return iter(sorted(found.values(), key=lambda found: (found.modified, len(found.prefix), found.prefix)))


def newest_whole_checkpoint(directory: str) -> str | None:
    """Return the prefix of the checkpoint written last whose files are all there, None if there is none."""
    try:
        found = list(iter_checkpoints(directory))
    except CheckpointError:
        return None
    return next((checkpoint.prefix for checkpoint in reversed(found) if is_whole(checkpoint.prefix)), None)


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


def has_all_files(prefix: str) -> bool:
    """Tell whether a checkpoint can be opened and all its files are there; costs the same for any number of tensors."""
    if not is_file(index_filename(prefix)):
        files = checkpoint_files(prefix)
        shards = parse_v1_shard(prefix)
        wanted = shards[2] if shards and shards[1] is None else 1
        return len(files) == wanted and all(map(is_table, files))
    try:
        index = BundleIndex(prefix)
    except CheckpointError:
        return False
    index.close()
    num_shards = index.header.num_shards
    # A damaged header may claim any number: the first file that is not there ends this.
    return all(is_file(data_filename(prefix, shard_id, num_shards)) for shard_id in range(num_shards))


def is_whole(prefix: str) -> bool:
    """Tell whether a checkpoint's tables are undamaged and its files all there and as long as they should be.

    The values' own checksums are not computed.
    """
    if not has_all_files(prefix):
        return False
    if not is_file(index_filename(prefix)):
        return True
    try:
        index = BundleIndex(prefix)
    except CheckpointError:
        return False
    try:
        listing = index.listing()
        shard_ids, ends = listing.entries.shard_ids, listing.entries.offsets + listing.entries.sizes
        long_enough = all(
            _file_size(data_filename(prefix, int(shard_id), index.header.num_shards))
            >= ends[shard_ids == shard_id].max()
            for shard_id in np.unique(shard_ids)
        )
    except CheckpointError:
        return False
    finally:
        index.close()
    return long_enough and not listing.damage


def _file_size(path: str) -> int:
    """Size of a regular file, in bytes."""
    with open_file(path) as file:
        return file.size
