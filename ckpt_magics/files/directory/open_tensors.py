"""Opening whatever a path means as tensors by name."""

from __future__ import annotations

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.finding import find_checkpoint
from ckpt_magics.files.kinds.open_checkpoint import OpenCheckpoint
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.storage.remote.one_look import asked_once, forget_answers
from ckpt_magics.files.tensors.source import MAX_ATTEMPTS

__all__ = ["open_on_demand", "open_tensors"]


def open_tensors(path: AnyPath, *, mmap: bool = False, damaged: bool = False) -> NamedTensors[OpenCheckpoint]:
    """Open a checkpoint; nothing but the index is read yet.

    Of a directory it is always the latest that is opened: where a save lets older ones go meanwhile, the one that is
    the latest by then. Of a prefix it is that one or none: if it has been let go, the error names the latest.

    Args:
        path: Its prefix, any of its files, a directory (its latest checkpoint is meant), or a SavedModel; or a file of
            another kind.
        mmap: Give numbers of V2 checkpoints as read-only views of the mapped files.
        damaged: Open what is left of a checkpoint whose index has lost its first block.

    Raises:
        CheckpointNotFoundError: There is no checkpoint at ``path``.
        DataLossError: It is something else, or damaged so that no tensor can be found.
        InvalidArgumentError: It says that this version must not read it.
    """
    with asked_once():
        return _open(path, mmap=mmap, damaged=damaged)


def _open(path: AnyPath, *, mmap: bool, damaged: bool) -> NamedTensors[OpenCheckpoint]:
    found = find_checkpoint(path)
    for _ in range(MAX_ATTEMPTS):
        try:
            return NamedTensors(OpenCheckpoint(found, mmap=mmap, damaged=damaged))
        except CheckpointError:
            # What was the latest may have been let go since.
            forget_answers()
            former, found = found, find_checkpoint(path)
            if former.prefix == found.prefix:
                raise
    return NamedTensors(OpenCheckpoint(found, mmap=mmap, damaged=damaged))


def open_on_demand(path: AnyPath) -> NamedTensors[OpenCheckpoint]:
    """Open a checkpoint as `open_tensors` does, with files that are open only while something is read."""
    with open_tensors(path) as tensors:
        return tensors.on_demand()
