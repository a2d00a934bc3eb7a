"""Open the store of a checkpoint: a whole one for reading, or what is left of a damaged one."""

from __future__ import annotations

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.kinds.bundle.bundle import BundleStore
from ckpt_magics.files.kinds.bundle.bundle_kind import open_bundle
from ckpt_magics.files.kinds.known import kind_named
from ckpt_magics.files.kinds.prefix_source import FoundCheckpoint
from ckpt_magics.files.kinds.slice_table.slice_table import SliceTableStore
from ckpt_magics.files.tensors.source import TensorFile

__all__ = ["Remains", "open_remains", "open_settled"]

Remains = BundleStore | SliceTableStore


def open_settled(source: FoundCheckpoint, *, mmap: bool = False) -> TensorFile:
    """Open a checkpoint so that all its files are of one save, or a file of another kind.

    Args:
        source: Which.
        mmap: Map the data files of a V2 checkpoint.

    Raises:
        CheckpointError: It is not there, or damaged so that no tensor can be found.
    """
    if mmap and source.version == 2:
        return open_bundle(source.place, mmap=True)
    return kind_named(source.kind_name).open(source.place)


def open_remains(source: FoundCheckpoint, *, mmap: bool = False) -> Remains:
    """Open a checkpoint for saving what is left of it: an index whose first block is lost does not stop this.

    Raises:
        CheckpointError: Nothing can be read from it.
    """
    if source.version == 1:
        return SliceTableStore(source.place)
    try:
        return BundleStore(source.place, mmap=mmap)
    except CheckpointError:
        return BundleStore(source.place, mmap=mmap, without_header=True)
