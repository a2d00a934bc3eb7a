"""Gradients of ops that put values at given places of a tensor.

Format: tensorflow/python/ops/array_grad.py and sparse_grad.py.
"""

from __future__ import annotations

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import gather_nd, identity, shape, zeros_like
from ckpt_magics.graphs.nodes.build import output
from ckpt_magics.graphs.nodes.mathematics import cast, equal
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.training.rule import Gradients, Rule, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]


def _update(op: Operation, grad: Tensor) -> Gradients:
    _, indices, updates = op.inputs
    taken = gather_nd(grad, indices)
    kept = identity(grad)
    return [output("TensorScatterUpdate", kept, indices, zeros_like(updates, dtype=grad.dtype)), None, taken]


def _add(op: Operation, grad: Tensor) -> Gradients:
    taken = gather_nd(grad, op.inputs[1])
    return [identity(grad), None, taken]


def _subtract(op: Operation, grad: Tensor) -> Gradients:
    taken = gather_nd(grad, op.inputs[1])
    return [identity(grad), None, -taken]


def _extreme(op: Operation, grad: Tensor) -> Gradients:
    """Divide the gradient of an element among all that are as great, or as small, as it."""
    x, indices, y = op.inputs
    policy = given_attrs(op, "bad_indices_policy")
    is_old = cast(equal(x, op.outputs[0]), grad.dtype)
    is_new = cast(equal(y, output("GatherNd", op.outputs[0], indices, **policy)), grad.dtype)
    number = is_old + output("ScatterNd", indices, is_new, shape(x, out_type=indices.dtype), **policy)
    of_x = grad * is_old / number
    return [of_x, None, output("GatherNd", grad / number, indices, **policy) * is_new]


def _sparse(op: Operation, grad: Tensor) -> Gradients:
    indices, wanted, _, _ = op.inputs
    taken = gather_nd(grad, indices)
    rest = reduce_sum(grad) - reduce_sum(taken)
    return [zeros_like(indices), zeros_like(wanted), taken, rest]


RULES: dict[str, Rule] = {
    "ScatterNd": lambda op, grad: [None, gather_nd(grad, op.inputs[0]), None],
    "TensorScatterUpdate": _update,
    "TensorScatterAdd": _add,
    "TensorScatterSub": _subtract,
    "TensorScatterMax": _extreme,
    "TensorScatterMin": _extreme,
    "SparseToDense": _sparse,
}

NO_GRADIENT: frozenset[str] = frozenset()
