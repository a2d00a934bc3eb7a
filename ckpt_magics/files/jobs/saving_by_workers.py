"""Save arrays of dask: workers compute and write them, and whoever asked for the save puts the index last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from ckpt_magics.files.formats.entry_encoding import EncodedEntries
from ckpt_magics.files.jobs.saving import SavedCheckpoint, WrittenCheckpoint, checkpoint_place, save_by
from ckpt_magics.files.kinds.bundle.bundle_parts import (
    WrittenPart,
    begin_parts,
    parts_directory,
    publish_parts,
    remove_parts,
)
from ckpt_magics.files.parallel.lazy_saving import LazyTensors
from ckpt_magics.files.storage.disk import enough_memory
from ckpt_magics.files.storage.place import AnyPath, Place
from ckpt_magics.files.storage.save_path import save_place
from ckpt_magics.files.tensors.save_options import SaveOptions

if TYPE_CHECKING:
    from dask.delayed import Delayed

__all__ = ["lazy_checkpoint", "write_lazy_checkpoint"]

Companions = Mapping[str, bytes] | None
"""Contents of other files by path."""


@enough_memory("save the checkpoint")
def write_lazy_checkpoint(
    prefix: AnyPath, tensors: LazyTensors, options: SaveOptions, *, meta_graph: bytes | None = None
) -> SavedCheckpoint:
    """Save arrays of dask under a prefix, all or nothing; arguments and errors are those of `write_checkpoint`.

    Raises:
        UnavailableError: The workers were lost; nothing was saved.
    """
    return save_by(prefix, options, meta_graph, partial(_write, tensors, options))


def _write(tensors: LazyTensors, options: SaveOptions, place: Place, companions: Companions) -> WrittenCheckpoint:
    with place.directory.stage(durable=options.durable) as stage, parts_directory(place) as directory:
        written = publish_parts(stage, place, tensors.parts(directory), tensors.partitioned, companions)
    return WrittenCheckpoint(place.name, written, len(tensors.specs))


def lazy_checkpoint(
    prefix: AnyPath, tensors: LazyTensors, options: SaveOptions, *, meta_graph: bytes | None = None
) -> Delayed:
    """Return the same as a task of dask, whose value is the `SavedCheckpoint`.

    Nothing is written before it is computed. If that fails, what workers wrote is swept by a later save, once the
    process that began is gone.
    """
    # Whoever is told of progress is no part of a graph.
    told = replace(options, progress=None)
    save = _SaveInTasks(save_place(prefix).plain, told, meta_graph, tensors.partitioned, len(tensors.specs))
    return tensors.later(save.begin, save.end)


@dataclass(frozen=True, slots=True)
class _SaveInTasks:
    """What is done before workers write, and after, wherever that is.

    Attributes:
        prefix: Of the checkpoint, without the step.
        options: How it is saved.
        meta_graph: Contents of the meta graph file, or None.
        partitioned: Entries of the tensors that are stored in slices.
        tensors: How many tensors there are.
    """

    prefix: Place
    options: SaveOptions
    meta_graph: bytes | None
    partitioned: EncodedEntries
    tensors: int

    def begin(self) -> Place:
        """Make the directory of the parts, and the one above it if there is none."""
        place = checkpoint_place(self.prefix, self.options)
        if place.directory.store.make_directory(place.directory.name) and self.options.durable:
            place.directory.directory.sync()
        return begin_parts(place)

    def end(self, directory: Place, parts: Sequence[WrittenPart]) -> SavedCheckpoint:
        """Make a checkpoint of the parts."""
        try:
            return save_by(self.prefix, self.options, self.meta_graph, partial(self._publish, parts))
        finally:
            remove_parts(directory)

    def _publish(self, parts: Sequence[WrittenPart], place: Place, companions: Companions) -> WrittenCheckpoint:
        with place.directory.stage(durable=self.options.durable) as stage:
            written = publish_parts(stage, place, parts, self.partitioned, companions)
        return WrittenCheckpoint(place.name, written, self.tensors)
