"""Gradients of ops that pass tensors on, and of variables.

Format: tensorflow/python/ops/array_grad.py, control_flow_grad.py, logging_ops.py and resource_variable_ops.py.
"""

from __future__ import annotations

from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule

__all__ = ["NO_GRADIENT", "RULES"]


def _pass_on(_: Operation, *grads: Gradient) -> Gradients:
    return list(grads)


def _prevent(op: Operation, _: Gradient) -> Gradients:
    raise LookupError(f"Gradient explicitly disabled. Reason: {op.get_attr('message')!r}")


RULES: dict[str, Rule] = {
    "Identity": _pass_on,
    "IdentityN": _pass_on,
    "PlaceholderWithDefault": _pass_on,
    "Print": lambda op, grad: [grad, *[None] * (len(op.inputs) - 1)],
    "PreventGradient": _prevent,
    "ReadVariableOp": _pass_on,
}

NO_GRADIENT = frozenset({
    "Assert", "Assign", "AssignAdd", "AssignSub", "Const", "Placeholder", "PlaceholderV2", "RandomShuffle",
    "RandomStandardNormal", "RandomUniform", "RandomUniformInt", "StopGradient", "TruncatedNormal", "VarHandleOp",
    "VarIsInitializedOp", "Variable", "VariableShape", "VariableV2",
})  # fmt: skip
