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
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.mathematics import absolute, conj, matmul, power, sqrt
from ckpt_magics.graphs.nodes.old_names import either
from ckpt_magics.graphs.nodes.reductions import reduce_max, reduce_prod, reduce_sum

__all__ = ["einsum", "norm", "tensordot"]


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


def einsum(equation: str, *inputs: object, name: str | None = None) -> Tensor:
    """Add the sums of products that an equation in Einstein's notation names.

    Args:
        equation: As ``ij,jk->ik``; without an arrow the labels that stand once are left, in order.
        *inputs: A tensor for each term; more than two are put together one after the other.
        name: Name of the scope.

    Raises:
        ValueError: There are not as many terms as tensors.
    """
    terms, arrow, result = equation.replace(" ", "").partition("->")
    labels = terms.split(",")
    if len(labels) != len(inputs):
        raise ValueError(f"Got {len(labels)} terms and {len(inputs)} tensors for the einsum equation {equation!r}")
    if not arrow:
        plain = terms.replace(",", "").replace("...", "")
        once = sorted(label for label in set(plain) if plain.count(label) == 1)
        result = ("..." if "..." in terms else "") + "".join(once)
    with name_scope(name, "einsum", inputs):
        tensors = [convert_to_tensor(each) for each in inputs]
        while len(tensors) > 2:
            kept = set("".join(labels[2:]) + result) - {"."}
            joined = "".join(dict.fromkeys(label for label in labels[0] + labels[1] if label in kept))
            joined = ("..." if "..." in labels[0] + labels[1] else "") + joined
            pair = output("Einsum", tensors[:2], equation=f"{labels[0]},{labels[1]}->{joined}")
            tensors, labels = [pair, *tensors[2:]], [joined, *labels[2:]]
        return output("Einsum", tensors, equation=f"{','.join(labels)}->{result}")


def norm(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    tensor: object,
    ord: object = "euclidean",  # noqa: A002 -- likewise
    axis: Any = None,  # noqa: ANN401 -- a number, or several
    keepdims: bool | None = None,
    name: str | None = None,
    keep_dims: bool | None = None,
) -> Tensor:
    """Add the length of vectors, by default of the whole tensor as one.

    Args:
        tensor: The vectors.
        ord: Kind of length: ``euclidean``, ``fro``, a number above 0, or infinity.
        axis: Along which the vectors lie; two axes for the Euclidean length of matrices.
        keepdims: Whether these axes stay, with one element.
        name: Name of the scope.
        keep_dims: Older name of ``keepdims``.

    Raises:
        UnimplementedError: A length of matrices other than the Euclidean one is asked for.
        ValueError: There is no such length.
    """
    keeps = bool(either("keepdims", keepdims, "keep_dims", keep_dims))
    if isinstance(axis, (list, tuple)) and len(axis) == 2 and ord not in {"fro", "euclidean"}:
        raise UnimplementedError(f"norms of matrices of order {ord!r} are none of those here, only the Euclidean one")
    with name_scope(name, "norm", [tensor]):
        x = convert_to_tensor(tensor)
        if ord in {"fro", "euclidean", 2}:
            return sqrt(reduce_sum(x * conj(x), axis, keepdims=keeps))
        if ord == np.inf:
            return reduce_max(absolute(x), axis, keepdims=keeps)
        if ord == 1:
            return reduce_sum(absolute(x), axis, keepdims=keeps)
        if not isinstance(ord, (int, float)) or ord <= 0:
            raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
        return power(reduce_sum(power(absolute(x), ord), axis, keepdims=keeps), 1.0 / ord)
