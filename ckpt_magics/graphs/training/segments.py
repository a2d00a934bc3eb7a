"""Gradients of ops that put rows together by number.

Format: tensorflow/python/ops/data_flow_grad.py and math_grad.py.
"""

from __future__ import annotations

from ckpt_magics.files.formats.dtypes import BOOL
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import concat, gather, ones_like, rank, reshape, shape, zeros_like
from ckpt_magics.graphs.nodes.build import output
from ckpt_magics.graphs.nodes.mathematics import greater_equal, maximum
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, dense

__all__ = ["NO_GRADIENT", "RULES"]


def _stitch(op: Operation, grad: Gradient) -> Gradients:
    count = len(op.inputs) // 2
    whole = dense(grad)
    return [*[None] * count, *(gather(whole, indices) for indices in op.inputs[:count])]


def _segment_sum(op: Operation, grad: Tensor) -> Gradients:
    """Give each row the gradient of its sum, and 0 to rows of a negative number, which are in none."""
    ids = op.inputs[1]
    gathered = gather(grad, maximum(ids, zeros_like(ids)))
    counted = greater_equal(ids, 0)
    sizes = shape(counted)
    ones = build.ones([rank(gathered) - rank(counted)], sizes.dtype)
    counted = reshape(counted, concat([sizes, ones], axis=0)) & ones_like(gathered, dtype=BOOL)
    return [output("SelectV2", counted, gathered, zeros_like(gathered)), None, None]


RULES: dict[str, Rule] = {
    "DynamicStitch": _stitch,
    "ParallelDynamicStitch": _stitch,
    "UnsortedSegmentSum": _segment_sum,
}

NO_GRADIENT: frozenset[str] = frozenset()
