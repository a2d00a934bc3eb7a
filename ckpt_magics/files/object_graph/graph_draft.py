"""A graph of objects while it is being edited: edges are cut and tied, nodes come and go, numbers do not matter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.object_graph.graph_nodes import Edge, GraphNode
from ckpt_magics.files.object_graph.node_order import numbered, old_ids
from ckpt_magics.files.object_graph.object_graph import SavedAttribute

__all__ = ["SAVE_COUNTER", "CutEdge", "GraphDraft", "Path"]

Path = tuple[str, ...]
"""The names of the edges that lead from the root to an object."""

SAVE_COUNTER = "save_counter"
"""What a checkpoint calls the number of its saves; it stays with the root whatever that is."""

_ROOT = "root"
"""The name under which a checkpoint holds the object that it was made of, which is then the root itself."""


@dataclass(slots=True, eq=False)
class _DraftEdge:
    """An edge; one that is cut keeps its place among the others until something is tied there."""

    name: str
    node_id: int
    is_cut: bool = False


class _DraftNode:
    """An object and the edges from it, in order and, those that are not cut, by name."""

    def __init__(self, node: GraphNode) -> None:
        self.node = node
        self.edges = [_DraftEdge(edge.name, edge.node_id) for edge in node.children]
        self.by_name = {edge.name: edge for edge in self.edges}
        self.attributes = list(node.attributes)

    def set_edges(self, edges: Iterable[_DraftEdge]) -> None:
        self.edges = list(edges)
        self.by_name = {edge.name: edge for edge in self.edges if not edge.is_cut}


@dataclass(frozen=True, slots=True)
class CutEdge:
    """An edge that was cut.

    Attributes:
        parent: The object that it began at.
        edge: Where it stood.
    """

    parent: int
    edge: _DraftEdge


class GraphDraft:
    """Nodes that may be edited.

    Args:
        nodes: As they are in a file; none for a graph that is to be made.

    Attributes:
        root: Id of the node that is the root by now.
    """

    def __init__(self, nodes: Sequence[GraphNode]) -> None:
        self._tells_values = not nodes or nodes[0].has_values is not None
        self._nodes = list(map(_DraftNode, nodes))
        self._merged_into: dict[int, int] = {}
        self.root = 0 if nodes else self._new_node()
        self._keeps_sorted = _is_sorted(self._nodes[self.root].edges)

    def _new_node(self) -> int:
        self._nodes.append(_DraftNode(GraphNode(has_values=False if self._tells_values else None)))
        return len(self._nodes) - 1

    def _at(self, node_id: int) -> _DraftNode:
        return self._nodes[self.current(node_id)]

    def current(self, node_id: int) -> int:
        """Return the node that an object has become one with, or its own."""
        while node_id in self._merged_into:
            node_id = self._merged_into[node_id]
        return node_id

    def cut(self, parent: int, name: str) -> CutEdge | None:
        """Cut the edge of a name and return it; None if it is cut already."""
        edge = self._at(parent).by_name.pop(name, None)
        if edge is None:
            return None
        edge.is_cut = True
        return CutEdge(parent, edge)

    def tie(self, path: Path, node_id: int, cut: CutEdge | None = None) -> None:
        """Make a path lead to a node, through new ones where there are none; what it leads to already is united.

        Args:
            path: From the root; empty to make the node the root.
            node_id: The node.
            cut: The edge that led to it before, whose place the new one takes if it is of the same object.

        Raises:
            InvalidArgumentError: Two values would be one.
        """
        if not path:
            self._make_root(node_id)
            return
        parent = self.reach(path[:-1])
        known = self._at(parent).by_name.get(path[-1])
        if known is not None:
            self._unite(known.node_id, node_id)
        elif cut is not None and self.current(cut.parent) == self.current(parent):
            cut.edge.name, cut.edge.is_cut = path[-1], False
            self._at(parent).by_name[path[-1]] = cut.edge
        else:
            self._add_edge(parent, path[-1], node_id)

    def _add_edge(self, parent: int, name: str, node_id: int) -> None:
        edge = _DraftEdge(name, node_id)
        self._at(parent).edges.append(edge)
        self._at(parent).by_name[name] = edge

    def reach(self, path: Path) -> int:
        """Return the node that a path leads to, a new one if there is none."""
        node_id = self.root
        for name in path:
            if name not in self._at(node_id).by_name:
                self._add_edge(node_id, name, self._new_node())
            node_id = self._at(node_id).by_name[name].node_id
        return node_id

    def put_below(self, path: Path) -> None:
        """Make a new root, from which a path leads to what is the root now; the number of saves goes to the new one."""
        old, self.root = self.root, self._new_node()
        edges = self._at(old).edges
        self._at(old).set_edges(edge for edge in edges if edge.is_cut or edge.name not in {SAVE_COUNTER, _ROOT})
        self.tie(path, old)
        self._end_root(edge for edge in edges if not edge.is_cut and edge.name == SAVE_COUNTER)

    def _make_root(self, node_id: int) -> None:
        """Make a node one with the root, in the order in which TensorFlow has the children of both."""
        root, node = self._at(self.root), self._at(node_id)
        first, last = node.edges, root.edges
        root.set_edges(first)
        node.set_edges(last)
        self._unite(self.root, node_id)
        self._end_root([] if _ROOT in root.by_name else [_DraftEdge(_ROOT, self.root)])

    def _end_root(self, edges: Iterable[_DraftEdge]) -> None:
        root = self._at(self.root)
        # A stable sort: what a checkpoint adds by itself comes last.
        root.set_edges(sorted([*root.edges, *edges], key=lambda edge: edge.name == SAVE_COUNTER))
        self._keeps_sorted = False

    def join(self, root: int) -> None:
        """Make the root of another graph, whose nodes are there, one with this root."""
        keeps_sorted = self._keeps_sorted and _is_sorted(self._at(root).edges)
        self._unite(self.root, root)
        self._end_root([])
        self._keeps_sorted = keeps_sorted

    def _unite(self, kept: int, other: int) -> None:
        """Make two objects one, and those that they call by the same name."""
        waiting = [(kept, other)]
        while waiting:
            kept, other = map(self.current, waiting.pop())
            if kept == other:
                continue
            first, second = self._nodes[kept], self._nodes[other]
            self._merged_into[other] = kept
            self._check_values(first, second.attributes)
            first.attributes += second.attributes
            first.node = replace(first.node, slots=first.node.slots + second.node.slots)
            both = first.by_name.keys() & second.by_name.keys()
            waiting += ((first.by_name[name].node_id, second.by_name[name].node_id) for name in both)
            first.set_edges([*first.edges, *(edge for edge in second.edges if edge.is_cut or edge.name not in both)])

    def _check_values(self, node: _DraftNode, added: Iterable[SavedAttribute]) -> None:
        names = {saved.name for saved in node.attributes}
        twice = next((saved for saved in added if saved.name in names), None)
        if twice is not None:
            raise InvalidArgumentError(
                f"{visible(twice.checkpoint_key)} would be put where another value is",
                hint="Leave one of them out, or give it another name.",
            )

    def take_value(self, node_id: int, attribute: str) -> SavedAttribute | None:
        """Take a value from its object and return it; None if it has none of that name."""
        node = self._at(node_id)
        found = next((saved for saved in node.attributes if saved.name == attribute), None)
        if found is not None:
            node.attributes.remove(found)
        return found

    def add_value(self, path: Path, saved: SavedAttribute) -> int:
        """Give the object at a path a value and return its id.

        Raises:
            InvalidArgumentError: It has one of that name.
        """
        node_id = self.current(self.reach(path))
        self._check_values(self._nodes[node_id], [saved])
        self._nodes[node_id].attributes.append(saved)
        return node_id

    def drop_slots(self, node_ids: Iterable[int]) -> list[int]:
        """Take these slots from their optimizers, and return the optimizers that have none any more."""
        gone, emptied = set(node_ids), []
        for node_id, draft in enumerate(self._nodes):
            kept = tuple(slot for slot in draft.node.slots if slot.slot_variable_node_id not in gone)
            if len(kept) < len(draft.node.slots):
                draft.node = replace(draft.node, slots=kept)
                emptied += [node_id] if not kept else []
        return emptied

    def drop_objects(self, node_ids: Iterable[int]) -> None:
        """Cut every edge that leads to these objects."""
        gone = set(node_ids)
        for draft in self._nodes:
            if any(edge.node_id in gone for edge in draft.edges):
                draft.set_edges(edge for edge in draft.edges if edge.node_id not in gone)

    def finished(self) -> tuple[tuple[GraphNode, ...], list[int]]:
        """Return the nodes that the root leads to, numbered, and the id in the draft of each."""
        if self._keeps_sorted:
            self._at(self.root).edges.sort(key=lambda edge: (edge.name == SAVE_COUNTER, edge.name))
        nodes = list(map(self._finished, self._nodes))
        return numbered(nodes, self.root), old_ids(nodes, self.root)

    def _finished(self, draft: _DraftNode) -> GraphNode:
        edges = tuple(Edge(edge.name, self.current(edge.node_id)) for edge in draft.edges if not edge.is_cut)
        slots = tuple(
            replace(slot, original_variable_node_id=self.current(slot.original_variable_node_id))
            for slot in draft.node.slots
        )
        return replace(draft.node, children=edges, attributes=tuple(draft.attributes), slots=slots)


def _is_sorted(edges: Sequence[_DraftEdge]) -> bool:
    """Whether they are in the order in which a checkpoint has what it was given by name."""
    names = [edge.name for edge in edges]
    names = names[:-1] if names[-1:] == [SAVE_COUNTER] else names
    return names == sorted(names)
