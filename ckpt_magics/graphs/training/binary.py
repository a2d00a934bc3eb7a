"""Gradients of ops that combine two inputs element by element.

Format: tensorflow/python/ops/math_grad.py.
"""

from __future__ import annotations

from collections.abc import Callable

from ckpt_magics.files.formats.dtypes import FLOAT, INT32
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import ones_like, reshape, shape, where, zeros_like
from ckpt_magics.graphs.nodes.build import apply, output
from ckpt_magics.graphs.nodes.mathematics import (
    conj,
    div_no_nan,
    greater,
    greater_equal,
    less,
    less_equal,
    log,
    logical_or,
    negative,
    not_equal,
    power,
    realdiv,
    scalar_mul,
)
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.training.broadcasting import fully_equal, summed_back
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, dense

__all__ = ["NO_GRADIENT", "RULES"]


def _add(op: Operation, grad: Gradient) -> Gradients:
    x, y = op.inputs
    if isinstance(grad, Tensor) and fully_equal(x, y, grad):
        return [grad, grad]
    return summed_back(x, y, dense(grad), dense(grad))


def _sub(op: Operation, grad: Gradient) -> Gradients:
    x, y = op.inputs
    if isinstance(grad, Tensor) and fully_equal(x, y, grad):
        return [grad, -grad]
    return summed_back(x, y, dense(grad), dense(-grad))


def _mul(op: Operation, grad: Gradient) -> Gradients:
    x, y = op.inputs
    if isinstance(grad, Tensor) and fully_equal(x, y, grad) and grad.dtype in {INT32, FLOAT}:
        return [output("Mul", grad, y), output("Mul", grad, x)]
    gx = output("Mul", grad, conj(y))
    return summed_back(x, y, gx, output("Mul", conj(x), grad))


def _quotient(divide: Callable[[Tensor, Tensor], Tensor]) -> Rule:
    def rule(op: Operation, grad: Tensor) -> Gradients:
        cx, cy = conj(op.inputs[0]), conj(op.inputs[1])
        gx = divide(grad, cy)
        x, y = op.inputs
        return summed_back(x, y, gx, grad * divide(divide(-cx, cy), cy))

    return rule


def _floor_mod(op: Operation, grad: Tensor) -> Gradients:
    x, y = op.inputs
    return summed_back(x, y, grad, grad * negative(output("FloorDiv", conj(x), conj(y))))


def _pow(op: Operation, grad: Tensor) -> Gradients:
    x, y = op.inputs
    cx, cy = conj(x), conj(y)
    gx = grad * cy * power(cx, cy - 1)
    mask = not_equal(cx, 0) if x.dtype.is_complex else cx > 0
    safe = where(mask, cx, ones_like(x))
    log_x = where(mask, log(safe), zeros_like(x))
    return summed_back(x, y, gx, grad * conj(op.outputs[0]) * log_x)


def _extreme(chooses_first: Callable[[Tensor, Tensor], Tensor]) -> Rule:
    def rule(op: Operation, grad: Tensor) -> Gradients:
        x, y = op.inputs
        zeros = zeros_like(grad)
        mask = chooses_first(x, y)
        gx = output("SelectV2", mask, grad, zeros)
        return summed_back(x, y, gx, output("SelectV2", mask, zeros, grad))

    return rule


def _squared_difference(op: Operation, grad: Tensor) -> Gradients:
    x, y = op.inputs
    with op.graph.control_dependencies([grad]):
        gx = scalar_mul(2.0, grad) * (x - y)
    if fully_equal(x, y, grad):
        return [gx, -gx]
    return summed_back(x, y, gx, -gx)


def _select(op: Operation, grad: Tensor) -> Gradients:
    condition, x, _ = op.inputs
    zeros = zeros_like(x)
    return [None, where(condition, grad, zeros), where(condition, zeros, grad)]


def _select_v2(op: Operation, grad: Tensor) -> Gradients:
    condition, x, y = op.inputs
    zeros = build.zeros([], grad.dtype)
    gx, gy = output("SelectV2", condition, grad, zeros), output("SelectV2", condition, zeros, grad)
    gx_, _ = summed_back(x, op.outputs[0], gx, None)
    gy_, _ = summed_back(y, op.outputs[0], gy, None)
    return [None, gx_, gy_]


def _clip(op: Operation, grad: Tensor) -> Gradients:
    x, low, high = op.inputs
    sizes = shape(x), shape(low), shape(high)
    zeros = build.zeros(shape(grad), grad.dtype)
    below, above = less(x, low), greater(x, high)
    _, low_axes = apply("BroadcastGradientArgs", sizes[0], sizes[1])
    _, high_axes = apply("BroadcastGradientArgs", sizes[0], sizes[2])
    gx = where(logical_or(below, above), zeros, grad)
    g_low, g_high = where(below, grad, zeros), where(above, grad, zeros)
    return [gx, reshape(reduce_sum(g_low, low_axes), sizes[1]), reshape(reduce_sum(g_high, high_axes), sizes[2])]


def _of_second(derivative: Callable[[Tensor, Tensor], Tensor]) -> Rule:
    """Return the rule of an op that is differentiated by its second input alone, as TensorFlow does."""

    def rule(op: Operation, grad: Tensor) -> Gradients:
        sizes = [shape(tensor) for tensor in op.inputs]
        _, axes = apply("BroadcastGradientArgs", *sizes)
        with op.graph.control_dependencies([grad]):
            slope = derivative(conj(op.inputs[0]), conj(op.inputs[1]))
            return [None, reshape(reduce_sum(slope * grad, axes), sizes[1])]

    return rule


RULES: dict[str, Rule] = {
    "Add": _add,
    "AddV2": _add,
    "AddN": lambda op, grad: [grad] * len(op.inputs),
    "Sub": _sub,
    "Mul": _mul,
    "Div": _quotient(lambda x, y: x / y),
    "RealDiv": _quotient(realdiv),
    "DivNoNan": _quotient(div_no_nan),
    "FloorMod": _floor_mod,
    "Pow": _pow,
    "Maximum": _extreme(greater_equal),
    "Minimum": _extreme(less_equal),
    "SquaredDifference": _squared_difference,
    "Select": _select,
    "SelectV2": _select_v2,
    "ClipByValue": _clip,
    "Zeta": _of_second(lambda x, q: -x * output("Zeta", x + 1, q)),
    "Polygamma": _of_second(lambda n, x: output("Polygamma", n + 1, x)),
}

NO_GRADIENT = frozenset({
    "Equal", "FloorDiv", "Greater", "GreaterEqual", "Less", "LessEqual", "LogicalAnd", "LogicalOr", "NotEqual",
    "TruncateDiv",
})  # fmt: skip
