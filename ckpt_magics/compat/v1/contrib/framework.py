"""``tf.contrib.framework``: scopes of arguments, variables, checkpoints."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

SCOPES_AND_VARIABLES = {
    "add_arg_scope": "graphs.slim.argument_scopes",
    "add_model_variable": "graphs.slim.model_variables",
    "arg_scope": "graphs.slim.argument_scopes",
    "arg_scoped_arguments": "graphs.slim.argument_scopes",
    "assign_from_checkpoint": "graphs.slim.assigning",
    "assign_from_checkpoint_fn": "graphs.slim.assigning",
    "assign_from_values": "graphs.slim.assigning",
    "assign_from_values_fn": "graphs.slim.assigning",
    "create_global_step": "graphs.variables.initialization",
    "current_arg_scope": "graphs.slim.argument_scopes",
    "get_global_step": "graphs.variables.initialization",
    "get_model_variables": "graphs.slim.model_variables",
    "get_or_create_global_step": "graphs.variables.initialization",
    "get_trainable_variables": "graphs.slim.model_variables",
    "get_variables": "graphs.slim.model_variables",
    "get_variables_by_name": "graphs.slim.model_variables",
    "get_variables_by_suffix": "graphs.slim.model_variables",
    "get_variables_to_restore": "graphs.slim.model_variables",
    "has_arg_scope": "graphs.slim.argument_scopes",
    "model_variable": "graphs.slim.model_variables",
    "variable": "graphs.slim.model_variables",
}

_HOMES = SCOPES_AND_VARIABLES | {
    "init_from_checkpoint": "graphs.saver.from_checkpoint",
    "list_variables": "notebook.train_readers",
    "load_checkpoint": "notebook.train_readers",
    "load_variable": "notebook.train_readers",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
