"""Where the values of a graph of objects are: the path that a name stands for, and the keys that TensorFlow gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.object_graph.graph_draft import Path
from ckpt_magics.files.object_graph.graph_edits import MOST_EDGES, ValueId
from ckpt_magics.files.object_graph.graph_keys import escaped, slot_path, value_key
from ckpt_magics.files.object_graph.graph_nodes import GraphNode

__all__ = ["PathFinder", "keys_of_values", "with_keys"]

_MOST_CHARACTERS = 1000
"""Of a path, on average. In a file that is not TensorFlow's, paths may grow with the square of its size."""


class PathFinder:
    """Finds the objects that texts stand for.

    Args:
        nodes: The graph.
    """

    def __init__(self, nodes: Sequence[GraphNode]) -> None:
        self._nodes = nodes
        self._edges: dict[int, dict[str, int]] = {}
        self._with_slashes: dict[int, list[str]] = {}

    @cached_property
    def slots(self) -> frozenset[int]:
        """The nodes that are slots of optimizers and nothing else."""
        slots = {slot.slot_variable_node_id for node in self._nodes for slot in node.slots}
        return frozenset(slots - self._parents.keys())

    @cached_property
    def _parents(self) -> dict[int, tuple[int, str]]:
        """The edge by which each node is met first, breadth-first."""
        parents: dict[int, tuple[int, str]] = {}
        waiting = [0] if self._nodes else []
        # The list grows while it is walked.
        for node_id in waiting:
            for edge in self._nodes[node_id].children:
                if edge.node_id and edge.node_id not in parents:
                    parents[edge.node_id] = node_id, edge.name
                    waiting.append(edge.node_id)
        return parents

    def shortest(self, node_id: int) -> Path | None:
        """Return the names on the shortest way to an object; None if there is no way, or a longer one than any is."""
        names: list[str] = []
        while node_id in self._parents and len(names) <= MOST_EDGES:
            node_id, name = self._parents[node_id]
            names.append(name)
        return None if node_id else tuple(reversed(names))

    def path(self, text: str, node_id: int) -> Path | None:
        """Return the names on the way to an object that a text such as ``net/w`` is made of; None if it is not.

        Names of edges may have slashes themselves.
        """
        tried: set[tuple[int, int]] = set()
        waiting: list[tuple[int, int, Path]] = [(0, 0, ())]
        if not text:
            return None if node_id else ()
        while waiting:
            at, start, path = waiting.pop()
            if start > len(text):
                if at == node_id:
                    return path
            elif (at, start) not in tried:
                tried.add((at, start))
                waiting += [
                    (child, start + len(name) + 1, (*path, name)) for name, child in self._steps(at, text, start)
                ]
        return None

    def _steps(self, node_id: int, text: str, start: int) -> list[tuple[str, int]]:
        """The edges of a node that a text may go on with; the one that is tried first comes last."""
        if node_id not in self._edges:
            self._edges[node_id] = edges = {edge.name: edge.node_id for edge in self._nodes[node_id].children}
            self._with_slashes[node_id] = [name for name in edges if "/" in name]
        edges = self._edges[node_id]
        end = text.find("/", start)
        name = text[start:] if end < 0 else text[start:end]
        longer = [one for one in self._with_slashes[node_id] if f"{text}/".startswith(f"{one}/", start)]
        return [(one, edges[one]) for one in (*longer, name) if one in edges]


def keys_of_values(nodes: Sequence[GraphNode]) -> Mapping[ValueId, str]:
    """Return the keys that TensorFlow gives to the values of numbered nodes.

    Raises:
        InvalidArgumentError: They would be longer than those of any graph that TensorFlow writes.
    """
    paths = {0: ""}
    size = 0
    for node_id, node in enumerate(nodes):
        for edge in node.children:
            if edge.node_id not in paths:
                paths[edge.node_id] = f"{paths[node_id]}/{escaped(edge.name)}" if node_id else escaped(edge.name)
                size += len(paths[edge.node_id])
        if size > _MOST_CHARACTERS * len(nodes):
            raise InvalidArgumentError("the objects are too far from the root to have keys of any length")
    for node_id, node in enumerate(nodes):
        for slot in node.slots:
            path = slot_path(paths[slot.original_variable_node_id], paths[node_id], slot.slot_name)
            paths.setdefault(slot.slot_variable_node_id, path)
    return {
        ValueId(node_id, saved.name): value_key(paths[node_id], saved.name)
        for node_id, node in enumerate(nodes)
        for saved in node.attributes
    }


def with_keys(nodes: Sequence[GraphNode], keys: Mapping[ValueId, str]) -> tuple[GraphNode, ...]:
    """Return nodes whose values have these keys."""
    return tuple(
        replace(
            node,
            attributes=tuple(
                replace(saved, checkpoint_key=keys[ValueId(node_id, saved.name)]) for saved in node.attributes
            ),
        )
        for node_id, node in enumerate(nodes)
    )
