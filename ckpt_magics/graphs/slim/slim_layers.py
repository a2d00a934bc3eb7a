"""Layers of ``tf.contrib.layers`` and slim with weights: biases or a normalization follow, then a ReLU by default.

Format: tensorflow/contrib/layers/python/layers/layers.py of TensorFlow 1.15.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.layers import core_layers
from ckpt_magics.graphs.layers.convolution_layers import Conv1D, Conv2D, Conv2DTranspose, Conv3D, SeparableConv2D
from ckpt_magics.graphs.layers.layer import Function, Layer, Maker
from ckpt_magics.graphs.nodes import networks
from ckpt_magics.graphs.nodes.build import convert_to_tensor
from ckpt_magics.graphs.slim.argument_scopes import add_arg_scope
from ckpt_magics.graphs.slim.model_variables import Collections, collections_for
from ckpt_magics.graphs.slim.slim_initializers import xavier_initializer
from ckpt_magics.graphs.variables.initializers import Zeros
from ckpt_magics.graphs.variables.variable_scope import variable_scope

__all__ = [
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "convolution",
    "fully_connected",
    "layout",
    "model_variable_getter",
    "note_outputs",
    "note_variable",
    "separable_conv2d",
]

RENAMED = {"kernel": "weights", "bias": "biases"}


def model_variable_getter(renamed: Mapping[str, str]) -> Callable[..., Any]:
    """Return what makes a layer's variables model variables, some under other names."""

    def get(getter: Callable[..., Any], name: str, *args: Any, **options: Any) -> Any:  # noqa: ANN401 -- get_variable's
        scope, slash, last = name.rpartition("/")
        collections = [*(options.pop("collections", None) or []), GraphKeys.GLOBAL_VARIABLES, GraphKeys.MODEL_VARIABLES]
        name = f"{scope}{slash}{renamed.get(last, last)}"
        return getter(name, *args, collections=list(dict.fromkeys(collections)), **options)

    return get


def note_variable(variable: Any, collections: Collections, name: str) -> None:  # noqa: ANN401 -- also in parts
    """Put a layer's variable into the collections that are said for it."""
    graph = get_default_graph()
    for key in collections_for(collections, name):
        present = graph.get_collection_ref(key)
        for part in list(variable) if hasattr(variable, "partitions") else [variable]:
            if not any(one is part for one in present):
                present.append(part)


def note_outputs(outputs: Tensor, collections: str | Sequence[str] | None) -> Tensor:
    """Put a layer's result into collections, and return it."""
    for key in [collections] if isinstance(collections, str) else collections or ():
        get_default_graph().add_to_collection(key, outputs)
    return outputs


Notes = Mapping[str, str]
"""By attribute of a layer, what its variable is called where collections are given by name."""

WEIGHTS: Notes = {"kernel": "weights", "bias": "biases"}


def _weighted(
    layer_class: Callable[..., Layer],
    inputs: object,
    default_scope: str,
    said: Mapping[str, Any],
    *,
    renamed: Mapping[str, str] = RENAMED,
    notes: Notes = WEIGHTS,
    **options: Any,  # noqa: ANN401 -- the layer's own
) -> Tensor:
    """Make a layer with weights, in its scope, then what normalizes and the activation.

    Args:
        layer_class: Makes the layer.
        inputs: Tensor.
        default_scope: Name of the scope if none is said.
        said: What all such functions take, by name.
        renamed: What the layer's variables are called here.
        notes: See `Notes`.
        options: Further arguments of the layer.
    """
    reuse, normalizer_fn = said["reuse"], said["normalizer_fn"]
    with variable_scope(
        said["scope"], default_scope, [inputs], reuse=reuse, custom_getter=model_variable_getter(renamed)
    ) as scope:
        tensor = convert_to_tensor(inputs)
        layer = layer_class(
            # What normalizes has an offset of its own.
            use_bias=normalizer_fn is None and said["biases_initializer"] is not None,
            bias_initializer=said["biases_initializer"],
            trainable=said["trainable"],
            name=scope.name,
            dtype=tensor.dtype.base_dtype,
            _scope=scope,
            _reuse=reuse,
            **options,
        )
        outputs = layer(tensor)
        for attribute, name in notes.items():
            if getattr(layer, attribute) is not None:
                note_variable(getattr(layer, attribute), said["variables_collections"], name)
        if normalizer_fn is not None:
            outputs = normalizer_fn(outputs, **(said["normalizer_params"] or {}))
        if said["activation_fn"] is not None:
            outputs = said["activation_fn"](outputs)
        return note_outputs(outputs, said["outputs_collections"])


