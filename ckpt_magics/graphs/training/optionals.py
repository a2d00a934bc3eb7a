"""Gradients of ops of values that may be missing.

Format: tensorflow/python/data/ops/optional_ops.py.
"""

from __future__ import annotations

from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.nodes.arrays import zeros_like
from ckpt_magics.graphs.nodes.build import apply, output
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, dense, is_differentiable

__all__ = ["NO_GRADIENT", "RULES"]


def _from_value(op: Operation, grad: Gradient) -> Gradients:
    types, shapes = [item.dtype for item in op.inputs], [item.shape for item in op.inputs]
    found = apply("OptionalGetValue", grad, output_types=types, output_shapes=shapes)
    return [back if is_differentiable(tensor) else None for tensor, back in zip(op.inputs, found, strict=True)]


def _get_value(op: Operation, *grads: Gradient | None) -> Gradients:
    pairs = zip(op.outputs, grads, strict=True)
    return [output("OptionalFromValue", [zeros_like(value) if grad is None else dense(grad) for value, grad in pairs])]


RULES: dict[str, Rule] = {"OptionalFromValue": _from_value, "OptionalGetValue": _get_value}

NO_GRADIENT: frozenset[str] = frozenset()
