"""A checkpoint of objects on its way into those of a program: which saved object is which of the program's.

They are matched by the names on the ways from the root, and by nothing else. What the program does not have yet waits
where it is missing, and is restored when it is assigned there. Of an object that is there, everything is checked and
read before the first value changes.

Format: tensorflow/python/checkpoint/restore.py, checkpoint.py (_CheckpointRestoreCoordinator).
"""

# ruff: noqa: ANN401 - any object of a program

from __future__ import annotations

import itertools
import logging
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ckpt_magics.files.object_graph.graph_keys import VARIABLE_VALUE
from ckpt_magics.files.object_graph.graph_nodes import GraphNode
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.object_graph.object_walk import LiveObject
from ckpt_magics.files.tensors.source import TensorSource
from ckpt_magics.graphs.trackable.looking import look_at
from ckpt_magics.graphs.trackable.node_names import node_names
from ckpt_magics.graphs.trackable.putting_values import put_values
from ckpt_magics.graphs.trackable.trackable import Trackable, Tracking, tracking_of
from ckpt_magics.graphs.variables.session_value import SessionValue

__all__ = ["LoadOutcome", "Loading"]

_LOGGER = logging.getLogger("ckpt_magics")
_numbers = itertools.count()


@dataclass(slots=True)
class LoadOutcome:
    """How far a restore has come.

    Attributes:
        nodes: The saved objects.
        matched: Node ids of those that have been met in the program.
        unused: What they saved and the program's object does not take, by node id.
        expects_partial: Whether nobody wants to be warned of the others.
    """

    nodes: Sequence[GraphNode]
    matched: set[int] = field(default_factory=set)
    unused: dict[int, list[str]] = field(default_factory=dict)
    expects_partial: bool = False

    def unrestored(self) -> list[int]:
        """Return the nodes that have values and were not met."""
        return [at for at, node in enumerate(self.nodes) if node.attributes and at not in self.matched]


class Loading:
    """One restore.

    Args:
        tensors: Of the checkpoint.
        nodes: Its objects.
        skip_slots: Leave what optimizers hold for variables alone.
        attached: What belongs to the root by name besides its own children.
        home: Where what is missing at the root waits, if the root cannot keep it.

    Attributes:
        number: Counts restores: of two that give values to one object, the later one does.
        tensors: As given.
        outcome: What has been restored.
        skip_slots: As given.
    """

    def __init__(
        self,
        tensors: NamedTensors[TensorSource],
        nodes: Sequence[GraphNode],
        *,
        skip_slots: bool,
        attached: Mapping[str, Any],
        home: Tracking,
    ) -> None:
        self.number = next(_numbers)
        self.tensors = tensors
        self.outcome = LoadOutcome(nodes)
        self.skip_slots = skip_slots
        self._attached = attached
        self._home = home
        self._bound: dict[int, Callable[[], Any]] = {}
        self._met: dict[int, Callable[[], Any]] = {}
        self._of_sessions: dict[str, LiveObject] = {}
        self._open_slots = [] if skip_slots else [(at, slot) for at, node in enumerate(nodes) for slot in node.slots]
        weakref.finalize(self, _warn_of_the_rest, self.outcome)

    def bound(self, node_id: int) -> Any:
        """Return the program's object for a saved one; None if there is none or it is gone."""
        reference = self._bound.get(node_id)
        return None if reference is None else reference()

    def bound_objects(self) -> list[Any]:
        """Return the program's objects that were found among the saved ones."""
        return [value for reference in self._bound.values() if (value := reference()) is not None]

    def met_objects(self) -> list[Any]:
        """Return all objects of the program that stood where saved ones were looked for."""
        return [value for reference in self._met.values() if (value := reference()) is not None]

    def restore(self, node_id: int, value: Any) -> None:
        """Give an object of the program, and all that it holds, what was saved of it.

        Raises:
            TensorNotFoundError: The checkpoint lacks a value that it says it has.
            TensorMismatchError: A value has another shape or dtype than the object's.
        """
        step = _Step(self)
        try:
            step.match(node_id, value)
            step.match_slots()
            now = {key: live for key, live in step.values.items() if not isinstance(live.value, SessionValue)}
            put_values(self.tensors, now, step.states)
        except BaseException:
            step.take_back()
            raise
        step.settle()
        self._of_sessions.update((key, live) for key, live in step.values.items() if key not in now)

    def run(self) -> None:
        """Give a graph's variables what was saved of them, in the default session.

        Raises:
            CheckpointError: As `restore`.
        """
        put_values(self.tensors, self._of_sessions)

    def bind(self, node_id: int, value: Any) -> bool:
        """Note which object of the program a saved one is; tell whether that is new."""
        self._met[id(value)] = _reference(value)
        self.outcome.matched.add(node_id)
        known = self.bound(node_id)
        if known is None:
            self._bound[node_id] = _reference(value)
            return True
        if known is not value:
            _LOGGER.warning(
                "Inconsistent references when loading the checkpoint into this object graph. For example, in the saved "
                "checkpoint object, `model.layer.weight` and `model.layer_copy.weight` reference the same variable, "
                "while in the current object these are two different variables. The referenced variables are:(%s and "
                "%s).",
                known,
                value,
            )
        return False

    def unbind(self, node_id: int) -> None:
        """Take back that an object was found."""
        self._bound.pop(node_id, None)
        self.outcome.matched.discard(node_id)

    def children(self, node_id: int, live: LiveObject) -> dict[str, Any]:
        """Return what an object holds, by name."""
        return {**(self._attached if node_id == 0 else {}), **dict(live.children)}

    def waits_at(self, node_id: int, value: Any) -> Tracking | None:
        """Return where what an object lacks may wait; None where it cannot."""
        if isinstance(value, Trackable):
            return tracking_of(value)
        return self._home if node_id == 0 else None

    def open_slots(self) -> Iterator[tuple[Any, Any, str, int]]:
        """Yield what an optimizer and a variable of the program have together and has not been met yet.

        Optimizer, variable, name of the slot and its node.
        """
        for optimizer_id, slot in self._open_slots:
            optimizer, variable = self.bound(optimizer_id), self.bound(slot.original_variable_node_id)
            if slot.slot_variable_node_id not in self._bound and optimizer is not None and variable is not None:
                yield optimizer, variable, slot.slot_name, slot.slot_variable_node_id


