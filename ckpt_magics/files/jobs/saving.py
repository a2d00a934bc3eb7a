"""Save arrays as a checkpoint: files, state file, and which old ones go.

The order of events is what keeps a directory usable at any instant: the new files become visible all at once, then the
state file names them, then an old checkpoint may go.

Format: tensorflow/python/training/saver.py (Saver.save).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any, NamedTuple, Self

from ckpt_magics.files.directory.journal import announced
from ckpt_magics.files.directory.recording import record_checkpoint
from ckpt_magics.files.directory.save_names import check_save_names
from ckpt_magics.files.kinds.sinks import write_tensors
from ckpt_magics.files.storage.disk import enough_memory
from ckpt_magics.files.storage.naming import meta_graph_filename
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.storage.store import WrittenFile
from ckpt_magics.files.tensors.arrays_to_save import ArraysToSave
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.stored_to_save import StoredToSave

__all__ = ["SavedCheckpoint", "WriteFiles", "WrittenCheckpoint", "checkpoint_place", "save_by", "write_checkpoint"]


class SavedCheckpoint(str):
    """The prefix of a checkpoint just saved, with what it took.

    Attributes:
        files: What was written.
        tensors: Number of tensors.
        seconds: How long it took.
        removed: Prefixes of the older checkpoints that were deleted, oldest first.
        left_out: Names of what was not saved because it is None.
        tied: The names, a tuple per array, under which one array was saved several times.
    """

    __slots__ = ("files", "left_out", "removed", "seconds", "tensors", "tied")
    files: tuple[WrittenFile, ...]
    tensors: int
    seconds: float
    removed: tuple[str, ...]
    left_out: tuple[str, ...]
    tied: tuple[tuple[str, ...], ...]

    def __new__(
        cls, prefix: str, files: tuple[WrittenFile, ...], tensors: int, seconds: float, removed: tuple[str, ...] = ()
    ) -> Self:
        """Make the text of the prefix and hang the facts on it."""
        saved = super().__new__(cls, prefix)
        saved.files, saved.tensors, saved.seconds = files, tensors, seconds
        saved.removed, saved.left_out, saved.tied = removed, (), ()
        return saved

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return what makes a copy, for pickle."""
        return str(self), self.files, self.tensors, self.seconds, self.removed

    @property
    def bytes(self) -> int:
        """Size of all files, in bytes."""
        return sum(file.bytes for file in self.files)


@enough_memory("save the checkpoint")
def write_checkpoint(
    prefix: AnyPath, tensors: ArraysToSave | StoredToSave, options: SaveOptions, *, meta_graph: bytes | None = None
) -> SavedCheckpoint:
    """Save tensors under a prefix, all or nothing.

    Args:
        prefix: Of the checkpoint, ``~`` being the home directory; one missing directory is created.
        tensors: What to save, in the order in which it is to be stored.
        options: How.
        meta_graph: Contents of the meta graph file, which is written beside the checkpoint if given.

    Returns:
        The prefix, or the pattern of a V1 checkpoint in several files; with files, bytes, tensors and seconds.

    Raises:
        InvalidArgumentError: What was asked for cannot be, such as a name given twice.
        UnimplementedError: The format cannot hold a tensor's type; nothing was written.
        ResourceExhaustedError: There is not enough memory.
        CheckpointError: The disk refuses; see :func:`disk.writing_to`. What was there before is as it was.
    """
    return save_by(prefix, options, meta_graph, partial(_write_here, tensors, options))


class WrittenCheckpoint(NamedTuple):
    """What was written of a checkpoint, before the list of its directory names it.

    Attributes:
        path: Its prefix, or the pattern of a V1 checkpoint in several files.
        written: Its files.
        tensors: How many there are.
    """

    path: str
    written: tuple[WrittenFile, ...]
    tensors: int


WriteFiles = Callable[[Place, Mapping[str, bytes] | None], WrittenCheckpoint]
"""Writes a checkpoint under a prefix, with other files by path."""


def _write_here(
    tensors: ArraysToSave | StoredToSave, options: SaveOptions, place: Place, companions: Mapping[str, bytes] | None
) -> WrittenCheckpoint:
    sink = write_tensors(place, tensors.specs, tensors, options, companions=companions)
    return WrittenCheckpoint(sink.path, sink.written, sink.tensors)


def checkpoint_place(stem: Place, options: SaveOptions) -> Place:
    """Return the prefix of a checkpoint, with its step if it has one."""
    return stem.at(options.with_step(stem.name))


def save_by(prefix: AnyPath, options: SaveOptions, meta_graph: bytes | None, write: WriteFiles) -> SavedCheckpoint:
    """Write a checkpoint, list it in its directory, and let old ones go.

    Args:
        prefix: As of `write_checkpoint`.
        options: How.
        meta_graph: Contents of the meta graph file, or None.
        write: Writes the files of the checkpoint.
    """
    start = time.perf_counter()
    stem = save_place(prefix)
    place = checkpoint_place(stem, options)
    has_step = options.global_step is not None
    check_save_names(place, options, in_shards=options.in_shards)
    companions = (
        None if meta_graph is None else {meta_graph_filename(place.name, options.meta_graph_suffix): meta_graph}
    )
    with announced(place, durable=options.durable) if options.write_state and has_step else nullcontext():
        path, files, tensors = write(place, companions)
        removed: tuple[str, ...] = ()
        if options.write_state:
            state_file, removed = record_checkpoint(place.at(path), options, stem=stem if has_step else None)
            files = (*files, state_file)
    return SavedCheckpoint(path, files, tensors, time.perf_counter() - start, removed)
