"""The graph of objects as values that can be edited, and the bytes that TensorFlow writes for it.

A TrackableObjectGraph has nodes, of which the first is the object that was saved; a node's id is its position. The
message is written in the order of its fields, without zeros and empty strings, so that equal graphs are equal bytes;
``has_checkpoint_values`` of False is an empty message of two bytes, and absent in files of TensorFlow before 2.5.

The bytes may end in NUL, which NumPy cuts off dtype ``S``: they belong into an array of objects.

Format: tensorflow/core/protobuf/trackable_object_graph.proto.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from google.protobuf.message import Message

from ckpt_magics.errors import DataLossError, InvalidArgumentError
from ckpt_magics.files.object_graph.graph_columns import SlotVariable, no_such_node, parse_graph_message
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.object_graph import SavedAttribute
from ckpt_magics.files.tensors.source import Array
from ckpt_magics.proto import messages

__all__ = [
    "Edge",
    "GraphNode",
    "SavedBy",
    "data_of_record",
    "decode_object_graph",
    "encode_object_graph",
    "nodes_of_record",
    "record_of_nodes",
]


@dataclass(frozen=True, slots=True)
class Edge:
    """The way from an object to one that it holds.

    Attributes:
        name: Of the attribute, the key or the position under which it is held.
        node_id: Node of what is held.
    """

    name: str
    node_id: int


@dataclass(frozen=True, slots=True)
class SavedBy:
    """The saver that somebody registered for a class of objects, and that wrote one of them.

    Attributes:
        name: Of the saver, ``package.Name``.
        object_name: Of the object, by which the saver found its own.
    """

    name: str
    object_name: str


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One object, as it is saved.

    Attributes:
        children: What it holds, in the order in which it was tracked; several names may lead to one node.
        attributes: The values that it saved itself.
        slots: What an optimizer holds for variables.
        saved_by: The registered saver that wrote it, which leaves no attributes; None for TensorFlow itself.
        has_values: Whether it or what it holds has values; None where the file does not tell.
        unknown: Fields that a newer or older TensorFlow wrote and that are kept as they are.
    """

    children: tuple[Edge, ...] = ()
    attributes: tuple[SavedAttribute, ...] = ()
    slots: tuple[SlotVariable, ...] = ()
    saved_by: SavedBy | None = None
    has_values: bool | None = None
    unknown: bytes = b""

    @property
    def has_own_values(self) -> bool:
        """Whether it saved values or a saver did so for it, whatever its children have."""
        return bool(self.attributes or self.slots or self.saved_by)


def encode_object_graph(nodes: Iterable[GraphNode]) -> bytes:
    r"""Return what stands under ``_CHECKPOINTABLE_OBJECT_GRAPH``: node 0 is the root, ids are positions.

    >>> encode_object_graph([GraphNode(has_values=False)])
    b'\n\x02*\x00'

    Raises:
        InvalidArgumentError: A name is no text that UTF-8 can hold.
    """
    graph = messages.TrackableObjectGraph()
    try:
        for node in nodes:
            _fill(graph.nodes.add(), node)
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(f"an object's name is no text: {error}") from error
    encoded: bytes = graph.SerializeToString()
    return encoded


def record_of_nodes(nodes: Iterable[GraphNode]) -> Array:
    """Return what is saved of a graph, an array of no dimension that holds bytes; else as `encode_object_graph`."""
    record: Array = np.empty((), object)
    record[()] = encode_object_graph(nodes)
    return record


def nodes_of_record(record: Array) -> tuple[GraphNode, ...]:
    """Return the nodes of what was saved; else as `decode_object_graph`."""
    return decode_object_graph(data_of_record(record))


def data_of_record(record: Array) -> bytes:
    """Return the serialized graph that was saved.

    Raises:
        DataLossError: It is no bytes, or several.
    """
    data: object = record[()]
    if not isinstance(data, bytes):
        raise DataLossError("object graph is not one string", tensor=OBJECT_GRAPH_KEY)
    return data


def _fill(message: messages.TrackableObjectGraph.TrackableObject, node: GraphNode) -> None:
    for edge in node.children:
        message.children.add(node_id=edge.node_id, local_name=edge.name)
    for saved in node.attributes:
        attribute = message.attributes.add(
            name=saved.name, full_name=saved.full_name, checkpoint_key=saved.checkpoint_key
        )
        if saved.unknown:
            attribute.MergeFromString(saved.unknown)
    for slot in node.slots:
        message.slot_variables.add(
            original_variable_node_id=slot.original_variable_node_id,
            slot_name=slot.slot_name,
            slot_variable_node_id=slot.slot_variable_node_id,
        )
    if node.saved_by is not None:
        message.registered_saver.name = node.saved_by.name
        message.registered_saver.object_name = node.saved_by.object_name
    if node.has_values is not None:
        message.has_checkpoint_values.value = node.has_values
    if node.unknown:
        message.MergeFromString(node.unknown)


def decode_object_graph(data: bytes) -> tuple[GraphNode, ...]:
    """Return the nodes of a serialized TrackableObjectGraph; the inverse of `encode_object_graph`.

    Raises:
        DataLossError: It is not one, or it refers to objects that it has not.
    """
    graph = parse_graph_message(data)
    plain = messages.TrackableObjectGraph()
    plain.CopyFrom(graph)
    plain.DiscardUnknownFields()
    keep_unknown = plain.ByteSize() != graph.ByteSize()
    nodes = tuple(_node(message, keep_unknown=keep_unknown) for message in graph.nodes)
    _check_references(nodes)
    return nodes


def _node(message: messages.TrackableObjectGraph.TrackableObject, *, keep_unknown: bool) -> GraphNode:
    saver = message.registered_saver
    return GraphNode(
        tuple(Edge(child.local_name, child.node_id) for child in message.children),
        tuple(
            SavedAttribute(
                saved.name, saved.full_name, saved.checkpoint_key, _unknown_fields(saved) if keep_unknown else b""
            )
            for saved in message.attributes
        ),
        tuple(
            SlotVariable(slot.original_variable_node_id, slot.slot_name, slot.slot_variable_node_id)
            for slot in message.slot_variables
        ),
        SavedBy(saver.name, saver.object_name) if message.HasField("registered_saver") else None,
        message.has_checkpoint_values.value if message.HasField("has_checkpoint_values") else None,
        _unknown_fields(message) if keep_unknown else b"",
    )


def _unknown_fields(message: Message) -> bytes:
    """The fields of a message that its type has not, serialized."""
    rest = type(message)()
    rest.CopyFrom(message)
    for field in message.DESCRIPTOR.fields:
        rest.ClearField(field.name)
    return rest.SerializeToString()


def _check_references(nodes: Sequence[GraphNode]) -> None:
    count = len(nodes)
    for node_id, node in enumerate(nodes):
        referred = [edge.node_id for edge in node.children]
        for slot in node.slots:
            referred += (slot.original_variable_node_id, slot.slot_variable_node_id)
        for other in referred:
            if not 0 <= other < count:
                raise no_such_node(node_id, other, count)
