"""The objects of a program as a checkpoint of objects has them: walked from a root, numbered, with a key per value.

What an object holds and saves is up to whoever walks: a function says it of any object. An object that several ways
lead to is one node, under the path on which it is met first.

Format: tensorflow/python/checkpoint/graph_view.py, tensorflow/python/checkpoint/util.py (serialize_slot_variables).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ckpt_magics.files.object_graph.graph_columns import SlotVariable
from ckpt_magics.files.object_graph.graph_keys import VARIABLE_VALUE, escaped, slot_path, value_key
from ckpt_magics.files.object_graph.graph_nodes import Edge, GraphNode
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
    """

    value: Any
    children: Sequence[tuple[str, Any]] = ()
    full_name: str | None = None
    slot_names: Sequence[str] = ()
    slot_of: Callable[[Any, str], Any] = lambda _variable, _name: None


class WalkedObjects(NamedTuple):
    """What a walk met.

    Attributes:
        objects: By node id.
        nodes: The same as they are saved.
        variables: Those that have values by key, in the order in which TensorFlow stores them.
    """

    objects: list[LiveObject]
    nodes: tuple[GraphNode, ...]
    variables: dict[str, LiveObject]


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
        variables: dict[str, LiveObject] = {}
        nodes = []
        for node_id, (live, path) in enumerate(zip(self.objects, self._paths, strict=True)):
            edges = self.edges[node_id] if node_id < len(self.edges) else ()
            node = GraphNode(tuple(edges), slots=tuple(slots.get(node_id, ())), has_values=False)
            if live.full_name is not None:
                key = value_key(path)
                variables[key] = live
                node = replace(node, attributes=(SavedAttribute(VARIABLE_VALUE, live.full_name, key),))
            nodes.append(node)
        return WalkedObjects(self.objects, with_values_told(nodes), variables)
