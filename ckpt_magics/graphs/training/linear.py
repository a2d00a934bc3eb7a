"""Gradients of products of matrices and of the bias that follows them.

Format: tensorflow/python/ops/math_grad.py and nn_grad.py.
"""

from __future__ import annotations

from typing import Any

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import concat, ones_like, rank, reshape, shape, tile
from ckpt_magics.graphs.nodes.build import apply, output
from ckpt_magics.graphs.nodes.mathematics import conj, number_range
from ckpt_magics.graphs.nodes.reductions import reduce_sum
from ckpt_magics.graphs.training.rule import Gradients, Rule, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]

_FACTORS = {
    # transposed first, second: the factors of each gradient, and which of them are transposed
    (False, False): ("grad b", (False, True), "a grad", (True, False)),
    (False, True): ("grad b", (False, False), "grad a", (True, False)),
    (True, False): ("b grad", (False, True), "a grad", (False, False)),
    (True, True): ("b grad", (True, True), "grad a", (True, True)),
}


def _matmul(op: Operation, grad: Tensor) -> Gradients:
    flips = op.get_attr("transpose_a"), op.get_attr("transpose_b")
    parts = {"a": conj(op.inputs[0]), "b": conj(op.inputs[1]), "grad": grad}
    first, first_flips, second, second_flips = _FACTORS[flips]

    def product(factors: str, flipped: tuple[bool, bool], mark: dict[str, Any]) -> Tensor:
        x, y = (parts[name] for name in factors.split())
        return output("MatMul", x, y, transpose_a=flipped[0], transpose_b=flipped[1], **mark)

    return [product(first, first_flips, {"grad_a": True}), product(second, second_flips, {"grad_b": True})]


def _batch_products(op: Operation, grad: Tensor) -> list[Tensor]:
    flips = op.get_attr("adj_x"), op.get_attr("adj_y")
    parts = {"a": op.inputs[0], "b": op.inputs[1], "grad": grad}
    first, first_flips, second, second_flips = _FACTORS[flips]

    def product(factors: str, flipped: tuple[bool, bool], mark: dict[str, Any]) -> Tensor:
        x, y = (parts[name] for name in factors.split())
        return output("BatchMatMulV2", x, y, adj_x=flipped[0], adj_y=flipped[1], name="MatMul", **mark)

    marks: tuple[dict[str, Any], dict[str, Any]] = (
        ({"grad_x": True}, {"grad_y": True}) if op.type == "BatchMatMulV2" else ({}, {})
    )
    return [product(first, first_flips, marks[0]), product(second, second_flips, marks[1])]


def _batch_matmul(op: Operation, grad: Tensor) -> Gradients:
    return _batch_products(op, grad)


def _batch_matmul_v2(op: Operation, grad: Tensor) -> Gradients:
    """Add up over the dimensions in front that were broadcast."""
    products = _batch_products(op, grad)
    x, y = op.inputs
    fronts = [tensor.shape[:-2] for tensor in (x, y)]
    ranks = [tensor.shape.ndims for tensor in (x, y)]
    if all(ndims is not None and ndims <= 2 for ndims in ranks):
        return products
    if all(front.is_fully_defined() for front in fronts) and fronts[0] == fronts[1]:
        return products
    sizes = shape(x), shape(y)
    axes = apply("BroadcastGradientArgs", sizes[0][:-2], sizes[1][:-2])
    return [reshape(reduce_sum(product, along), own) for product, along, own in zip(products, axes, sizes, strict=True)]


def _bias_add(op: Operation, grad: Tensor) -> Gradients:
    return [grad, output("BiasAddGrad", grad, **given_attrs(op, "data_format"))]


def _bias_add_v1(_: Operation, grad: Tensor) -> Gradients:
    return [grad, reduce_sum(grad, number_range(rank(grad) - 1))]


def _bias_add_grad(op: Operation, grad: Tensor) -> Gradients:
    sizes, channels = shape(op.inputs[0]), shape(grad)
    if given_attrs(op, "data_format").get("data_format") == b"NCHW":
        expanded = concat([ones_like(sizes[:1]), channels, ones_like(sizes[2:])], 0)
        multiples = concat([sizes[:1], [1], sizes[2:]], 0)
    else:
        expanded = concat([ones_like(sizes[:-1]), channels], 0)
        multiples = concat([sizes[:-1], [1]], 0)
    return [tile(reshape(grad, expanded), multiples)]


RULES: dict[str, Rule] = {
    "MatMul": _matmul,
    "BatchMatMul": _batch_matmul,
    "BatchMatMulV2": _batch_matmul_v2,
    "BiasAdd": _bias_add,
    "BiasAddV1": _bias_add_v1,
    "BiasAddGrad": _bias_add_grad,
}

NO_GRADIENT: frozenset[str] = frozenset()
