"""Gradients of recurrent nets that one op computes.

Format: tensorflow/python/ops/rnn_grad.py.
"""

from __future__ import annotations

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.graphs.training.rule import Gradients, Rule, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]


def _block(op: Operation, *grads: Tensor) -> Gradients:
    """The gradients of the states and the outputs; those of the gates do not count.

    TensorFlow takes the first version's gradient for the second one too, whose gates are in another order.
    """
    attrs = given_attrs(op, "use_peephole")
    return [None, *apply("BlockLSTMGrad", *op.inputs, *op.outputs, grads[1], grads[6], **attrs)]


RULES: dict[str, Rule] = {"BlockLSTM": _block, "BlockLSTMV2": _block}

NO_GRADIENT: frozenset[str] = frozenset()
