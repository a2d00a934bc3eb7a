"""Gradients of sums, means, extremes and running sums.

Format: tensorflow/python/ops/math_grad.py.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import (
    broadcast_to,
    concat,
    gather,
    invert_permutation,
    rank,
    reshape,
    shape,
    size,
    tile,
    transpose,
)
from ckpt_magics.graphs.nodes.build import apply, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import cast, conj, div_no_nan, equal, number_range
from ckpt_magics.graphs.nodes.reductions import cumprod, cumsum, reduce_prod, reduce_sum
from ckpt_magics.graphs.training.rule import Gradients, Rule

__all__ = ["NO_GRADIENT", "RULES", "kept_shape"]


def kept_shape(sizes: Tensor, axes: Tensor) -> object:
    """Return the shape of a reduction's result as if it kept the reduced dimensions."""
    known, reduced = constant_value(sizes), constant_value(axes)
    if known is not None and reduced is not None:
        kept = known.astype(np.int32)
        kept[reduced] = 1
        return kept
    count = size(sizes, out_type=axes.dtype)
    axes = (axes + count) % count
    reduced_sizes = shape(axes)
    places = number_range(count), axes
    return output("DynamicStitch", list(places), [sizes, build.ones(reduced_sizes, INT32)])


def _spread(op: Operation, grad: Tensor) -> Tensor:
    """Repeat the gradient of a sum over the dimensions that were added up."""
    x, axes = op.inputs
    named = constant_value(axes)
    if x.shape.ndims is not None and named is not None:
        if np.array_equal(named, np.arange(x.shape.ndims)):
            ones = reshape(grad, [1] * x.shape.ndims)
            whole = x.shape.is_fully_defined()
            return tile(ones, constant(x.shape.as_list(), INT32) if whole else shape(x))
        if x.shape.is_fully_defined():
            kept = np.array(x.shape.as_list(), np.int32)
            kept[named.reshape(-1)] = 1
            return tile(reshape(grad, kept), np.array(x.shape.as_list(), np.int32) // np.maximum(kept, 1))
    sizes = shape(x)
    if not op.get_attr("keep_dims"):
        with op.graph.colocate_with(sizes):
            whole_rank = kept_shape(sizes, axes)
        grad = reshape(grad, whole_rank)
    return broadcast_to(grad, sizes)


def _mean(op: Operation, grad: Tensor) -> Gradients:
    total = _spread(op, grad)
    before, after = op.inputs[0].shape, op.outputs[0].shape
    if before.is_fully_defined() and after.is_fully_defined():
        count = (before.num_elements() or 0) // max(after.num_elements() or 0, 1)
        factor = constant(count, total.dtype)
    else:
        sizes = shape(op.inputs[0])
        ndims = size(sizes)
        axes = (cast(op.inputs[1], ndims.dtype) + ndims) % ndims
        factor = reduce_prod(gather(sizes, axes))
    return [total / cast(factor, total.dtype), None]


def _extreme(op: Operation, grad: Tensor) -> Gradients:
    """Divide the gradient among the elements that are as great, or as small, as the result."""
    x, axes = op.inputs
    sizes, y = shape(x), op.outputs[0]
    if op.get_attr("keep_dims"):
        kept: object = shape(y)
    else:
        kept = kept_shape(sizes, axes)
        y, grad = reshape(y, kept), reshape(grad, kept)
    chosen = cast(equal(y, x), grad.dtype)
    number = reshape(reduce_sum(chosen, axes), kept)
    return [chosen / number * grad, None]


def _prod(op: Operation, grad: Tensor) -> Gradients:
    """Multiply, for each element, all the others: no quotients, for an element may be 0."""
    x, axes = op.inputs
    sizes = shape(x)
    flat_axes = reshape(axes, [-1])
    if not op.get_attr("keep_dims"):
        grad = reshape(grad, kept_shape(sizes, axes))
    grad = broadcast_to(grad, sizes)
    with op.graph.device("/cpu:0"):
        ndims = rank(x)
        reduced = (cast(flat_axes, ndims.dtype) + ndims) % ndims
        others, _ = apply("ListDiff", number_range(0, ndims), reduced, out_idx=reduced.dtype)
        order = concat([reduced, others], 0)
        counts = [reduce_prod(gather(sizes, part)) for part in (reduced, others)]
    permuted = transpose(x, order)
    permuted_sizes = shape(permuted)
    columns = reshape(permuted, counts)
    before = cumprod(columns, axis=0, exclusive=True)
    behind = cumprod(columns, axis=0, exclusive=True, reverse=True)
    factors = reshape(conj(before) * conj(behind), permuted_sizes)
    return [reshape(grad * transpose(factors, invert_permutation(order)), sizes), None]


def _running_sum(op: Operation, grad: Tensor) -> Gradients:
    reverse = not op.get_attr("reverse")
    return [cumsum(grad, op.inputs[1], exclusive=op.get_attr("exclusive"), reverse=reverse), None]


def _running_product(op: Operation, grad: Tensor) -> Gradients:
    x, axis = op.inputs
    exclusive, reverse = op.get_attr("exclusive"), op.get_attr("reverse")
    product = cumprod(x, axis, exclusive=exclusive, reverse=reverse)
    total = cumsum(product * grad, axis, exclusive=exclusive, reverse=not reverse)
    return [div_no_nan(total, x), None]


RULES: dict[str, Rule] = {
    "Sum": lambda op, grad: [_spread(op, grad), None],
    "Mean": _mean,
    "Max": _extreme,
    "Min": _extreme,
    "Prod": _prod,
    "Cumsum": _running_sum,
    "Cumprod": _running_product,
}

NO_GRADIENT = frozenset({"All", "Any", "ArgMax", "ArgMin"})
