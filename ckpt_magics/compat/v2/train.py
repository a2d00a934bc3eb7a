"""``tf.train`` of TensorFlow 2: checkpoints of objects, and what directories of them hold."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "Checkpoint": "graphs.trackable.checkpoint",
    "CheckpointManager": "graphs.trackable.checkpoint_manager",
    "CheckpointOptions": "graphs.trackable.checkpoint_options",
    "checkpoints_iterator": "files.directory.awaiting",
    "get_checkpoint_state": "files.directory.state",
    "latest_checkpoint": "notebook.train_readers",
    "list_variables": "notebook.train_readers",
    "load_checkpoint": "notebook.train_readers",
    "load_variable": "notebook.train_readers",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
