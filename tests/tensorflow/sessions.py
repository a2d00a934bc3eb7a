"""TensorFlow's sessions on graphs of this package."""

from __future__ import annotations

from typing import Any

from ckpt_magics.graphs.graph.graph import Graph


def imported_graph(tf: Any, graph: Graph) -> Any:
    """Return a graph in TensorFlow with the same nodes."""
    imported = tf.Graph()
    with imported.as_default():
        message = tf.compat.v1.GraphDef.FromString(graph.as_graph_def().SerializeToString())
        tf.graph_util.import_graph_def(message, name="")
    return imported


def tensorflow_session(tf: Any, graph: Graph) -> Any:
    """Return TensorFlow's session on the same nodes."""
    return tf.compat.v1.Session(graph=imported_graph(tf, graph))
