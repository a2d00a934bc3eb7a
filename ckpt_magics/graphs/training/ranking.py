"""Gradients of ops that choose the greatest elements.

Format: tensorflow/python/ops/nn_grad.py, _TopKGrad.
"""

from __future__ import annotations

from ckpt_magics.files.formats.dtypes import INT32, INT64
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import expand_dims, gather, reshape, shape, size, stack
from ckpt_magics.graphs.nodes.build import output
from ckpt_magics.graphs.nodes.mathematics import cast, number_range
from ckpt_magics.graphs.nodes.reductions import reduce_prod
from ckpt_magics.graphs.training.rule import Gradients, Rule

__all__ = ["NO_GRADIENT", "RULES"]


def _top(op: Operation, grad: Tensor, _: Tensor) -> Gradients:
    # TensorFlow refuses this one: its rule returns a gradient for an input that only the next version has.
    return [_put_back(op, grad)]


def _top_v2(op: Operation, grad: Tensor, _: Tensor) -> Gradients:
    return [_put_back(op, grad), build.zeros([], INT32)]


def _put_back(op: Operation, grad: Tensor) -> Tensor:
    """Put the gradient of each chosen element back to its place in its row."""
    sizes, chosen = shape(op.inputs[0]), shape(op.outputs[1])
    count = gather(cast(chosen, INT64), size(chosen) - 1)
    rows = reshape(op.outputs[1], stack([-1, count]))
    width = gather(cast(sizes, INT64), size(sizes) - 1)
    total = cast(shape(rows)[0], INT64) * width
    begins = cast(expand_dims(number_range(0, total, width), -1), INT32)
    places = reshape(rows + begins, [-1])
    flat = output("ScatterNd", expand_dims(places, -1), reshape(grad, [-1]), [reduce_prod(sizes)])
    return reshape(flat, sizes)


RULES: dict[str, Rule] = {
    "TopK": _top,
    "TopKV2": _top_v2,
}

NO_GRADIENT: frozenset[str] = frozenset()
