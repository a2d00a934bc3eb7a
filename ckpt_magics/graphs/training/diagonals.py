"""Gradients of ops that take diagonals out of matrices, or put them in.

Format: tensorflow/python/ops/array_grad.py.
"""

from __future__ import annotations

from typing import Any

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import concat, part, rank, shape, zeros_like
from ckpt_magics.graphs.nodes.build import output
from ckpt_magics.graphs.nodes.reductions import reduce_min
from ckpt_magics.graphs.training.rule import Gradients, Rule, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]

ALIGN = b"RIGHT_LEFT"
"""Where a shorter diagonal stands in its row, unless an op says otherwise."""


def _taken(matrix: Tensor, k: object = 0, align: bytes = ALIGN) -> Tensor:
    return output("MatrixDiagPartV3", matrix, k, 0, align=align, name="diag_part")


def _made(diagonal: Tensor, k: object = 0, sizes: tuple[Any, Any] = (-1, -1), align: bytes = ALIGN) -> Tensor:
    return output("MatrixDiagV3", diagonal, k, *sizes, 0, align=align, name="diag")


def _set(matrix: Tensor, diagonal: Tensor, k: object = 0, align: bytes = ALIGN) -> Tensor:
    return output("MatrixSetDiagV3", matrix, diagonal, k, align=align, name="set_diag")


def _align(op: Operation) -> bytes:
    """Return how the op aligns; the versions before the third know one way only, which the next ones call so."""
    align: bytes = given_attrs(op, "align").get("align", ALIGN)
    return align


def _diagonal(op: Operation, grad: Tensor) -> Gradients:
    """Of ops that make matrices."""
    if op.type == "MatrixDiag":
        return [_taken(grad)]
    return [_taken(grad, op.inputs[1], _align(op)), None, None, None, None]


def _diagonal_part(op: Operation, grad: Tensor) -> Gradients:
    sizes = op.inputs[0].shape[-2:]
    if sizes.is_fully_defined() and sizes[0] == sizes[1]:
        return [_made(grad)]
    return [_set(zeros_like(op.inputs[0]), grad)]


def _diagonal_parts(op: Operation, grad: Tensor) -> Gradients:
    sizes, k = op.inputs[0].shape[-2:], op.inputs[1]
    if sizes.is_fully_defined():
        rows, columns = sizes.as_list()
        return [_made(grad, k, (rows, columns), _align(op)), None, None]
    return [_set(zeros_like(op.inputs[0]), grad, k, _align(op)), None, None]


def _set_diagonal(op: Operation, grad: Tensor) -> Gradients:
    whole = op.inputs[0].shape.merge_with(grad.shape)
    batch, sizes = whole[:-2].merge_with(op.inputs[1].shape[:-1]), whole[-2:]
    of_diagonal: object
    if batch.is_fully_defined() and sizes.is_fully_defined():
        of_diagonal = [*batch.as_list(), min(size or 0 for size in sizes.as_list())]
    else:
        with op.graph.colocate_with(grad):
            total, ndims = shape(grad), rank(grad)
            front, square = part(total, [0], [ndims - 2]), part(total, [ndims - 2], [2])
            of_diagonal = concat([front, [reduce_min(square)]], 0)
    return [_set(grad, build.zeros(of_diagonal, grad.dtype)), _taken(grad)]


def _set_diagonals(op: Operation, grad: Tensor) -> Gradients:
    diagonal, k = op.inputs[1:]
    # TensorFlow works out the shape from the matrix and the numbers of the diagonals, by conditionals.
    sizes = diagonal.shape.as_list() if diagonal.shape.is_fully_defined() else shape(diagonal)
    empty = build.zeros(sizes, grad.dtype)
    return [_set(grad, empty, k, _align(op)), _taken(grad, k, _align(op)), None]


RULES: dict[str, Rule] = {
    "Diag": lambda _, grad: [output("DiagPart", grad)],
    "DiagPart": lambda _, grad: [output("Diag", grad)],
    "MatrixDiag": _diagonal,
    "MatrixDiagV2": _diagonal,
    "MatrixDiagV3": _diagonal,
    "MatrixDiagPart": _diagonal_part,
    "MatrixDiagPartV2": _diagonal_parts,
    "MatrixDiagPartV3": _diagonal_parts,
    "MatrixSetDiag": _set_diagonal,
    "MatrixSetDiagV2": _set_diagonals,
    "MatrixSetDiagV3": _set_diagonals,
}

NO_GRADIENT: frozenset[str] = frozenset()
