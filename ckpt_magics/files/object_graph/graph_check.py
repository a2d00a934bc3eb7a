"""Whether a graph of objects and the tensors beside it agree, and whether Keras has lost layers on the way."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from ckpt_magics.errors import visible
from ckpt_magics.files.object_graph.graph_columns import GraphColumns
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY, values_of_keys
from ckpt_magics.files.object_graph.node_order import leading_to
from ckpt_magics.files.object_graph.object_graph import ObjectGraph
from ckpt_magics.files.object_graph.object_reach import TRAINED
from ckpt_magics.files.object_graph.value_names import ValueNames
from ckpt_magics.phrasing import amount, names_text

__all__ = ["GraphProblem", "graph_problems"]


@dataclass(frozen=True, slots=True)
class GraphProblem:
    """One thing in which graph and tensors do not agree.

    Attributes:
        text: What it is.
        key: Of the tensor concerned; None if it is about none, or more than one.
        is_loss: Whether a value is lost.
    """

    text: str
    key: str | None = None
    is_loss: bool = False


def graph_problems(graph: ObjectGraph, stored: AbstractSet[str]) -> Iterator[GraphProblem]:
    """Yield what is wrong with a graph of objects that can be parsed.

    Args:
        graph: The graph.
        stored: Keys of the tensors that it stands beside, all that there are.
    """
    values = values_of_keys(stored, graph.names)
    found = set(values.values())
    for key in graph.checkpoint_keys:
        if key not in found:
            text = "an object's value is not stored, and TensorFlow fails where it is asked for"
            yield GraphProblem(text, key, is_loss=True)
    orphans = sorted(stored - values.keys() - {OBJECT_GRAPH_KEY})
    # What a registered saver wrote goes by names of its own.
    if orphans and not graph.columns.savers:
        belongs = "belongs" if len(orphans) == 1 else "belong"
        yield GraphProblem(
            f"{amount(len(orphans), 'tensor')} {belongs} to no object and cannot be restored by TensorFlow: "
            f"{names_text(orphans)}"
        )
    yield from _mistold(graph.columns)
    yield from _lost_layers(graph.columns)


def _mistold(columns: GraphColumns) -> Iterator[GraphProblem]:
    """What the graph says of objects' having values is what TensorFlow goes by when they are made after a restore."""
    own = {*columns.value_nodes, *columns.slots, *columns.savers}
    have = leading_to(own, zip(columns.edge_nodes, columns.edge_ids, strict=True))
    denied = [node_id for node_id, told in columns.told.items() if not told and node_id in have]
    empty = [node_id for node_id, told in columns.told.items() if told and node_id not in have]
    if denied:
        yield GraphProblem(
            f"the graph says of {amount(len(denied), 'object')} with values, such as node {denied[0]}, that there are "
            "none: TensorFlow leaves those out that are made after the restore"
        )
    if empty:
        yield GraphProblem(
            f"the graph says of {amount(len(empty), 'object')} without values, such as node {empty[0]}, that there are "
            "some"
        )


def _lost_layers(columns: GraphColumns) -> Iterator[GraphProblem]:
    """The weights that an optimizer of Keras 3 trains and no layer has: of layers in lists, dicts and sets."""
    names = ValueNames(columns)
    lists = ((node_id, columns.children(node_id).get(TRAINED)) for node_id in sorted(names.optimizers))
    trained = {node_id: set(columns.children(held).values()) for node_id, held in lists if held is not None}
    if not _has_model(names, columns):
        return
    for node_id, weights in trained.items():
        held_by_layers = sum(weight in names.model for weight in weights)
        if held_by_layers < len(weights):
            path = visible(names.everything.path(node_id) or f"node {node_id}")
            yield GraphProblem(
                f"the optimizer {path} knows {amount(len(weights), 'weight')}, the layers hold {held_by_layers}: Keras "
                "3 does not save layers that a model keeps in lists, dicts or sets; a restore leaves them as they are"
            )


def _has_model(names: ValueNames, columns: GraphColumns) -> bool:
    """Whether anything besides optimizers was saved that could hold weights, not variables alone."""
    reached = (columns.edge_ids[edge] for edge in names.model.edges if edge >= 0)
    return any(not columns.values(node_id) for node_id in reached)
