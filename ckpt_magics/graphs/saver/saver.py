"""Saver: saves the variables of a session, restores them, and keeps the last few checkpoints.

Format: tensorflow/python/training/saver.py (Saver).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from ckpt_magics.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    visible,
)
from ckpt_magics.files.directory.companions import left_for
from ckpt_magics.files.directory.journal import announced
from ckpt_magics.files.directory.nearby import latest_beside
from ckpt_magics.files.directory.retention import CheckpointHistory
from ckpt_magics.files.directory.save_names import check_save_names
from ckpt_magics.files.directory.state import checkpoint_exists
from ckpt_magics.files.storage.naming import META_GRAPH_SUFFIX, STATE_FILENAME, meta_graph_filename
from ckpt_magics.files.storage.place import AnyPath, Place, is_bare, name_of, place_of, spelled_as
from ckpt_magics.files.tensors.save_options import DEFAULT_KEEP_HOURS, SaveOptions
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.names import prepend_scope, strip_scope
from ckpt_magics.graphs.meta_graph.graph_files import encode_message
from ckpt_magics.graphs.meta_graph.meta_graph_export import export_scoped_meta_graph
from ckpt_magics.graphs.saver.object_names import restore_by_object_names
from ckpt_magics.graphs.saver.saveables import find_saveables
from ckpt_magics.graphs.saver.saver_nodes import V2, add_saver_nodes
from ckpt_magics.graphs.saver.saver_report import add_all_problems
from ckpt_magics.graphs.session import Session
from ckpt_magics.proto.messages import MetaGraphDef, SaverDef

__all__ = ["Saver", "all_saveable_objects"]

_WRAPPED = (
    "Restoring from checkpoint failed. This is most likely due to {} from the checkpoint. Please ensure that you have "
    "not altered the graph expected based on the checkpoint. Original error:\n\n{}"
)
_MISSING = "a Variable name or other graph key that is missing"
_MISMATCH = "a mismatch between the current graph and the graph"

_NAMES = ("filename_tensor_name", "save_tensor_name", "restore_op_name")


class Saver:
    """Adds nodes that save and restore variables, runs them, and keeps a list of the checkpoints made.

    Args:
        var_list: Variables, as a list or by the names to save them under. Default: all global variables and saveable
            objects of the default graph.
        reshape: Bring restored values to the variables' shapes when the number of elements is the same.
        sharded: One shard for each device.
        max_to_keep: How many checkpoints stay on disk; None or 0 keeps all.
        keep_checkpoint_every_n_hours: Keep one checkpoint for good each time that many hours have passed.
        name: Scope for the nodes, or of an imported ``saver_def``.
        restore_sequentially: Accepted; values are always restored in one step.
        saver_def: Nodes that the graph already has, in place of new ones.
        builder: Accepted for old programs; its ``write_version`` counts if it has one.
        defer_build: Wait with the nodes until `build` is called.
        allow_empty: A saver of nothing is none that fails.
        write_version: 1 or 2.
        pad_step_number: Write the step with eight digits at least.
        save_relative_paths: Write relative paths into the state file.
        filename: Default of the node with the file name.

    Raises:
        TypeError: ``var_list`` is neither a list nor a dict of variables.
        ValueError: There is nothing to save, or names clash.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        var_list: object = None,
        reshape: bool = False,
        sharded: bool = False,
        max_to_keep: int | None = 5,
        keep_checkpoint_every_n_hours: float = DEFAULT_KEEP_HOURS,
        name: str | None = None,
        restore_sequentially: bool = False,  # noqa: ARG002 -- see Args
        saver_def: SaverDef | None = None,
        builder: object = None,
        defer_build: bool = False,
        allow_empty: bool = False,
        write_version: int = V2,
        pad_step_number: bool = False,
        save_relative_paths: bool = False,
        filename: str | None = None,
    ) -> None:
        if defer_build and var_list:
            raise ValueError(
                "If `var_list` is provided then build cannot be deferred. "
                "Either set defer_build=False or var_list=None."
            )
        self._var_list = var_list
        self._reshape = reshape
        self._sharded = sharded
        self._max_to_keep = max_to_keep
        self._keep_hours = keep_checkpoint_every_n_hours
        self._name = name
        self._allow_empty = allow_empty
        self._write_version = int(getattr(builder, "write_version", write_version))
        self._pad_step_number = pad_step_number
        self._save_relative_paths = save_relative_paths
        self._filename = filename
        self._is_empty = False
        self.saver_def: SaverDef | None = None
        if saver_def is not None:
            self.saver_def = _scoped(_checked(saver_def), name)
            self._write_version = saver_def.version
        self._history: CheckpointHistory | None = None
        if not defer_build:
            self.build()

    def build(self) -> None:
        """Add the nodes to the default graph, unless a ``saver_def`` names them.

        Raises:
            ValueError: There is nothing to save.
        """
        if self.saver_def is None:
            var_list = all_saveable_objects() if self._var_list is None else self._var_list
            if not var_list and not self._allow_empty:
                raise ValueError("No variables to save")
            self._is_empty = not var_list
            if not self._is_empty:
                self.saver_def = self._add_nodes(var_list)
        elif self.saver_def.max_to_keep != self._max_to_keep:
            self._max_to_keep = self.saver_def.max_to_keep
            self._keep_hours = self.saver_def.keep_checkpoint_every_n_hours
        # The number of hours goes through the SaverDef's float32, as in TensorFlow.
        hours = (self.saver_def and self.saver_def.keep_checkpoint_every_n_hours) or self._keep_hours
        self._history = CheckpointHistory(self._max_to_keep, hours, write_version=self._write_version)

    def _add_nodes(self, var_list: object) -> SaverDef:
        nodes = add_saver_nodes(
            find_saveables(var_list),
            name=self._name,
            sharded=self._sharded,
            reshape=self._reshape,
            filename=self._filename,
            write_version=self._write_version,
        )
        return SaverDef(
            filename_tensor_name=nodes.filename.name,
            save_tensor_name=nodes.save.name,
            restore_op_name=nodes.restore.name,
            max_to_keep=self._max_to_keep or 0,
            sharded=self._sharded,
            keep_checkpoint_every_n_hours=self._keep_hours,
            version=self._write_version,
        )

    # Saving

    def save(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        sess: Session,
        save_path: AnyPath,
        global_step: Any = None,  # noqa: ANN401 -- an int, or anything that a session can fetch
        latest_filename: str | None = None,
        meta_graph_suffix: str = META_GRAPH_SUFFIX,
        write_meta_graph: bool = True,
        write_state: bool = True,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> str | None:
        """Save the variables of a session.

        The meta graph appears with the checkpoint, then the state file names it, and an old checkpoint goes last.

        Args:
            sess: Session that holds the values.
            save_path: Prefix of the files.
            global_step: Number to append to the prefix, or the tensor or variable that has it.
            latest_filename: Name of the state file. Default: ``checkpoint``.
            meta_graph_suffix: What the name of the meta graph ends with.
            write_meta_graph: Write the graph beside the values.
            write_state: List the checkpoint in the state file, and delete old ones.
            strip_default_attrs: Leave attributes that have their op's default out of the meta graph.
            save_debug_info: Not possible here: the graph has no record of source lines.

        Returns:
            Prefix of the checkpoint, with the step; the pattern of a V1 checkpoint in shards; None for an empty saver.

        Raises:
            FailedPreconditionError: A variable has no value.
            RuntimeError: `build` was not called.
            TypeError: ``sess`` is no session.
            ValueError: The parent directory is missing, or names collide.
        """
        self._check_built("save")
        latest_filename = latest_filename or STATE_FILENAME
        stem = place_of(save_path)
        prefix = stem.name
        checkpoint_file = self._check_paths(sess, stem, global_step, latest_filename)
        options = SaveOptions(
            write_version=2 if self._write_version == V2 else 1,
            write_meta_graph=write_meta_graph,
            write_state=write_state and self.saver_def is not None,
            absolute_paths=not self._save_relative_paths,
            latest_filename=latest_filename,
            meta_graph_suffix=meta_graph_suffix,
        )
        if self.saver_def is not None:
            check_save_names(stem.at(checkpoint_file), options, in_shards=self.saver_def.sharded)
        with announced(stem.at(checkpoint_file)) if options.write_state and global_step is not None else nullcontext():
            companions = {}
            if options.write_meta_graph:
                with sess.graph.as_default():
                    meta_graph = self.export_meta_graph(
                        strip_default_attrs=strip_default_attrs, save_debug_info=save_debug_info
                    )
                companions[meta_graph_filename(checkpoint_file, meta_graph_suffix)] = encode_message(meta_graph)
            path = None
            with left_for(checkpoint_file, companions) as left:
                if self.saver_def is not None:
                    path = _run_save(sess, self.saver_def, prefix, checkpoint_file)
            # An empty saver writes no checkpoint, and a graph from elsewhere may do it in its own way.
            for name, contents in left.get(checkpoint_file, {}).items():
                stem.at(name).put(contents)
            if path is not None and options.write_state:
                self._kept.record(stem.at(path), options, stem=None if global_step is None else stem)
        return None if path is None else spelled_as(save_path, path)

    def _check_paths(self, sess: Any, stem: Place, global_step: Any, latest_filename: str) -> str:  # noqa: ANN401
        prefix = stem.name
        if not is_bare(latest_filename):
            raise ValueError("'latest_filename' must not contain path components")
        if global_step is None and stem.stem == latest_filename and not self._sharded:
            raise ValueError(f"'latest_filename' collides with 'save_path': '{latest_filename}' and '{prefix}'")
        _check_session(sess)
        if global_step is None:
            return prefix
        is_number = hasattr(global_step, "__index__")
        step = global_step.__index__() if is_number else int(sess.run(global_step))
        return f"{prefix}-{step:08d}" if self._pad_step_number else f"{prefix}-{step:d}"

    def export_meta_graph(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        filename: AnyPath | None = None,
        collection_list: Sequence[str] | None = None,
        as_text: bool = False,
        export_scope: str | None = None,
        clear_devices: bool = False,
        clear_extraneous_savers: bool = False,
        strip_default_attrs: bool = False,
        save_debug_info: bool = False,
    ) -> MetaGraphDef:
        """Return the default graph with this saver as a MetaGraphDef, and write it to ``filename`` if that is given.

        The arguments are those of :func:`ckpt_magics.export_meta_graph`.
        """
        return export_scoped_meta_graph(
            filename=filename,
            saver_def=self.saver_def,
            collection_list=collection_list,
            as_text=as_text,
            export_scope=export_scope,
            clear_devices=clear_devices,
            clear_extraneous_savers=clear_extraneous_savers,
            strip_default_attrs=strip_default_attrs,
            save_debug_info=save_debug_info,
        )[0]

    # Restoring

    def restore(self, sess: Session, save_path: AnyPath | None) -> None:
        """Give the variables of a session the values of a checkpoint; all of them, or none.

        Unlike in TensorFlow, a resource variable never takes another shape than the graph gives it.

        Args:
            sess: The session.
            save_path: What `save` returned, or any other prefix.

        Raises:
            DataLossError: The checkpoint is damaged.
            InvalidArgumentError: A dtype or shape differs.
            MissingCheckpointError: There is no checkpoint of that name, or it was let go meanwhile. It names the latest
                of the directory, which is not restored in its place.
            NotFoundError: The checkpoint lacks a variable.
            TypeError: ``sess`` is no session.
            ValueError: ``save_path`` is None.
        """
        if self._is_empty:
            return
        if save_path is None:
            raise ValueError("Can't load save_path when it is None.")
        path = name_of(save_path)
        if not checkpoint_exists(path):
            raise _missing(path)
        self._check_built("restore")
        _check_session(sess)
        saver_def = self.saver_def
        assert saver_def is not None  # noqa: S101 -- only an empty saver has none
        feeds = {saver_def.filename_tensor_name: path}
        with sess.all_or_nothing():
            try:
                sess.run(saver_def.restore_op_name, feeds)
            except NotFoundError as error:
                if not checkpoint_exists(path):
                    raise _missing(path) from error
                if not restore_by_object_names(sess, saver_def, path, error):
                    add_all_problems(error, sess, saver_def, path)
                    raise _wrapped(error, _MISSING) from error
            except InvalidArgumentError as error:
                add_all_problems(error, sess, saver_def, path)
                raise _wrapped(error, _MISMATCH) from error

    # The list of checkpoints

    @property
    def last_checkpoints(self) -> list[str]:
        """Paths of the checkpoints that are kept, oldest first."""
        return self._kept.last_checkpoints

    def set_last_checkpoints(self, last_checkpoints: list[AnyPath]) -> None:
        """Take over a list of paths; they are never deleted, as their times are not known."""
        self._kept.set_last_checkpoints(last_checkpoints)

    def set_last_checkpoints_with_time(self, last_checkpoints_with_time: list[tuple[AnyPath, float]]) -> None:
        """Take over paths with their times, in seconds since 1970, oldest first."""
        self._kept.set_last_checkpoints_with_time(last_checkpoints_with_time)

    def recover_last_checkpoints(self, checkpoint_paths: Sequence[AnyPath]) -> None:
        """Take over those of the paths that exist, with the times of their files."""
        self._kept.recover_last_checkpoints(checkpoint_paths)

    # The saver as a message

    def as_saver_def(self) -> SaverDef | None:
        """Return `saver_def`: the names of the nodes and the options."""
        return self.saver_def

    def to_proto(self, export_scope: str | None = None) -> SaverDef | None:
        """Return the SaverDef without a scope's name; None if the nodes are outside the scope, or there are none."""
        self._check_built("to_proto")
        saver_def = self.saver_def
        if export_scope is None or saver_def is None:
            return saver_def
        if not all(getattr(saver_def, name).startswith(export_scope) for name in _NAMES):
            return None
        result = SaverDef()
        result.CopyFrom(saver_def)
        for name in _NAMES:
            setattr(result, name, strip_scope(getattr(saver_def, name), export_scope))
        return result

    @staticmethod
    def from_proto(saver_def: SaverDef, import_scope: str | None = None) -> Saver:
        """Return a saver for nodes that the default graph has, in ``import_scope`` if that is given."""
        return Saver(saver_def=saver_def, name=import_scope)

    def _check_built(self, what: str) -> None:
        if self._history is None:
            raise RuntimeError(f"`build()` should be called before {what} if defer_build==True")

    @property
    def _kept(self) -> CheckpointHistory:
        self._check_built("this")
        assert self._history is not None  # noqa: S101 -- just checked
        return self._history


def all_saveable_objects(scope: str | None = None) -> list[Any]:
    """Return the global variables and saveable objects of the default graph, of one scope if that is given."""
    graph = get_default_graph()
    return [
        *graph.get_collection(GraphKeys.GLOBAL_VARIABLES, scope),
        *graph.get_collection(GraphKeys.SAVEABLE_OBJECTS, scope),
    ]


def _run_save(sess: Session, saver_def: SaverDef, prefix: str, checkpoint_file: str) -> str:
    try:
        saved = sess.run(saver_def.save_tensor_name, {saver_def.filename_tensor_name: checkpoint_file})
    except (FailedPreconditionError, NotFoundError) as error:
        parent = place_of(prefix).directory
        if parent.name and parent.store.is_local and not parent.is_directory:
            raise ValueError(f"Parent directory of {visible(prefix)} doesn't exist, can't save.") from error
        raise
    return os.fsdecode(saved)


def _check_session(sess: object) -> None:
    """Raise TypeError unless this is a session."""
    if isinstance(sess, Session):
        return
    error = TypeError(f"'sess' must be a Session; {sess}")
    if sess is None:
        # The message is TensorFlow's.
        error.add_note(
            "Variables that hold values without a session, as in TensorFlow 2, are not here: give the session that ran "
            "the variables' initializers or is to have their values."
        )
    raise error


class MissingCheckpointError(CheckpointNotFoundError, ValueError):
    """There is no checkpoint at a prefix, which TensorFlow's Saver says with a ValueError."""


def _missing(path: str) -> MissingCheckpointError:
    latest = latest_beside(place_of(path))
    hint = None if latest is None else f"The latest checkpoint there is now {visible(latest)}."
    return MissingCheckpointError(f"The passed save_path is not a valid checkpoint: {visible(path)}", hint=hint)


def _wrapped(error: CheckpointError, likely: str) -> CheckpointError:
    """The same error with TensorFlow's explanation before it; its place and hint stay."""
    error.message = _WRAPPED.format(likely, error.message)
    return error


def _checked(saver_def: object) -> SaverDef:
    if not isinstance(saver_def, SaverDef):
        raise ValueError(f"saver_def must be a saver_pb2.SaverDef: {saver_def}")  # noqa: TRY004 -- TensorFlow's class
    if not saver_def.save_tensor_name:
        raise ValueError(f"saver_def must specify the save_tensor_name: {saver_def}")
    if not saver_def.restore_op_name:
        raise ValueError(f"saver_def must specify the restore_op_name: {saver_def}")
    return saver_def


def _scoped(saver_def: SaverDef, scope: str | None) -> SaverDef:
    result = SaverDef()
    result.CopyFrom(saver_def)
    for name in _NAMES:
        setattr(result, name, prepend_scope(getattr(saver_def, name), scope))
    return result
