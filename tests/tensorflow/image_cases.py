"""Generated inputs for ops on images, volumes and boxes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import FLOAT, DType
from tests.tensorflow.kernel_cases import Case, Maker, Rng, data


def space_to_batch_nd(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, block, around in [
        ((2, 4, 6, 3), [2, 3], [[0, 0], [0, 0]]), ((1, 5, 4), [3], [[1, 0]]), ((1, 3, 3, 2), [2, 2], [[1, 0], [0, 1]]),
        ((2, 2, 4, 6, 1), [1, 2, 2], [[0, 0], [0, 0], [1, 1]]), ((2, 3), [2], [[0, 0]]), ((2, 4), [2], [[-1, 1]]),
    ]:  # fmt: skip
        yield Case([data(rng, dtype, shape), np.array(block, np.int32), np.array(around)], {}, frozenset({1, 2}))


def batch_to_space_nd(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, block, around in [
        ((12, 2, 2, 3), [2, 3], [[0, 0], [0, 0]]), ((3, 2, 4), [3], [[1, 2]]), ((4, 2, 2, 1), [2, 2], [[1, 0], [0, 3]]),
        ((5, 2, 2, 3), [2, 3], [[0, 0], [0, 0]]),
    ]:  # fmt: skip
        yield Case([data(rng, dtype, shape), np.array(block), np.array(around, np.int32)], {}, frozenset({1, 2}))


def space_to_batch(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([data(rng, dtype, (2, 4, 6, 3)), np.array([[0, 0], [1, 1]])], {"block_size": 2}, frozenset({1}))


def batch_to_space(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([data(rng, dtype, (8, 2, 2, 3)), np.array([[0, 1], [1, 0]])], {"block_size": 2}, frozenset({1}))


def space_to_depth(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, size in [((2, 4, 6, 3), 2), ((1, 3, 3, 1), 3), ((1, 3, 4, 1), 2)]:
        yield Case([data(rng, dtype, shape)], {"block_size": size})


def depth_to_space(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, size in [((2, 2, 3, 12), 2), ((1, 1, 1, 9), 3), ((1, 2, 2, 6), 2)]:
        yield Case([data(rng, dtype, shape)], {"block_size": size})


def resize(rng: Rng, dtype: DType) -> Iterator[Case]:
    for (shape, size), (corners, half) in itertools.product(
        [((2, 4, 5, 3), (7, 3)), ((1, 3, 3, 1), (3, 3)), ((1, 1, 6, 2), (4, 1)), ((1, 5, 4, 1), (10, 8))],
        [(False, False), (True, False), (False, True)],
    ):
        attrs = {"align_corners": corners, "half_pixel_centers": half}
        yield Case([data(rng, dtype, shape), np.array(size, np.int32)], attrs, frozenset({1}))
    yield Case([data(rng, dtype, (1, 2, 2, 1)), np.array([0, 2], np.int32)], {}, frozenset({1}))


def crop(rng: Rng, dtype: DType) -> Iterator[Case]:
    boxes = np.array([[0, 0, 1, 1], [0.2, 0.1, 0.7, 0.9], [-0.5, 0.5, 1.5, 0.1], [0.5, 0.5, 0.5, 0.5]], np.float32)
    for method, size in itertools.product([b"bilinear", b"nearest"], [(3, 4), (1, 1), (1, 5)]):
        inputs = [data(rng, dtype, (2, 5, 4, 3)), boxes, np.array([0, 1, 1, 0], np.int32), np.array(size, np.int32)]
        yield Case(inputs, {"method": method, "extrapolation_value": 2.5}, frozenset({3}))


def boxes_and_scores(rng: Rng, dtype: DType, count: int) -> list[np.ndarray]:
    # The first version of the op has one type only, float.
    kind = dtype.numpy if dtype.is_floating else np.float32
    corners = rng.random((count, 2, 2)).astype(kind)
    scores = (rng.integers(0, 6, count) / 4).astype(kind)
    return [corners.reshape(count, 4), scores]


def suppression(*limits: float, **attrs: float) -> Maker:
    def make(rng: Rng, dtype: DType) -> Iterator[Case]:
        for count, most in [(12, 5), (12, 12), (5, 0), (0, 3), (30, 9)]:
            settings = [np.array(limit, dtype.numpy) for limit in limits]
            yield Case([*boxes_and_scores(rng, dtype, count), np.array(most, np.int32), *settings], attrs)

    return make


def depthwise(rng: Rng, dtype: DType) -> Iterator[Case]:
    for images, filters, stride, padding, more in [
        ((2, 4, 5, 3), (2, 2, 3, 2), 1, b"SAME", {}),
        ((1, 5, 6, 2), (3, 2, 2, 1), 2, b"VALID", {}),
        ((1, 4, 4, 2), (3, 3, 3, 1), 1, b"SAME", {}),
        ((1, 4, 4, 2), (3, 3, 2, 2), 1, b"EXPLICIT", {"explicit_paddings": [0, 0, 1, 0, 2, 1, 0, 0]}),
    ]:
        attrs = {"strides": [1, stride, stride, 1], "padding": padding, **more}
        yield Case([data(rng, dtype, images, small=True), data(rng, dtype, filters, small=True)], attrs)


def convolution_3d(rng: Rng, dtype: DType) -> Iterator[Case]:
    for volumes, filters, strides, padding in [
        ((2, 3, 4, 5, 2), (2, 2, 2, 2, 3), [1, 1, 1, 1, 1], b"SAME"),
        ((1, 4, 4, 4, 3), (3, 2, 1, 3, 2), [1, 2, 1, 2, 1], b"VALID"),
        ((1, 3, 3, 3, 1), (2, 3, 3, 1, 4), [1, 2, 2, 2, 1], b"SAME"),
        ((1, 2, 2, 2, 1), (4, 4, 4, 1, 1), [1, 1, 1, 1, 1], b"VALID"),
    ]:
        attrs = {"strides": strides, "padding": padding}
        yield Case([data(rng, dtype, volumes, small=True), data(rng, dtype, filters, small=True)], attrs)


def pooling_3d(rng: Rng, dtype: DType) -> Iterator[Case]:
    for shape, size, stride, padding in [
        ((2, 4, 4, 6, 3), 2, 2, b"SAME"), ((1, 5, 5, 4, 2), 3, 2, b"SAME"), ((1, 5, 3, 4, 2), 2, 1, b"VALID"),
    ]:  # fmt: skip
        attrs = {"ksize": [1, size, size, size, 1], "strides": [1, stride, stride, stride, 1], "padding": padding}
        yield Case([data(rng, dtype, shape)], attrs)


def local_response(rng: Rng, dtype: DType) -> Iterator[Case]:
    for attrs in [{}, {"depth_radius": 2, "bias": 2.0, "alpha": 0.1, "beta": 0.75}, {"depth_radius": 1}]:
        yield Case([data(rng, dtype, (2, 3, 2, 7))], attrs)


def local_response_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in local_response(rng, dtype):
        images = case.inputs[0]
        yield Case([data(rng, dtype, images.shape), images, data(rng, dtype, images.shape)], case.attrs)


def images_back(maker: Maker) -> Maker:
    """Return what makes the inputs of the gradient of a convolution's images."""

    def make(rng: Rng, dtype: DType) -> Iterator[Case]:
        for images, filters, backprop, attrs in convolved(maker, rng, dtype):
            yield Case([np.array(images.shape, np.int32), filters, backprop], attrs, frozenset({0}))

    return make


