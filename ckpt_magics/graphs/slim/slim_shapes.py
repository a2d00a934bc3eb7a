"""Layers of ``tf.contrib.layers`` and slim without weights: pools, dropout, flattening, and layers in a row.

Format: tensorflow/contrib/layers/python/layers/layers.py of TensorFlow 1.15.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.layers import core_layers
from ckpt_magics.graphs.layers.layer import Layer
from ckpt_magics.graphs.layers.pooling_layers import AveragePooling2D, MaxPooling2D
from ckpt_magics.graphs.nodes import networks
from ckpt_magics.graphs.nodes.arrays import one_hot, reshape, shape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.mathematics import cast
from ckpt_magics.graphs.slim.argument_scopes import add_arg_scope
from ckpt_magics.graphs.slim.slim_layers import layout, model_variable_getter, note_outputs
from ckpt_magics.graphs.variables.variable_scope import variable_scope

__all__ = ["avg_pool2d", "dropout", "flatten", "max_pool2d", "one_hot_encoding", "repeat", "softmax", "stack"]

Collection = str | Sequence[str] | None


def _pool(layer_class: Callable[..., Layer], name: str, function_name: str) -> Callable[..., Tensor]:
    def function(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        inputs: object,
        kernel_size: Any,  # noqa: ANN401 -- a number or two
        stride: Any = 2,  # noqa: ANN401
        padding: str = "VALID",
        data_format: str = "NHWC",
        outputs_collections: Collection = None,
        scope: str | None = None,
    ) -> Tensor:
        with name_scope(scope, name, [inputs]) as opened:
            layer = layer_class(kernel_size, stride, padding, layout(data_format), _scope=opened)
            return note_outputs(layer(convert_to_tensor(inputs)), outputs_collections)

    function.__name__ = function.__qualname__ = function_name
    function.__doc__ = f"""Make one pixel of each window of an image: {name}.

    Args:
        inputs: Tensor [batch, height, width, channels], or with the channels second where ``data_format`` says so.
        kernel_size: Size of a window.
        stride: Steps between windows.
        padding: ``VALID`` or ``SAME``.
        data_format: ``NHWC`` or ``NCHW``.
        outputs_collections: Collections for the result.
        scope: Name scope.
    """
    return add_arg_scope(function)


max_pool2d = _pool(MaxPooling2D, "MaxPool2D", "max_pool2d")
avg_pool2d = _pool(AveragePooling2D, "AvgPool2D", "avg_pool2d")


@add_arg_scope
def dropout(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    inputs: object,
    keep_prob: Any = 0.5,  # noqa: ANN401 -- a number or tensor
    noise_shape: Sequence[int | None] | None = None,
    is_training: Any = True,  # noqa: ANN401 -- a flag or tensor
    outputs_collections: Collection = None,
    scope: Any = None,  # noqa: ANN401 -- a name or a scope
    seed: int | None = None,
) -> Tensor:
    """Set random elements to 0 while training, and make the others larger by as much."""
    with variable_scope(scope, "Dropout", [inputs], custom_getter=model_variable_getter({})) as opened:
        layer = core_layers.Dropout(1 - keep_prob, noise_shape, seed, name=opened.name, _scope=opened)
        return note_outputs(layer(convert_to_tensor(inputs), training=is_training), outputs_collections)


@add_arg_scope
def flatten(inputs: object, outputs_collections: Collection = None, scope: str | None = None) -> Tensor:
    """Make each example of a batch one row."""
    with name_scope(scope, "Flatten", [inputs]):
        return note_outputs(core_layers.flatten(convert_to_tensor(inputs)), outputs_collections)


@add_arg_scope
def one_hot_encoding(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    labels: object,
    num_classes: int,
    on_value: float = 1.0,
    off_value: float = 0.0,
    outputs_collections: Collection = None,
    scope: str | None = None,
) -> Tensor:
    """Make vectors with one value at a class and another one elsewhere."""
    with name_scope(scope, "OneHotEncoding", [labels, num_classes]):
        tensor = convert_to_tensor(labels)
        tensor = cast(tensor, "int64", name="ToInt64") if tensor.dtype.name == "int32" else tensor
        return note_outputs(one_hot(tensor, num_classes, on_value, off_value), outputs_collections)


@add_arg_scope
def softmax(logits: Tensor, scope: Any = None) -> Tensor:  # noqa: ANN401 -- a name or a scope
    """Make probabilities along the last dimension."""
    with variable_scope(scope, "softmax", [logits]):
        size = logits.shape[-1].value
        predictions = reshape(networks.softmax(reshape(logits, [-1, size])), shape(logits))
        predictions.set_shape(logits.shape)
        return predictions


def repeat(
    inputs: object,
    repetitions: int,
    layer: Callable[..., Tensor],
    *args: Any,  # noqa: ANN401 -- the layer's own
    **kwargs: Any,  # noqa: ANN401
) -> Tensor:
    """Make a layer several times, each of the result before, in scopes ``NAME_1``, ``NAME_2`` and so on."""
    return _in_a_row(inputs, layer, "Repeat", [args] * repetitions, kwargs)


def stack(inputs: object, layer: Callable[..., Tensor], stack_args: Sequence[Any], **kwargs: Any) -> Tensor:  # noqa: ANN401 -- the layer's own
    """Make a layer once for each of some arguments, each of the result before; see `repeat`."""
    if not isinstance(stack_args, (list, tuple)):
        raise ValueError("stack_args need to be a list or tuple")  # noqa: TRY004 -- as TensorFlow
    each = [one if isinstance(one, (list, tuple)) else [one] for one in stack_args]
    return _in_a_row(inputs, layer, "Stack", each, kwargs)


def _in_a_row(
    inputs: object,
    layer: Callable[..., Tensor],
    default_scope: str,
    arguments: Sequence[Sequence[Any]],
    options: dict[str, Any],
) -> Tensor:
    scope = options.pop("scope", None)
    with variable_scope(scope, default_scope, [inputs]):
        outputs = convert_to_tensor(inputs)
        name = scope or getattr(layer, "__name__", default_scope.lower())
        for number, one in enumerate(arguments, 1):
            outputs = layer(outputs, *one, scope=f"{name}_{number}", **options)
        return outputs
