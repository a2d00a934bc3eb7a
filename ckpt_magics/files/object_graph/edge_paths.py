"""Values of a graph of objects by any way that leads to them, and slots by those of their variable and optimizer."""

from __future__ import annotations

from ckpt_magics.files.object_graph.graph_keys import SLOT_MARK
from ckpt_magics.files.object_graph.object_graph import ObjectGraph, ObjectNode

__all__ = ["key_on_way"]


def key_on_way(graph: ObjectGraph, way: str) -> str | None:
    """Return the key of the value that a way leads to; None if none does.

    Args:
        graph: The objects.
        way: Names of edges from the root, as ``model/layer-1/kernel``; for a slot those of its variable, then
            ``.OPTIMIZER_SLOT``, those of the optimizer and the slot's own name.
    """
    variable, mark, rest = way.partition(SLOT_MARK)
    if not mark:
        return graph.key_at(way)
    path, _, slot_name = rest.rpartition("/")
    original, optimizer = _node_at(graph, variable), _node_at(graph, path)
    if original is None or optimizer is None:
        return None
    for slot in optimizer.slot_variables:
        if (slot.original_variable_node_id, slot.slot_name) == (original.node_id, slot_name):
            return next((one.checkpoint_key for one in graph.nodes[slot.slot_variable_node_id].attributes), None)
    return None


def _node_at(graph: ObjectGraph, path: str) -> ObjectNode | None:
    try:
        return graph.node(path)
    except KeyError:
        return None
