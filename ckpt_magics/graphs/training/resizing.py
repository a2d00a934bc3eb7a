"""Gradients of images of another size, and of parts of images.

Format: tensorflow/python/ops/image_grad.py.
"""

from __future__ import annotations

from typing import Any

from ckpt_magics.files.formats.dtypes import DOUBLE, FLOAT, HALF
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import shape
from ckpt_magics.graphs.nodes.build import output
from ckpt_magics.graphs.training.rule import Gradients, Rule, given_attrs

__all__ = ["NO_GRADIENT", "RULES"]


def _where(op: Operation) -> dict[str, Any]:
    return given_attrs(op, "align_corners", "half_pixel_centers")


def _nearest(op: Operation, grad: Tensor) -> Gradients:
    images = op.inputs[0]
    sizes = None if images.shape.ndims is None else images.shape.as_list()[1:3]
    size = sizes if sizes and None not in sizes else shape(images)[1:3]
    return [output("ResizeNearestNeighborGrad", grad, size, **_where(op)), None]


def _bilinear(op: Operation, grad: Tensor) -> Gradients:
    return [output("ResizeBilinearGrad", grad, op.inputs[0], **_where(op)), None]


def _bicubic(op: Operation, grad: Tensor) -> Gradients:
    if op.inputs[0].dtype not in {FLOAT, DOUBLE}:
        return [None, None]
    return [output("ResizeBicubicGrad", grad, op.inputs[0], **_where(op)), None]


def _crop(op: Operation, grad: Tensor) -> Gradients:
    """The boxes' gradient is that of values between pixels, also where the nearest ones were taken."""
    images, boxes, which, _ = op.inputs
    size = images.shape.as_list() if images.shape.is_fully_defined() else shape(images)
    of_images = None
    if images.dtype in {HALF, FLOAT, DOUBLE}:
        attrs = given_attrs(op, "method")
        of_images = output("CropAndResizeGradImage", grad, boxes, which, size, T=images.dtype, **attrs)
    return [of_images, output("CropAndResizeGradBoxes", grad, images, boxes, which), None, None]


RULES: dict[str, Rule] = {
    "ResizeNearestNeighbor": _nearest,
    "ResizeBilinear": _bilinear,
    "ResizeBicubic": _bicubic,
    "CropAndResize": _crop,
}

NO_GRADIENT = frozenset({"ResizeBilinearGrad"})
