"""Means, variances and what is divided by them.

Format: tensorflow/python/ops/nn_impl.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import maximum
from ckpt_magics.graphs.nodes.reductions import reduce_mean, reduce_sum


def l2_normalize(
    x: object, axis: object = None, epsilon: float = 1e-12, name: str | None = None, dim: object = None
) -> Tensor:
    """Add a tensor divided by its length along some dimensions."""
    with name_scope(name, "l2_normalize", [x]) as scope:
        tensor = convert_to_tensor(x, name="x")
        squares = reduce_sum(output("Square", tensor), dim if axis is None else axis, keepdims=True)
        return output("Mul", tensor, output("Rsqrt", maximum(squares, epsilon)), name=scope)


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
        scaled = x * factor
        result: Tensor = scaled + (-mean * factor if offset is None else offset - mean * factor)
        return result


def fused_batch_norm(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    x: object,
    scale: object,
    offset: object,
    mean: object = None,
    variance: object = None,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
    exponential_avg_factor: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Add images normalized per channel, with the batch's own mean and variance or with given ones.

    Returns:
        The images; mean and variance of the batch while training, else the given ones.

    Raises:
        ValueError: Mean or variance are missing where they are needed.
    """
    if (not is_training or exponential_avg_factor != 1.0) and (mean is None or variance is None):
        raise ValueError(
            "Both `mean` and `variance` must be a 1D tensor when `is_training` is False or `exponential_avg_factor` "
            f"!= 1.0. Received: `mean` {mean!r} and `variance` {variance!r}"
        )
    images = convert_to_tensor(x, name="input")
    factor, shift = convert_to_tensor(scale, name="scale"), convert_to_tensor(offset, name="offset")
    given = [constant([], FLOAT) if moment is None else moment for moment in (mean, variance)]
    outputs = apply(
        "FusedBatchNormV3",
        images,
        factor,
        shift,
        *given,
        epsilon=float(epsilon),
        exponential_avg_factor=exponential_avg_factor,
        data_format=data_format,
        is_training=bool(is_training),
        name=name,
    )
    return outputs[0], outputs[1], outputs[2]
