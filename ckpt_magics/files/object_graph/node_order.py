"""The order and the numbers that TensorFlow gives to objects.

Objects are numbered breadth-first from the root, each when it is first met, over children in their own order. Behind
them stand the slots, which are nobody's children: for each optimizer in that order, for each name of a slot, for each
variable in that order. What is reached in neither way is not saved.

Format: tensorflow/python/checkpoint/graph_view.py, tensorflow/python/checkpoint/util.py.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ckpt_magics.files.object_graph.graph_columns import SlotVariable
from ckpt_magics.files.object_graph.graph_nodes import Edge, GraphNode

__all__ = ["leading_to", "numbered", "old_ids", "with_values_told"]


def numbered(nodes: Sequence[GraphNode], root: int = 0) -> tuple[GraphNode, ...]:
    """Return the nodes that the root leads to, in TensorFlow's order and referring to each other by it.

    Args:
        nodes: In any order; slots, of whatever optimizer, are left out where their variable is.
        root: Position of the node that becomes the first.

    Returns:
        The nodes, with `GraphNode.has_values` told anew where it was told.
    """
    order = old_ids(nodes, root)
    new_ids = {old: new for new, old in enumerate(order)}
    return with_values_told([_referring(nodes[old], new_ids) for old in order])


def old_ids(nodes: Sequence[GraphNode], root: int = 0) -> list[int]:
    """Return which nodes are kept by `numbered`, in its order."""
    met = dict.fromkeys([root] if nodes else [])
    waiting = deque(met)
    while waiting:
        for edge in nodes[waiting.popleft()].children:
            if edge.node_id not in met:
                met[edge.node_id] = None
                waiting.append(edge.node_id)
    ordinary = {node_id: new for new, node_id in enumerate(met)}
    for node_id in ordinary:
        met.update(dict.fromkeys(slot.slot_variable_node_id for slot in _slots(nodes[node_id], ordinary)))
    return list(met)


def _slots(node: GraphNode, new_ids: Mapping[int, int]) -> Iterator[SlotVariable]:
    """The slots of an optimizer in order: by name as names first occur, then by variable."""
    names = {slot.slot_name: None for slot in node.slots}
    rank = {name: at for at, name in enumerate(names)}
    kept = (slot for slot in node.slots if slot.original_variable_node_id in new_ids)
    yield from sorted(kept, key=lambda slot: (rank[slot.slot_name], new_ids[slot.original_variable_node_id]))


def _referring(node: GraphNode, new_ids: Mapping[int, int]) -> GraphNode:
    children = tuple(Edge(edge.name, new_ids[edge.node_id]) for edge in node.children if edge.node_id in new_ids)
    slots = tuple(
        SlotVariable(new_ids[slot.original_variable_node_id], slot.slot_name, new_ids[slot.slot_variable_node_id])
        for slot in _slots(node, new_ids)
        if slot.slot_variable_node_id in new_ids
    )
    return replace(node, children=children, slots=slots)


def with_values_told(nodes: Sequence[GraphNode]) -> tuple[GraphNode, ...]:
    """Return nodes with `GraphNode.has_values` as it is: of what has values, and of all that leads to it by children.

    Nodes of a file that does not tell it go on not telling it.
    """
    own = {node_id for node_id, node in enumerate(nodes) if node.has_own_values}
    found = leading_to(own, ((node_id, edge.node_id) for node_id, node in enumerate(nodes) for edge in node.children))
    return tuple(
        node if node.has_values is None else replace(node, has_values=node_id in found)
        for node_id, node in enumerate(nodes)
    )


def leading_to(node_ids: Iterable[int], edges: Iterable[tuple[int, int]]) -> set[int]:
    """Return some nodes and all from which a way leads to one of them.

    Args:
        node_ids: The nodes.
        edges: From which node to which.
    """
    parents: dict[int, list[int]] = {}
    for parent, child in edges:
        parents.setdefault(child, []).append(parent)
    found = set(node_ids)
    waiting = list(found)
    while waiting:
        new = [parent for parent in parents.pop(waiting.pop(), ()) if parent not in found]
        found.update(new)
        waiting += new
    return found
