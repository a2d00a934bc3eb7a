"""The graph of objects as columns: a few long lists in place of an object for each of its nodes.

A checkpoint may have a hundred thousand objects, of which a listing wants the names of a few.

Format: tensorflow/core/protobuf/trackable_object_graph.proto.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from google.protobuf.message import DecodeError

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.wire.field_columns import Numbers, SmallMessages, spans_in_messages
from ckpt_magics.proto import messages

__all__ = ["GraphColumns", "SlotVariable", "decode_columns", "no_such_node", "parse_graph_message"]


@dataclass(frozen=True, slots=True)
class SlotVariable:
    """An optimizer's variable that belongs to another one.

    Attributes:
        original_variable_node_id: Node of the variable that is optimized.
        slot_name: As ``m``.
        slot_variable_node_id: Node of the slot.
    """

    original_variable_node_id: int
    slot_name: str
    slot_variable_node_id: int


@dataclass(frozen=True, slots=True)
class GraphColumns:
    """Every edge and every value, node by node.

    Attributes:
        count: How many nodes there are; node 0 is what was saved.
        edge_ids: Node of what is held, edge by edge.
        edge_names: What it is called by what holds it.
        edge_nodes: Node of what holds it.
        edge_starts: Where the edges of each node start; one more is where the last ends.
        value_names: What an object calls a value that it saved, value by value.
        full_names: Name of the value in a graph, or "".
        keys: Key of the value in the checkpoint.
        value_nodes: Node of what saved it.
        value_starts: Where the values of each node start; one more is where the last ends.
        slots: What an optimizer holds for variables, by its node.
        savers: Nodes that were written by a saver which somebody registered.
        told: Whether a node and what it holds have values, where the graph tells it.
    """

    count: int
    edge_ids: list[int]
    edge_names: list[str]
    edge_nodes: list[int]
    edge_starts: list[int]
    value_names: list[str]
    full_names: list[str]
    keys: list[str]
    value_nodes: list[int]
    value_starts: list[int]
    slots: dict[int, list[SlotVariable]]
    savers: frozenset[int]
    told: dict[int, bool]

    def edges(self, node_id: int) -> range:
        """Return the edges of a node."""
        return range(self.edge_starts[node_id], self.edge_starts[node_id + 1])

    def values(self, node_id: int) -> range:
        """Return the values of a node."""
        return range(self.value_starts[node_id], self.value_starts[node_id + 1])

    def children(self, node_id: int) -> dict[str, int]:
        """Return the nodes that a node holds, by name."""
        edges = slice(self.edge_starts[node_id], self.edge_starts[node_id + 1])
        return dict(zip(self.edge_names[edges], self.edge_ids[edges], strict=True))


def parse_graph_message(data: bytes) -> messages.TrackableObjectGraph:
    """Return the message that is serialized; what its nodes refer to is not looked at.

    Raises:
        DataLossError: It is none.
    """
    try:
        return messages.TrackableObjectGraph.FromString(data)
    except DecodeError as error:
        raise DataLossError(f"object graph cannot be parsed: {error}", tensor=OBJECT_GRAPH_KEY) from error


def no_such_node(node_id: int, other: int, count: int) -> DataLossError:
    """Return the error for a graph of so many nodes in which one refers to another that is not there."""
    return DataLossError(
        f"object graph: node {node_id} refers to node {other}, and there are {count}", tensor=OBJECT_GRAPH_KEY
    )


def decode_columns(data: bytes) -> GraphColumns:
    """Return the graph in a serialized TrackableObjectGraph.

    Raises:
        DataLossError: It is not one, or it refers to objects that it has not.
    """
    data = _canonical(data)
    count, spans = spans_in_messages(data)
    edges, values, slots, savers, told = (spans[number] for number in range(1, 6))
    children, attributes = SmallMessages(data, edges), SmallMessages(data, values)
    columns = GraphColumns(
        count,
        edge_ids=children.take_int32(1),
        edge_names=children.take_texts(2),
        edge_nodes=edges[:, 0].tolist(),
        edge_starts=_starts(edges, count),
        value_names=attributes.take_texts(1),
        full_names=attributes.take_texts(2),
        keys=attributes.take_texts(3),
        value_nodes=values[:, 0].tolist(),
        value_starts=_starts(values, count),
        slots=_slots(data, slots),
        savers=frozenset(savers[:, 0].tolist()),
        told=dict(zip(told[:, 0].tolist(), (told[:, 1] < told[:, 2]).tolist(), strict=True)),
    )
    _check_references(columns)
    return columns


def _canonical(data: bytes) -> bytes:
    """Return the graph as protobuf writes it, without what is unknown: then what is in it can be found by its place."""
    graph = parse_graph_message(data)
    graph.DiscardUnknownFields()
    serialized: bytes = graph.SerializeToString(deterministic=True)
    return serialized


def _starts(spans: Numbers, count: int) -> list[int]:
    """Where the fields of each message start among all of them, and where the last end."""
    return [0, *np.cumsum(np.bincount(spans[:, 0], minlength=count)).tolist()]


def _slots(data: bytes, spans: Numbers) -> dict[int, list[SlotVariable]]:
    fields = SmallMessages(data, spans)
    columns = fields.take_int32(1), fields.take_texts(2), fields.take_int32(3)
    slots: dict[int, list[SlotVariable]] = {}
    for node_id, slot in zip(spans[:, 0].tolist(), map(SlotVariable, *columns), strict=True):
        slots.setdefault(node_id, []).append(slot)
    return slots


def _check_references(columns: GraphColumns) -> None:
    """Refuse a graph that refers to a node that it has not."""
    slots = [
        (node_id, other)
        for node_id, held in columns.slots.items()
        for slot in held
        for other in (slot.original_variable_node_id, slot.slot_variable_node_id)
    ]
    for node_ids, referred in ((columns.edge_nodes, columns.edge_ids), tuple(zip(*slots, strict=True)) or ((), ())):
        if referred and (min(referred) < 0 or max(referred) >= columns.count):
            pairs = zip(node_ids, referred, strict=True)
            raise no_such_node(*next(pair for pair in pairs if not 0 <= pair[1] < columns.count), columns.count)