def _kernel_options(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kernel_initializer": said["weights_initializer"],
        "kernel_regularizer": said["weights_regularizer"],
        "bias_regularizer": said["biases_regularizer"],
    }


@add_arg_scope
def fully_connected(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    inputs: object,
    num_outputs: int,
    activation_fn: Function = networks.relu,
    normalizer_fn: Function = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Maker = xavier_initializer(),  # noqa: B008 -- it has no state
    weights_regularizer: Function = None,
    biases_initializer: Maker = Zeros(),  # noqa: B008
    biases_regularizer: Function = None,
    reuse: bool | None = None,
    variables_collections: Collections = None,
    outputs_collections: str | Sequence[str] | None = None,
    trainable: bool = True,
    scope: Any = None,  # noqa: ANN401 -- a name or a scope
) -> Tensor:
    """Make a layer in which every output has a weight for every input, along the last dimension.

    Args:
        inputs: Tensor of at least two dimensions.
        num_outputs: How many.
        activation_fn: Function of the result; None for none.
        normalizer_fn: Function that normalizes in place of the biases.
        normalizer_params: Its arguments.
        weights_initializer: What gives the weights their first values.
        weights_regularizer: Function of the weights that returns a loss.
        biases_initializer: The same for the biases; None for no biases.
        biases_regularizer: The same for the biases.
        reuse: Whether to take variables that exist; then a scope is said.
        variables_collections: Collections for the variables, or for each by ``weights`` and ``biases``.
        outputs_collections: Collections for the result.
        trainable: Whether the variables are trained.
        scope: Name or scope of the variables.
    """
    said = locals()
    return _weighted(core_layers.Dense, inputs, "fully_connected", said, units=num_outputs, **_kernel_options(said))


def _convolution(spatial: int | None, function_name: str) -> Callable[..., Tensor]:
    """Return the function that makes convolutions over so many dimensions; None for any."""

    def function(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        inputs: object,
        num_outputs: int,
        kernel_size: Any,  # noqa: ANN401 -- a number or several
        stride: Any = 1,  # noqa: ANN401
        padding: str = "SAME",
        data_format: str | None = None,
        rate: Any = 1,  # noqa: ANN401
        activation_fn: Function = networks.relu,
        normalizer_fn: Function = None,
        normalizer_params: Mapping[str, Any] | None = None,
        weights_initializer: Maker = xavier_initializer(),  # noqa: B008 -- it has no state
        weights_regularizer: Function = None,
        biases_initializer: Maker = Zeros(),  # noqa: B008
        biases_regularizer: Function = None,
        reuse: bool | None = None,
        variables_collections: Collections = None,
        outputs_collections: str | Sequence[str] | None = None,
        trainable: bool = True,
        scope: Any = None,  # noqa: ANN401 -- a name or a scope
    ) -> Tensor:
        said = locals()
        tensor = convert_to_tensor(inputs)
        ndims = tensor.shape.ndims
        if ndims not in CONVOLUTIONS or (spatial is not None and ndims != spatial + 2):
            wanted = "3, 4 or 5" if spatial is None else spatial + 2
            raise ValueError(f"Convolution expects input with rank {wanted}, got {ndims}")
        return _weighted(
            CONVOLUTIONS[ndims],
            tensor,
            "Conv",
            said,
            filters=num_outputs,
            kernel_size=kernel_size,
            strides=stride,
            padding=padding,
            data_format=layout(data_format),
            dilation_rate=rate,
            **_kernel_options(said),
        )

    function.__name__ = function.__qualname__ = function_name
    function.__doc__ = f"""Make a convolution {f"of {spatial}" if spatial else "of one to three"} dimensions.

    Args:
        inputs: Tensor; batch first, channels last or as ``data_format`` says.
        num_outputs: Number of filters.
        kernel_size: Size of a filter.
        stride: Steps between the places of a filter.
        padding: ``SAME`` or ``VALID``.
        data_format: ``NHWC`` or ``NCHW``, and the like of other ranks.
        rate: A filter takes every n-th pixel.

    The others are those of `fully_connected`.
    """
    return add_arg_scope(function)


