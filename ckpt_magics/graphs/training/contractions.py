"""Gradients of sums of products by an equation, such as ``ab,bc->ac``.

A gradient goes back by the equation the other way round: ``ac,bc->ab`` for the first factor. Labels that only one input
has were added up before: along those a gradient is repeated.

Format: tensorflow/python/ops/linalg_grad.py, _EinsumGrad.
"""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import broadcast_to, concat, reshape, shape, stack
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, output
from ckpt_magics.graphs.nodes.mathematics import conj
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.training.reductions import kept_shape
from ckpt_magics.graphs.training.rule import Gradients, Rule

__all__ = ["NO_GRADIENT", "RULES"]

ELLIPSIS = "..."


def _einsum(op: Operation, grad: Tensor) -> Gradients:
    labels, result = op.get_attr("equation").decode().split("->")
    if len(op.inputs) == 1:
        return [_back(grad, [], labels, "", result, shape(op.inputs[0]))]
    subscripts = [part if ELLIPSIS in part or ELLIPSIS not in result else part + ELLIPSIS for part in labels.split(",")]
    x, y = (conj(tensor) for tensor in op.inputs)
    sizes = shape(x), shape(y)
    grads = [
        _back(grad, [y], subscripts[0], subscripts[1], result, sizes[0]),
        _back(grad, [x], subscripts[1], subscripts[0], result, sizes[1]),
    ]
    if ELLIPSIS not in result:
        return grads
    return _summed_back((x, y), grads, sizes, [_broadcast_part(part) for part in subscripts])


def _back(  # noqa: PLR0917 -- the parts of an equation
    grad: Tensor, others: Sequence[Tensor], labels: str, other_labels: str, result: str, sizes: Tensor
) -> Tensor:
    """Return the gradient of one input, before what was broadcast is added up."""
    lonely = [label for label in dict.fromkeys(labels) if label not in f"{result}{other_labels}."]
    if not others and lonely:
        return _spread(grad, result, labels, sizes, lonely)
    left = "".join(label for label in labels if label not in lonely)
    equation = f"{','.join([result, *[other_labels] * len(others)])}->{left}"
    reduced = output("Einsum", [grad, *others], equation=equation.encode())
    return _spread(reduced, left, labels, sizes, lonely) if lonely else reduced


def _spread(grad: Tensor, result: str, labels: str, sizes: Tensor, lonely: Sequence[str]) -> Tensor:
    """Repeat a gradient along the labels that were added up."""
    axes = [_axis(labels, label) for label in lonely]
    lengths = stack([sizes[axis] for axis in axes])
    is_repeated = len(set(labels)) + len(set(result)) < len(labels) + len(result)
    if not is_repeated and "".join(label for label in labels if label not in lonely) == result:
        return broadcast_to(reshape(grad, kept_shape(sizes, convert_to_tensor(axes))), sizes)
    whole = concat([lengths, shape(grad)], axis=0)
    single = concat([build.ones(len(lonely), INT32), shape(grad)], axis=0)
    repeated = broadcast_to(reshape(grad, single), whole)
    return output("Einsum", [repeated], equation=f"{''.join(lonely)}{result}->{labels}".encode())


def _axis(labels: str, label: str) -> int:
    """Return the first axis of a label, counted from behind if an ellipsis comes before it."""
    front, _, behind = labels.partition(ELLIPSIS)
    return front.index(label) if label in front else behind.index(label) - len(behind)


def _broadcast_part(labels: str) -> slice:
    """Return which axes an ellipsis stands for."""
    front, found, behind = labels.partition(ELLIPSIS)
    return slice(len(front), -len(behind) or None) if found else slice(0, 0)


def _summed_back(
    inputs: Sequence[Tensor], grads: Sequence[Tensor], sizes: Sequence[Tensor], parts: Sequence[slice]
) -> list[Tensor]:
    shapes = [tensor.shape for tensor in inputs]
    if all(known.is_fully_defined() for known in shapes) and shapes[0][parts[0]] == shapes[1][parts[1]]:
        return list(grads)
    axes = apply("BroadcastGradientArgs", *(each[part] for each, part in zip(sizes, parts, strict=True)))
    return [
        reshape(reduce_sum(grad, part.start + along), own)
        for grad, part, along, own in zip(grads, parts, axes, sizes, strict=True)
    ]


RULES: dict[str, Rule] = {"Einsum": _einsum}

NO_GRADIENT: frozenset[str] = frozenset()
