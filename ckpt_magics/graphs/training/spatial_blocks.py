"""Gradients of ops that move blocks of an image into the batch or the channels, and back.

Format: tensorflow/python/ops/array_grad.py.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.build import output
from ckpt_magics.graphs.training.rule import Gradients, Rule, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]


def _inverse(op_type: str) -> Rule:
    """Return the rule of an op that another one undoes, with the same settings."""
    return lambda op, grad: [output(op_type, grad, *op.inputs[1:]), *[None] * (len(op.inputs) - 1)]


def _square(op_type: str) -> Rule:
    """Return the rule of an op for square blocks, which one for all blocks undoes."""

    def rule(op: Operation, grad: Tensor) -> Gradients:
        size = op.get_attr("block_size")
        undone = output(op_type, grad, np.array([size, size], np.int64), op.inputs[1])
        undone.set_shape([None] * 4)
        return [undone, None]

    return rule


def _channels(op_type: str) -> Rule:
    return lambda op, grad: [output(op_type, grad, **given_attrs(op, "block_size", "data_format"))]


RULES: dict[str, Rule] = {
    "SpaceToBatchND": _inverse("BatchToSpaceND"),
    "BatchToSpaceND": _inverse("SpaceToBatchND"),
    "SpaceToBatch": _square("BatchToSpaceND"),
    "BatchToSpace": _square("SpaceToBatchND"),
    "SpaceToDepth": _channels("DepthToSpace"),
    "DepthToSpace": _channels("SpaceToDepth"),
}

NO_GRADIENT: frozenset[str] = frozenset()
