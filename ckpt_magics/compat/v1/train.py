"""``tf.train``: checkpoints, their state, and meta graphs."""

from __future__ import annotations

from ckpt_magics.compat.namespace import lazy_names

_HOMES = {
    "ExponentialMovingAverage": "compat.moving_averages",
    "NewCheckpointReader": "compat.readers:new_checkpoint_reader",
    "Saver": "saver.saver",
    "SaverDef": "proto.messages",
    "checkpoint_exists": "checkpoint.state",
    "create_global_step": "graph.initialization",
    "export_meta_graph": "saver.meta_graphs",
    "generate_checkpoint_state_proto": "compat.readers",
    "get_checkpoint_mtimes": "checkpoint.state",
    "get_checkpoint_state": "checkpoint.state",
    "get_global_step": "graph.initialization",
    "get_or_create_global_step": "graph.initialization",
    "global_step": "compat.readers",
    "import_meta_graph": "saver.meta_graphs",
    "init_from_checkpoint": "compat.from_checkpoint",
    "latest_checkpoint": "compat.readers",
    "list_variables": "compat.readers",
    "load_checkpoint": "compat.readers",
    "load_variable": "compat.readers",
    "remove_checkpoint": "compat.readers",
    "update_checkpoint_state": "compat.readers",
    "write_graph": "compat.readers",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
