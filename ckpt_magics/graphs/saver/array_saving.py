"""Saving anything that holds tensors as a checkpoint, from plain Python."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.jobs.saving import SavedCheckpoint, write_checkpoint
from ckpt_magics.files.jobs.saving_by_workers import lazy_checkpoint, write_lazy_checkpoint
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.named_tensors import NamedTensors, tensors_behind
from ckpt_magics.files.objects.collected import (
    check_whole,
    collect_tensors,
    holds_lazy_arrays,
    lazy_tensors_and_gaps,
    tensors_and_gaps,
)
from ckpt_magics.files.objects.ties import same_arrays
from ckpt_magics.files.parallel.lazy_saving import LazyTensors
from ckpt_magics.files.storage.disk import enough_memory
from ckpt_magics.files.storage.place import AnyPath
from ckpt_magics.files.storage.progress import Progress
from ckpt_magics.files.tensors.arrays_to_save import arrays_by_name
from ckpt_magics.files.tensors.save_options import DEFAULT_KEEP_HOURS, SaveOptions
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.files.tensors.stored_to_save import StoredToSave
from ckpt_magics.files.tensors.tensor_names import key_to_name
from ckpt_magics.graphs.saver.array_graph import array_meta_graph
from ckpt_magics.graphs.trackable.object_files import objects_to_save
from ckpt_magics.graphs.trackable.tree_objects import tree_objects
from ckpt_magics.phrasing import names_text

__all__ = ["as_step", "save_arrays", "save_checkpoint"]


def save_checkpoint(
    prefix: AnyPath,
    tensors: Any,
    *,
    write_version: int = 2,
    global_step: Any = None,
    max_to_keep: int | None = 5,
    keep_checkpoint_every_n_hours: float = DEFAULT_KEEP_HOURS,
    metrics: Mapping[str, float] | None = None,
    keep_best: int | None = None,
    highest: bool = False,
    num_shards: int = 1,
    objects: bool = False,
    write_meta_graph: bool = True,
    write_state: bool = True,
    absolute_paths: bool = False,
    latest_filename: str | None = None,
    durable: bool = True,
    progress: Progress | None = None,
    compute: bool = True,
) -> SavedCheckpoint:
    """Save tensors as a TensorFlow checkpoint; at any instant there is the former one or the new one, whole.

    Args:
        prefix: Stem of the files, such as ``runs/model.ckpt``; ``~`` is the home directory.
        tensors: What to save, by name: anything that `collect_tensors` understands. They are stored in the order of
            their names, as TensorFlow's Saver stores them. Arrays of dask are computed and written by its workers,
            chunks as slices of partitioned variables, into data files of 64 MiB or more each; nothing of them comes
            here. A reader of a checkpoint of objects is saved as one, with
            the graph of its objects and without a ``.meta``.
        write_version: 2 for index and data files, 1 for the single file of before TensorFlow 0.12.
        global_step: Appended to the prefix as ``-STEP``; an integer or anything that is one.
        max_to_keep: With a step: how many checkpoints of this prefix and a step, among those that the directory's list
            names, stay; older ones are deleted. None or 0 keeps all. A save without a step deletes nothing.
        keep_checkpoint_every_n_hours: Keep one for good after this many hours, whatever ``max_to_keep`` says.
        metrics: Numbers by name that are noted of this checkpoint, in a file beside the directory's list.
        keep_best: Of the checkpoints that ``max_to_keep`` would delete, how many stay because the first metric is best
            in them.
        highest: Whether high values of that metric are the good ones.
        num_shards: How many data files to spread the tensors over.
        objects: Write a checkpoint of objects, as ``tf.train.Checkpoint(**tensors)`` does: dicts, lists, tuples and
            modules are objects, and with a step there is a ``save_counter`` of that number. It has no ``.meta``.
        write_meta_graph: Write a ``.meta`` file too: a graph of variables that TensorFlow imports and restores into. Of
            more than 10,000 tensors none is made. One that is there already stays if none is written.
        write_state: Whether to list the checkpoint in the directory's ``checkpoint`` file.
        absolute_paths: Whether that list has absolute paths, as TensorFlow's default; relative ones survive a move.
        latest_filename: Another name for that list.
        durable: Wait until the disk has the files.
        progress: Called with the bytes written so far and in all; not while workers of dask write.
        compute: False to get the save of arrays of dask as a ``dask.delayed.Delayed``, whose value is what else is
            returned here.

    Returns:
        The prefix with its step, a str, with ``files``, ``tensors``, ``bytes``, ``seconds``, ``removed``, the prefixes
        that were deleted, ``left_out``, the names of what is None and so was not saved, and ``tied``, the names, a
        tuple per array, under which one array was saved several times, as attributes.

    Raises:
        InvalidArgumentError: There is nothing to save, or a part of it is no tensor or has no place in this version, or
            an option cannot be. Nothing was written.
        ResourceExhaustedError: The disk is full, or the memory; nothing of the new checkpoint is left on the disk.
    """
    options = SaveOptions(
        write_version=write_version,
        global_step=as_step(global_step),
        max_to_keep=max_to_keep,
        keep_checkpoint_every_n_hours=keep_checkpoint_every_n_hours,
        metrics=metrics or {},
        keep_best=keep_best,
        highest=highest,
        num_shards=num_shards,
        objects=objects,
        write_meta_graph=write_meta_graph,
        write_state=write_state,
        absolute_paths=absolute_paths,
        latest_filename=latest_filename,
        durable=durable,
        progress=progress,
    )
    if not compute:
        # What stands for it until it is computed.
        later: SavedCheckpoint = _lazy_save(prefix, tensors, options)
        return later
    return save_arrays(prefix, tensors, options)


@enough_memory("save the checkpoint")
def save_arrays(prefix: AnyPath, tensors: Any, options: SaveOptions) -> SavedCheckpoint:
    """Save tensors as `save_checkpoint` does, with options that are made already."""
    stored = tensors_behind(tensors)
    if stored is not None and (not options.objects or stored.spec_or_none(OBJECT_GRAPH_KEY) is not None):
        return _save_stored(prefix, stored, options)
    if holds_lazy_arrays(tensors):
        lazy, meta_graph, gaps = _lazy_tensors(tensors, options)
        saved = write_lazy_checkpoint(prefix, lazy, options, meta_graph=meta_graph)
        saved.left_out = tuple(gaps)
        return saved
    if options.objects:
        return _save_objects(prefix, tensors, options)
    arrays, gaps = tensors_and_gaps(tensors)
    if not arrays:
        reason = f": None holds nothing, and is what {names_text(gaps)} has" if any(gaps) else ""
        raise InvalidArgumentError(f"there is nothing to save{reason}", hint="Give tensors by name, as a dict")
    meta_graph = array_meta_graph(arrays, write_version=options.write_version) if options.write_meta_graph else None
    saved = write_checkpoint(prefix, arrays_by_name(arrays), options, meta_graph=meta_graph)
    saved.left_out = tuple(gaps)
    saved.tied = tuple(same_arrays(arrays))
    return saved


def _lazy_save(prefix: AnyPath, tensors: Any, options: SaveOptions) -> Any:
    """Return the save of arrays of dask as a task."""
    if not holds_lazy_arrays(tensors):
        raise InvalidArgumentError("compute=False is for arrays of dask, and there are none among these")
    lazy, meta_graph, _ = _lazy_tensors(tensors, options)
    return lazy_checkpoint(prefix, lazy, options, meta_graph=meta_graph)


def _lazy_tensors(tensors: Any, options: SaveOptions) -> tuple[LazyTensors, bytes | None, list[str]]:
    """Return arrays of dask with others beside them, a graph for them, and the names of what is None."""
    if options.write_version != 2 or options.objects:
        words = "arrays of dask are saved as V2 checkpoints of names"
        raise InvalidArgumentError(words, hint="array.compute() gives an array that is saved as any other.")
    arrays, gaps = lazy_tensors_and_gaps(tensors)
    lazy = LazyTensors(arrays, options)
    return lazy, array_meta_graph(lazy.specs, write_version=2) if options.write_meta_graph else None, gaps


def _save_stored(prefix: AnyPath, stored: NamedTensors[TensorSource], options: SaveOptions) -> SavedCheckpoint:
    """Save what a checkpoint has, a few pieces at a time."""
    check_whole(stored)
    source = stored.source
    is_of_objects = options.write_version == 2 and stored.spec_or_none(OBJECT_GRAPH_KEY) is not None
    tensors = StoredToSave(source, source.in_file_order() if is_of_objects else sorted(source.keys()))
    if not tensors.specs:
        raise InvalidArgumentError("there is nothing to save", hint="The checkpoint has no tensors.")
    meta_graph = None
    if options.write_meta_graph and not is_of_objects:
        specs = {key_to_name(spec.key): spec for spec in tensors.specs}
        meta_graph = array_meta_graph(specs, write_version=options.write_version)
    return write_checkpoint(prefix, tensors, options, meta_graph=meta_graph)


def _save_objects(prefix: AnyPath, tensors: Any, options: SaveOptions) -> SavedCheckpoint:
    step = None if options.global_step is None else operator.index(options.global_step)
    walked, gaps = tree_objects(tensors, step)
    if not walked.holders:
        raise InvalidArgumentError("there is nothing to save", hint="Give tensors by name, as a dict")
    saved = write_checkpoint(prefix, objects_to_save(walked), options)
    saved.left_out = tuple(gaps)
    return saved


def as_step(value: Any) -> int | None:
    """Return a step as an int, from an int, a rank-0 integer array, a variable or a tensor; None for None.

    Raises:
        InvalidArgumentError: It is no whole number.
    """
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        # Of any size; what is too long for a name is refused as such.
        return value
    array = next(iter(collect_tensors(value, "global_step").values()), np.empty(0))
    if array.shape != () or array.dtype.kind not in "iu":
        raise InvalidArgumentError(f"global_step has to be one whole number, not {value!r:.100}")
    return int(array)
