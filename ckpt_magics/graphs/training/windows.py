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


def _conv(images_grad: str, filters_grad: str) -> Rule:
    """Return the rule of a convolution, by the ops that give the gradients of its images and its filters."""

    def rule(op: Operation, grad: Tensor) -> Gradients:
        images, filters = op.inputs
        sizes, attrs = apply("ShapeN", [images, filters]), _conv_attrs(op)
        of_images = output(images_grad, sizes[0], filters, grad, **attrs)
        return [of_images, output(filters_grad, images, sizes[1], grad, **attrs)]

    return rule


def _depthwise(op: Operation, grad: Tensor) -> Gradients:
    images, filters = op.inputs
    attrs = _conv_attrs(op)
    of_images = output("DepthwiseConv2dNativeBackpropInput", shape(images), filters, grad, **attrs)
    return [of_images, output("DepthwiseConv2dNativeBackpropFilter", images, shape(filters), grad, **attrs)]


def _conv_images(forward: str, filters_grad: str) -> Rule:
    """Return the rule of the gradient of a convolution's images."""

    def rule(op: Operation, grad: Tensor) -> Gradients:
        _, filters, backprop = op.inputs
        attrs = _conv_attrs(op)
        of_filters = output(filters_grad, grad, shape(filters), backprop, **attrs)
        return [None, of_filters, output(forward, grad, filters, **attrs)]

    return rule


def _conv_filters(forward: str, images_grad: str) -> Rule:
    """Return the rule of the gradient of a convolution's filters."""

    def rule(op: Operation, grad: Tensor) -> Gradients:
        images, _, backprop = op.inputs
        attrs = _conv_attrs(op)
        of_images = output(images_grad, shape(images), grad, backprop, **attrs)
        return [of_images, None, output(forward, images, grad, **attrs)]

    return rule


def _max_pool(op: Operation, grad: Tensor) -> Gradients:
    return [output(f"{op.type}Grad", op.inputs[0], op.outputs[0], grad, **_pool_attrs(op))]


def _max_pool_back(op_type: str) -> Rule:
    """Return the rule of a gradient of a pool, or of that gradient's own, by the other one of the two."""

    def rule(op: Operation, grad: Tensor) -> Gradients:
        images, pooled, _ = op.inputs
        attrs = given_attrs(op, "ksize", "strides", "padding", "data_format")
        return [zeros_like(images), zeros_like(pooled), output(op_type, images, pooled, grad, **attrs)]

    return rule


def _avg_pool(op: Operation, grad: Tensor) -> Gradients:
    return [output(f"{op.type}Grad", shape(op.inputs[0]), grad, **_pool_attrs(op))]


def _avg_pool_grad(op: Operation, grad: Tensor) -> Gradients:
    return [stop_gradient(op.inputs[0]), output(op.type.removesuffix("Grad"), grad, **_pool_attrs(op))]


def _convolution(rule: Rule, forward: str, images_grad: str, filters_grad: str) -> dict[str, Rule]:
    """Return the rules of a convolution and of its gradients."""
    return {
        forward: rule,
        images_grad: _conv_images(forward, filters_grad),
        filters_grad: _conv_filters(forward, images_grad),
    }


def _pools(suffix: str) -> dict[str, Rule]:
    """Return the rules of pools and of their gradients."""
    return {
        f"MaxPool{suffix}": _max_pool,
        f"MaxPool{suffix}Grad": _max_pool_back(f"MaxPool{suffix}GradGrad"),
        f"MaxPool{suffix}GradGrad": _max_pool_back(f"MaxPool{suffix}Grad"),
        f"AvgPool{suffix}": _avg_pool,
        f"AvgPool{suffix}Grad": _avg_pool_grad,
    }


_IMAGES = "Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter"
_VOLUMES = "Conv3D", "Conv3DBackpropInputV2", "Conv3DBackpropFilterV2"
_BY_CHANNEL = (
    "DepthwiseConv2dNative",
    "DepthwiseConv2dNativeBackpropInput",
    "DepthwiseConv2dNativeBackpropFilter",
)

RULES: dict[str, Rule] = {
    **_convolution(_conv(*_IMAGES[1:]), *_IMAGES),
    **_convolution(_conv(*_VOLUMES[1:]), *_VOLUMES),
    **_convolution(_depthwise, *_BY_CHANNEL),
    **_pools(""),
    **_pools("3D"),
}

NO_GRADIENT: frozenset[str] = frozenset()
