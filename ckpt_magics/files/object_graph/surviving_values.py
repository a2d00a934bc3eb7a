"""The graph of objects of a checkpoint of which some tensors are lost: without the values that nobody can restore."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ckpt_magics.files.object_graph.graph_edits import PlacedValue, ValueId, edited
from ckpt_magics.files.object_graph.graph_nodes import GraphNode
from ckpt_magics.files.object_graph.stored_values import stored_values
from ckpt_magics.files.object_graph.value_places import PathFinder

__all__ = ["surviving_values"]


def surviving_values(
    nodes: Sequence[GraphNode], good: Collection[str], damaged: Iterable[str]
) -> tuple[GraphNode, ...] | None:
    """Return the graph without values that are lost, and without objects that then have none; keys stay.

    Args:
        nodes: The graph.
        good: Keys of the tensors that are there.
        damaged: Keys of others that were.

    Returns:
        The nodes, or None if nothing is lost and the graph is right as it is.
    """
    found = stored_values(nodes, good)
    partly = {stored.value for stored in stored_values(nodes, damaged).values()}
    sound = {stored.value for stored in found.values()} - partly
    values = [ValueId(node_id, saved.name) for node_id, node in enumerate(nodes) for saved in node.attributes]
    if all(value in sound for value in values):
        return None
    finder = PathFinder(nodes)
    placed = [_placed(finder, value, is_kept=value in sound) for value in dict.fromkeys(values)]
    return edited(nodes, placed).nodes


def _placed(finder: PathFinder, value: ValueId, *, is_kept: bool) -> PlacedValue:
    path = None if value.node_id in finder.slots else finder.shortest(value.node_id)
    return PlacedValue(value, path, (path or ()) if is_kept else None)
