"""``tf.graph_util``: parts of graphs, and graphs without variables."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "convert_variables_to_constants": "graphs.saver.frozen_session",
    "extract_sub_graph": "graphs.meta_graph.pruning",
    "import_graph_def": "graphs.meta_graph.import_graph",
    "remove_training_nodes": "graphs.meta_graph.pruning",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
