"""Values of a graph of objects by any way that leads to them, and slots by those of their variable and optimizer."""

from __future__ import annotations

from collections.abc import Iterator

from ckpt_magics.files.object_graph.object_graph import ObjectGraph, ObjectNode

__all__ = ["key_on_way"]

_SLOT = "/.OPTIMIZER_SLOT/"


def key_on_way(graph: ObjectGraph, way: str) -> str | None:
    """Return the key of the value that a way leads to; None if none does.

    Args:
        graph: The objects.
        way: Names of edges from the root, as ``model/layer-1/kernel``; for a slot those of its variable, then
            ``.OPTIMIZER_SLOT``, those of the optimizer and the slot's own name. The ways of a slot may begin together
            with names that only stand before the first.
    """
    variable, mark, rest = way.partition(_SLOT)
    if not mark:
        return graph.key_at(way)
    optimizer, _, slot_name = rest.rpartition("/")
    original = _node_at(graph, variable)
    if original is None:
        return None
    for node in filter(None, (_node_at(graph, f"{start}{optimizer}") for start in _starts(variable))):
        for slot in node.slot_variables:
            if (slot.original_variable_node_id, slot.slot_name) == (original.node_id, slot_name):
                return next((one.checkpoint_key for one in graph.nodes[slot.slot_variable_node_id].attributes), None)
    return None


def _node_at(graph: ObjectGraph, path: str) -> ObjectNode | None:
    try:
        return graph.node(path)
    except (KeyError, IndexError):
        return None


def _starts(path: str) -> Iterator[str]:
    yield ""
    for at, sign in enumerate(path):
        if sign == "/":
            yield path[: at + 1]
