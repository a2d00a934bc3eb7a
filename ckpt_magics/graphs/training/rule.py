"""What a gradient is, and the rule that says how one passes back through an op.

A rule adds nodes: it is called with an operation and the gradients of its outputs, and returns one gradient per input,
None where the output does not depend on the input. It runs in the scope ``gradients/<operation>_grad``, so that the
nodes have the names that TensorFlow gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices

__all__ = ["Gradient", "Gradients", "Rule", "dense", "given_attrs"]

Gradient = Tensor | IndexedSlices

Gradients = Sequence[Gradient | None]

Rule = Callable[..., Gradients]
"""Called as ``rule(op, *gradients)``; a gradient is None for an output that has no derivative."""


def dense(gradient: Gradient) -> Tensor:
    """Return a gradient as one tensor."""
    return gradient.as_tensor()


def given_attrs(op: Operation, *names: str) -> dict[str, Any]:
    """Return some attributes of an operation for another one; those that an old graph lacks have the op's defaults."""
    return {name: op.get_attr(name) for name in names if name in op.attrs}
