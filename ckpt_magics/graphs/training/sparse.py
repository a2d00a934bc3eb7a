"""Gradients of ops on sparse tensors: of the elements, never of where they stand.

Format: tensorflow/python/ops/sparse_grad.py.
"""

from __future__ import annotations

from ckpt_magics.files.formats.dtypes import INT32, INT64
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import (
    concat,
    expand_dims,
    gather,
    gather_nd,
    invert_permutation,
    part,
    reshape,
    shape,
    size,
    squeeze,
    transpose,
    zeros_like,
)
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, ones, output
from ckpt_magics.graphs.nodes.mathematics import cast, conj, matmul, number_range, square
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.training.reductions import kept_shape
from ckpt_magics.graphs.training.rule import Gradients, Rule

__all__ = ["NO_GRADIENT", "RULES"]


def _reorder(op: Operation, _indices: None, grad: Tensor) -> Gradients:
    indices, _, sizes = op.inputs
    entries = number_range(shape(indices)[0])
    ordered = apply("SparseReorder", indices, entries, sizes)[1]
    return [None, gather(grad, invert_permutation(ordered)), None]


def _sum(op: Operation, _indices: None, grad: Tensor, _shape: None) -> Gradients:
    first, second = apply("SparseAddGrad", grad, op.inputs[0], op.inputs[3], op.outputs[0])
    first.set_shape(op.inputs[1].shape)
    second.set_shape(op.inputs[4].shape)
    return [None, first, None, None, second, None, None]


def _matmul(op: Operation, grad: Tensor) -> Gradients:
    indices, values, sizes, dense = op.inputs
    of_a, of_b = op.get_attr("adjoint_a"), op.get_attr("adjoint_b")
    back = output("SparseTensorDenseMatMul", indices, values, sizes, grad, adjoint_a=not of_a)
    rows, columns = (indices[:, 1], indices[:, 0]) if of_a else (indices[:, 0], indices[:, 1])
    taken = gather(grad, rows)
    others = gather(transpose(dense) if of_b else dense, columns)
    products = matmul(
        expand_dims(taken, -1 if of_a else -2),
        expand_dims(others, -1 if of_a != of_b else -2),
        adjoint_a=of_a,
        adjoint_b=of_a == of_b,
    )
    return [None, squeeze(products, [-2, -1]), None, conj(transpose(back)) if of_b else back]


def _reduce_sum(op: Operation, grad: Tensor) -> Gradients:
    indices, _, sizes, axes = op.inputs
    kept = cast(convert_to_tensor(kept_shape(cast(sizes, INT32), axes)), INT64)
    scale = sizes // kept
    return [None, gather_nd(reshape(grad, kept), indices // scale), None, None]


def _broadcast(op: Operation, grad: Tensor, *, is_product: bool) -> Gradients:
    indices, values, sizes, dense = op.inputs
    own = cast(shape(dense), INT64)
    added = expand_dims(size(sizes) - size(own), 0)
    places = part(indices // (sizes // concat([ones(added, INT64), own], 0)), concat([[0], added], 0), [-1, -1])
    others = gather_nd(dense, places)
    of_values = grad * others if is_product else grad / others
    of_others = grad * values if is_product else grad * (-values / square(others))
    return [None, of_values, None, output("SparseTensorDenseAdd", places, of_others, own, zeros_like(dense))]


def _softmax(op: Operation, grad: Tensor) -> Gradients:
    indices, _, sizes = op.inputs
    probabilities = op.outputs[0]
    sums = output("SparseReduceSum", indices, probabilities * grad, sizes, [-1], keep_dims=True)
    spread = gather_nd(sums, concat([indices[:, :-1], zeros_like(indices[:, :1])], 1))
    return [None, (grad - spread) * probabilities, None]


def _fill(op: Operation, _indices: None, grad: Tensor, _is_empty: None, _places: None) -> Gradients:
    taken = gather(grad, op.outputs[3])
    return [None, taken, None, reduce_sum(grad) - reduce_sum(taken)]


RULES: dict[str, Rule] = {
    "SparseReorder": _reorder,
    "SparseAdd": _sum,
    "SparseTensorDenseMatMul": _matmul,
    "SparseReduceSum": _reduce_sum,
    "SparseDenseCwiseMul": lambda op, grad: _broadcast(op, grad, is_product=True),
    "SparseDenseCwiseDiv": lambda op, grad: _broadcast(op, grad, is_product=False),
    "SparseSoftmax": _softmax,
    "SparseTensorDenseAdd": lambda op, grad: [None, gather_nd(grad, op.inputs[0]), None, grad],
    "SparseFillEmptyRows": _fill,
}

NO_GRADIENT: frozenset[str] = frozenset({"SparseAddGrad", "SparseConcat"})
