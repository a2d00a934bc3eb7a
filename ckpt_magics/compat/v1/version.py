"""``tf.version``: the TensorFlow whose names and files these are like."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "COMPILER_VERSION": "graphs.meta_graph.meta_graph_export:WRITER",
    "GIT_VERSION": "graphs.meta_graph.meta_graph_export:WRITER",
    "GRAPH_DEF_VERSION": "graphs.graph.graph_versions:GRAPH_DEF_PRODUCER",
    "GRAPH_DEF_VERSION_MIN_CONSUMER": "graphs.graph.graph_versions",
    "GRAPH_DEF_VERSION_MIN_PRODUCER": "graphs.graph.graph_versions",
    "VERSION": "graphs.graph.graph_versions:TENSORFLOW_VERSION",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
