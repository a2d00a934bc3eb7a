"""``tf.train``: checkpoints, their state, and meta graphs."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "AdadeltaOptimizer": "graphs.training.optimizers.adaptive",
    "AdagradDAOptimizer": "graphs.training.optimizers.adaptive",
    "AdagradOptimizer": "graphs.training.optimizers.adaptive",
    "AdamOptimizer": "graphs.training.optimizers.moments",
    "BytesList": "proto.messages",
    "Checkpoint": "graphs.trackable.checkpoint:SessionCheckpoint",
    "CheckpointManager": "graphs.trackable.checkpoint_manager",
    "CheckpointOptions": "graphs.trackable.checkpoint_options",
    "Example": "proto.messages",
    "ExponentialMovingAverage": "graphs.training.moving_averages",
    "Feature": "proto.messages",
    "FeatureList": "proto.messages",
    "FeatureLists": "proto.messages",
    "Features": "proto.messages",
    "FloatList": "proto.messages",
    "FtrlOptimizer": "graphs.training.optimizers.leaders",
    "GradientDescentOptimizer": "graphs.training.optimizers.descent",
    "Int64List": "proto.messages",
    "MomentumOptimizer": "graphs.training.optimizers.descent",
    "NewCheckpointReader": "notebook.train_readers:new_checkpoint_reader",
    "Optimizer": "graphs.training.optimizers.optimizer",
    "ProximalAdagradOptimizer": "graphs.training.optimizers.adaptive",
    "ProximalGradientDescentOptimizer": "graphs.training.optimizers.descent",
    "RMSPropOptimizer": "graphs.training.optimizers.moments",
    "Saver": "graphs.saver.saver",
    "SaverDef": "proto.messages",
    "SequenceExample": "proto.messages",
    "VocabInfo": "graphs.saver.warm_starting",
    "checkpoint_exists": "files.directory.state",
    "checkpoints_iterator": "files.directory.awaiting",
    "create_global_step": "graphs.variables.initialization",
    "export_meta_graph": "graphs.saver.meta_graphs",
    "generate_checkpoint_state_proto": "notebook.train_readers",
    "get_checkpoint_mtimes": "files.directory.state",
    "get_checkpoint_state": "files.directory.state",
    "get_global_step": "graphs.variables.initialization",
    "get_or_create_global_step": "graphs.variables.initialization",
    "global_step": "notebook.train_readers",
    "import_meta_graph": "graphs.saver.meta_graphs",
    "init_from_checkpoint": "graphs.saver.from_checkpoint",
    "latest_checkpoint": "notebook.train_readers",
    "list_variables": "notebook.train_readers",
    "load_checkpoint": "notebook.train_readers",
    "load_variable": "notebook.train_readers",
    "remove_checkpoint": "notebook.train_readers",
    "summary_iterator": "graphs.meta_graph.event_file:read_events",
    "update_checkpoint_state": "notebook.train_readers",
    "warm_start": "graphs.saver.warm_starting",
    "write_graph": "notebook.train_readers",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
