"""Checkpoints of objects: what a program holds by names, written and restored as ``tf.train.Checkpoint`` does.

Format: tensorflow/python/checkpoint/checkpoint.py (Checkpoint, TrackableSaver).
"""

# ruff: noqa: ANN401 - what a checkpoint holds may be any object of a program

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from ckpt_magics.errors import CheckpointNotFoundError, InvalidArgumentError, visible
from ckpt_magics.files.directory.journal import announced
from ckpt_magics.files.directory.open_tensors import open_on_demand
from ckpt_magics.files.directory.recording import record_alone
from ckpt_magics.files.jobs.saving import SavedCheckpoint, write_checkpoint
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.graph_nodes import decode_object_graph
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.object_graph.object_walk import LiveObject, WalkedObjects, walk_objects
from ckpt_magics.files.storage.disk import enough_memory
from ckpt_magics.files.storage.file_system import make_directories
from ckpt_magics.files.storage.place import AnyPath, name_of, place_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.graphs.trackable.auto_trackable import AutoTrackable
from ckpt_magics.graphs.trackable.checkpoint_options import CheckpointOptions
from ckpt_magics.graphs.trackable.eager_variable import EagerVariable
from ckpt_magics.graphs.trackable.load_status import (
    CheckpointLoadStatus,
    InitializationOnlyStatus,
    NameBasedSaverStatus,
)
from ckpt_magics.graphs.trackable.loading import Loading
from ckpt_magics.graphs.trackable.looking import in_session, look_at
from ckpt_magics.graphs.trackable.object_files import objects_to_save
from ckpt_magics.graphs.trackable.putting_values import put_values
from ckpt_magics.graphs.trackable.trackable import Trackable, tracking_of
from ckpt_magics.graphs.trackable.tracked_containers import as_tracked
from ckpt_magics.graphs.variables.session_value import SessionValue

__all__ = ["Checkpoint", "SessionCheckpoint"]

LoadStatus = CheckpointLoadStatus | InitializationOnlyStatus | NameBasedSaverStatus

_COUNTER = "save_counter"


