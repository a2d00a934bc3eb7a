"""Gradients of convolutions and pools.

Format: tensorflow/python/ops/nn_grad.py.
"""

from __future__ import annotations

from typing import Any

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import shape, stop_gradient, zeros_like
from ckpt_magics.graphs.nodes.build import apply, output
from ckpt_magics.graphs.training.rule import Gradients, Rule, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]


def _conv_attrs(op: Operation) -> dict[str, Any]:
    return given_attrs(op, "dilations", "strides", "padding", "explicit_paddings", "use_cudnn_on_gpu", "data_format")


def _pool_attrs(op: Operation) -> dict[str, Any]:
    return given_attrs(op, "ksize", "strides", "padding", "explicit_paddings", "data_format")


def _conv(op: Operation, grad: Tensor) -> Gradients:
    images, filters = op.inputs
    sizes = apply("ShapeN", [images, filters])
    attrs = _conv_attrs(op)
    return [
        output("Conv2DBackpropInput", sizes[0], filters, grad, **attrs),
        output("Conv2DBackpropFilter", images, sizes[1], grad, **attrs),
    ]


def _conv_input(op: Operation, grad: Tensor) -> Gradients:
    _, filters, backprop = op.inputs
    attrs = _conv_attrs(op)
    of_filters = output("Conv2DBackpropFilter", grad, shape(filters), backprop, **attrs)
    return [None, of_filters, output("Conv2D", grad, filters, **attrs)]


def _conv_filter(op: Operation, grad: Tensor) -> Gradients:
    images, _, backprop = op.inputs
    attrs = _conv_attrs(op)
    of_images = output("Conv2DBackpropInput", shape(images), grad, backprop, **attrs)
    return [of_images, None, output("Conv2D", images, grad, **attrs)]


def _max_pool(op: Operation, grad: Tensor) -> Gradients:
    return [output("MaxPoolGrad", op.inputs[0], op.outputs[0], grad, **_pool_attrs(op))]


def _max_pool_grad(op: Operation, grad: Tensor) -> Gradients:
    images, pooled, _ = op.inputs
    attrs = given_attrs(op, "ksize", "strides", "padding", "data_format")
    return [zeros_like(images), zeros_like(pooled), output("MaxPoolGradGrad", images, pooled, grad, **attrs)]


def _max_pool_grad_grad(op: Operation, grad: Tensor) -> Gradients:
    images, pooled, _ = op.inputs
    attrs = given_attrs(op, "ksize", "strides", "padding", "data_format")
    return [zeros_like(images), zeros_like(pooled), output("MaxPoolGrad", images, pooled, grad, **attrs)]


def _avg_pool(op: Operation, grad: Tensor) -> Gradients:
    return [output("AvgPoolGrad", shape(op.inputs[0]), grad, **_pool_attrs(op))]


def _avg_pool_grad(op: Operation, grad: Tensor) -> Gradients:
    return [stop_gradient(op.inputs[0]), output("AvgPool", grad, **_pool_attrs(op))]


RULES: dict[str, Rule] = {
    "Conv2D": _conv,
    "Conv2DBackpropInput": _conv_input,
    "Conv2DBackpropFilter": _conv_filter,
    "MaxPool": _max_pool,
    "MaxPoolGrad": _max_pool_grad,
    "MaxPoolGradGrad": _max_pool_grad_grad,
    "AvgPool": _avg_pool,
    "AvgPoolGrad": _avg_pool_grad,
}

NO_GRADIENT: frozenset[str] = frozenset()
