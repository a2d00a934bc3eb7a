"""Gradients of ops that put rows together by number.

Format: tensorflow/python/ops/data_flow_grad.py and math_grad.py.
"""

from __future__ import annotations

from ckpt_magics.files.formats.dtypes import BOOL, INT32
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import (
    concat,
    expand_dims,
    gather,
    ones_like,
    rank,
    reshape,
    shape,
    where_v2,
    zeros_like,
)
from ckpt_magics.graphs.nodes.build import apply, output
from ckpt_magics.graphs.nodes.mathematics import (
    cast,
    divide,
    equal,
    greater,
    greater_equal,
    logical_and,
    maximum,
    number_range,
)
from ckpt_magics.graphs.nodes.reductions import reduce_prod
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, dense

__all__ = ["NO_GRADIENT", "RULES"]


def _stitch(op: Operation, grad: Gradient) -> Gradients:
    count = len(op.inputs) // 2
    whole = dense(grad)
    return [*[None] * count, *(gather(whole, indices) for indices in op.inputs[:count])]


def _partition(op: Operation, *grads: Tensor) -> Gradients:
    """Stitch the gradients of the parts together in the order that the rows had."""
    data, parts = op.inputs
    sizes = shape(parts)
    places = reshape(number_range(reduce_prod(sizes)), sizes)
    taken = apply("DynamicPartition", places, parts, num_partitions=op.get_attr("num_partitions"))
    whole = output("ParallelDynamicStitch", taken, list(grads))
    return [reshape(whole, shape(data)), None]


def _sorted_mean(op: Operation, grad: Tensor) -> Gradients:
    data, ids = op.inputs
    ndims, sizes = rank(data), shape(ids)
    rest = build.ones(expand_dims(ndims - 1, 0), sizes.dtype)
    number = output("SegmentSum", build.ones(concat([sizes, rest], 0), grad.dtype), ids)
    return [gather(divide(grad, number), ids), None]


def _sorted_extreme(op: Operation, grad: Tensor) -> Gradients:
    """Divide the gradient among the elements that are as great, or as small, as that of their segment."""
    data, ids = op.inputs
    zeros = zeros_like(data, dtype=data.dtype)
    chosen = equal(data, gather(op.outputs[0], ids))
    number = output("SegmentSum", cast(chosen, grad.dtype), ids)
    return [where_v2(chosen, gather(divide(grad, number), ids), zeros), None]


def _sorted_product(op: Operation, grad: Tensor) -> Gradients:
    """Return the products of all other elements; where one is 0 they cannot come from a division."""
    data, ids = op.inputs
    is_zero = equal(data, 0)
    zeros = output("SegmentSum", cast(is_zero, INT32), ids)
    grad = where_v2(greater(zeros, 1), zeros_like(grad), grad)
    others = where_v2(is_zero, ones_like(data), data)
    product = output("SegmentProd", others, ids)
    whole, without = gather(op.outputs[0], ids), gather(product, ids)
    derivative = where_v2(is_zero, without, whole / others)
    return [gather(grad, ids) * derivative, None]


def _extreme(op: Operation, grad: Tensor) -> Gradients:
    data, ids, count = op.inputs
    gathered, inside, counted = _of_segments(op.outputs[0], ids)
    chosen = logical_and(equal(data, gathered), counted)
    number = output("UnsortedSegmentSum", cast(chosen, grad.dtype), ids, count)
    weighted = gather(divide(grad, number), inside)
    spread = where_v2(counted, weighted, zeros_like(weighted))
    return [where_v2(chosen, spread, zeros_like(spread)), None, None]


def _segment_sum(op: Operation, grad: Tensor) -> Gradients:
    return [_of_segments(grad, op.inputs[1])[0], None, None]


def _of_segments(values: Tensor, ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the value of each row's segment, the segments' numbers, and which rows are in one.

    Rows of a negative number are in none: their value is 0.
    """
    inside = maximum(ids, zeros_like(ids))
    gathered = gather(values, inside)
    counted = greater_equal(ids, 0)
    sizes = shape(counted)
    ones = build.ones([rank(gathered) - rank(counted)], sizes.dtype)
    counted = reshape(counted, concat([sizes, ones], axis=0)) & ones_like(gathered, dtype=BOOL)
    return where_v2(counted, gathered, zeros_like(gathered)), inside, counted


RULES: dict[str, Rule] = {
    "DynamicStitch": _stitch,
    "ParallelDynamicStitch": _stitch,
    "DynamicPartition": _partition,
    "SegmentSum": lambda op, grad: [gather(grad, op.inputs[1]), None],
    "SegmentMean": _sorted_mean,
    "SegmentMax": _sorted_extreme,
    "SegmentMin": _sorted_extreme,
    "SegmentProd": _sorted_product,
    "UnsortedSegmentSum": _segment_sum,
    "UnsortedSegmentMax": _extreme,
    "UnsortedSegmentMin": _extreme,
}

NO_GRADIENT: frozenset[str] = frozenset()
