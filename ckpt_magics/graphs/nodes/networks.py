"""What neural networks are made of: the functions of ``tf.nn``.

Format: tensorflow/python/ops/nn_ops.py and nn_impl.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import gather, rank, shape, transpose
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.described import described
from ckpt_magics.graphs.nodes.mathematics import cast, matmul, maximum
from ckpt_magics.graphs.nodes.random_values import random_uniform
from ckpt_magics.graphs.nodes.reductions import reduce_mean, reduce_sum


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


def l2_normalize(
    x: object, axis: object = None, epsilon: float = 1e-12, name: str | None = None, dim: object = None
) -> Tensor:
    """Add a tensor divided by its length along some dimensions."""
    with name_scope(name, "l2_normalize", [x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        squares = reduce_sum(output("Square", tensor), dim if axis is None else axis, keepdims=True)
        return output("Mul", tensor, output("Rsqrt", maximum(squares, epsilon)), name=scope)


def zero_fraction(value: object, name: str | None = None) -> Tensor:
    """Add the part of the elements that are 0."""
    with name_scope(name, "zero_fraction", [value]):
        tensor = convert_to_tensor(value, name="value")
        return reduce_mean(cast(output("Equal", tensor, np.zeros((), tensor.dtype.numpy)), "float32"), name="fraction")


def moments(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    x: object,
    axes: Sequence[int],
    shift: object = None,  # noqa: ARG001 -- without use in TensorFlow too
    name: str | None = None,
    keep_dims: bool | None = None,
    keepdims: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Add mean and variance over some dimensions."""
    keep = bool(keep_dims if keepdims is None else keepdims)
    with name_scope(name, "moments", [x, axes]):
        tensor = convert_to_tensor(x)
        mean = reduce_mean(tensor, axes, keepdims=True, name="mean")
        variance = reduce_mean(
            output("SquaredDifference", tensor, output("StopGradient", mean)), axes, keepdims=True, name="variance"
        )
        if keep:
            return mean, variance
        return output("Squeeze", mean, squeeze_dims=list(axes)), output("Squeeze", variance, squeeze_dims=list(axes))


def batch_normalization(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    x: Any,  # noqa: ANN401 -- a tensor or variable
    mean: Any,  # noqa: ANN401
    variance: Any,  # noqa: ANN401
    offset: Any,  # noqa: ANN401
    scale: Any,  # noqa: ANN401
    variance_epsilon: float,
    name: str | None = None,
) -> Tensor:
    """Add ``(x - mean) / sqrt(variance + epsilon) * scale + offset``; scale and offset may be None."""
    with name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        factor = output("Rsqrt", variance + variance_epsilon)
        factor = factor if scale is None else factor * scale
        shift = mean * factor
        result: Tensor = x * factor + (-shift if offset is None else offset - shift)
        return result


