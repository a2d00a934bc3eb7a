"""Gradients of normalization.

Format: tensorflow/python/ops/nn_grad.py, _BaseFusedBatchNormGrad and _LRNGrad; nn_fused_batch_norm_grad.py.
"""

from __future__ import annotations

from collections.abc import Callable

from ckpt_magics.files.formats.dtypes import BFLOAT16, FLOAT, HALF
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import reshape, stop_gradient, transpose
from ckpt_magics.graphs.nodes.build import apply, output
from ckpt_magics.graphs.nodes.mathematics import cast, reciprocal, rsqrt, squared_difference
from ckpt_magics.graphs.nodes.reductions import reduce_mean, reduce_sum
from ckpt_magics.graphs.training.differentiated_body import Differentiate
from ckpt_magics.graphs.training.rule import Gradient, Gradients, Rule, given_attrs

__all__ = ["DIFFERENTIATING_RULES", "NO_GRADIENT", "RULES"]

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


def _local_response(op: Operation, grad: Tensor) -> Gradients:
    attrs = given_attrs(op, "depth_radius", "bias", "alpha", "beta")
    return [output("LRNGrad", grad, op.inputs[0], op.outputs[0], **attrs)]


def _normalize_grad(differentiate: Differentiate, op: Operation, *grads: Gradient | None) -> Gradients:
    """By what the op computes, written out in ops that have rules, as TensorFlow does."""
    inputs = op.inputs[:3]
    given = [(y, grad) for y, grad in zip(_written_out(op), grads, strict=False) if grad is not None]
    ys, grad_ys = [y for y, _ in given], [grad for _, grad in given]
    # One of the inputs may depend on another one, outside of the op.
    found = differentiate(ys, inputs, grad_ys, stop_gradients=inputs)
    return [*found, *[None] * (len(op.inputs) - len(inputs))]


def _written_out(op: Operation) -> list[Tensor]:
    """Add what the gradient of batch normalization gives for values, scale and offset."""
    attrs = given_attrs(op, "epsilon", "data_format", "is_training")
    layout, epsilon = attrs.get("data_format", b"NHWC"), attrs.get("epsilon", 1e-4)
    channel = 1 if layout in _CHANNELS_LAST else len(layout) - 1
    axes = [axis for axis in range(len(layout)) if axis != channel]
    dy, x = (cast(item, FLOAT) if item.dtype in {HALF, BFLOAT16} else item for item in op.inputs[:2])
    scale, mean, variance = (reshape(item, [-1, *[1] * (len(layout) - 1 - channel)]) for item in op.inputs[2:5])
    is_training = attrs.get("is_training", True)
    if is_training:
        mean = reduce_mean(x, axes, keepdims=True)
        variance = reduce_mean(squared_difference(x, stop_gradient(mean)), axes, keepdims=True)
    centered, factor, spread = x - mean, rsqrt(variance + epsilon), dy
    if is_training:
        shared = reciprocal(variance + epsilon) * reduce_mean(dy * centered, axes, keepdims=True)
        spread = dy - reduce_mean(dy, axes, keepdims=True) - shared * centered
    dx = cast(scale * factor * spread, op.inputs[1].dtype)
    return [dx, reduce_sum(dy * centered * factor, axes), reduce_sum(dy, axes)]


RULES: dict[str, Rule] = {
    "FusedBatchNorm": _normalize,
    "FusedBatchNormV2": _normalize,
    "FusedBatchNormV3": _normalize,
    "LRN": _local_response,
}

DIFFERENTIATING_RULES: dict[str, Callable[..., Gradients]] = {
    f"FusedBatchNormGrad{version}": _normalize_grad for version in ("", "V2", "V3")
}
"""Rules that are called with what differentiates, before the operation."""

NO_GRADIENT = frozenset({"LRNGrad"})