CONVOLUTIONS: Mapping[int | None, Callable[..., Layer]] = {3: Conv1D, 4: Conv2D, 5: Conv3D}
"""The layer for inputs of a rank."""

convolution = _convolution(None, "convolution")
conv1d = _convolution(1, "convolution1d")
conv2d = _convolution(2, "convolution2d")
conv3d = _convolution(3, "convolution3d")


def layout(data_format: str | None) -> str:
    """Return what layers call a layout: ``channels_last``, or ``channels_first`` of ``NCHW`` and its like."""
    return "channels_first" if (data_format or "").startswith("NC") else "channels_last"


@add_arg_scope
def conv2d_transpose(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    inputs: object,
    num_outputs: int,
    kernel_size: Any,  # noqa: ANN401 -- a number or several
    stride: Any = 1,  # noqa: ANN401
    padding: str = "SAME",
    data_format: str = "NHWC",
    activation_fn: Function = networks.relu,
    normalizer_fn: Function = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Maker = xavier_initializer(),  # noqa: B008 -- it has no state
    weights_regularizer: Function = None,
    biases_initializer: Maker = Zeros(),  # noqa: B008
    biases_regularizer: Function = None,
    reuse: bool | None = None,
    variables_collections: Collections = None,
    outputs_collections: str | Sequence[str] | None = None,
    trainable: bool = True,
    scope: Any = None,  # noqa: ANN401 -- a name or a scope
) -> Tensor:
    """Make the transpose of a convolution of images; the arguments are those of `conv2d`."""
    said = locals()
    return _weighted(
        Conv2DTranspose,
        inputs,
        "Conv2d_transpose",
        said,
        filters=num_outputs,
        kernel_size=kernel_size,
        strides=stride,
        padding=padding,
        data_format=layout(data_format),
        **_kernel_options(said),
    )


@add_arg_scope
def separable_conv2d(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    inputs: object,
    num_outputs: int,
    kernel_size: Any,  # noqa: ANN401 -- a number or several
    depth_multiplier: int = 1,
    stride: Any = 1,  # noqa: ANN401
    padding: str = "SAME",
    data_format: str = "NHWC",
    rate: Any = 1,  # noqa: ANN401
    activation_fn: Function = networks.relu,
    normalizer_fn: Function = None,
    normalizer_params: Mapping[str, Any] | None = None,
    weights_initializer: Maker = xavier_initializer(),  # noqa: B008 -- it has no state
    pointwise_initializer: Maker = None,
    weights_regularizer: Function = None,
    biases_initializer: Maker = Zeros(),  # noqa: B008
    biases_regularizer: Function = None,
    reuse: bool | None = None,
    variables_collections: Collections = None,
    outputs_collections: str | Sequence[str] | None = None,
    trainable: bool = True,
    scope: Any = None,  # noqa: ANN401 -- a name or a scope
) -> Tensor:
    """Make a convolution of each channel by itself, then one of all channels with filters of one pixel.

    The arguments are those of `conv2d`; ``depth_multiplier`` is how many outputs each channel has in between, and
    ``pointwise_initializer`` gives the filters of one pixel their first values, by default ``weights_initializer``.

    Raises:
        UnimplementedError: ``num_outputs`` is None, for the first part alone.
    """
    if num_outputs is None:
        raise UnimplementedError("a separable convolution without its second part is not made: say num_outputs")
    said = locals()
    return _weighted(
        SeparableConv2D,
        inputs,
        "SeparableConv2d",
        said,
        renamed={"bias": "biases", "depthwise_kernel": "depthwise_weights", "pointwise_kernel": "pointwise_weights"},
        notes={"depthwise_kernel": "weights", "pointwise_kernel": "weights", "bias": "biases"},
        filters=num_outputs,
        kernel_size=kernel_size,
        strides=stride,
        padding=padding,
        data_format=layout(data_format),
        dilation_rate=rate,
        depth_multiplier=depth_multiplier,
        depthwise_initializer=weights_initializer,
        pointwise_initializer=pointwise_initializer or weights_initializer,
        depthwise_regularizer=weights_regularizer,
        pointwise_regularizer=weights_regularizer,
        bias_regularizer=biases_regularizer,
    )
