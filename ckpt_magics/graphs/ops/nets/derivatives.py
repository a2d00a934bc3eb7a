"""Derivatives of functions of each element, times what comes from behind: the ops that gradients of activations are.

Format: tensorflow/core/kernels/relu_op_functor.h, softplus_op.h, softsign_op.h and cwise_ops_gradients.h.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import FLOAT, DType
from ckpt_magics.graphs.ops.calculation.elementwise import FLOAT_OR_COMPLEX, function, sigmoid
from ckpt_magics.graphs.ops.nets.nn import SELU_ALPHA, SELU_SCALE
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_shapes
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.shape_rules import like_input
from ckpt_magics.graphs.ops.type_sets import FLOATS, REAL_NUMBERS

__all__ = ["ROWS"]


def _relu_grad(gradients: Array, features: Array) -> Array:
    # A product, as in TensorFlow: a choice for each element would take ten times as long.
    return gradients * (features > 0)


def _relu6_grad(gradients: Array, features: Array) -> Array:
    return gradients * ((features > 0) & (features < 6))


def _elu_grad(gradients: Array, outputs: Array) -> Array:
    return np.where(outputs < 0, (outputs + outputs.dtype.type(1)) * gradients, gradients)


def _selu_grad(gradients: Array, outputs: Array) -> Array:
    scale, alpha = outputs.dtype.type(SELU_SCALE), outputs.dtype.type(SELU_ALPHA)
    return np.where(outputs < 0, gradients * (outputs + alpha), gradients * scale)


def _leaky_relu_grad(ctx: KernelContext, gradients: Array, features: Array) -> Array:
    return np.where(features > 0, gradients, gradients * gradients.dtype.type(ctx.attr("alpha")))


def _softplus_grad(gradients: Array, features: Array) -> Array:
    return gradients * sigmoid(features)


def _softsign_grad(gradients: Array, features: Array) -> Array:
    return gradients / np.square(np.abs(features) + features.dtype.type(1))


def _sigmoid_grad(y: Array, dy: Array) -> Array:
    return dy * y * (y.dtype.type(1) - y)


def _tanh_grad(y: Array, dy: Array) -> Array:
    return dy * (y.dtype.type(1) - y * y)


def _sqrt_grad(y: Array, dy: Array) -> Array:
    return dy * y.dtype.type(0.5) / np.conj(y)


def _rsqrt_grad(y: Array, dy: Array) -> Array:
    out = np.conj(y)
    return dy * y.dtype.type(-0.5) * out * out * out


def _reciprocal_grad(y: Array, dy: Array) -> Array:
    out = np.conj(y)
    return -dy * out * out


def _merged(ctx: ShapeContext) -> list[Shape]:
    return [merge_shapes([ctx.shape(0), ctx.shape(1)])]


def _of_value(name: str, compute: Callable[[Any, Any], Any]) -> Op:
    """Return the row of a derivative in terms of the function's own value."""
    return Op(name, "y: T, dy: T -> z: T", (types("T", FLOAT_OR_COMPLEX),), like_input(), function(compute))


def _of_activation(name: str, of: str, allowed: Sequence[DType], compute: Callable[[Any, Any], Any]) -> Op:
    """Return the row of an activation's derivative in terms of its ``features`` or its ``outputs``."""
    signature = f"gradients: T, {of}: T -> backprops: T"
    return Op(name, signature, (types("T", allowed),), _merged, function(compute))


ROWS: tuple[Op, ...] = (
    _of_activation("ReluGrad", "features", REAL_NUMBERS, _relu_grad),
    _of_activation("Relu6Grad", "features", REAL_NUMBERS, _relu6_grad),
    _of_activation("EluGrad", "outputs", FLOATS, _elu_grad),
    _of_activation("SeluGrad", "outputs", FLOATS, _selu_grad),
    _of_activation("SoftplusGrad", "features", FLOATS, _softplus_grad),
    _of_activation("SoftsignGrad", "features", FLOATS, _softsign_grad),
    Op(
        "LeakyReluGrad",
        "gradients: T, features: T -> backprops: T",
        (Attr("alpha", "float", 0.2), types("T", FLOATS, FLOAT)),
        _merged,
        _leaky_relu_grad,
    ),
    _of_value("SigmoidGrad", _sigmoid_grad),
    _of_value("TanhGrad", _tanh_grad),
    _of_value("SqrtGrad", _sqrt_grad),
    _of_value("RsqrtGrad", _rsqrt_grad),
    _of_value("ReciprocalGrad", _reciprocal_grad),
    _of_value("InvGrad", _reciprocal_grad),
)
