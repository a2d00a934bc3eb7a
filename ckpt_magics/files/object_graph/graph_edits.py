"""Edits of a graph of objects, told by where its values are to be.

Who edits tensors knows names: this one is left out, that one is called otherwise. What follows for the objects:

- An object all of whose values go elsewhere together goes with them: its edge is renamed, tied elsewhere, or the root
  becomes another one.
- An object all of whose values are left out goes too, by whatever edge it is held; so do an optimizer's slots. An
  object is asked for the values that are *named* through it: a weight that an optimizer holds as well stays.
- A value that leaves the others of its object gets an object of its own.

What nothing leads to afterwards is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.object_graph.graph_columns import SlotVariable
from ckpt_magics.files.object_graph.graph_draft import SAVE_COUNTER, CutEdge, GraphDraft, Path
from ckpt_magics.files.object_graph.graph_nodes import Edge, GraphNode
from ckpt_magics.files.object_graph.object_graph import SavedAttribute

__all__ = ["MOST_EDGES", "EditedGraph", "NewValue", "PlacedValue", "ValueId", "beside", "edited"]

MOST_EDGES = 1000
"""Longer paths are nobody's; each part of a path is looked at once for each object on it."""


class ValueId(NamedTuple):
    """What names a value in a graph.

    Attributes:
        node_id: Its object.
        attribute: What the object calls it.
    """

    node_id: int
    attribute: str


