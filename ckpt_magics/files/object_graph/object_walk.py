"""The objects of a program as a checkpoint of objects has them: walked from a root, numbered, with a key per value.

What an object holds and saves is up to whoever walks: a function says it of any object. An object that several ways
lead to is one node, under the path on which it is met first.

Format: tensorflow/python/checkpoint/graph_view.py, tensorflow/python/checkpoint/util.py (serialize_slot_variables).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ckpt_magics.files.object_graph.graph_columns import SlotVariable
from ckpt_magics.files.object_graph.graph_keys import VARIABLE_VALUE, escaped, slot_path, value_key
from ckpt_magics.files.object_graph.graph_nodes import Edge, GraphNode
from ckpt_magics.files.object_graph.live_state import LiveState
from ckpt_magics.files.object_graph.node_order import with_values_told
from ckpt_magics.files.object_graph.object_graph import SavedAttribute

__all__ = ["LiveObject", "WalkedObjects", "walk_objects"]


@dataclass(frozen=True, slots=True)
class LiveObject:
    """An object of a program, as a checkpoint sees it.

    Attributes:
        value: The object itself.
        children: What it holds, by name, in the order of tracking.
        full_name: Name in a graph of the variable that it is; None for what is no variable.
        slot_names: Of an optimizer: what it calls its variables for others.
        slot_of: Takes a variable and such a name; returns the optimizer's variable, or None.
        state: What it saves of itself where it is no variable.
    """

    value: Any
    children: Sequence[tuple[str, Any]] = ()
    full_name: str | None = None
    slot_names: Sequence[str] = ()
    slot_of: Callable[[Any, str], Any] = lambda _variable, _name: None
    state: LiveState | None = None

    def saved_as(self, path: str) -> tuple[SavedAttribute, ...]:
        """Return what a graph of objects has of its values, where a path leads to it."""
        if self.full_name is not None:
            return (SavedAttribute(VARIABLE_VALUE, self.full_name, value_key(path)),)
        if self.state is None:
            return ()
        return tuple(
            SavedAttribute(name, self.state.full_name, value_key(path, name)) for name in self.state.attributes
        )


class WalkedObjects(NamedTuple):
    """What a walk met.

    Attributes:
        objects: By node id.
        nodes: The same as they are saved.
        holders: Those that have values by the key of the first, in the order of the nodes.
    """

    objects: list[LiveObject]
    nodes: tuple[GraphNode, ...]
    holders: dict[str, LiveObject]

    @property
    def variables(self) -> dict[str, LiveObject]:
        """The variables among those that have values."""
        return {key: live for key, live in self.holders.items() if live.full_name is not None}


def walk_objects(root: Any, look: Callable[[Any], LiveObject]) -> WalkedObjects:  # noqa: ANN401 - any object of a program
    """Return all objects that a root leads to.

    Args:
        root: Node 0.
        look: Says what an object holds and saves.
    """
    walk = _ObjectWalk(look)
    walk.meet(root, "")
    # Objects are appended while this runs, which is what makes it breadth-first.
    for node_id, live in enumerate(walk.objects):
        walk.edges.append(
            [Edge(name, walk.meet(child, walk.path_below(node_id, name))) for name, child in live.children]
        )
    slots = walk.add_slots()
    return walk.result(slots)


class _ObjectWalk:
    """Objects met so far, with their paths."""

    def __init__(self, look: Callable[[Any], LiveObject]) -> None:
        self._look = look
        self.objects: list[LiveObject] = []
        self.edges: list[list[Edge]] = []
        self._paths: list[str] = []
        self._ids: dict[int, int] = {}

    def meet(self, value: Any, path: str) -> int:  # noqa: ANN401 - any object of a program
        """Return the node id of an object, a new one when it is met first."""
        known = self._ids.get(id(value))
        if known is None:
            known = self._ids[id(value)] = len(self.objects)
            self.objects.append(self._look(value))
            self._paths.append(path)
        return known

    def path_below(self, node_id: int, name: str) -> str:
        return f"{self._paths[node_id]}/{escaped(name)}" if node_id else escaped(name)

    def add_slots(self) -> dict[int, list[SlotVariable]]:
        """Append what optimizers hold for variables; return it by the node of the optimizer."""
        ordinary = list(enumerate(self.objects))
        slots: dict[int, list[SlotVariable]] = {}
        for optimizer_id, optimizer in ordinary:
            for slot_name in optimizer.slot_names:
                for variable_id, variable in ordinary:
                    slot = optimizer.slot_of(variable.value, slot_name)
                    if slot is not None:
                        path = slot_path(self._paths[variable_id], self._paths[optimizer_id], slot_name)
                        found = SlotVariable(variable_id, slot_name, self.meet(slot, path))
                        slots.setdefault(optimizer_id, []).append(found)
        return slots

    def result(self, slots: dict[int, list[SlotVariable]]) -> WalkedObjects:
        holders: dict[str, LiveObject] = {}
        nodes = []
        for node_id, (live, path) in enumerate(zip(self.objects, self._paths, strict=True)):
            edges = self.edges[node_id] if node_id < len(self.edges) else ()
            attributes = live.saved_as(path)
            if attributes:
                holders[attributes[0].checkpoint_key] = live
            nodes.append(GraphNode(tuple(edges), attributes, tuple(slots.get(node_id, ())), has_values=False))
        return WalkedObjects(self.objects, with_values_told(nodes), holders)