def filters_back(maker: Maker) -> Maker:
    """Return what makes the inputs of the gradient of a convolution's filters."""

    def make(rng: Rng, dtype: DType) -> Iterator[Case]:
        for images, filters, backprop, attrs in convolved(maker, rng, dtype):
            yield Case([images, np.array(filters.shape, np.int32), backprop], attrs, frozenset({1}))

    return make


def convolved(maker: Maker, rng: Rng, dtype: DType) -> Iterator[tuple[Any, ...]]:
    """Yield images, filters, and a gradient of what they give, where they give something."""
    for case in maker(rng, dtype):
        (images, filters), attrs, by_channel = case.inputs, case.attrs, case.inputs[0].ndim == 4
        around = np.array(attrs.get("explicit_paddings", [0] * 2 * images.ndim)).reshape(-1, 2)[1:-1].sum(1)
        room = np.array(images.shape[1:-1]) + around
        if attrs["padding"] != b"SAME":
            room = np.maximum(room - filters.shape[:-2] + 1, 0)
        sizes = -(-room // np.array(attrs["strides"][1:-1]))
        if not by_channel or filters.shape[2] == images.shape[-1]:
            channels = filters.shape[-1] * (filters.shape[-2] if by_channel else 1)
            arrays = [images, filters, data(rng, dtype, (len(images), *sizes, channels), small=True)]
            if images.dtype.itemsize == 2:
                # TensorFlow adds short numbers up as they are, here they are added up as float32: whole ones agree.
                arrays = [np.rint(array.astype(np.float64)).astype(dtype.numpy) for array in arrays]
            yield *arrays, attrs


def pooled_3d(rng: Rng, dtype: DType) -> Iterator[tuple[Any, ...]]:
    """Yield volumes, the shape of what a pool gives of them, and the pool's attributes."""
    for case in pooling_3d(rng, dtype):
        [volumes], size, stride = case.inputs, case.attrs["ksize"][1], case.attrs["strides"][1]
        sizes = np.array(volumes.shape[1:-1])
        room = sizes if case.attrs["padding"] == b"SAME" else sizes - size + 1
        yield volumes, (len(volumes), *(-(-room // stride)), volumes.shape[-1]), case.attrs


def max_pooling_3d_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for volumes, shape, attrs in pooled_3d(rng, dtype):
        inputs = [volumes, data(rng, dtype, shape), data(rng, dtype, shape)]
        yield Case(inputs, attrs)
        # With whole numbers most of what is pooled is found under the window, more than once.
        yield Case([np.rint(array.astype(np.float32)).astype(dtype.numpy) for array in inputs], attrs)


def max_pooling_3d_grad_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for volumes, shape, attrs in pooled_3d(rng, dtype):
        yield Case([volumes, data(rng, dtype, shape), data(rng, dtype, volumes.shape)], attrs)


def average_pooling_3d_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for volumes, shape, attrs in pooled_3d(rng, dtype):
        yield Case([np.array(volumes.shape, np.int32), data(rng, dtype, shape)], attrs, frozenset({0}))


def resize_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in resize(rng, dtype):
        images, size = case.inputs
        # Of a single row of doubles TensorFlow rounds the sum to a float32 half-way.
        if images.shape[1] > 1 or dtype.name != "float64":
            yield Case([data(rng, FLOAT, (images.shape[0], *size, images.shape[3])), images], case.attrs)


def crop_images_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    # TensorFlow adds short numbers up as they are, here they are added up as float32.
    for case in crop(rng, dtype) if dtype.name != "float16" else ():
        images, boxes, which, size = case.inputs
        grads = data(rng, FLOAT, (len(boxes), *size, images.shape[3]))
        attrs = {"method": case.attrs["method"], "T": dtype}
        yield Case([grads, boxes, which, np.array(images.shape, np.int32)], attrs, frozenset({3}))


def crop_boxes_grad(rng: Rng, dtype: DType) -> Iterator[Case]:
    for case in crop(rng, dtype):
        images, boxes, which, size = case.inputs
        yield Case([data(rng, FLOAT, (len(boxes), *size, images.shape[3])), images, boxes, which])


def colors(rng: Rng, dtype: DType) -> Iterator[Case]:
    yield Case([rng.random((2, 3, 4, 3)).astype(dtype.numpy)])
    yield Case([np.array([[1, 1, 0], [0, 0, 0], [0.5, 0.5, 0.5], [0, 1, 1], [0.2, 0, 0.2]], dtype.numpy)])


MAKERS: dict[str, Maker] = {
    "SpaceToBatchND": space_to_batch_nd, "BatchToSpaceND": batch_to_space_nd,
    "SpaceToBatch": space_to_batch, "BatchToSpace": batch_to_space,
    "SpaceToDepth": space_to_depth, "DepthToSpace": depth_to_space,
    **dict.fromkeys(["ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic"], resize),
    "CropAndResize": crop,
    "NonMaxSuppression": suppression(iou_threshold=0.4),
    "NonMaxSuppressionV2": suppression(0.3), "NonMaxSuppressionV3": suppression(0.3, 0.4),
    "NonMaxSuppressionV4": suppression(0.3, 0.4, pad_to_max_output_size=True),
    "NonMaxSuppressionV5": suppression(0.6, 0.2, 0.5, pad_to_max_output_size=True),
    "DepthwiseConv2dNative": depthwise,
    "DepthwiseConv2dNativeBackpropInput": images_back(depthwise),
    "DepthwiseConv2dNativeBackpropFilter": filters_back(depthwise),
    "Conv3DBackpropInputV2": images_back(convolution_3d), "Conv3DBackpropFilterV2": filters_back(convolution_3d),
    "MaxPool3DGrad": max_pooling_3d_grad, "MaxPool3DGradGrad": max_pooling_3d_grad_grad,
    "AvgPool3DGrad": average_pooling_3d_grad, "LRNGrad": local_response_grad,
    "ResizeBilinearGrad": resize_grad, "ResizeBicubicGrad": resize_grad, "ResizeNearestNeighborGrad": resize,
    "CropAndResizeGradImage": crop_images_grad, "CropAndResizeGradBoxes": crop_boxes_grad,
    "RGBToHSV": colors, "HSVToRGB": colors,
    "Conv3D": convolution_3d, "MaxPool3D": pooling_3d, "AvgPool3D": pooling_3d, "LRN": local_response,
}  # fmt: skip