def dropout(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    x: object,
    keep_prob: Any = None,  # noqa: ANN401 -- a number or tensor
    noise_shape: object = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,  # noqa: ANN401 -- a number or tensor
) -> Tensor:
    """Add a tensor with random elements set to 0 and the others scaled so that their sum is expected to stay.

    Raises:
        ValueError: Neither or both of ``keep_prob`` and ``rate`` are given.
    """
    if (keep_prob is None) == (rate is None):
        raise ValueError("You must provide a rate to dropout, or a keep_prob.")
    dropped = 1.0 - keep_prob if rate is None else rate
    with name_scope(name, "dropout", [x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        drawn = random_uniform(shape(tensor) if noise_shape is None else noise_shape, seed=seed, dtype=tensor.dtype)
        kept = output("GreaterEqual", drawn, dropped)
        scaled = tensor * (1.0 / (1.0 - dropped))
        return output("SelectV2", kept, scaled, np.zeros((), tensor.dtype.numpy), name=scope)


def embedding_lookup(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    params: object,
    ids: object,
    partition_strategy: str = "mod",  # noqa: ARG001 -- of lists of tensors
    name: str | None = None,
    validate_indices: bool = True,  # noqa: ARG001 -- they are always checked
    max_norm: float | None = None,
) -> Tensor:
    """Add the rows of a table at given indices.

    Raises:
        UnimplementedError: The table is a list of several tensors, or ``max_norm`` is given.
    """
    tables = list(params) if isinstance(params, (list, tuple)) else [params]
    if len(tables) != 1 or max_norm is not None:
        raise UnimplementedError("lookups in a table of several tensors, or with max_norm, are none of the ops here")
    with name_scope(name, "embedding_lookup", [*tables, ids]):
        return output("Identity", gather(tables[0], ids))


def sigmoid_cross_entropy_with_logits(labels: object = None, logits: object = None, name: str | None = None) -> Tensor:
    """Add ``-labels * log(sigmoid(logits)) - (1 - labels) * log(1 - sigmoid(logits))``, computed without overflow."""
    with name_scope(name, "logistic_loss", [logits, labels]) as scope:
        scores, wanted = convert_to_tensor(logits, name="logits"), convert_to_tensor(labels, name="labels")
        positive = output("GreaterEqual", scores, np.zeros((), scores.dtype.numpy))
        zeros = output("ZerosLike", scores)
        above = output("Select", positive, scores, zeros)
        magnitude = output("Select", positive, -scores, scores)
        return output("AddV2", above - scores * wanted, output("Log1p", output("Exp", magnitude)), name=scope)


def softmax_cross_entropy_with_logits(
    labels: object = None,
    logits: object = None,
    dim: int = -1,
    name: str | None = None,
    axis: int | None = None,
) -> Tensor:
    """Add the cross entropy of each row of labels with the softmax of the logits.

    Raises:
        UnimplementedError: The classes are not in the last dimension.
        ValueError: Labels or logits are missing.
    """
    _check_given(labels, logits)
    along = dim if axis is None else axis
    with name_scope(name, "softmax_cross_entropy_with_logits_sg", [logits, labels]) as scope:
        scores = convert_to_tensor(logits, name="logits")
        wanted = convert_to_tensor(labels, scores.dtype, name="labels")
        if along not in {-1, (scores.shape.ndims or 0) - 1}:
            raise UnimplementedError("the classes have to be in the last dimension")
        classes = _last_size(scores)
        rows = output("Reshape", scores, [-1, classes]), output("Reshape", wanted, [-1, classes])
        losses = apply("SoftmaxCrossEntropyWithLogits", *rows)[0]
        return output("Reshape", losses, _without_last(scores), name=scope)


def softmax_cross_entropy_with_logits_v2(
    labels: object, logits: object, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Tensor:
    """Add the same as `softmax_cross_entropy_with_logits`; the arguments come in another order."""
    return softmax_cross_entropy_with_logits(labels, logits, -1 if dim is None else dim, name, axis)


def sparse_softmax_cross_entropy_with_logits(
    labels: object = None, logits: object = None, name: str | None = None
) -> Tensor:
    """Add the cross entropy of the class that each label names with the softmax of the logits.

    Raises:
        ValueError: Labels or logits are missing.
    """
    _check_given(labels, logits)
    with name_scope(name, "SparseSoftmaxCrossEntropyWithLogits", [labels, logits]) as scope:
        scores, wanted = convert_to_tensor(logits), convert_to_tensor(labels)
        if scores.shape.ndims == 2:
            losses: Tensor = apply("SparseSoftmaxCrossEntropyWithLogits", scores, wanted, name=scope)[0]
            return losses
        rows = output("Reshape", scores, [-1, _last_size(scores)])
        losses = apply("SparseSoftmaxCrossEntropyWithLogits", rows, output("Reshape", wanted, [-1]))[0]
        return output("Reshape", losses, shape(wanted), name=scope)


def _check_given(labels: object, logits: object) -> None:
    if labels is None or logits is None:
        raise ValueError("Both labels and logits must be provided.")


def _last_size(tensor: Tensor) -> int:
    size = tensor.shape[-1].value
    if size is None:
        raise UnimplementedError(f"the number of classes of {tensor.name} is not known")
    return size


def _without_last(tensor: Tensor) -> object:
    sizes = tensor.shape.sizes
    if sizes is not None and None not in sizes:
        return np.array(sizes[:-1], np.int32)
    return output("Slice", shape(tensor), [0], convert_to_tensor([rank(tensor) - 1]))
