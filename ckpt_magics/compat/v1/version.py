"""``tf.version``: the TensorFlow whose names and files these are like."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "VERSION": "graphs.meta_graph.meta_graph_export:TENSORFLOW_VERSION",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
