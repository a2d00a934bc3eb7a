"""Sums, means and the like over dimensions, of ``tf`` and ``tf.math``.

Format: tensorflow/python/ops/math_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckpt_magics.files.formats.dtypes import INT64, as_dtype
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import rank
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.described import described


def _reduction(op_type: str) -> Callable[..., Tensor]:
    def function(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        input_tensor: object,
        axis: object = None,
        keepdims: bool | None = None,
        name: str | None = None,
        reduction_indices: object = None,
        keep_dims: bool | None = None,
    ) -> Tensor:
        tensor = convert_to_tensor(input_tensor, name="input" if op_type in {"All", "Any"} else "input_tensor")
        along = reduction_indices if axis is None else axis
        keep = bool(keep_dims if keepdims is None else keepdims)
        return output(op_type, tensor, _all_axes(tensor) if along is None else along, keep_dims=keep, name=name)

    return described(function, op_type, f"Add a {op_type} op over some dimensions, all of them by default.")


def _all_axes(tensor: Tensor) -> Tensor:
    if tensor.shape.ndims:
        return constant(np.arange(tensor.shape.ndims, dtype=np.int32))
    return output("Range", 0, rank(tensor), 1, name="range")


reduce_all = _reduction("All")
reduce_any = _reduction("Any")
reduce_max = _reduction("Max")
reduce_mean = _reduction("Mean")
reduce_min = _reduction("Min")
reduce_prod = _reduction("Prod")
reduce_sum = _reduction("Sum")


def _arg_extreme(op_type: str) -> Callable[..., Tensor]:
    def function(
        input: object,  # noqa: A002 -- TensorFlow's name
        axis: object = None,
        name: str | None = None,
        dimension: object = None,
        output_type: object = INT64,
    ) -> Tensor:
        along = dimension if axis is None else axis
        return output(op_type, input, 0 if along is None else along, output_type=as_dtype(output_type), name=name)

    return described(function, op_type, f"Add an {op_type} op: the index of the extreme element along a dimension.")


argmax = _arg_extreme("ArgMax")
argmin = _arg_extreme("ArgMin")


def _cumulative(op_type: str) -> Callable[..., Tensor]:
    def function(
        x: object, axis: object = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
    ) -> Tensor:
        with name_scope(name, op_type, [x]) as scope:
            return output(
                op_type, convert_to_tensor(x, name="x"), axis, exclusive=exclusive, reverse=reverse, name=scope
            )

    return described(function, op_type, f"Add a {op_type} op along a dimension.")


cumsum = _cumulative("Cumsum")
cumprod = _cumulative("Cumprod")


def arg_max(input: object, dimension: object, output_type: object = INT64, name: str | None = None) -> Tensor:  # noqa: A002
    """Add the index of the greatest element along a dimension; `argmax` with other arguments."""
    return argmax(input, dimension, name, output_type=output_type)


def arg_min(input: object, dimension: object, output_type: object = INT64, name: str | None = None) -> Tensor:  # noqa: A002
    """Add the index of the least element along a dimension; `argmin` with other arguments."""
    return argmin(input, dimension, name, output_type=output_type)


def reduce_logsumexp(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    input_tensor: object,
    axis: object = None,
    keepdims: bool | None = None,
    name: str | None = None,
    reduction_indices: object = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Add the logarithm of the sum of exponentials, computed without overflow."""
    along = reduction_indices if axis is None else axis
    keep = bool(keep_dims if keepdims is None else keepdims)
    with name_scope(name, "ReduceLogSumExp", [input_tensor]) as scope:
        greatest = reduce_max(input_tensor, along, keepdims=True)
        zero = np.zeros((), greatest.dtype.numpy)
        finite = output("StopGradient", output("SelectV2", output("IsFinite", greatest), greatest, zero))
        exponentials = output("Exp", output("Sub", input_tensor, finite))
        result = output("Log", reduce_sum(exponentials, along, keepdims=keep))
        if not keep:
            finite = output("Reshape", finite, output("Shape", result))
        return output("AddV2", result, finite, name=scope)


def reduce_variance(
    input_tensor: object, axis: object = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Add the variance over some dimensions.

    Raises:
        TypeError: The tensor's type is an integer.
    """
    with name_scope(name or "reduce_variance"):
        tensor = convert_to_tensor(input_tensor)
        means = reduce_mean(tensor, axis, keepdims=True)
        if means.dtype.is_integer:
            raise TypeError(f"Input must be either real or complex. Received integer type {means.dtype}.")
        return reduce_mean(output("Square", tensor - means), axis, keepdims=keepdims)


def reduce_std(input_tensor: object, axis: object = None, keepdims: bool = False, name: str | None = None) -> Tensor:
    """Add the standard deviation over some dimensions."""
    with name_scope(name or "reduce_std"):
        return output("Sqrt", reduce_variance(convert_to_tensor(input_tensor), axis, keepdims))
