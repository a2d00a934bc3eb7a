"""What a gradient is, and the rule that says how one passes back through an op.

A rule adds nodes: it is called with an operation and the gradients of its outputs, and returns one gradient per input,
None where the output does not depend on the input. It runs in the scope ``gradients/<operation>_grad``, so that the
nodes have the names that TensorFlow gives them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import (
    BFLOAT16,
    COMPLEX64,
    COMPLEX128,
    DOUBLE,
    FLOAT,
    HALF,
    RESOURCE,
    VARIANT,
)
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices

__all__ = ["DIFFERENTIABLE", "Gradient", "Gradients", "Rule", "dense", "given_attrs", "is_differentiable"]

Gradient = Tensor | IndexedSlices

Gradients = Sequence[Gradient | None]

Rule = Callable[..., Gradients]
"""Called as ``rule(op, *gradients)``; a gradient is None for an output that has no derivative."""

DIFFERENTIABLE = frozenset({HALF, FLOAT, DOUBLE, BFLOAT16, COMPLEX64, COMPLEX128})
"""Types of numbers that can change by little."""


def is_differentiable(tensor: Tensor) -> bool:
    """Return whether a tensor can change by little; through a handle a variable's value does."""
    return tensor.dtype in DIFFERENTIABLE or tensor.dtype in {RESOURCE, VARIANT}


def dense(gradient: Gradient) -> Tensor:
    """Return a gradient as one tensor."""
    return gradient.as_tensor()


def given_attrs(op: Operation, *names: str) -> dict[str, Any]:
    """Return some attributes of an operation for another one; those that an old graph lacks have the op's defaults."""
    return {name: op.get_attr(name) for name in names if name in op.attrs}
