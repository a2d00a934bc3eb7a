"""Gradients of rounding to a few levels: that of the identity, but for what lies outside of them.

Format: tensorflow/python/ops/array_ops.py.
"""

from __future__ import annotations

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.graphs.training.rule import Gradients, Rule, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]


def _rounded(op: Operation, grad: Tensor) -> Gradients:
    """One gradient per input: the limits have some too, where they are inputs."""
    found = apply(f"{op.type}Gradient", grad, *op.inputs, **given_attrs(op, "min", "max", "num_bits", "narrow_range"))
    return [found] if isinstance(found, Tensor) else list(found)


_OPS = ("FakeQuantWithMinMaxArgs", "FakeQuantWithMinMaxVars", "FakeQuantWithMinMaxVarsPerChannel")

RULES: dict[str, Rule] = dict.fromkeys(_OPS, _rounded)

NO_GRADIENT = frozenset(f"{name}Gradient" for name in _OPS)
