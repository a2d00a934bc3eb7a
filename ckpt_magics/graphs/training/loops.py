"""Gradients of what goes into loops, around in them and out of them.

Format: tensorflow/python/ops/control_flow_grad.py; control_flow_ops.py, AddBackpropAccumulator and
AddBackpropIndexedSlicesAccumulator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.arrays import concat, zeros_like
from ckpt_magics.graphs.nodes.build import apply, output, zeros
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices
from ckpt_magics.graphs.nodes.loop_context import WhileContext
from ckpt_magics.graphs.nodes.mathematics import add, maximum
from ckpt_magics.graphs.training.loop_gradient import LoopGradient, loop_back
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, dense

__all__ = ["NO_GRADIENT", "RULES"]


def _exit(op: Operation, grad: Gradient) -> Gradients:
    loop = loop_back(op.graph)
    assert loop is not None  # noqa: S101 -- a loop that an Exit on the way belongs to is gone back through
    if not loop.context.back_prop:
        return [None]
    if op.flow_context.back_through is not None:
        raise TypeError("Second-order gradient for while loops not supported.")
    with loop.around_back():
        last = dense(grad)
    return [loop.context.take_in(last, "b_exit")]


def _enter(op: Operation, grad: Gradient) -> Gradients:
    loop = loop_back(op.graph)
    if loop is None or not loop.context.back_prop:
        return [grad]
    if not op.get_attr("is_constant"):
        return [loop.context.hand_over(dense(grad))]
    if isinstance(grad, IndexedSlices):
        return [_collected(loop, op.inputs[0], grad)]
    return [_summed(loop, op.inputs[0], grad)]


def _summed(loop: LoopGradient, source: Tensor, grad: Tensor) -> Tensor:
    """Add up the gradients that something has in all iterations."""
    with loop.around_back():
        if grad.shape.is_fully_defined():
            first = constant(0, grad.dtype, grad.shape, name="b_acc")
        else:
            first = zeros(loop.shape_outside(source), grad.dtype)
    [total] = _accumulated(loop.context, [first], lambda sums: [add(sums[0], grad)])
    return total


def _collected(loop: LoopGradient, source: Tensor, grad: IndexedSlices) -> IndexedSlices:
    """Put the slices of all iterations one behind the other."""
    with loop.around_back():
        first = _first_slices(loop, source, grad)

    def following(so_far: Sequence[Tensor]) -> list[Tensor]:
        joined = [concat([so_far[0], grad.indices], 0), concat([so_far[1], grad.values], 0)]
        return joined if grad.dense_shape is None else [*joined, maximum(grad.dense_shape, so_far[2])]

    indices, values, *shape = _accumulated(loop.context, first, following, growing=2)
    return IndexedSlices(values, indices, *shape)


def _first_slices(loop: LoopGradient, source: Tensor, grad: IndexedSlices) -> list[Tensor]:
    """Return one slice of zeros: its index, itself, and the shape of nothing."""
    if grad.values.shape.is_fully_defined():
        values = constant(0, grad.dtype, [1, *grad.values.shape.as_list()[1:]], name="b_acc")
    else:
        values = zeros(concat([[1], loop.shape_outside(source)[1:]], 0), grad.dtype)
    indices = constant([0], grad.indices.dtype)
    if grad.dense_shape is None:
        return [indices, values]
    if grad.dense_shape.shape.is_fully_defined():
        return [indices, values, constant(0, grad.dense_shape.dtype, grad.dense_shape.shape)]
    shape = output("Shape", source, out_type=grad.dense_shape.dtype)
    return [indices, values, zeros_like(shape, optimize=False)]


def _accumulated(
    loop: WhileContext,
    first: Sequence[Tensor],
    following: Callable[[Sequence[Tensor]], Sequence[Tensor]],
    growing: int = 0,
) -> list[Tensor]:
    """Add variables to a loop that is there; returns them as they come out.

    Args:
        loop: The loop.
        first: The variables before the first iteration.
        following: Makes those of the next iteration.
        growing: How many of them grow along their first dimension.
    """
    loop.values.update(tensor.name for tensor in first)
    entered = [loop.take_in(tensor, "b_acc") for tensor in first]
    for tensor in entered[:growing]:
        tensor.replace_shape(TensorShape(None if tensor.shape.ndims is None else [None, *tensor.shape.as_list()[1:]]))
    merged = [apply("Merge", [tensor, tensor], name="b_acc")[0] for tensor in entered]
    ways = [apply("Switch", tensor, loop.pivot) for tensor in merged]
    later = [output("NextIteration", tensor) for tensor in following([way[1] for way in ways])]
    for tensor, new in zip(merged, later, strict=True):
        tensor.op.replace_input(1, new)
    return [loop.hand_over(way[0], "b_acc") for way in ways]


RULES: dict[str, Rule] = {
    "Enter": _enter,
    "Exit": _exit,
    "LoopCond": lambda *_: [None],
    "NextIteration": lambda _, grad: [grad],
    "RefEnter": _enter,
    "RefExit": _exit,
    "RefNextIteration": lambda _, grad: [grad],
}

NO_GRADIENT: frozenset[str] = frozenset()
