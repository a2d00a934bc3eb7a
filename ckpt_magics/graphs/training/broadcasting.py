"""The way back through broadcasting: a gradient is added up where an input's elements were used again and again.

Format: tensorflow/python/ops/math_grad.py, SmartBroadcastGradientArgs and _ReduceGradientArgs.
"""

from __future__ import annotations

from collections.abc import Sequence

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import reshape, shape
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.graphs.nodes.reductions import reduce_sum

__all__ = ["fully_equal", "summed_back"]


def fully_equal(*tensors: Tensor) -> bool:
    """Return whether shapes are known to the last size, and equal."""
    return tensors[0].shape.is_fully_defined() and len({tensor.shape.sizes for tensor in tensors}) == 1


def summed_back(x: Tensor, y: Tensor, gx: Tensor | None, gy: Tensor | None) -> list[Tensor | None]:
    """Add up the gradients of two inputs of a broadcasting op to the shapes that the inputs have."""
    shapes = shape(x), shape(y)
    axes: Sequence[object] | None = _reduced_axes(x, y)
    if axes is None:
        axes = apply("BroadcastGradientArgs", *shapes)
        reduces = [True, True]
    else:
        ranks = len(x.shape), len(y.shape)
        reduces = [bool(axes[0]) or ranks[0] < ranks[1], bool(axes[1]) or ranks[1] < ranks[0]]
    return [
        reshape(reduce_sum(gradient, along, keepdims=True), own) if gradient is not None and reducing else gradient
        for gradient, along, reducing, own in zip((gx, gy), axes, reduces, shapes, strict=True)
    ]


def _reduced_axes(x: Tensor, y: Tensor) -> tuple[list[int], list[int]] | None:
    """Return along which axes of the result each input was repeated, or None if only the run tells."""
    if x.shape.ndims is None or y.shape.ndims is None:
        return None
    sizes, others = x.shape.as_list(), y.shape.as_list()
    rank = max(len(sizes), len(others))
    pairs = zip([1] * (rank - len(sizes)) + sizes, [1] * (rank - len(others)) + others, strict=True)
    of_x, of_y = [], []
    for axis, (size, other) in enumerate(pairs):
        if size == 1 and other != 1:
            of_x.append(axis)
        elif other == 1 and size != 1:
            of_y.append(axis)
        elif size is None or other is None:
            return None
    return of_x, of_y
