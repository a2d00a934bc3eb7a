"""Graphs that a program holds as objects, this package's and TensorFlow's, as MetaGraphDefs."""

# ruff: noqa: ANN401 - objects of libraries that are not imported here have no type to name

from __future__ import annotations

import sys
from typing import Any

from google.protobuf.message import Message

from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.meta_graph_export import export_scoped_meta_graph
from ckpt_magics.proto.messages import GraphDef, MetaGraphDef

__all__ = ["meta_graph_of", "needs_signature"]


def meta_graph_of(value: Any) -> MetaGraphDef | None:
    """Return the graph that an object is or has, or None if it is no graph.

    Args:
        value: A `Graph`; a GraphDef or MetaGraphDef, of this package or of TensorFlow; TensorFlow's ``tf.Graph`` or
            a concrete function.
    """
    if isinstance(value, Graph):
        return export_scoped_meta_graph(graph=value)[0]
    if isinstance(value, Message):
        return _from_message(value)
    if type(value).__module__.partition(".")[0] != "tensorflow" and not _is_subclass_of_tensorflow(value):
        return None
    graph = value if hasattr(value, "as_graph_def") else getattr(value, "graph", None)
    if isinstance(value, type) or not hasattr(graph, "as_graph_def") or not (graph is value or callable(value)):
        return None
    return _from_tensorflow(graph, is_function=graph is not value)


def needs_signature(value: Any) -> bool:
    """Whether an object is a ``tf.function``, which has a graph only for each signature that it was called with."""
    return hasattr(type(value), "get_concrete_function") and meta_graph_of(value) is None


def _is_subclass_of_tensorflow(value: Any) -> bool:
    return any(one.__module__.partition(".")[0] == "tensorflow" for one in type(value).__mro__)


def _from_message(value: Message) -> MetaGraphDef | None:
    if isinstance(value, MetaGraphDef):
        return value
    if isinstance(value, GraphDef):
        return MetaGraphDef(graph_def=value)
    name = value.DESCRIPTOR.full_name
    if name == "tensorflow.MetaGraphDef":
        return MetaGraphDef.FromString(value.SerializeToString())
    if name == "tensorflow.GraphDef":
        return MetaGraphDef(graph_def=GraphDef.FromString(value.SerializeToString()))
    return None


def _from_tensorflow(graph: Any, *, is_function: bool) -> MetaGraphDef:
    """Nodes, and of a whole graph its collections too; what TensorFlow cannot write of these is left out."""
    tensorflow = sys.modules.get("tensorflow")
    if not is_function and tensorflow is not None:
        with graph.as_default():  # eagerly nothing can be exported
            exported = tensorflow.compat.v1.train.export_meta_graph(graph=graph)
        return MetaGraphDef.FromString(exported.SerializeToString())
    nodes = graph.as_graph_def(add_shapes=True)
    return MetaGraphDef(graph_def=GraphDef.FromString(nodes.SerializeToString()))
