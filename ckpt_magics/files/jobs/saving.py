"""Save arrays as a checkpoint: files, state file, and which old ones go.

The order of events is what keeps a directory usable at any instant: the new files become visible all at once, then the
state file names them, then an old checkpoint may go.

Format: tensorflow/python/training/saver.py (Saver.save).
"""

from __future__ import annotations

import operator
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Self, SupportsIndex

import numpy.typing as npt

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.directory.journal import announced
from ckpt_magics.files.directory.recording import record_checkpoint
from ckpt_magics.files.directory.retention import DEFAULT_KEEP_HOURS
from ckpt_magics.files.directory.save_names import check_save_names
from ckpt_magics.files.jobs.saving_options import check_options
from ckpt_magics.files.kinds.bundle.bundle_writer import write_bundle
from ckpt_magics.files.kinds.slice_table.slice_table_writer import write_slice_shards, write_slice_table
from ckpt_magics.files.storage.atomic import WrittenFile
from ckpt_magics.files.storage.disk import enough_memory
from ckpt_magics.files.storage.naming import META_GRAPH_SUFFIX, meta_graph_filename
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.tensors_to_save import PlainTensors, TensorToSave, path_text, tensors_from_mapping

__all__ = ["SavedCheckpoint", "write_checkpoint"]

_MAX_STEP_BITS = 800
"""Bits of a number of some 240 digits: names of files have 255 bytes at most."""

Tensors = Mapping[str, npt.NDArray[Any]] | Sequence[TensorToSave]


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
    prefix: AnyPath,
    tensors: Tensors,
    *,
    write_version: int = 2,
    global_step: SupportsIndex | None = None,
    max_to_keep: int | None = 5,
    keep_checkpoint_every_n_hours: float = DEFAULT_KEEP_HOURS,
    num_shards: int = 1,
    write_state: bool = True,
    absolute_paths: bool = False,
    durable: bool = True,
    progress: Progress | None = None,
    meta_graph: bytes | None = None,
    meta_graph_suffix: str = META_GRAPH_SUFFIX,
    latest_filename: str | None = None,
) -> SavedCheckpoint:
    """Save tensors under a prefix, all or nothing.

    Args:
        prefix: Of the checkpoint, ``~`` being the home directory; one missing directory is created.
        tensors: Arrays or NumPy scalars by name, stored sorted by name; or tensors in the order in which they are to
            be stored.
        write_version: 2, or 1 for the format of a single file.
        global_step: Appended to the prefix as ``-STEP``.
        max_to_keep: How many of the listed checkpoints of this prefix with a step to keep, this one included; the
            older ones are deleted. None or 0 keeps all. A save without a step deletes nothing.
        keep_checkpoint_every_n_hours: One of those that would go is kept for ever each time so many hours have passed.
        num_shards: Number of data files.
        write_state: Write the state file ``checkpoint`` beside it; without, no old checkpoint goes either.
        absolute_paths: Write absolute paths to the state file if ``prefix`` is absolute, as TensorFlow does; else all
            paths in it are relative, so that the directory can be moved.
        durable: Sync, so that a power loss after the return takes nothing.
        progress: Called with (bytes done, bytes in all); what it raises ends the save and undoes it.
        meta_graph: Contents of the meta graph file, which is written beside the checkpoint if given.
        meta_graph_suffix: What its name ends with.
        latest_filename: Name of the state file, ``checkpoint`` by default.

    Returns:
        The prefix, or the pattern of a V1 checkpoint in several files; with files, bytes, tensors and seconds.

    Raises:
        InvalidArgumentError: What was asked for cannot be, such as a name given twice.
        UnimplementedError: The format cannot hold a tensor's type; nothing was written.
        ResourceExhaustedError: There is not enough memory.
        CheckpointError: The disk refuses; see :func:`disk.writing_to`. What was there before is as it was.
    """
    start = time.perf_counter()
    check_options(write_version, max_to_keep, keep_checkpoint_every_n_hours, num_shards)
    path = stem = path_text(prefix)
    if global_step is not None:
        path = f"{path}-{_step_number(global_step)}"
    check_save_names(
        path,
        write_version=write_version,
        in_shards=num_shards > 1,
        latest_filename=latest_filename,
        meta_graph_suffix=meta_graph_suffix,
        is_listed=write_state,
    )
    items = tensors_from_mapping(tensors) if isinstance(tensors, Mapping) else list(tensors)
    companions = None if meta_graph is None else {meta_graph_filename(path, meta_graph_suffix): meta_graph}
    with announced(path, durable=durable) if write_state and global_step is not None else nullcontext():
        if write_version == 2:
            files = write_bundle(
                path, items, num_shards=num_shards, durable=durable, progress=progress, companions=companions
            )
        else:
            slices = items.one_by_one() if isinstance(items, PlainTensors) else items
            if num_shards == 1:
                files = write_slice_table(path, slices, durable=durable, progress=progress, companions=companions)
            else:
                path, files = write_slice_shards(
                    path, slices, num_shards, durable=durable, progress=progress, companions=companions
                )
        removed: tuple[str, ...] = ()
        if write_state:
            state_file, removed = record_checkpoint(
                path,
                stem=None if global_step is None else stem,
                max_to_keep=max_to_keep,
                keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
                latest_filename=latest_filename,
                meta_graph_suffix=meta_graph_suffix,
                save_relative_paths=not absolute_paths,
                durable=durable,
            )
            files = (*files, state_file)
    # Slices of one tensor have its name; of whole tensors there is one for each name.
    count = len(items.names if isinstance(items, PlainTensors) else {item.name for item in items})
    return SavedCheckpoint(path, files, count, time.perf_counter() - start, removed)


def _step_number(global_step: SupportsIndex) -> int:
    try:
        step = operator.index(global_step)
    except TypeError:
        raise InvalidArgumentError(f"global_step is a whole number, not {global_step!r}") from None
    if step.bit_length() > _MAX_STEP_BITS:
        raise InvalidArgumentError(f"global_step has {step.bit_length()} bits, too many for the name of a file")
    return step
