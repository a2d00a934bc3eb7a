"""What neural networks are made of: the functions of ``tf.nn``.

Format: tensorflow/python/ops/nn_ops.py and nn_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.formats.dtypes import INT32, as_dtype
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.arrays import concat, shape, transpose
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.described import described
from ckpt_magics.graphs.nodes.mathematics import cast, matmul
from ckpt_magics.graphs.nodes.old_names import either
from ckpt_magics.graphs.nodes.random_values import get_seed, random_uniform
from ckpt_magics.graphs.nodes.reductions import reduce_mean


def _activation(op_type: str) -> Callable[..., Tensor]:
    def function(features: object, name: str | None = None) -> Tensor:
        return output(op_type, features, name=name)

    return described(function, op_type, f"Add a {op_type} op: it works on each element.")


elu = _activation("Elu")
relu = _activation("Relu")
relu6 = _activation("Relu6")
selu = _activation("Selu")
softplus = _activation("Softplus")
softsign = _activation("Softsign")


def leaky_relu(features: object, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """Add a ReLU that multiplies negative numbers by ``alpha``."""
    with name_scope(name, "LeakyRelu", [features, alpha]) as scope:
        tensor = convert_to_tensor(features, name="features")
        tensor = cast(tensor, "float32") if tensor.dtype.is_integer else tensor
        return output("LeakyRelu", tensor, alpha=float(alpha), name=scope)


def softmax(logits: object, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Tensor:
    """Add probabilities in proportion to the exponentials, along a dimension, the last one by default."""
    return _along("Softmax", logits, dim if axis is None else axis, name)


def log_softmax(logits: object, axis: int | None = None, name: str | None = None, dim: int | None = None) -> Tensor:
    """Add the logarithms of `softmax`."""
    return _along("LogSoftmax", logits, dim if axis is None else axis, name)


def _along(op_type: str, logits: object, axis: int | None, name: str | None) -> Tensor:
    tensor = convert_to_tensor(logits)
    ndims = tensor.shape.ndims
    if axis is None or axis == -1 or (ndims is not None and axis == ndims - 1):
        return output(op_type, tensor, name=name)
    if ndims is None:
        raise UnimplementedError("the rank of the logits is not known, so the dimension has to be the last one")
    order = list(range(ndims))
    order[axis], order[-1] = order[-1], order[axis]
    with name_scope(name, op_type.lower(), [tensor]) as scope:
        return transpose(output(op_type, transpose(tensor, order)), order, name=scope)


def bias_add(value: object, bias: object, data_format: str | None = None, name: str | None = None) -> Tensor:
    """Add a bias to each channel: the last dimension, or with ``data_format="NCHW"`` the second one."""
    layout = "NCHW" if (data_format or "").startswith("NC") else "NHWC"
    with name_scope(name, "BiasAdd", [value, bias]) as scope:
        tensor = convert_to_tensor(value, name="input")
        return output(
            "BiasAdd", tensor, convert_to_tensor(bias, tensor.dtype, name="bias"), data_format=layout, name=scope
        )


def xw_plus_b(x: object, weights: object, biases: object, name: str | None = None) -> Tensor:
    """Add ``matmul(x, weights) + biases``."""
    with name_scope(name, "xw_plus_b", [x, weights, biases]) as scope:
        left, right = convert_to_tensor(x, name="x"), convert_to_tensor(weights, name="weights")
        offsets = convert_to_tensor(biases, name="biases")
        return bias_add(matmul(left, right), offsets, name=scope)


def relu_layer(x: object, weights: object, biases: object, name: str | None = None) -> Tensor:
    """Add ``relu(matmul(x, weights) + biases)``."""
    with name_scope(name, "relu_layer", [x, weights, biases]) as scope:
        left, right = convert_to_tensor(x, name="x"), convert_to_tensor(weights, name="weights")
        offsets = convert_to_tensor(biases, name="biases")
        return relu(bias_add(matmul(left, right), offsets), name=scope)


def l2_loss(t: object, name: str | None = None) -> Tensor:
    """Add half the sum of the squares."""
    return output("L2Loss", t, name=name)


def zero_fraction(value: object, name: str | None = None) -> Tensor:
    """Add the part of the elements that are 0."""
    with name_scope(name, "zero_fraction", [value]):
        tensor = convert_to_tensor(value, name="value")
        return reduce_mean(cast(output("Equal", tensor, np.zeros((), tensor.dtype.numpy)), "float32"), name="fraction")


def dropout(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    x: object,
    keep_prob: Any = None,  # noqa: ANN401 -- a number or tensor
    noise_shape: Any = None,  # noqa: ANN401 -- a shape or a tensor
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,  # noqa: ANN401 -- a number or tensor
) -> Tensor:
    """Add a tensor with random elements set to 0 and the others scaled so that their sum is expected to stay.

    Args:
        x: The tensor, of a floating type.
        keep_prob: Probability that an element stays.
        noise_shape: Shape of the random choices, which are repeated to the tensor's; None in it for the tensor's size.
        seed: Seed of the choice.
        name: Name of the scope.
        rate: Probability that an element is dropped, instead of ``keep_prob``.

    Raises:
        ValueError: Neither or both of ``keep_prob`` and ``rate`` are given, the rate is not from 0 up to 1, or the
            tensor's type is no floating one.
    """
    dropped: Any = either("rate", rate, "keep_prob", None if keep_prob is None else 1.0 - keep_prob)
    if dropped is None:
        raise ValueError("You must provide a rate to dropout.")
    with name_scope(name, "dropout", [x]):
        if not isinstance(dropped, Operators) and not 0 <= dropped < 1:
            raise ValueError(f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={dropped}")
        tensor = convert_to_tensor(x, name="x")
        if not tensor.dtype.is_floating:
            raise ValueError(
                f"`x.dtype` must be a floating point tensor as `x` will be scaled. Received: x_dtype={tensor.dtype!r}"
            )
        if not isinstance(dropped, Operators) and dropped == 0:
            get_seed(seed)  # so that the random ops after this one have the same seeds whatever the rate
            return tensor
        return _dropped(tensor, dropped, noise_shape, seed)


def _dropped(tensor: Tensor, rate: Any, noise_shape: Any, seed: int | None) -> Tensor:  # noqa: ANN401
    if isinstance(rate, Operators):
        rate = rate.as_tensor()
        rate.shape.assert_has_rank(0)
        rate = cast(rate, tensor.dtype, name="rate")
        scaled = output("RealDiv", tensor, output("Sub", constant(1, tensor.dtype), rate))
    else:
        scaled = output("Mul", tensor, constant(1 / (1 - rate), tensor.dtype))
    drawn = random_uniform(_noise_shape(tensor, noise_shape), seed=seed, dtype=tensor.dtype)
    kept = output("GreaterEqual", drawn, rate)
    result = output("SelectV2", kept, scaled, constant(0, tensor.dtype))
    result.set_shape(tensor.shape)
    return result


def _noise_shape(tensor: Tensor, noise_shape: Any) -> Any:  # noqa: ANN401 -- a shape or a tensor
    if noise_shape is None:
        return shape(tensor)
    if isinstance(noise_shape, Operators) or tensor.shape.ndims is None:
        return noise_shape
    given = TensorShape(noise_shape).as_list()
    if len(given) != tensor.shape.ndims:
        return noise_shape
    return [own if size is None else size for size, own in zip(given, tensor.shape.as_list(), strict=True)]


def swish(features: object, beta: object = 1.0) -> Tensor:
    """Add ``features * sigmoid(beta * features)``."""
    tensor = convert_to_tensor(features, name="features")
    inner = tensor if isinstance(beta, float) and beta == 1 else convert_to_tensor(beta, tensor.dtype) * tensor
    return tensor * output("Sigmoid", inner)


def crelu(features: object, name: str | None = None, axis: int = -1) -> Tensor:
    """Add the ReLU of a tensor and of its negative, joined along a dimension."""
    with name_scope(name, "CRelu", [features]) as scope:
        tensor = convert_to_tensor(features, name="features")
        return relu(concat([tensor, -tensor], axis, name=scope))


def top_k(
    input: object,  # noqa: A002
    k: object = 1,
    sorted: bool = True,  # noqa: A002 -- TensorFlow's names
    index_type: object = INT32,
    name: str | None = None,
) -> TopK:
    """Add the ``k`` greatest elements of each row, and their places, of ``index_type``."""
    return TopK(*apply("TopKV2", input, k, sorted=sorted, index_type=as_dtype(index_type), name=name))


def in_top_k(predictions: object, targets: object, k: object, name: str | None = None) -> Tensor:
    """Add for each row whether the class in ``targets`` is among the ``k`` greatest of ``predictions``."""
    with name_scope(name, "in_top_k") as scope:
        return output("InTopKV2", predictions, targets, k, name=scope)


class TopK(NamedTuple):
    """The greatest elements of rows.

    Attributes:
        values: The elements.
        indices: int32, their places in the row.
    """

    values: Tensor
    indices: Tensor
