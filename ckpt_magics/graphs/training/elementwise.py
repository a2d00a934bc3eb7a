"""Gradients of functions of one input's elements.

Format: tensorflow/python/ops/math_grad.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import zeros_like
from ckpt_magics.graphs.nodes.build import output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import (
    add,
    cast,
    conj,
    cos,
    exp,
    multiply,
    reciprocal,
    sign,
    sin,
    sqrt,
    square,
    subtract,
)
from ckpt_magics.graphs.training.rule import DIFFERENTIABLE, Gradients, Rule

__all__ = ["NO_GRADIENT", "RULES"]


def _of_input(derivative: Callable[[Tensor, Tensor], Tensor]) -> Rule:
    """Return the rule that takes the input's conjugate, once the gradient is there: not too early, for the memory."""

    def rule(op: Operation, grad: Tensor) -> Gradients:
        with op.graph.control_dependencies([grad]):
            return [derivative(conj(op.inputs[0]), grad)]

    return rule


def _of_output(op_type: str, *, conjugate: bool = False) -> Rule:
    """Return the rule that is one op of the output and its gradient."""

    def rule(op: Operation, grad: Tensor) -> Gradients:
        if not conjugate:
            return [output(op_type, op.outputs[0], grad)]
        with op.graph.control_dependencies([grad]):
            return [output(op_type, conj(op.outputs[0]), grad)]

    return rule


def _square(op: Operation, grad: Tensor) -> Gradients:
    with op.graph.control_dependencies([grad]):
        x = conj(op.inputs[0])
        return [multiply(grad, multiply(x, constant(2.0, x.dtype)))]


def _exp(op: Operation, grad: Tensor) -> Gradients:
    with op.graph.control_dependencies([grad]):
        return [grad * conj(op.outputs[0])]


def _cast(op: Operation, grad: Tensor) -> Gradients:
    source = op.inputs[0].dtype
    return [cast(grad, source) if {source, grad.dtype} <= DIFFERENTIABLE else None]


def _sqrt_grad(op: Operation, grad: Tensor) -> Gradients:
    y = op.outputs[0]
    with op.graph.control_dependencies([grad]):
        ga = grad / op.inputs[0]
        return [-conj(ga) * y, 0.5 * ga]


def _rsqrt_grad(op: Operation, grad: Tensor) -> Gradients:
    with op.graph.control_dependencies([grad]):
        ca, cg = conj(op.inputs[0]), conj(grad)
        return [-1.5 * cg * op.inputs[1] * square(ca), output("RsqrtGrad", ca, grad)]


def _reciprocal_grad(op: Operation, grad: Tensor) -> Gradients:
    with op.graph.control_dependencies([grad]):
        ca, cg = conj(op.inputs[0]), conj(grad)
        return [cg * -2.0 * op.inputs[1] * ca, output("ReciprocalGrad", ca, grad)]


def _tanh_grad(op: Operation, grad: Tensor) -> Gradients:
    with op.graph.control_dependencies([grad]):
        a, b = conj(op.inputs[0]), conj(op.inputs[1])
        return [grad * -2.0 * b * a, output("TanhGrad", a, grad)]


def _sigmoid_grad(op: Operation, grad: Tensor) -> Gradients:
    with op.graph.control_dependencies([grad]):
        a, b = conj(op.inputs[0]), conj(op.inputs[1])
        gb = grad * b
        return [gb - 2.0 * gb * a, output("SigmoidGrad", a, grad)]


def _inverse_sine(x: Tensor, grad: Tensor) -> Tensor:
    return grad * _inverse_root(x, grad)


def _inverse_cosine(x: Tensor, grad: Tensor) -> Tensor:
    inverse = _inverse_root(x, grad)
    return -grad * inverse


def _inverse_root(x: Tensor, grad: Tensor) -> Tensor:
    squared = square(x)
    return reciprocal(sqrt(subtract(constant(1, grad.dtype), squared)))


def _rational(combine: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Return the derivative of an inverse tangent: the inverse of 1 and a square."""

    def derivative(x: Tensor, grad: Tensor) -> Tensor:
        squared = square(x)
        inverse = reciprocal(combine(constant(1, grad.dtype), squared))
        return grad * inverse

    return derivative


def _by_output(op_type: str) -> Rule:
    """Return the rule of a function whose derivative is the inverse of another one of its output."""

    def rule(op: Operation, grad: Tensor) -> Gradients:
        with op.graph.control_dependencies([grad]):
            return [grad / output(op_type, conj(op.outputs[0]))]

    return rule


def _tan(x: Tensor, grad: Tensor) -> Tensor:
    return square(reciprocal(cos(x))) * grad


def _bell(factor: float) -> Rule:
    """Return the rule of an error function: a multiple of exp(-x²)."""

    def rule(op: Operation, grad: Tensor) -> Gradients:
        height = constant(factor, grad.dtype)
        with op.graph.control_dependencies([grad]):
            return [grad * height * exp(-square(conj(op.inputs[0])))]

    return rule


RULES: dict[str, Rule] = {
    "Erf": _bell(2 / math.sqrt(math.pi)),
    "Erfc": _bell(-2 / math.sqrt(math.pi)),
    "Lgamma": _of_input(lambda x, grad: grad * output("Digamma", x)),
    "Digamma": _of_input(lambda x, grad: grad * output("Polygamma", constant(1, x.dtype), x)),
    "Sinh": _of_input(lambda x, grad: grad * output("Cosh", x)),
    "Cosh": _of_input(lambda x, grad: grad * output("Sinh", x)),
    "Abs": lambda op, grad: [grad * sign(op.inputs[0])],
    "Neg": lambda _, grad: [-grad],
    "Conj": lambda _, grad: [conj(grad)],
    "Sign": lambda op, _: [zeros_like(op.inputs[0])],
    "Inv": _of_output("ReciprocalGrad"),
    "Reciprocal": _of_output("ReciprocalGrad"),
    "Sqrt": _of_output("SqrtGrad"),
    "Rsqrt": _of_output("RsqrtGrad"),
    "Sigmoid": _of_output("SigmoidGrad", conjugate=True),
    "Tanh": _of_output("TanhGrad", conjugate=True),
    "Square": _square,
    "Exp": _exp,
    "Expm1": _of_input(lambda x, grad: grad * exp(x)),
    "Log": _of_input(lambda x, grad: grad * reciprocal(x)),
    "Log1p": _of_input(lambda x, grad: grad * reciprocal(1 + x)),
    "Sin": _of_input(lambda x, grad: grad * cos(x)),
    "Cos": _of_input(lambda x, grad: -grad * sin(x)),
    "Tan": _of_input(_tan),
    "Asin": _of_input(_inverse_sine),
    "Acos": _of_input(_inverse_cosine),
    "Atan": _of_input(_rational(add)),
    "Atanh": _of_input(_rational(subtract)),
    "Asinh": _by_output("Cosh"),
    "Acosh": _by_output("Sinh"),
    "Cast": _cast,
    "InvGrad": _reciprocal_grad,
    "ReciprocalGrad": _reciprocal_grad,
    "SqrtGrad": _sqrt_grad,
    "RsqrtGrad": _rsqrt_grad,
    "SigmoidGrad": _sigmoid_grad,
    "TanhGrad": _tanh_grad,
}

NO_GRADIENT = frozenset({"Ceil", "Floor", "IsFinite", "IsInf", "IsNan", "LogicalNot", "Rint", "Round"})
