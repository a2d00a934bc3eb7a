"""Open the store of a checkpoint: a whole one for reading, or what is left of a damaged one."""

from __future__ import annotations

import os

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.kinds.bundle.bundle import BundleStore
from ckpt_magics.files.kinds.kind import PlainFile
from ckpt_magics.files.kinds.known import kind_named
from ckpt_magics.files.kinds.prefix_source import FoundCheckpoint
from ckpt_magics.files.kinds.slice_table.slice_table import SliceTableStore
from ckpt_magics.files.storage.locking import directory_lock
from ckpt_magics.files.storage.naming import parse_v1_shard
from ckpt_magics.files.tensors.source import MAX_ATTEMPTS

__all__ = ["Store", "open_remains", "open_settled"]

Store = BundleStore | SliceTableStore


def open_settled(source: FoundCheckpoint, *, mmap: bool = False) -> Store | PlainFile:
    """Open a checkpoint so that index and data are of one save.

    Raises:
        CheckpointError: It is not there, or damaged so that no tensor can be found.
    """
    if source.version == 0:
        return kind_named(source.kind).open(source.prefix)
    if source.version == 1:
        return _open_v1(source.prefix)
    store = BundleStore(source.prefix, mmap=mmap)
    for _ in range(MAX_ATTEMPTS):
        # They are if the index is still the same once the data is open.
        store.hold()
        if not store.replaced():
            break
        store.close()
        store = BundleStore(source.prefix, mmap=mmap)
    return store


def _open_v1(prefix: str) -> SliceTableStore:
    """Open a V1 checkpoint; of several files that a save is just putting there, all of them."""
    store = SliceTableStore(prefix)
    shards = parse_v1_shard(prefix)
    if shards is None or len(store.file_names()) == shards[2]:
        return store
    store.close()
    # Whoever puts files there holds the lock until it is done.
    with directory_lock(os.path.dirname(prefix)):
        return SliceTableStore(prefix)


def open_remains(source: FoundCheckpoint, *, mmap: bool = False) -> Store:
    """Open a checkpoint for saving what is left of it: an index whose first block is lost does not stop this.

    Raises:
        CheckpointError: Nothing can be read from it.
    """
    if source.version == 1:
        return SliceTableStore(source.prefix)
    try:
        return BundleStore(source.prefix, mmap=mmap)
    except CheckpointError:
        return BundleStore(source.prefix, mmap=mmap, without_header=True)
