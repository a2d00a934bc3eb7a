"""Gradients on the ways of branches and loops, whether they are tensors or slices of them.

Format: tensorflow/python/ops/control_flow_ops.py, switch, merge and AddBackpropIndexedSlicesAccumulator.
"""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.branch_context import switched
from ckpt_magics.graphs.nodes.build import apply, name_scope, output
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices
from ckpt_magics.graphs.nodes.mathematics import number_range
from ckpt_magics.graphs.training.aggregation import of_one_type
from ckpt_magics.graphs.training.rule import Gradient

__all__ = ["merged_gradients", "switched_gradient", "ways_of"]


def _parts_of(slices: IndexedSlices) -> list[Tensor]:
    """Return the tensors of slices: values, indices, and the shape of the whole if it is known."""
    return [slices.values, slices.indices, *([] if slices.dense_shape is None else [slices.dense_shape])]


def ways_of(gradient: Gradient, pred: Tensor, name: str | None = None) -> list[Gradient]:
    """Add the two ways of a gradient, that where ``pred`` is False first."""
    if isinstance(gradient, Tensor):
        ways: list[Gradient] = apply("Switch", gradient, pred, name=name)
        return ways
    with name_scope(name, "Switch", [gradient, pred]):
        parts = [apply("Switch", part, pred) for part in _parts_of(gradient)]
        return [IndexedSlices(*way) for way in zip(*parts, strict=True)]


def switched_gradient(gradient: Gradient, pred: Tensor, name: str = "Switch") -> list[Gradient]:
    """Add the two ways of a gradient where its own node is."""
    if isinstance(gradient, Tensor):
        return list(switched(gradient, pred, name))
    with gradient.graph.colocate_with(gradient.op, ignore_existing=True):
        return ways_of(gradient, pred, name)


def merged_gradients(gradients: Sequence[Gradient], name: str | None = None) -> Gradient:
    """Add that of some gradients which has a value; if one is slices, so is the result."""
    tensors = [one for one in gradients if isinstance(one, Tensor)]
    if len(tensors) == len(gradients):
        merged: Tensor = apply("Merge", tensors, name=name)[0]
        return merged
    with name_scope(name, "Merge", gradients):
        slices = of_one_type([_as_slices(one) for one in gradients])
        parts = [apply("Merge", list(part))[0] for part in zip(*map(_parts_of, slices), strict=True)]
        return IndexedSlices(*parts)


def _as_slices(gradient: Gradient) -> IndexedSlices:
    if isinstance(gradient, IndexedSlices):
        return gradient
    shape = output("Shape", gradient)
    return IndexedSlices(gradient, number_range(0, shape[0]), shape)
