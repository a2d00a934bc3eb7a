"""Fully connected layers, dropout and flattening: the plain layers of ``tf.layers``.

Format: tensorflow/python/layers/core.py and keras/layers/core.py of TensorFlow 1.15.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.layers.layer import Function, Layer, Maker, layer_function
from ckpt_magics.graphs.nodes import networks
from ckpt_magics.graphs.nodes.arrays import expand_dims, reshape, shape, stack, transpose
from ckpt_magics.graphs.nodes.build import identity
from ckpt_magics.graphs.nodes.conditional import smart_cond
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import matmul
from ckpt_magics.graphs.nodes.products import tensordot
from ckpt_magics.graphs.variables.initializers import Zeros

__all__ = ["Dense", "Dropout", "Flatten", "dense", "dropout", "flatten"]


class Dense(Layer):
    """A layer in which every output has a weight for every input.

    Args:
        units: Number of outputs.
        activation: Function of the outputs.
        use_bias: Whether a bias is added.
        kernel_initializer: What gives the weights their first values.
        bias_initializer: The same for the bias.
        kernel_regularizer: Function of the weights that returns a loss.
        bias_regularizer: The same for the bias.
        activity_regularizer: The same for the outputs.
        kernel_constraint: What an optimizer applies to the weights after each step.
        bias_constraint: The same for the bias.
        trainable: Whether the variables are trained.
        name: Name of the layer's scope.
        options: See `Layer`.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        units: int,
        activation: Function = None,
        use_bias: bool = True,
        kernel_initializer: Maker = None,
        bias_initializer: Maker = Zeros(),  # noqa: B008 -- it has no state
        kernel_regularizer: Function = None,
        bias_regularizer: Function = None,
        activity_regularizer: Function = None,
        kernel_constraint: Function = None,
        bias_constraint: Function = None,
        trainable: bool = True,
        name: str | None = None,
        **options: Any,  # noqa: ANN401 -- Layer's
    ) -> None:
        super().__init__(trainable, name, activity_regularizer=activity_regularizer, **options)
        self.units = int(units)
        self.activation = activation
        self.use_bias = use_bias
        self._kernel = {
            "initializer": kernel_initializer,
            "regularizer": kernel_regularizer,
            "constraint": kernel_constraint,
        }
        self._bias = {
            "initializer": bias_initializer,
            "regularizer": bias_regularizer,
            "constraint": bias_constraint,
        }
        self.kernel: Any = None
        self.bias: Any = None

    def build(self, shape: TensorShape) -> None:
        """Make kernel and bias.

        Raises:
            ValueError: The last size of the inputs is not known.
        """
        size = None if shape.ndims is None else shape[-1].value
        if size is None:
            raise ValueError("The last dimension of the inputs to `Dense` should be defined. Found `None`.")
        self.kernel = self.add_weight("kernel", [size, self.units], **self._kernel)
        if self.use_bias:
            self.bias = self.add_weight("bias", [self.units], **self._bias)

    def call(self, inputs: Tensor) -> Tensor:
        """Make the product, the sum and the activation."""
        ndims = inputs.shape.ndims
        if ndims is None or ndims == 2:
            outputs = matmul(inputs, self.kernel)
        else:
            outputs = tensordot(inputs, self.kernel, [[ndims - 1], [0]])
            outputs.set_shape([*inputs.shape.as_list()[:-1], self.units])
        if self.use_bias:
            outputs = networks.bias_add(outputs, self.bias)
        return outputs if self.activation is None else self.activation(outputs)


class Dropout(Layer):
    """A layer that sets random elements to 0 while ``training``.

    Args:
        rate: Probability that an element is dropped.
        noise_shape: Shape of the random choices; None in it for the input's size.
        seed: Seed of the choice.
        name: Name of the layer's scope.
        options: See `Layer`.
    """

    def __init__(
        self,
        rate: Any = 0.5,  # noqa: ANN401 -- a number or tensor
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        name: str | None = None,
        **options: Any,  # noqa: ANN401 -- Layer's
    ) -> None:
        super().__init__(name=name, **options)
        self.rate = rate
        self.noise_shape = noise_shape
        self.seed = seed

    def call(self, inputs: Tensor, training: object = False) -> Tensor:
        """Make the choice; ``training`` is a bool or a tensor."""

        def dropped() -> Tensor:
            return networks.dropout(inputs, rate=self.rate, noise_shape=self._noise_shape(inputs), seed=self.seed)

        made: Tensor = smart_cond(training, dropped, lambda: identity(inputs))
        return made

    def _noise_shape(self, inputs: Tensor) -> object:
        if self.noise_shape is None:
            return None
        sizes = shape(inputs)
        return stack([sizes[index] if size is None else size for index, size in enumerate(self.noise_shape)])


class Flatten(Layer):
    """A layer that makes one dimension of all but the batch's.

    Args:
        data_format: ``channels_first`` to put the second dimension last before.
        name: Name of the layer's scope.
        options: See `Layer`.
    """

    def __init__(self, data_format: str | None = None, name: str | None = None, **options: Any) -> None:  # noqa: ANN401
        super().__init__(name=name, **options)
        self.data_format = data_format

    def call(self, inputs: Tensor) -> Tensor:
        """Make the reshaping."""
        ndims = inputs.shape.ndims
        if self.data_format == "channels_first" and ndims is not None and ndims > 1:
            inputs = transpose(inputs, [0, *range(2, ndims), 1])
        if ndims == 1:
            return expand_dims(inputs, 1)
        inner = inputs.shape[1:]
        if inner.is_fully_defined():
            return reshape(inputs, constant([-1, math.prod(int(size) for size in inner)]))
        batch = inputs.shape[0].value
        return reshape(inputs, [shape(inputs)[0], -1] if batch is None else constant([batch, -1]))


dense = layer_function(Dense, "Add a fully connected layer; see `Dense`.")


def dropout(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    inputs: object,
    rate: Any = 0.5,  # noqa: ANN401 -- a number or tensor
    noise_shape: Sequence[int | None] | None = None,
    seed: int | None = None,
    training: object = False,
    name: str | None = None,
) -> Tensor:
    """Add a layer of dropout; see `Dropout`."""
    made: Tensor = Dropout(rate, noise_shape, seed, name)(inputs, training=training)
    return made


def flatten(inputs: object, name: str | None = None, data_format: str | None = "channels_last") -> Tensor:
    """Add a layer that makes one dimension of all but the batch's; see `Flatten`."""
    made: Tensor = Flatten(data_format, name)(inputs)
    return made
