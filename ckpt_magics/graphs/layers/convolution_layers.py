"""Convolutions with variables of their own.

Format: tensorflow/python/layers/convolutional.py and keras/layers/convolutional.py of TensorFlow 1.15.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.layers.layer import Function, Layer, Maker, layer_function
from ckpt_magics.graphs.layers.window_sizes import Sizes, as_sizes, output_length, transposed_length
from ckpt_magics.graphs.nodes import windows
from ckpt_magics.graphs.nodes.arrays import reshape, shape, stack
from ckpt_magics.graphs.nodes.networks import bias_add
from ckpt_magics.graphs.variables.initializers import Zeros

__all__ = [
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "SeparableConv2D",
    "conv1d",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "separable_conv2d",
]

LAYOUTS = {1: ("NWC", "NCW"), 2: ("NHWC", "NCHW"), 3: ("NDHWC", "NCDHW")}
"""The layouts with the channels last and first, by the number of the dimensions of space."""


class _Conv(Layer):
    """A layer that slides filters over images.

    Args:
        filters: Number of filters, which is that of the output's channels.
        kernel_size: Size of a filter.
        strides: Steps between the places of a filter.
        padding: ``valid`` or ``same``.
        data_format: ``channels_last`` or ``channels_first``.
        dilation_rate: A filter takes every n-th pixel.
        activation: Function of the outputs.
        use_bias: Whether a bias is added to each channel.
        kernel_initializer: What gives the filters their first values.
        bias_initializer: The same for the bias.
        kernel_regularizer: Function of the filters that returns a loss.
        bias_regularizer: The same for the bias.
        activity_regularizer: The same for the outputs.
        kernel_constraint: What an optimizer applies to the filters after each step.
        bias_constraint: The same for the bias.
        trainable: Whether the variables are trained.
        name: Name of the layer's scope.
        options: See `Layer`.
    """

    spatial: ClassVar[int]

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        dilation_rate: Sizes = 1,
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
        self.filters = int(filters)
        self.kernel_size = as_sizes(kernel_size, self.spatial, "kernel_size")
        self.strides = as_sizes(strides, self.spatial, "strides")
        self.dilation_rate = as_sizes(dilation_rate, self.spatial, "dilation_rate")
        self.padding = padding.lower()
        self.channels_first = data_format == "channels_first"
        self.layout = LAYOUTS[self.spatial][self.channels_first]
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

    def _channels(self, shape: TensorShape) -> int:
        size = None if shape.ndims is None else shape[1 if self.channels_first else -1].value
        if size is None:
            raise ValueError("The channel dimension of the inputs should be defined. Found `None`.")
        return size

    def _kernel_shape(self, channels: int) -> list[int]:
        return [*self.kernel_size, channels, self.filters]

    def build(self, shape: TensorShape) -> None:
        """Make filters and bias.

        Raises:
            ValueError: The inputs' rank is another one, or their number of channels is not known.
        """
        if shape.ndims != self.spatial + 2:
            raise ValueError(
                f'Input 0 of layer "{self.name}" is incompatible with the layer: expected min_ndim={self.spatial + 2}, '
                f"found ndim={shape.ndims}. Full shape received: {shape}"
            )
        self.kernel = self.add_weight("kernel", self._kernel_shape(self._channels(shape)), **self._kernel)
        self._build_bias()

    def _build_bias(self) -> None:
        if self.use_bias:
            self.bias = self.add_weight("bias", [self.filters], **self._bias)

    def _output_shape(self, shape: TensorShape) -> list[int | None]:
        sizes = shape.as_list()
        start = 2 if self.channels_first else 1
        inner = [
            output_length(size, kernel, stride, rate, same=self.padding == "same")
            for size, kernel, stride, rate in zip(
                sizes[start : start + self.spatial], self.kernel_size, self.strides, self.dilation_rate, strict=True
            )
        ]
        return [sizes[0], self.filters, *inner] if self.channels_first else [sizes[0], *inner, self.filters]

    def call(self, inputs: Tensor) -> Tensor:
        """Make the convolution, the sum and the activation."""
        outputs = windows.convolution(
            inputs,
            self.kernel,
            self.padding.upper(),
            list(self.strides),
            list(self.dilation_rate),
            type(self).__name__,
            self.layout,
        )
        outputs = self._with_bias(outputs)
        outputs.set_shape(self._output_shape(inputs.shape))
        return outputs if self.activation is None else self.activation(outputs)

    def _with_bias(self, outputs: Tensor) -> Tensor:
        if not self.use_bias:
            return outputs
        if self.spatial == 1 and self.channels_first:
            return outputs + reshape(self.bias, [1, self.filters, 1])
        return bias_add(outputs, self.bias, self.layout)


class Conv1D(_Conv):
    """A convolution of sequences."""

    spatial = 1


class Conv2D(_Conv):
    """A convolution of images."""

    spatial = 2


class Conv3D(_Conv):
    """A convolution of volumes."""

    spatial = 3


class Conv2DTranspose(_Conv):
    """The transpose of a convolution of images: each input pixel adds a filter to the output."""

    spatial = 2

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        activation: Function = None,
        use_bias: bool = True,
        *rest: Any,  # noqa: ANN401 -- as Conv2D's
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(filters, kernel_size, strides, padding, data_format, 1, activation, use_bias, *rest, **options)

    def _kernel_shape(self, channels: int) -> list[int]:
        return [*self.kernel_size, self.filters, channels]

    def _output_shape(self, shape: TensorShape) -> list[int | None]:
        sizes = shape.as_list()
        start = 2 if self.channels_first else 1
        inner = [self._length(sizes[start + index], index) for index in range(2)]
        return [sizes[0], self.filters, *inner] if self.channels_first else [sizes[0], *inner, self.filters]

    def _length(self, size: Any, index: int) -> Any:  # noqa: ANN401 -- a number, a tensor or None
        return transposed_length(size, self.kernel_size[index], self.strides[index], same=self.padding == "same")

    def call(self, inputs: Tensor) -> Tensor:
        """Make the transpose, the sum and the activation."""
        sizes = shape(inputs)
        batch = sizes[0]
        start = 2 if self.channels_first else 1
        known = inputs.shape.as_list()[start : start + 2]
        inner = [sizes[start + index] if size is None else size for index, size in enumerate(known)]
        lengths = [self._length(size, index) for index, size in enumerate(inner)]
        outer = [batch, self.filters, *lengths] if self.channels_first else [batch, *lengths, self.filters]
        steps = [1, 1, *self.strides] if self.channels_first else [1, *self.strides, 1]
        outputs = windows.conv2d_transpose(inputs, self.kernel, stack(outer), steps, self.padding.upper(), self.layout)
        outputs.set_shape(self._output_shape(inputs.shape))
        outputs = self._with_bias(outputs)
        return outputs if self.activation is None else self.activation(outputs)


class SeparableConv2D(_Conv):
    """A convolution of each channel by itself, then one of all channels with filters of one pixel.

    Args:
        depth_multiplier: How many outputs each channel has in between.
        depthwise_initializer: What gives the filters of the channels their first values.
        pointwise_initializer: The same for the filters of one pixel.
        depthwise_regularizer: Function of the filters of the channels that returns a loss.
        pointwise_regularizer: The same for the filters of one pixel.
    """

    spatial = 2

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        filters: int,
        kernel_size: Sizes,
        strides: Sizes = 1,
        padding: str = "valid",
        data_format: str | None = "channels_last",
        dilation_rate: Sizes = 1,
        depth_multiplier: int = 1,
        activation: Function = None,
        use_bias: bool = True,
        depthwise_initializer: Maker = None,
        pointwise_initializer: Maker = None,
        bias_initializer: Maker = Zeros(),  # noqa: B008 -- it has no state
        depthwise_regularizer: Function = None,
        pointwise_regularizer: Function = None,
        **options: Any,  # noqa: ANN401 -- Conv2D's
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            bias_initializer=bias_initializer,
            **options,
        )
        self.depth_multiplier = depth_multiplier
        self._deep = {"initializer": depthwise_initializer, "regularizer": depthwise_regularizer}
        self._flat = {"initializer": pointwise_initializer, "regularizer": pointwise_regularizer}

    def build(self, shape: TensorShape) -> None:
        """Make both kinds of filters and the bias."""
        channels = self._channels(shape)
        deep = [*self.kernel_size, channels, self.depth_multiplier]
        self.depthwise_kernel = self.add_weight("depthwise_kernel", deep, **self._deep)
        flat = [1, 1, channels * self.depth_multiplier, self.filters]
        self.pointwise_kernel = self.add_weight("pointwise_kernel", flat, **self._flat)
        self._build_bias()

    def call(self, inputs: Tensor) -> Tensor:
        """Make both convolutions, the sum and the activation."""
        steps = [1, 1, *self.strides] if self.channels_first else [1, *self.strides, 1]
        outputs = windows.separable_conv2d(
            inputs,
            self.depthwise_kernel,
            self.pointwise_kernel,
            steps,
            self.padding.upper(),
            list(self.dilation_rate),
            data_format=self.layout,
        )
        outputs = self._with_bias(outputs)
        return outputs if self.activation is None else self.activation(outputs)


conv1d = layer_function(Conv1D, "Add a convolution of sequences; see `Conv1D`.")
conv2d = layer_function(Conv2D, "Add a convolution of images; see `Conv2D`.")
conv3d = layer_function(Conv3D, "Add a convolution of volumes; see `Conv3D`.")
conv2d_transpose = layer_function(Conv2DTranspose, "Add the transpose of a convolution; see `Conv2DTranspose`.")
separable_conv2d = layer_function(SeparableConv2D, "Add a convolution of each channel; see `SeparableConv2D`.")
