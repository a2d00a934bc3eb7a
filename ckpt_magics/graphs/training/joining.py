"""Gradients of ops that join tensors or take them apart.

Format: tensorflow/python/ops/array_grad.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_magics.graphs.graph.flow import output_context
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import concat, part, rank, shape, split, squeeze, stack, unstack
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, dense

__all__ = ["NO_GRADIENT", "RULES"]

MANY = 16
"""The gradient of a join of more tensors is taken apart by one Split in place of as many Slices."""


def _pack(op: Operation, grad: Tensor) -> Gradients:
    return unstack(grad, num=op.get_attr("N"), axis=op.get_attr("axis"))


def _parts(grad: Gradient, values: Sequence[Tensor], axis: Tensor) -> list[Gradient]:
    """Take the gradient of joined tensors apart."""
    if len(values) == 1:
        return [grad]
    whole = dense(grad)
    axis = _inside(axis, whole) % rank(values[0])
    sizes = _sizes(values)
    if len(sizes) > MANY:
        lengths = squeeze(part(stack(sizes, axis=1), [axis, 0], [1, -1]))
        return list(split(whole, lengths, axis, num=len(values)))
    offsets = apply("ConcatOffset", axis, sizes)
    return [part(whole, begin, size) for begin, size in zip(offsets, sizes, strict=True)]


def _inside(axis: Tensor, grad: Tensor) -> Tensor:
    """Return a constant axis where its gradient is: on the way back through a loop it is made anew."""
    if axis.op.type != "Const" or output_context(axis.op) is output_context(grad.op):
        return axis
    return constant(constant_value(axis), axis.dtype)


def _sizes(values: Sequence[Tensor]) -> list[Tensor]:
    sizes = []
    for value in values:
        size = shape(value)
        if size.op.type != "Const":
            # TensorFlow gives up here, and leaves the shapes that it has asked for already.
            found: list[Tensor] = apply("ShapeN", list(values))
            return found
        sizes.append(size)
    return sizes


def _concat(op: Operation, grad: Gradient) -> Gradients:
    return [None, *_parts(grad, op.inputs[1:], op.inputs[0])]


def _concat_v2(op: Operation, grad: Gradient) -> Gradients:
    return [*_parts(grad, op.inputs[:-1], op.inputs[-1]), None]


def _split_v(op: Operation, *grads: Tensor) -> Gradients:
    return [concat(list(grads), op.inputs[2]), None, None]


RULES: dict[str, Rule] = {
    "Pack": _pack,
    "Unpack": lambda op, *grads: [stack(grads, axis=op.get_attr("axis"))],
    "Concat": _concat,
    "ConcatV2": _concat_v2,
    "Split": lambda op, *grads: [None, concat(list(grads), op.inputs[0])],
    "SplitV": _split_v,
}

NO_GRADIENT = frozenset({"ConcatOffset"})
