"""``tf.contrib.slim``: layers in scopes of arguments."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "add_arg_scope": "graphs.slim.argument_scopes",
    "add_model_variable": "graphs.slim.model_variables",
    "apply_regularization": "graphs.slim.slim_initializers",
    "arg_scope": "graphs.slim.argument_scopes",
    "arg_scoped_arguments": "graphs.slim.argument_scopes",
    "assign_from_checkpoint": "graphs.slim.assigning",
    "assign_from_checkpoint_fn": "graphs.slim.assigning",
    "assign_from_values": "graphs.slim.assigning",
    "assign_from_values_fn": "graphs.slim.assigning",
    "avg_pool2d": "graphs.slim.slim_shapes",
    "batch_norm": "graphs.slim.slim_normalization",
    "conv1d": "graphs.slim.slim_layers",
    "conv2d": "graphs.slim.slim_layers",
    "conv2d_transpose": "graphs.slim.slim_layers",
    "conv3d": "graphs.slim.slim_layers",
    "convolution": "graphs.slim.slim_layers",
    "convolution1d": "graphs.slim.slim_layers:conv1d",
    "convolution2d": "graphs.slim.slim_layers:conv2d",
    "convolution2d_transpose": "graphs.slim.slim_layers:conv2d_transpose",
    "convolution3d": "graphs.slim.slim_layers:conv3d",
    "create_global_step": "graphs.variables.initialization",
    "current_arg_scope": "graphs.slim.argument_scopes",
    "dropout": "graphs.slim.slim_shapes",
    "flatten": "graphs.slim.slim_shapes",
    "fully_connected": "graphs.slim.slim_layers",
    "get_global_step": "graphs.variables.initialization",
    "get_model_variables": "graphs.slim.model_variables",
    "get_or_create_global_step": "graphs.variables.initialization",
    "get_trainable_variables": "graphs.slim.model_variables",
    "get_variables": "graphs.slim.model_variables",
    "get_variables_by_name": "graphs.slim.model_variables",
    "get_variables_by_suffix": "graphs.slim.model_variables",
    "get_variables_to_restore": "graphs.slim.model_variables",
    "has_arg_scope": "graphs.slim.argument_scopes",
    "l1_l2_regularizer": "graphs.slim.slim_initializers",
    "l1_regularizer": "graphs.slim.slim_initializers",
    "l2_regularizer": "graphs.slim.slim_initializers",
    "layer_norm": "graphs.slim.slim_normalization",
    "losses": "compat.v1.losses:",
    "max_pool2d": "graphs.slim.slim_shapes",
    "model_variable": "graphs.slim.model_variables",
    "one_hot_encoding": "graphs.slim.slim_shapes",
    "repeat": "graphs.slim.slim_shapes",
    "separable_conv2d": "graphs.slim.slim_layers",
    "separable_convolution2d": "graphs.slim.slim_layers:separable_conv2d",
    "softmax": "graphs.slim.slim_shapes",
    "stack": "graphs.slim.slim_shapes",
    "sum_regularizer": "graphs.slim.slim_initializers",
    "variable": "graphs.slim.model_variables",
    "variance_scaling_initializer": "graphs.slim.slim_initializers",
    "xavier_initializer": "graphs.slim.slim_initializers",
    "xavier_initializer_conv2d": "graphs.slim.slim_initializers:xavier_initializer",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
