"""Save arrays as a checkpoint: files, state file, and which old ones go.

The order of events is what keeps a directory usable at any instant: the new files become visible all at once, then the
state file names them, then an old checkpoint may go.

Format: tensorflow/python/training/saver.py (Saver.save).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Self

import numpy.typing as npt

from ckpt_magics.files.directory.journal import announced
from ckpt_magics.files.directory.recording import record_checkpoint
from ckpt_magics.files.directory.save_names import check_save_names
from ckpt_magics.files.kinds.bundle.bundle_writer import write_bundle
from ckpt_magics.files.kinds.slice_table.slice_table_writer import write_slice_shards, write_slice_table
from ckpt_magics.files.storage.atomic import WrittenFile
from ckpt_magics.files.storage.disk import enough_memory
from ckpt_magics.files.storage.naming import meta_graph_filename
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.tensors_to_save import PlainTensors, TensorToSave, path_text, tensors_from_mapping

__all__ = ["SavedCheckpoint", "write_checkpoint"]

_PLAIN = SaveOptions()

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
    prefix: AnyPath, tensors: Tensors, options: SaveOptions = _PLAIN, *, meta_graph: bytes | None = None
) -> SavedCheckpoint:
    """Save tensors under a prefix, all or nothing.

    Args:
        prefix: Of the checkpoint, ``~`` being the home directory; one missing directory is created.
        tensors: Arrays or NumPy scalars by name, stored sorted by name; or tensors in the order in which they are to
            be stored.
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
    start = time.perf_counter()
    stem = path_text(prefix)
    path = options.with_step(stem)
    has_step = options.global_step is not None
    check_save_names(path, options, in_shards=options.num_shards > 1)
    items = tensors_from_mapping(tensors) if isinstance(tensors, Mapping) else list(tensors)
    companions = None if meta_graph is None else {meta_graph_filename(path, options.meta_graph_suffix): meta_graph}
    durable, progress = options.durable, options.progress
    with announced(path, durable=durable) if options.write_state and has_step else nullcontext():
        if options.write_version == 2:
            files = write_bundle(
                path, items, num_shards=options.num_shards, durable=durable, progress=progress, companions=companions
            )
        else:
            slices = items.one_by_one() if isinstance(items, PlainTensors) else items
            if options.num_shards == 1:
                files = write_slice_table(path, slices, durable=durable, progress=progress, companions=companions)
            else:
                path, files = write_slice_shards(
                    path, slices, options.num_shards, durable=durable, progress=progress, companions=companions
                )
        removed: tuple[str, ...] = ()
        if options.write_state:
            state_file, removed = record_checkpoint(path, options, stem=stem if has_step else None)
            files = (*files, state_file)
    # Slices of one tensor have its name; of whole tensors there is one for each name.
    count = len(items.names if isinstance(items, PlainTensors) else {item.name for item in items})
    return SavedCheckpoint(path, files, count, time.perf_counter() - start, removed)
