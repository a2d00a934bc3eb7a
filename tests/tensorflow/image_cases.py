"""Generated inputs for ops on images, volumes and boxes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from ckpt_magics.files.formats.dtypes import DType
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
    "Conv3D": convolution_3d, "MaxPool3D": pooling_3d, "AvgPool3D": pooling_3d, "LRN": local_response,
}  # fmt: skip