class Checkpoint(AutoTrackable):
    """Saves and restores the variables that objects hold, under the names on the ways to them.

    Files are those that ``tf.train.Checkpoint`` writes and reads. What the program lacks when it is restored gets its
    values when it is assigned. Unlike TensorFlow's it takes NumPy arrays too, also in dicts and lists, and restores
    into them in place.

    Args:
        root: An object whose children become those of the checkpoint; None for none.
        **kwargs: What to save by name: variables, modules, TensorFlow's and Keras' objects, its tables and iterators
            too, arrays, and dicts, lists and tuples of them.

    Raises:
        ValueError: One of them holds nothing that can be saved, or ``root`` holds another object under its name.

    >>> step = EagerVariable(3, name="step")
    >>> int(Checkpoint(step=step).save_counter.numpy())
    0
    """

    _self_saves_arrays: ClassVar[bool] = True

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        self.__dict__["_self_root"] = root
        self.__dict__["_self_attached"] = {}
        self.__dict__["_self_counter"] = None
        if root is not None:
            if as_tracked(root) is not root:
                raise _not_trackable("root", root)
            kwargs["root"] = root
            self.__dict__["_self_counter"] = dict(look_at(root).children).get(_COUNTER)
        for name in sorted(kwargs):
            setattr(self, name, kwargs[name])
            if name not in tracking_of(self).children:
                raise _not_trackable(name, kwargs[name])
            if root is not None:
                self._attach(name, tracking_of(self).children[name])

    def _attach(self, name: str, value: Any) -> None:
        """Have a child of the root that it does not hold itself."""
        held = dict(look_at(self.__dict__["_self_root"]).children).get(name)
        if held is None:
            self.__dict__["_self_attached"][name] = value
        elif held is not value:
            raise InvalidArgumentError(
                f"Cannot create a Checkpoint with keyword argument {name} if root.{name} already exists."
            )

    @property
    def save_counter(self) -> Any:
        """How often it was saved: an int64 variable that is saved too, made when it is first asked for."""
        if self.__dict__["_self_counter"] is None:
            counter = EagerVariable(np.int64(0), trainable=False, name=_COUNTER)
            self.__dict__["_self_counter"] = counter
            root = self.__dict__["_self_root"]
            if root is None:
                tracking_of(self).track(_COUNTER, counter)
            else:
                self.__dict__["_self_attached"][_COUNTER] = counter
                tracking_of(root if isinstance(root, Trackable) else self).settle(_COUNTER, counter)
        return self.__dict__["_self_counter"]

    def _walk(self) -> WalkedObjects:
        root, attached = self.__dict__["_self_root"], self.__dict__["_self_attached"]
        if root is None:
            return walk_objects(self, look_at)

        def look(value: Any) -> LiveObject:
            live = look_at(value)
            if value is not root:
                return live
            return replace(live, children=[*live.children, *attached.items()])

        return walk_objects(root, look)

    @enough_memory("save the checkpoint")
    def write(self, file_prefix: AnyPath, options: CheckpointOptions | None = None) -> SavedCheckpoint:
        """Write a checkpoint, all or nothing, and nothing besides: no number, no list of the directory.

        Args:
            file_prefix: Stem of its files; missing directories are made.
            options: How.

        Returns:
            The prefix, a str that has ``files``, ``tensors``, ``bytes`` and ``seconds``.

        Raises:
            InvalidArgumentError: A value has no dtype that a checkpoint can hold.
            CheckpointError: The disk refuses. What was there before is as it was.
        """
        options = options or CheckpointOptions()
        if options.enable_async:
            _ = self.save_counter
        place = place_of(file_prefix)
        make_directories(place.directory.shown)
        saved = write_checkpoint(place, objects_to_save(self._walk()), SaveOptions(write_state=False))
        options.written(saved)
        return saved

    @enough_memory("save the checkpoint")
    def save(self, file_prefix: AnyPath, options: CheckpointOptions | None = None) -> SavedCheckpoint:
        """Count up `save_counter`, write a checkpoint with that number, and make it the latest of its directory.

        The directory's list has this one alone afterwards, as TensorFlow has it; nothing is deleted.

        Args:
            file_prefix: Stem of its files, to which ``-NUMBER`` is added; missing directories are made.
            options: How.

        Returns:
            The prefix with its number.

        Raises:
            CheckpointError: As of `write`; the counter is what it was.
        """
        with self.counted() as number:
            place = place_of(f"{name_of(file_prefix)}-{number}")
            with announced(place):
                saved = self.write(place, options)
                saved.files = (*saved.files, record_alone(place))
        return saved

    def counted(self) -> Any:
        """Return a context in which `save_counter` is one higher, which it stays unless something is raised."""
        return Counted(self.save_counter)

    def read(self, save_path: AnyPath | None, options: CheckpointOptions | None = None) -> LoadStatus:
        """Restore what `write` wrote; as `restore`, but without the counter of saves."""
        return self._load(save_path, options or CheckpointOptions(), with_counter=False)

    def restore(self, save_path: AnyPath | None, options: CheckpointOptions | None = None) -> LoadStatus:
        """Give the objects the values of a checkpoint; what is not there yet gets them when it is assigned.

        Args:
            save_path: Its prefix, or a SavedModel; None for no checkpoint, as where there is no latest one. One that
                goes by names of variables is restored by these.
            options: How.

        Returns:
            What came of it, with `assert_consumed` and a report.

        Raises:
            NotFoundError: There is no such checkpoint, or it lacks a value that it says it has.
            ValueError: A value has another shape than its variable. Nothing was changed, and so below.
            InvalidArgumentError: A value has another dtype than its variable.
        """
        try:
            return self._load(save_path, options or CheckpointOptions(), with_counter=True)
        except CheckpointNotFoundError as error:
            error.message = (
                f"Error when restoring from checkpoint or SavedModel at {visible(os.fsdecode(save_path or ''))}: "
                f"{error.message}\nPlease double-check that the path is correct. You may be missing the checkpoint "
                "suffix (e.g. the '-1' in 'path/to/ckpt-1')."
            )
            raise

    def sync(self) -> None:
        """Do nothing: a save that has returned is whole."""

    def _load(self, path: AnyPath | None, options: CheckpointOptions, *, with_counter: bool) -> LoadStatus:
        if path is None:
            if with_counter:
                _ = self.save_counter
            return InitializationOnlyStatus(self._walk)
        tensors = open_on_demand(path)
        if with_counter:
            _ = self.save_counter
        if tensors.spec_or_none(OBJECT_GRAPH_KEY) is None:
            return self._load_by_names(tensors, with_counter=with_counter)
        root = self.__dict__["_self_root"]
        loading = Loading(
            tensors,
            decode_object_graph(tensors.read(OBJECT_GRAPH_KEY).item()),
            skip_slots=options.experimental_skip_slot_variables,
            attached=self.__dict__["_self_attached"],
            home=tracking_of(self),
        )
        try:
            loading.restore(0, self if root is None else root)
        except BaseException:
            loading.outcome.expects_partial = True  # it is known already that nothing was restored
            raise
        return CheckpointLoadStatus(loading, self._walk)

    def _load_by_names(self, tensors: NamedTensors[TensorSource], *, with_counter: bool) -> NameBasedSaverStatus:
        variables = {live.full_name or "": live for live in self._walk().variables.values()}
        found = {name: live for name, live in variables.items() if tensors.spec_or_none(name) is not None}
        of_sessions = {name: live for name, live in found.items() if isinstance(live.value, SessionValue)}
        put_values(tensors, {name: live for name, live in found.items() if name not in of_sessions})
        missing = [(live.value, name) for name, live in variables.items() if name not in found]
        status = NameBasedSaverStatus(tensors.origin, missing, len(found), lambda: put_values(tensors, of_sessions))
        if with_counter:
            status.add_to_optionally_restored(self.save_counter)
        return status


class SessionCheckpoint(Checkpoint):
    """A `Checkpoint` as programs with sessions have it, ``tf.compat.v1.train.Checkpoint``.

    Variables of a graph are saved as a session has them, and restored when the status of a restore gets a session.

    Args:
        **kwargs: What to save by name.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(None, **kwargs)

    def write(  # type: ignore[override]  # TensorFlow's order of arguments
        self, file_prefix: AnyPath, session: Any = None, options: CheckpointOptions | None = None
    ) -> SavedCheckpoint:
        """Write a checkpoint with the values of a session, the default one if none is given; else as `Checkpoint`."""
        with in_session(session):
            return super().write(file_prefix, options)

    def save(  # type: ignore[override]  # as above
        self, file_prefix: AnyPath, session: Any = None, options: CheckpointOptions | None = None
    ) -> SavedCheckpoint:
        """Save a checkpoint with the values of a session, the default one if none is given; else as `Checkpoint`."""
        with in_session(session):
            return super().save(file_prefix, options)


class Counted:
    """Counts a variable up for a block, and down again if the block raises.

    Args:
        counter: The variable.
    """

    def __init__(self, counter: Any) -> None:
        self._counter = counter

    def __enter__(self) -> int:
        self._counter.assign_add(1)
        return int(self._counter.numpy())

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._counter.assign_sub(1)


def _not_trackable(name: str, value: Any) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"`Checkpoint` was expecting {name} to be a trackable object (an object derived from `Trackable`), got {value}",
        hint="Give variables, modules, arrays, or dicts and lists of them.",
    )
