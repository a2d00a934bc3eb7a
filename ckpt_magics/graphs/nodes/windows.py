"""Convolutions and pools: the functions of ``tf.nn`` that slide windows over images and sequences.

Format: tensorflow/python/ops/nn_ops.py and nn_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import expand_dims, shape, squeeze
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.described import described
from ckpt_magics.graphs.nodes.dilation import with_space_to_batch
from ckpt_magics.graphs.nodes.old_names import either

# ruff: noqa: A002, PLR0917 -- arguments and their order are TensorFlow's

Steps = int | Sequence[int] | None
"""Sizes, strides or dilations: one for all dimensions of space, one for each, or one for each dimension."""

Padding = str | Sequence[Sequence[int]] | None


def is_channels_first(data_format: str | None) -> bool:
    """Return whether a layout such as ``NCHW`` has the channels before the dimensions of space."""
    return (data_format or "").startswith("NC")


def each_dimension(value: Any, spatial: int, name: str, *, channels_first: bool) -> list[int]:  # noqa: ANN401 -- Steps
    """Return one number per dimension, 1 for those of batch and channels where they aren't given.

    Args:
        value: A number, a list of as many as there are dimensions of space, or of two more; None for ones.
        spatial: Number of the dimensions of space.
        name: What it is, for the message.
        channels_first: Where the channels are.

    Raises:
        ValueError: The list has another length.
    """
    given = [1] if value is None else list(value) if hasattr(value, "__len__") else [value]
    if len(given) == spatial + 2:
        return [int(item) for item in given]
    if len(given) not in {1, spatial}:
        raise ValueError(
            f"{name} should be of length 1, {spatial} or {spatial + 2}. Received: {name}={value} of length {len(given)}"
        )
    inner = [int(item) for item in (given if len(given) == spatial else given * spatial)]
    return [1, 1, *inner] if channels_first else [1, *inner, 1]


def spelled_padding(padding: Any, rank: int = 4) -> tuple[str, list[int]]:  # noqa: ANN401 -- Padding
    """Return the attributes ``padding`` and ``explicit_paddings``.

    Raises:
        ValueError: It is a list of another length than ``rank``, or not of pairs.
    """
    if padding == "EXPLICIT":
        raise ValueError(
            "'EXPLICIT' is not a valid value for `padding`. To use explicit padding, `padding` must be a list."
        )
    if not isinstance(padding, (list, tuple)):
        return padding, []
    for index, pair in enumerate(padding):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ValueError(
                "When `padding` is a list, each element of `padding` must be a list/tuple of size 2. "
                f"Received: padding={padding} with element at index {index}: {pair}"
            )
    if len(padding) != rank:
        raise ValueError(f"When padding is a list, it must be of size {rank}. Received: padding={padding}")
    return "EXPLICIT", [int(size) for pair in padding for size in pair]


def conv2d(
    input: object,
    filter: object = None,
    strides: Steps = None,
    padding: Padding = None,
    use_cudnn_on_gpu: bool = True,
    data_format: str | None = "NHWC",
    dilations: Steps = (1, 1, 1, 1),
    name: str | None = None,
    filters: object = None,
) -> Tensor:
    """Add a convolution of images with filters of shape [height, width, channels in, channels out]."""
    first = is_channels_first(data_format)
    spelled, explicit = spelled_padding(padding)
    return output(
        "Conv2D",
        input,
        either("filters", filters, "filter", filter),
        strides=each_dimension(strides, 2, "strides", channels_first=first),
        padding=spelled,
        explicit_paddings=explicit,
        use_cudnn_on_gpu=use_cudnn_on_gpu,
        data_format=data_format or "NHWC",
        dilations=each_dimension(dilations, 2, "dilations", channels_first=first),
        name=name,
    )


def conv2d_transpose(
    value: Any = None,  # noqa: ANN401 -- whatever becomes a tensor
    filter: object = None,
    output_shape: object = None,
    strides: Steps = None,
    padding: Padding = "SAME",
    data_format: str | None = "NHWC",
    name: str | None = None,
    input: object = None,
    filters: object = None,
    dilations: Steps = None,
) -> Tensor:
    """Add the transpose of a convolution: the images of ``output_shape`` that ``value`` weighs the filters for.

    The filters have shape [height, width, channels out, channels in].
    """
    images = either("input", input, "value", value)
    kernels = either("filters", filters, "filter", filter)
    first = is_channels_first(data_format)
    spelled, explicit = spelled_padding(padding)
    with name_scope(name, "conv2d_transpose", [images, kernels, output_shape]) as scope:
        return output(
            "Conv2DBackpropInput",
            output_shape,
            kernels,
            images,
            strides=each_dimension(strides, 2, "strides", channels_first=first),
            padding=spelled,
            explicit_paddings=explicit,
            data_format=data_format or "NHWC",
            dilations=each_dimension(dilations, 2, "dilations", channels_first=first),
            name=scope,
        )


def conv1d(
    value: Any = None,  # noqa: ANN401 -- whatever becomes a tensor
    filters: object = None,
    stride: Steps = None,
    padding: Padding = None,
    use_cudnn_on_gpu: bool | None = None,
    data_format: str | None = None,
    name: str | None = None,
    input: object = None,
    dilations: Steps = None,
) -> Tensor:
    """Add a convolution of sequences, as one of images of height 1."""
    first = is_channels_first(data_format)
    place = -2 if first else -3
    sequences = either("input", input, "value", value)
    with name_scope(name, "conv1d", [sequences, filters]) as scope:
        images = expand_dims(sequences, place)
        kernels = expand_dims(filters, 0)
        found = output(
            "Conv2D",
            images,
            kernels,
            strides=[1, *each_dimension(stride, 1, "stride", channels_first=first)],
            padding=padding,
            use_cudnn_on_gpu=use_cudnn_on_gpu,
            data_format="NCHW" if first else "NHWC",
            dilations=[1, *each_dimension(dilations, 1, "dilations", channels_first=first)],
            name=scope,
        )
        return squeeze(found, [place])


def conv3d(
    input: object,
    filter: object = None,
    strides: Steps = None,
    padding: str | None = None,
    data_format: str = "NDHWC",
    dilations: Steps = (1, 1, 1, 1, 1),
    name: str | None = None,
    filters: object = None,
) -> Tensor:
    """Add a convolution of volumes with filters of shape [depth, height, width, channels in, channels out]."""
    return output(
        "Conv3D",
        input,
        either("filters", filters, "filter", filter),
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilations=dilations,
        name=name,
    )


def convolution(
    input: object,
    filter: object,
    padding: Any,  # noqa: ANN401 -- Padding
    strides: Steps = None,
    dilation_rate: Steps = None,
    name: str | None = None,
    data_format: str | None = None,
    filters: object = None,
    dilations: Steps = None,
) -> Tensor:
    """Add a convolution over as many dimensions of space as the filters have.

    Dilated filters work on images that are taken apart into those of every n-th pixel, as in TensorFlow 1.
    """
    kernels = either("filters", filters, "filter", filter)
    rates = either("dilations", dilations, "dilation_rate", dilation_rate)
    with name_scope(name, "convolution", [input, kernels]) as scope:
        images, weights = convert_to_tensor(input, name="input"), convert_to_tensor(kernels, name="filters")
        spatial = len(weights.shape) - 2
        first = is_channels_first(data_format)
        each = each_dimension(rates, spatial, "dilations", channels_first=first)
        inner = each[2:] if first else each[1:-1]

        def convolve(parts: Tensor, padding: Any) -> Tensor:  # noqa: ANN401
            return _CONVOLUTIONS[spatial](parts, weights, strides, padding, data_format, scope)

        if all(rate == 1 for rate in inner):
            return convolve(images, padding)
        return with_space_to_batch(images, inner, padding, weights.shape, convolve, channels_first=first)


def _convolve_1(images: Tensor, kernels: Tensor, strides: Steps, padding: Any, layout: str | None, name: str) -> Tensor:  # noqa: ANN401
    return conv1d(images, kernels, strides, padding, data_format=layout, name=name)


def _convolve_2(images: Tensor, kernels: Tensor, strides: Steps, padding: Any, layout: str | None, name: str) -> Tensor:  # noqa: ANN401
    return conv2d(images, kernels, strides, padding, data_format=layout, name=name)


def _convolve_3(images: Tensor, kernels: Tensor, strides: Steps, padding: Any, layout: str | None, name: str) -> Tensor:  # noqa: ANN401
    steps = each_dimension(strides, 3, "strides", channels_first=is_channels_first(layout))
    return conv3d(images, kernels, steps, padding, layout or "NDHWC", name=name)


_CONVOLUTIONS: dict[int, Callable[..., Tensor]] = {1: _convolve_1, 2: _convolve_2, 3: _convolve_3}


def atrous_conv2d(value: object, filters: object, rate: Any, padding: Padding, name: str | None = None) -> Tensor:  # noqa: ANN401 -- Steps
    """Add a convolution of images with filters that take every ``rate``-th pixel."""
    rates = [int(rate)] * 2 if not hasattr(rate, "__len__") else list(rate)
    return convolution(value, filters, padding, dilation_rate=rates, name=name)


def depthwise_conv2d_native(
    input: object,
    filter: object,
    strides: Sequence[int],
    padding: Padding,
    data_format: str | None = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1),
    name: str | None = None,
) -> Tensor:
    """Add a convolution of each channel by itself, with filters of shape [height, width, channels, multiplier]."""
    spelled, explicit = spelled_padding(padding)
    return output(
        "DepthwiseConv2dNative",
        input,
        filter,
        strides=list(strides),
        padding=spelled,
        explicit_paddings=explicit,
        data_format=data_format or "NHWC",
        dilations=list(dilations),
        name=name,
    )


def depthwise_conv2d(
    input: object,
    filter: object,
    strides: Sequence[int],
    padding: Padding,
    rate: Any = None,  # noqa: ANN401 -- Steps
    name: str | None = None,
    data_format: str | None = None,
    dilations: object = None,
) -> Tensor:
    """Add a convolution of each channel by itself, of every ``rate``-th pixel."""
    with name_scope(name, "depthwise", [input, filter]) as scope:
        images = convert_to_tensor(input, name="tensor_in")
        kernels = convert_to_tensor(filter, name="filter_in")
        return _depthwise(
            images, kernels, strides, padding, either("dilations", dilations, "rate", rate), data_format, scope
        )


def _depthwise(
    images: Tensor,
    kernels: Tensor,
    strides: Sequence[int],
    padding: Any,  # noqa: ANN401 -- Padding
    rate: Any,  # noqa: ANN401 -- Steps
    data_format: str | None,
    name: str,
) -> Tensor:
    shape(kernels)  # TensorFlow's functions leave this node behind

    def convolve(parts: Tensor, padding: Any) -> Tensor:  # noqa: ANN401
        return depthwise_conv2d_native(parts, kernels, strides, padding, data_format, name=name)

    first = is_channels_first(data_format)
    return with_space_to_batch(images, rate or [1, 1], padding, kernels.shape, convolve, channels_first=first)


def separable_conv2d(
    input: object,
    depthwise_filter: object,
    pointwise_filter: object,
    strides: Sequence[int],
    padding: Padding,
    rate: Any = None,  # noqa: ANN401 -- Steps
    name: str | None = None,
    data_format: str | None = None,
    dilations: object = None,
) -> Tensor:
    """Add a convolution of each channel by itself, then one of all channels with filters of one pixel."""
    with name_scope(name, "separable_conv2d", [input, depthwise_filter, pointwise_filter]) as scope:
        images = convert_to_tensor(input, name="tensor_in")
        deep = convert_to_tensor(depthwise_filter, name="depthwise_filter")
        flat = convert_to_tensor(pointwise_filter, name="pointwise_filter")
        rates = either("dilations", dilations, "rate", rate)
        channels = _depthwise(images, deep, strides, padding, rates, data_format, "depthwise")
        return conv2d(channels, flat, [1, 1, 1, 1], "VALID", data_format=data_format, name=scope)


def max_pool(
    value: object,
    ksize: Steps,
    strides: Steps,
    padding: Padding,
    data_format: str | None = "NHWC",
    name: str | None = None,
    input: object = None,
) -> Tensor:
    """Add the greatest element of each window, of each channel by itself.

    Raises:
        ValueError: A size of the windows is 0.
    """
    spelled, explicit = spelled_padding(padding)
    images = either("input", input, "value", value)
    first = is_channels_first(data_format)
    sizes = each_dimension(ksize, 2, "ksize", channels_first=first)
    if 0 in sizes:
        raise ValueError(f"`ksize` cannot be zero. Received: ksize={sizes}")
    with name_scope(name, "MaxPool", [images]) as scope:
        return output(
            "MaxPool",
            images,
            ksize=sizes,
            strides=each_dimension(strides, 2, "strides", channels_first=first),
            padding=spelled,
            explicit_paddings=explicit,
            data_format=data_format or "NHWC",
            name=scope,
        )


def avg_pool(
    value: object,
    ksize: Steps,
    strides: Steps,
    padding: str,
    data_format: str | None = "NHWC",
    name: str | None = None,
    input: object = None,
) -> Tensor:
    """Add the mean of each window, of each channel by itself; what is added around does not count."""
    images = either("input", input, "value", value)
    first = is_channels_first(data_format)
    with name_scope(name, "AvgPool", [images]) as scope:
        return output(
            "AvgPool",
            images,
            ksize=each_dimension(ksize, 2, "ksize", channels_first=first),
            strides=each_dimension(strides, 2, "strides", channels_first=first),
            padding=padding,
            data_format=data_format or "NHWC",
            name=scope,
        )


def max_pool2d(
    input: object, ksize: Steps, strides: Steps, padding: Padding, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """Add the greatest element of each window; the same as `max_pool` but for its name."""
    return max_pool(input, ksize, strides, padding, data_format, name or "MaxPool2d")


def _pool_3d(op_type: str) -> Callable[..., Tensor]:
    def function(
        input: object, ksize: Steps, strides: Steps, padding: str, data_format: str = "NDHWC", name: str | None = None
    ) -> Tensor:
        first = is_channels_first(data_format)
        with name_scope(name, op_type, [input]) as scope:
            return output(
                op_type,
                input,
                ksize=each_dimension(ksize, 3, "ksize", channels_first=first),
                strides=each_dimension(strides, 3, "strides", channels_first=first),
                padding=padding,
                data_format=data_format,
                name=scope,
            )

    return described(function, op_type, f"Add a {op_type} op: windows over volumes.")


max_pool3d = _pool_3d("MaxPool3D")
avg_pool3d = _pool_3d("AvgPool3D")


def local_response_normalization(
    input: object,
    depth_radius: int = 5,
    bias: float = 1.0,
    alpha: float = 1.0,
    beta: float = 0.5,
    name: str | None = None,
) -> Tensor:
    """Add each element divided by a power of the squares of the channels near it."""
    return output("LRN", input, depth_radius=depth_radius, bias=bias, alpha=alpha, beta=beta, name=name)
