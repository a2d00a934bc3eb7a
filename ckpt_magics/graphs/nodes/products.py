"""Products of tensors over chosen dimensions.

Format: tensorflow/python/ops/math_ops.py, tensordot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import concat, gather, reshape, shape, stack, transpose
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.mathematics import matmul
from ckpt_magics.graphs.nodes.reductions import reduce_prod

__all__ = ["tensordot"]


def tensordot(a: object, b: object, axes: Any, name: str | None = None) -> Tensor:  # noqa: ANN401 -- see Args
    """Add the sums of products over some dimensions of two tensors.

    Args:
        a: First tensor.
        b: Second tensor.
        axes: How many of the last dimensions of ``a`` and the first of ``b``, or two lists of dimensions.
        name: Name of the scope.

    Raises:
        UnimplementedError: The rank of a tensor is not known.
        ValueError: The lists are of different lengths.
    """
    with name_scope(name, "Tensordot", [a, b]) as scope:
        left, right = convert_to_tensor(a, name="a"), convert_to_tensor(b, name="b")
        if left.shape.ndims is None or right.shape.ndims is None:
            raise UnimplementedError("a product over chosen dimensions needs tensors of a known rank")
        own, theirs = _axes(left, axes)
        first, free_a, known_a = _as_matrix(left, own, flipped=False)
        second, free_b, known_b = _as_matrix(right, theirs, flipped=True)
        product = matmul(first, second)
        if isinstance(free_a, list) and isinstance(free_b, list):
            sizes = free_a + free_b
            return product if product.shape.as_list() == sizes else reshape(product, sizes, name=scope)
        outer = [convert_to_tensor(np.array(free, np.int32) if isinstance(free, list) else free, INT32)
                 for free in (free_a, free_b)]  # fmt: skip
        result = reshape(product, concat(outer, 0), name=scope)
        result.set_shape(known_a + known_b)
        return result


def _axes(left: Tensor, axes: Any) -> tuple[list[int], list[int]]:  # noqa: ANN401
    if isinstance(axes, int):
        ndims = len(left.shape)
        return list(range(ndims - axes, ndims)), list(range(axes))
    own, theirs = ([item] if isinstance(item, int) else list(item) for item in axes)
    if len(own) != len(theirs):
        raise ValueError(f"Different number of contraction axes `a` and `b`, {len(own)} != {len(theirs)}.")
    return own, theirs


def _as_matrix(tensor: Tensor, axes: Sequence[int], *, flipped: bool) -> tuple[Tensor, Any, list[int | None]]:
    """Return a tensor with the chosen dimensions as one and the others as another, and the sizes of those."""
    sizes = tensor.shape.as_list()
    chosen = [axis if axis >= 0 else axis + len(sizes) for axis in axes]
    free = [axis for axis in range(len(sizes)) if axis not in chosen]
    if not tensor.shape.is_fully_defined():
        return _as_unknown_matrix(tensor, chosen, free, flipped=flipped)
    order = chosen + free if flipped else free + chosen
    inner, outer = (math.prod(int(sizes[axis] or 0) for axis in group) for group in (chosen, free))
    shape_of_matrix = [inner, outer] if flipped else [outer, inner]
    moved = tensor if order == list(range(len(sizes))) else transpose(tensor, order)
    matrix = moved if moved.shape.as_list() == shape_of_matrix else reshape(moved, shape_of_matrix)
    left = [sizes[axis] for axis in free]
    return matrix, left, left


def _as_unknown_matrix(
    tensor: Tensor, chosen: Sequence[int], free: Sequence[int], *, flipped: bool
) -> tuple[Tensor, Any, list[int | None]]:
    known = [tensor.shape.as_list()[axis] for axis in free]
    inner_axes = convert_to_tensor(np.array(chosen, np.int32), INT32, name="axes")
    outer_axes = convert_to_tensor(np.array(free, np.int32), INT32, name="free")
    sizes = shape(tensor)
    outer, inner = gather(sizes, outer_axes), gather(sizes, inner_axes)
    counts = [reduce_prod(outer), reduce_prod(inner)]
    groups = [outer_axes, inner_axes]
    if flipped:
        counts.reverse()
        groups.reverse()
    order = concat(groups, 0)
    new_shape = stack(counts)
    return reshape(transpose(tensor, order), new_shape), outer, known
