"""What saved objects are called in TensorFlow's messages.

Format: tensorflow/python/checkpoint/checkpoint.py (ObjectGraphProtoPrettyPrinter).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ckpt_magics.files.object_graph.graph_nodes import GraphNode, encode_object_graph
from ckpt_magics.proto import messages

__all__ = ["node_names", "node_text"]


def node_names(nodes: Sequence[GraphNode]) -> dict[int, str]:
    """Return what each node is called that a way leads to, by its id.

    >>> from ckpt_magics.files.object_graph.graph_nodes import Edge
    >>> node_names([GraphNode((Edge("net", 1),)), GraphNode()])
    {0: '(root)', 1: '(root).net'}
    """
    names = {0: "(root)"}
    waiting = deque(names if nodes else ())
    while waiting:
        node_id = waiting.popleft()
        for edge in nodes[node_id].children:
            if edge.node_id not in names:
                names[edge.node_id] = f"{names[node_id]}.{edge.name}"
                waiting.append(edge.node_id)
    for node_id, node in enumerate(nodes):
        for slot in node.slots:
            optimizer, variable = names.get(node_id), names.get(slot.original_variable_node_id)
            names[slot.slot_variable_node_id] = f"{optimizer}'s state '{slot.slot_name}' for {variable}"
    return names


def node_text(node: GraphNode) -> str:
    """Return a node as protobuf prints it."""
    return str(messages.TrackableObjectGraph.FromString(encode_object_graph([node])).nodes[0])