@dataclass(frozen=True, slots=True)
class PlacedValue:
    """Where a value is and where it is to be.

    Attributes:
        value: Which.
        path: By which it is named; it leads to its object. None of a slot, which is nobody's child.
        target: The path by which it is to be named, None if it is left out; a slot's is empty as long as it stays.
        root: Where its path begins, if the nodes are those of several graphs.
    """

    value: ValueId
    path: Path | None
    target: Path | None
    root: int = 0


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value that is added.

    Attributes:
        path: Of its object.
        saved: The value, of which the key does not matter.
    """

    path: Path
    saved: SavedAttribute


class EditedGraph(NamedTuple):
    """A graph after edits.

    Attributes:
        nodes: Numbered.
        values: Where the values are now, by what they were; not those that are gone.
        added: Where the new ones are, in their order.
    """

    nodes: tuple[GraphNode, ...]
    values: Mapping[ValueId, ValueId]
    added: Sequence[ValueId]


@dataclass(slots=True, eq=False)
class _Place:
    """What is named through one path.

    Attributes:
        node_id: The object there.
        values: Its own values.
        children: What is named further on, by the edge.
        is_root: Whether it is the root of a graph.
        target: The path that the object goes to with all that is kept; None if nothing is, or if that is not one path.
        is_kept: Whether a value named here or further on is kept.
        path: Where it is afterwards.
    """

    node_id: int
    values: list[PlacedValue] = field(default_factory=list)
    children: dict[str, _Place] = field(default_factory=dict)
    is_root: bool = False
    target: Path | None = None
    is_kept: bool = False
    path: Path = ()


def beside(graphs: Sequence[Sequence[GraphNode]]) -> tuple[list[GraphNode], list[int]]:
    """Return the nodes of several graphs one after the other, and where each begins."""
    nodes: list[GraphNode] = []
    roots: list[int] = []
    for graph in graphs:
        first = len(nodes)
        roots.append(first)
        nodes += (_shifted(node, first) for node in graph)
    return nodes, roots


def _shifted(node: GraphNode, by: int) -> GraphNode:
    children = tuple(Edge(edge.name, edge.node_id + by) for edge in node.children)
    slots = tuple(
        SlotVariable(slot.original_variable_node_id + by, slot.slot_name, slot.slot_variable_node_id + by)
        for slot in node.slots
    )
    return replace(node, children=children, slots=slots)


def edited(nodes: Sequence[GraphNode], values: Sequence[PlacedValue], added: Sequence[NewValue] = ()) -> EditedGraph:
    """Return a graph whose values are where they are to be.

    Args:
        nodes: The graph, or several, see `beside`; none to make one of new values.
        values: All of its values, each once.
        added: New ones.

    Raises:
        InvalidArgumentError: Two values would be one, or a path is longer than any that TensorFlow writes.
    """
    if any(len(path) > MOST_EDGES for one in values for path in (one.path, one.target) if path is not None):
        raise InvalidArgumentError(f"an object is more than {MOST_EDGES} attributes away from the root")
    draft = GraphDraft(nodes)
    named, homes = _move(draft, _places(nodes, values))
    emptied = draft.drop_slots(one.value.node_id for one in values if one.path is None and one.target is None)
    draft.drop_objects(set(emptied) - named)
    new = [ValueId(draft.add_value(one.path, one.saved), one.saved.name) for one in added]
    finished, ids = draft.finished()
    position = {node_id: at for at, node_id in enumerate(ids)}
    now = {one.value: homes.get(one.value, one.value) for one in values if one.target is not None}
    found = {value: position.get(draft.current(home.node_id)) for value, home in now.items()}
    return EditedGraph(
        finished,
        {value: ValueId(at, value.attribute) for value, at in found.items() if at is not None},
        [ValueId(position[draft.current(node_id)], attribute) for node_id, attribute in new],
    )


def _move(draft: GraphDraft, roots: Sequence[_Place]) -> tuple[set[int], Mapping[ValueId, ValueId]]:
    """Put all values where they are to be; return the objects by which some are named, and new objects of values."""
    order = _parents_first(roots)
    for place in reversed(order):
        _aim(place)
    named = {place.node_id for place in order if place.is_kept}
    moves = _Moves(draft)
    for root in roots:
        moves.move_root(root)
    for place in order:
        moves.move_what_leaves(place)
    draft.drop_objects({place.node_id for place in order} - named)
    for root in roots:
        if root.node_id and not root.path:
            draft.join(root.node_id)
    for path, node_id, cut in sorted(moves.ties, key=lambda tie: len(tie[0])):
        draft.tie(path, node_id, cut)
    return named, {value: ValueId(draft.add_value(path, saved), saved.name) for path, saved, value in moves.leaving}


class _Moves:
    """What is cut from its place, and where it is to be tied; from the root on."""

    def __init__(self, draft: GraphDraft) -> None:
        self._draft = draft
        self.ties: list[tuple[Path, int, CutEdge | None]] = []
        self.leaving: list[tuple[Path, SavedAttribute, ValueId]] = []

    def move_root(self, place: _Place) -> None:
        place.path = place.target or ()
        if place.path and place.node_id:
            self.ties.append((place.path, place.node_id, None))
        elif place.path:
            self._draft.put_below(place.path)

    def move_what_leaves(self, place: _Place) -> None:
        for one in place.values:
            if one.target != place.path:
                saved = self._draft.take_value(place.node_id, one.value.attribute)
                if saved is not None and one.target is not None:
                    self.leaving.append((one.target, saved, one.value))
        for name, child in place.children.items():
            own = (*place.path, name)
            child.path = own if child.target is None else child.target
            if child.path != own and not (place.is_root and name == SAVE_COUNTER and child.path == (SAVE_COUNTER,)):
                self.ties.append((child.path, child.node_id, self._draft.cut(place.node_id, name)))


def _places(nodes: Sequence[GraphNode], values: Iterable[PlacedValue]) -> list[_Place]:
    """Return all that is named, as a tree for each root; the first node is one."""
    edges = [{edge.name: edge.node_id for edge in node.children} for node in nodes]
    roots = {0: _Place(0, is_root=True)}
    for one in values:
        if one.path is None:
            continue
        place = roots.setdefault(one.root, _Place(one.root, is_root=True))
        for name in one.path:
            if name not in place.children:
                place.children[name] = _Place(edges[place.node_id][name])
            place = place.children[name]
        place.values.append(one)
    return list(roots.values())


def _parents_first(roots: Sequence[_Place]) -> list[_Place]:
    order = list(roots)
    for place in order:
        order += place.children.values()
    return order


def _aim(place: _Place) -> None:
    """Find where an object goes, of which the places further on know it already."""
    place.is_kept = any(one.target is not None for one in place.values)
    targets: set[Path | None] = {one.target for one in place.values if one.target is not None}
    for name, child in place.children.items():
        if not child.is_kept:
            continue
        place.is_kept = True
        # The number of saves goes with no object.
        if not (place.is_root and name == SAVE_COUNTER and child.target == (SAVE_COUNTER,) and len(place.children) > 1):
            target = child.target
            targets.add(target[:-1] if target is not None and target[-1:] == (name,) else None)
    place.target = targets.pop() if len(targets) == 1 else None
