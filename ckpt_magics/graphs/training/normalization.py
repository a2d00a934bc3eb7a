"""Gradients of batch normalization.

Format: tensorflow/python/ops/nn_grad.py, _BaseFusedBatchNormGrad.
"""

from __future__ import annotations

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import transpose
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.graphs.training.rule import Gradients, Rule, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]

_CHANNELS_LAST = {
    b"NCHW": (b"NHWC", [0, 2, 3, 1], [0, 3, 1, 2]),
    b"NCDHW": (b"NDHWC", [0, 2, 3, 4, 1], [0, 4, 1, 2, 3]),
}
"""For each format with the channels in front: the one with them behind, and the orders there and back."""


def _normalize(op: Operation, grad: Tensor, *_: Tensor) -> Gradients:
    """With the batch's own statistics, or with given ones, for which TensorFlow wants the channels behind."""
    x, scale = op.inputs[:2]
    attrs = given_attrs(op, "epsilon", "data_format", "is_training")
    training, layout = attrs.get("is_training", True), attrs.get("data_format", b"NHWC")
    statistics, back = op.outputs[3:5] if training else op.inputs[3:5], None
    if not training and layout in _CHANNELS_LAST:
        attrs["data_format"], there, back = _CHANNELS_LAST[layout]
        x, grad = transpose(x, there), transpose(grad, there)
    notes = op.outputs[5:]
    dx, dscale, doffset, *_ = apply(op.type.replace("Norm", "NormGrad"), grad, x, scale, *statistics, *notes, **attrs)
    return [dx if back is None else transpose(dx, back), dscale, doffset, None, None]


RULES: dict[str, Rule] = {
    "FusedBatchNorm": _normalize,
    "FusedBatchNormV2": _normalize,
    "FusedBatchNormV3": _normalize,
}

NO_GRADIENT: frozenset[str] = frozenset()
