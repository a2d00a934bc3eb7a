"""Gradients of ops that change the shape of a tensor, repeat it, or make it from less.

Format: tensorflow/python/ops/array_grad.py.
"""

from __future__ import annotations

from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import invert_permutation, reshape, shape, size, stack, transpose
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import number_range
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, dense

__all__ = ["NO_GRADIENT", "RULES"]


def _reshape(op: Operation, grad: Gradient) -> Gradients:
    sizes = op.inputs[0].shape.sizes
    if sizes is not None and sizes.count(None) == 1 and 0 not in sizes:
        return [reshape(dense(grad), [-1 if size is None else size for size in sizes]), None]
    return [_as_input(op, grad), None]


def _as_input(op: Operation, grad: Gradient) -> Tensor:
    return reshape(dense(grad), shape(op.inputs[0]))


def _tile(op: Operation, grad: Gradient) -> Gradients:
    x, multiples = op.inputs
    sizes = shape(x, out_type=multiples.dtype)
    split = reshape(transpose(stack([multiples, sizes])), [-1])
    axes = number_range(0, size(split), 2)
    return [reduce_sum(reshape(dense(grad), split), axes), None]


def _broadcast_to(op: Operation, grad: Tensor) -> Gradients:
    x, wanted = op.inputs
    sizes, known = shape(x, out_type=wanted.dtype), constant_value(wanted)
    whole = wanted if known is None else constant(known, wanted.dtype)
    axes = apply("BroadcastGradientArgs", whole, sizes)[1]
    return [reshape(reduce_sum(grad, axes, keepdims=True), sizes), None]


RULES: dict[str, Rule] = {
    "EnsureShape": lambda _, grad: [grad],
    "Reshape": _reshape,
    "ExpandDims": lambda op, grad: [_as_input(op, grad), None],
    "Squeeze": lambda op, grad: [_as_input(op, grad)],
    "Transpose": lambda op, grad: [transpose(grad, invert_permutation(op.inputs[1])), None],
    "Tile": _tile,
    "BroadcastTo": _broadcast_to,
    "Fill": lambda _, grad: [None, reduce_sum(grad)],
}

NO_GRADIENT = frozenset({
    "BroadcastArgs", "BroadcastGradientArgs", "InvertPermutation", "LinSpace", "OneHot", "OnesLike", "Range", "Rank",
    "Shape", "ShapeN", "Size", "ZerosLike",
})  # fmt: skip