class _Step:
    """What one call restores: found first, then put in place."""

    def __init__(self, loading: Loading) -> None:
        self._loading = loading
        self._bound: list[int] = []
        self._restored: list[Trackable] = []
        self._missing: list[tuple[Tracking, str, int]] = []
        self._unused: dict[int, list[str]] = {}
        self.values: dict[str, LiveObject] = {}
        self.states: list[tuple[LiveObject, dict[str, str]]] = []

    def match(self, node_id: int, value: Any) -> None:
        """Find what is saved of an object and all that it holds, the shortest ways first."""
        loading = self._loading
        waiting = deque([(node_id, value)] if self._bind(node_id, value) else [])
        while waiting:
            node_id, value = waiting.popleft()
            node, live = loading.outcome.nodes[node_id], look_at(value)
            self._gather(node_id, live)
            children = loading.children(node_id, live)
            for edge in node.children:
                if loading.bound(edge.node_id) is not None:
                    continue
                if edge.name in children:
                    if self._bind(edge.node_id, children[edge.name]):
                        waiting.append((edge.node_id, children[edge.name]))
                else:
                    self._leave_waiting(node_id, value, edge.name, edge.node_id)

    def match_slots(self) -> None:
        """Find the slots of optimizers whose variables are there."""
        for optimizer, variable, name, node_id in list(self._loading.open_slots()):
            slot = look_at(optimizer).slot_of(variable, name)
            if slot is not None:
                self.match(node_id, slot)

    def settle(self) -> None:
        """Note what was put in place, and let what is missing wait."""
        for value in self._restored:
            tracking_of(value).restored_by = self._loading.number
        for tracking, name, node_id in self._missing:
            tracking.defer(name, SavedObject(self._loading, node_id))
        self._loading.outcome.unused.update(self._unused)

    def take_back(self) -> None:
        """Forget what was found, for nothing was put in place."""
        for node_id in self._bound:
            self._loading.unbind(node_id)

    def _bind(self, node_id: int, value: Any) -> bool:
        is_new = self._loading.bind(node_id, value)
        if is_new:
            self._bound.append(node_id)
        return is_new

    def _gather(self, node_id: int, live: LiveObject) -> None:
        if isinstance(live.value, Trackable):
            if tracking_of(live.value).restored_by >= self._loading.number:
                return
            self._restored.append(live.value)
        node = self._loading.outcome.nodes[node_id]
        keys = {saved.name: saved.checkpoint_key for saved in node.attributes}
        if live.full_name is not None and VARIABLE_VALUE in keys:
            self.values[keys.pop(VARIABLE_VALUE)] = live
        elif keys and live.state is not None and keys.keys() >= set(live.state.attributes):
            self.states.append((live, {name: keys.pop(name) for name in live.state.attributes}))
        unused = [*keys, *([] if node.saved_by is None else [node.saved_by.name])]
        if unused:
            self._unused[node_id] = unused

    def _leave_waiting(self, node_id: int, value: Any, name: str, child_id: int) -> None:
        child = self._loading.outcome.nodes[child_id]
        has_values = child.has_values
        if has_values is None:
            has_values = bool(child.children) or child.has_own_values
        place = self._loading.waits_at(node_id, value)
        if has_values and place is not None:
            self._missing.append((place, name, child_id))


@dataclass(frozen=True, slots=True)
class SavedObject:
    """A saved object whose counterpart is not there yet.

    Attributes:
        loading: The restore.
        node_id: Its node.
    """

    loading: Loading
    node_id: int

    @property
    def restore_number(self) -> int:
        """Number of the restore."""
        return self.loading.number

    def restore(self, value: Any) -> None:
        """Give an object what was saved of it."""
        self.loading.restore(self.node_id, value)


def _reference(value: Any) -> Callable[[], Any]:
    """Something that gives a value for as long as the program has it."""
    try:
        return weakref.ref(value)
    except TypeError:
        return lambda: value


def _warn_of_the_rest(outcome: LoadOutcome) -> None:
    """Tell what was not restored when nobody can ask for it any more."""
    unrestored = outcome.unrestored()
    if outcome.expects_partial or not (unrestored or outcome.unused):
        return
    names = node_names(outcome.nodes)
    _LOGGER.warning(
        "Detecting that an object or model or tf.train.Checkpoint is being deleted with unrestored values. See the "
        "following logs for the specific values in question. To silence these warnings, use `status.expect_partial()`."
    )
    for node_id in unrestored:
        _LOGGER.warning("Value in checkpoint could not be found in the restored object: %s", names[node_id])
    for node_id, attributes in outcome.unused.items():
        _LOGGER.warning(
            "An attribute in the restored object could not be found in the checkpoint. Object: %s, attribute: %s",
            names[node_id],
            attributes,
        )
