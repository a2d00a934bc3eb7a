"""Normalizations of ``tf.contrib.layers`` and slim.

Format: tensorflow/contrib/layers/python/layers/layers.py of TensorFlow 1.15, batch_norm and layer_norm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.layers.batch_normalization import BatchNormalization
from ckpt_magics.graphs.layers.layer import Function, Layer
from ckpt_magics.graphs.nodes.arrays import reshape, shape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, identity
from ckpt_magics.graphs.nodes.normalization import batch_normalization, moments
from ckpt_magics.graphs.slim.argument_scopes import add_arg_scope
from ckpt_magics.graphs.slim.model_variables import Collections, collections_for, model_variable
from ckpt_magics.graphs.slim.slim_layers import model_variable_getter, note_outputs, note_variable
from ckpt_magics.graphs.variables.initializers import Ones, Zeros
from ckpt_magics.graphs.variables.variable_scope import variable_scope

__all__ = ["batch_norm", "layer_norm"]

PARTS = ("beta", "gamma", "moving_mean", "moving_variance")


class _BatchNormalization(BatchNormalization):
    """A layer whose updates go where its function is told to put them."""

    @staticmethod
    def _collect(key: str, items: Sequence[Any]) -> None:
        if key != GraphKeys.UPDATE_OPS:
            Layer._collect(key, items)  # noqa: SLF001 -- of the class that this is


@add_arg_scope
def batch_norm(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    inputs: object,
    decay: Any = 0.999,  # noqa: ANN401 -- a number or tensor
    center: bool = True,
    scale: bool = False,
    epsilon: float = 0.001,
    activation_fn: Function = None,
    param_initializers: Mapping[str, Any] | None = None,
    param_regularizers: Mapping[str, Any] | None = None,
    updates_collections: str | Sequence[str] | None = GraphKeys.UPDATE_OPS,
    is_training: Any = True,  # noqa: ANN401 -- a flag or tensor
    reuse: bool | None = None,
    variables_collections: Collections = None,
    outputs_collections: str | Sequence[str] | None = None,
    trainable: bool = True,
    batch_weights: object = None,
    fused: bool | None = None,
    data_format: str = "NHWC",
    zero_debias_moving_mean: bool = False,
    scope: Any = None,  # noqa: ANN401 -- a name or a scope
    renorm: bool = False,
    renorm_clipping: object = None,  # noqa: ARG001 -- as renorm_decay of use with renorm only
    renorm_decay: float = 0.99,  # noqa: ARG001
    adjustment: object = None,
) -> Tensor:
    """Normalize each channel by mean and variance of the batch, or of all batches while not training.

    Args:
        inputs: Tensor of two to five dimensions, or of four where the channels are not last.
        decay: How much of the moving averages stays at each step.
        center: Whether an offset, ``beta``, is added.
        scale: Whether a factor, ``gamma``, is multiplied.
        epsilon: Added to the variance.
        activation_fn: Function of the result; None for none.
        param_initializers: What gives ``beta``, ``gamma``, ``moving_mean``, ``moving_variance`` their first values.
        param_regularizers: Functions of ``beta`` and ``gamma`` that return losses.
        updates_collections: Collections for what updates the moving averages; None to update them with the result.
        is_training: Whether to take mean and variance of the batch.
        reuse: Whether to take variables that exist; then a scope is said.
        variables_collections: Collections for the variables, or for each by its short name.
        outputs_collections: Collections for the result.
        trainable: Whether ``beta`` and ``gamma`` are trained.
        batch_weights: Not taken.
        fused: Whether one op normalizes; by default where it can.
        data_format: ``NHWC`` or ``NCHW``.
        zero_debias_moving_mean: Not taken.
        scope: Name or scope of the variables.
        renorm: Not taken.
        renorm_clipping: Not taken.
        renorm_decay: Not taken.
        adjustment: Not taken.

    Raises:
        UnimplementedError: What is not taken is asked for.
    """
    if batch_weights is not None or zero_debias_moving_mean or renorm or adjustment is not None:
        raise UnimplementedError(
            "batch_norm takes no batch_weights, zero_debias_moving_mean, renorm or adjustment here"
        )
    makers, losses = dict(param_initializers or {}), dict(param_regularizers or {})
    with variable_scope(scope, "BatchNorm", [inputs], reuse=reuse, custom_getter=model_variable_getter({})) as opened:
        tensor = convert_to_tensor(inputs)
        layer = _BatchNormalization(
            axis=1 if data_format == "NCHW" else -1,
            momentum=decay,
            epsilon=epsilon,
            center=center,
            scale=scale,
            beta_initializer=makers.get("beta", Zeros()),
            gamma_initializer=makers.get("gamma", Ones()),
            moving_mean_initializer=makers.get("moving_mean", Zeros()),
            moving_variance_initializer=makers.get("moving_variance", Ones()),
            beta_regularizer=losses.get("beta"),
            gamma_regularizer=losses.get("gamma"),
            trainable=trainable,
            fused=True if fused is None else fused,
            name=opened.name,
            _scope=opened,
            _reuse=reuse,
        )
        outputs = _normalized(layer, tensor, is_training)
        for name in PARTS:
            if getattr(layer, name) is not None:
                note_variable(getattr(layer, name), variables_collections, name)
        outputs = _updating(layer, outputs, updates_collections)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return note_outputs(outputs, outputs_collections)


def _normalized(layer: BatchNormalization, tensor: Tensor, is_training: Any) -> Tensor:  # noqa: ANN401 -- a flag or tensor
    """Call the layer; rows of numbers are taken for images of one pixel, since one op normalizes those."""
    if tensor.shape.ndims != 2 or not layer.fused:
        plain: Tensor = layer(tensor, training=is_training)
        return plain
    channels = tensor.shape[-1].value
    images = reshape(tensor, [-1, 1, 1, channels])
    outputs = reshape(layer(images, training=is_training), shape(tensor))
    outputs.set_shape(tensor.shape)
    return outputs


def _updating(layer: Layer, outputs: Tensor, collections: str | Sequence[str] | None) -> Tensor:
    if collections is None:
        with outputs.graph.control_dependencies(layer.updates):
            return identity(outputs)
    for key in [collections] if isinstance(collections, str) else collections:
        Layer._collect(key, layer.updates)  # noqa: SLF001 -- as all layers do
    return outputs


@add_arg_scope
def layer_norm(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    inputs: object,
    center: bool = True,
    scale: bool = True,
    activation_fn: Function = None,
    reuse: bool | None = None,
    variables_collections: Collections = None,
    outputs_collections: str | Sequence[str] | None = None,
    trainable: bool = True,
    begin_norm_axis: int = 1,
    begin_params_axis: int = -1,
    scope: Any = None,  # noqa: ANN401 -- a name or a scope
) -> Tensor:
    """Normalize each example of a batch by mean and variance of its own.

    Args:
        inputs: Tensor of at least two dimensions.
        center: Whether an offset, ``beta``, is added.
        scale: Whether a factor, ``gamma``, is multiplied.
        activation_fn: Function of the result; None for none.
        reuse: Whether to take variables that exist; then a scope is said.
        variables_collections: Collections for the variables, or for each by its short name.
        outputs_collections: Collections for the result.
        trainable: Whether the variables are trained.
        begin_norm_axis: First dimension that mean and variance are taken over.
        begin_params_axis: First dimension that ``beta`` and ``gamma`` have.
        scope: Name or scope of the variables.

    Raises:
        ValueError: The rank, or a size that the variables need, is not known.
    """
    with variable_scope(scope, "LayerNorm", [inputs], reuse=reuse):
        tensor = convert_to_tensor(inputs)
        ndims = tensor.shape.ndims
        if ndims is None:
            raise ValueError(f"Inputs {tensor.name} has undefined rank.")
        begin = begin_norm_axis % ndims if begin_norm_axis < 0 else begin_norm_axis
        if begin_params_axis >= ndims or begin >= ndims:
            raise ValueError(
                f"begin_params_axis ({begin_params_axis}) and begin_norm_axis ({begin}) must be < rank(inputs) "
                f"({ndims})"
            )
        sizes = tensor.shape[begin_params_axis:]
        if not sizes.is_fully_defined():
            raise ValueError(
                f"Inputs {tensor.name}: shape(inputs)[{begin_params_axis}:] is not fully defined: {tensor.shape}"
            )
        parts = {
            name: model_variable(
                name,
                sizes,
                collections_for(variables_collections, name),
                dtype=tensor.dtype.base_dtype,
                initializer=maker,
                trainable=trainable,
            )
            for name, is_wanted, maker in (("beta", center, Zeros()), ("gamma", scale, Ones()))
            if is_wanted
        }
        mean, variance = moments(tensor, list(range(begin, ndims)), keepdims=True)
        epsilon = 1e-3 if tensor.dtype.base_dtype.name == "float16" else 1e-12
        outputs = batch_normalization(tensor, mean, variance, parts.get("beta"), parts.get("gamma"), epsilon)
        outputs.set_shape(tensor.shape)
        if activation_fn is not None:
            outputs = activation_fn(outputs)
        return note_outputs(outputs, outputs_collections)
