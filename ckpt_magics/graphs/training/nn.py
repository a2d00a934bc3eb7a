"""Gradients of activations, softmaxes and losses.

Format: tensorflow/python/ops/nn_grad.py.
"""

from __future__ import annotations

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import expand_dims, squeeze, where, zeros_like
from ckpt_magics.graphs.nodes.build import output
from ckpt_magics.graphs.nodes.mathematics import exp, matmul, sigmoid
from ckpt_magics.graphs.nodes.networks import log_softmax
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.training.rule import Gradients, Rule, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]


def _of_output(op_type: str) -> Rule:
    return lambda op, grad: [output(op_type, grad, op.outputs[0])]


def _piecewise_linear(op_type: str) -> Rule:
    """Return the rule of a derivative that does not depend on the features, but for where they lie."""

    def rule(op: Operation, grad: Tensor) -> Gradients:
        x = op.inputs[1]
        return [output(op_type, grad, x, **given_attrs(op, "alpha")), zeros_like(x)]

    return rule


def _exponential_below_zero(op_type: str) -> Rule:
    def rule(op: Operation, grad: Tensor) -> Gradients:
        outputs = op.inputs[1]
        first = output(op_type, grad, outputs)
        return [first, where(outputs < 0, grad * op.inputs[0], zeros_like(outputs))]

    return rule


def _softplus_grad(op: Operation, grad: Tensor) -> Gradients:
    dy, x = op.inputs
    with op.graph.control_dependencies([grad]):
        first = output("SoftplusGrad", grad, x)
        return [first, grad * dy / (exp(-x) + 2.0 + exp(x))]


def _softmax(op: Operation, grad: Tensor) -> Gradients:
    softmax = op.outputs[0]
    total = reduce_sum(grad * softmax, -1, keepdims=True)
    return [(grad - total) * softmax]


def _log_softmax(op: Operation, grad: Tensor) -> Gradients:
    softmax = exp(op.outputs[0])
    return [grad - reduce_sum(grad, -1, keepdims=True) * softmax]


def _per_row(losses: Tensor, rows: Tensor) -> Tensor:
    return expand_dims(losses, -1) * rows


def _cross_entropy(op: Operation, grad_loss: Tensor, grad_grad: Tensor) -> list[Tensor]:
    """Return the gradient of the logits; that of the loss' own gradient counts where something depends on it."""
    grad = _per_row(grad_loss, op.outputs[1])
    if grad_grad.op.type == "ZerosLike":
        return [grad]
    softmax = output("Softmax", op.inputs[0])
    share = matmul(expand_dims(grad_grad, 1), expand_dims(softmax, 2))
    return [grad + (grad_grad - squeeze(share, axis=1)) * softmax]


def _dense_cross_entropy(op: Operation, grad_loss: Tensor, grad_grad: Tensor) -> Gradients:
    (grad,) = _cross_entropy(op, grad_loss, grad_grad)
    return [grad, _per_row(grad_loss, -log_softmax(op.inputs[0]))]


def _sparse_cross_entropy(op: Operation, grad_loss: Tensor, grad_grad: Tensor) -> Gradients:
    return [*_cross_entropy(op, grad_loss, grad_grad), None]


RULES: dict[str, Rule] = {
    "Relu": _of_output("ReluGrad"),
    "Relu6": _of_output("Relu6Grad"),
    "Elu": _of_output("EluGrad"),
    "Selu": _of_output("SeluGrad"),
    "LeakyRelu": lambda op, grad: [output("LeakyReluGrad", grad, op.inputs[0], **given_attrs(op, "alpha"))],
    "Softplus": lambda op, grad: [grad * sigmoid(op.inputs[0])],
    "Softsign": lambda op, grad: [output("SoftsignGrad", grad, op.inputs[0])],
    "ReluGrad": _piecewise_linear("ReluGrad"),
    "Relu6Grad": _piecewise_linear("Relu6Grad"),
    "LeakyReluGrad": _piecewise_linear("LeakyReluGrad"),
    "EluGrad": _exponential_below_zero("EluGrad"),
    "SeluGrad": _exponential_below_zero("SeluGrad"),
    "SoftplusGrad": _softplus_grad,
    "Softmax": _softmax,
    "LogSoftmax": _log_softmax,
    "SoftmaxCrossEntropyWithLogits": _dense_cross_entropy,
    "SparseSoftmaxCrossEntropyWithLogits": _sparse_cross_entropy,
    "L2Loss": lambda op, grad: [op.inputs[0] * grad],
}

NO_GRADIENT: frozenset[str] = frozenset()
