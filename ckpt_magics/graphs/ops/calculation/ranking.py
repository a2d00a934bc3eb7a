"""Ops that rank: the largest elements, whether a class is among them, and which of overlapping boxes stay.

Format: tensorflow/core/kernels/topk_op.cc, in_topk_op.h, image/non_max_suppression_op.cc.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import FLOAT, INT32
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_dims, with_rank, with_rank_at_least
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.type_sets import INDEX, REAL_NUMBERS, SMALL_INDEX, dtypes

__all__ = ["ROWS"]


def _largest(x: Array, k: int, index_type: np.dtype[Any]) -> tuple[Array, Array]:
    if not np.ndim(x) or k < 0 or k > x.shape[-1]:
        raise InvalidArgumentError(f"input must have at least k columns. Had {format_shape(np.shape(x))}, needed {k}")
    # Backwards twice: of equal elements the first comes first.
    order = np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1][..., :k]
    places = x.shape[-1] - 1 - order
    return np.take_along_axis(x, places, -1), places.astype(index_type)


def _top_k(ctx: KernelContext, x: Array) -> tuple[Array, Array]:
    return _largest(x, ctx.attr("k"), np.dtype(np.int32))


def _top_k_v2(ctx: KernelContext, x: Array, k: Array) -> tuple[Array, Array]:
    if np.ndim(k):
        raise InvalidArgumentError(f"k must be scalar, got shape {format_shape(np.shape(k))}")
    return _largest(x, int(k), ctx.output_dtypes[1].numpy)


def _top_k_shape(ctx: ShapeContext, k: int | None) -> list[Shape]:
    shape = with_rank_at_least(ctx.shape(0), 1)
    if shape is None:
        return [None, None]
    if k is not None and shape[-1] is not None and shape[-1] < k:
        raise InvalidArgumentError(f"input must have last dimension >= k = {k} but is {shape[-1]}")
    return [(*shape[:-1], k)] * 2


def _top_k_v1_shape(ctx: ShapeContext) -> list[Shape]:
    return _top_k_shape(ctx, ctx.attr("k"))


def _top_k_v2_shape(ctx: ShapeContext) -> list[Shape]:
    k = ctx.constant(1)
    if k is not None and k < 0:
        raise InvalidArgumentError(f"Dimension size, given by scalar input 1, must be non-negative but is {k}")
    return _top_k_shape(ctx, None if k is None else int(k))


def _is_in_top(predictions: Array, targets: Array, k: int) -> Array:
    if np.ndim(predictions) != 2 or np.shape(targets) != predictions.shape[:1]:
        raise InvalidArgumentError(
            f"predictions must be 2-dimensional, and targets of its first dimension, got "
            f"{format_shape(np.shape(predictions))} and {format_shape(np.shape(targets))}"
        )
    known = (targets >= 0) & (targets < predictions.shape[1])
    rows = np.arange(len(targets))
    own = predictions[rows, np.where(known, targets, 0)] if predictions.shape[1] else np.zeros(len(targets))
    better = np.sum(predictions > own[:, None], axis=1)
    return known & np.all(np.isfinite(predictions), axis=1) & (better < k)


def _in_top_k(ctx: KernelContext, predictions: Array, targets: Array) -> Array:
    return _is_in_top(predictions, targets, ctx.attr("k"))


def _in_top_k_v2(_ctx: KernelContext, predictions: Array, targets: Array, k: Array) -> Array:
    return _is_in_top(predictions, targets, int(k))


def _in_top_k_shape(ctx: ShapeContext) -> list[Shape]:
    predictions, targets = with_rank(ctx.shape(0), 2), with_rank(ctx.shape(1), 1)
    return [(merge_dims(predictions[0], targets[0]),)]


def _overlaps(corners: Array, areas: Array, one: int, others: list[int]) -> Array:
    """Return the intersection over the union of one box with others."""
    low = np.maximum(corners[one, :2], corners[others, :2])
    high = np.minimum(corners[one, 2:], corners[others, 2:])
    common = np.prod(np.maximum(high - low, 0), axis=1)
    union = areas[one] + areas[others] - common
    valid = (areas[one] > 0) & (areas[others] > 0)
    return np.where(valid, common / np.where(valid, union, 1), 0)


@dataclass(frozen=True, slots=True)
class _Suppression:
    """Which boxes stay.

    Attributes:
        count: How many at most.
        overlap: Intersection over union with a better box above which a box goes.
        least: Score that each has to be above.
        sigma: How much overlaps lower scores instead; nothing is lowered where it is 0.
    """

    count: int
    overlap: float
    least: float = -np.inf
    sigma: float = 0.0

    def select(self, boxes: Array, scores: Array) -> tuple[list[int], list[float]]:
        """Return the boxes that stay, best first, with their scores."""
        self._check(boxes, scores)
        low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
        corners, areas = np.concatenate([low, high], axis=1), np.prod(high - low, axis=1)
        queue = [(-float(score), index, 0) for index, score in enumerate(scores) if score > self.least]
        heapq.heapify(queue)
        chosen: list[int] = []
        kept: list[float] = []
        while queue and len(chosen) < self.count:
            negative, index, begin = heapq.heappop(queue)
            similar = _overlaps(corners, areas, index, chosen[begin:])
            score = self._lowered(boxes.dtype.type(-negative), similar)
            if score == -negative:
                chosen.append(index)
                kept.append(score)
            elif self.sigma and score > self.least:
                heapq.heappush(queue, (-float(score), index, len(chosen)))
        return chosen, kept

    def _check(self, boxes: Array, scores: Array) -> None:
        if np.ndim(boxes) != 2 or boxes.shape[1] != 4 or np.shape(scores) != boxes.shape[:1]:
            raise InvalidArgumentError(
                f"boxes must be [n, 4] and scores [n], got {format_shape(np.shape(boxes))} and "
                f"{format_shape(np.shape(scores))}"
            )
        if not 0 <= self.overlap <= 1 or self.sigma < 0 or self.count < 0:
            raise InvalidArgumentError("iou_threshold must be in [0, 1], and soft_nms_sigma and the size not negative")

    def _lowered(self, score: Array, similar: Array) -> Array:
        """Return a score after what better boxes take from it, in their order from the last one on."""
        exact = type(score)
        if not self.sigma:
            return exact(-np.inf) if np.any(similar > self.overlap) else score
        for each in similar[::-1]:
            weight = np.exp(exact(-0.5 / self.sigma) * each * each) if each <= self.overlap else exact(0)
            score = exact(score * weight)
            if score <= self.least:
                break
        return score


def _suppress_v1(ctx: KernelContext, boxes: Array, scores: Array, count: Array) -> Array:
    return np.array(_Suppression(int(count), ctx.attr("iou_threshold")).select(boxes, scores)[0], np.int32)


def _suppress(_ctx: KernelContext, boxes: Array, scores: Array, count: Array, *limits: Array) -> Array:
    return np.array(_Suppression(int(count), *map(float, limits)).select(boxes, scores)[0], np.int32)


def _suppress_v4(ctx: KernelContext, boxes: Array, scores: Array, count: Array, *limits: Array) -> tuple[Array, Array]:
    chosen, _ = _Suppression(int(count), *map(float, limits)).select(boxes, scores)
    return _padded(ctx, chosen, int(count), np.dtype(np.int32)), np.int32(len(chosen))


def _suppress_v5(ctx: KernelContext, boxes: Array, scores: Array, count: Array, *limits: Array) -> tuple[Array, ...]:
    chosen, kept = _Suppression(int(count), *map(float, limits)).select(boxes, scores)
    return (
        _padded(ctx, chosen, int(count), np.dtype(np.int32)),
        _padded(ctx, kept, int(count), scores.dtype),
        np.int32(len(chosen)),
    )


def _padded(ctx: KernelContext, values: list[int] | list[float], count: int, dtype: np.dtype[Any]) -> Array:
    missing = count - len(values) if ctx.attr("pad_to_max_output_size") else 0
    return np.pad(np.array(values, dtype), (0, missing))


def _check_boxes(ctx: ShapeContext) -> None:
    boxes, scores = with_rank(ctx.shape(0), 2), with_rank(ctx.shape(1), 1)
    merge_dims(boxes[0], scores[0])
    merge_dims(boxes[1], 4)


def _suppressed_shape(ctx: ShapeContext) -> list[Shape]:
    _check_boxes(ctx)
    return [(None,)]


def _padded_size(ctx: ShapeContext) -> int | None:
    count = ctx.constant(2)
    return int(count) if count is not None and ctx.attr("pad_to_max_output_size") else None


def _suppressed_v4_shape(ctx: ShapeContext) -> list[Shape]:
    _check_boxes(ctx)
    return [(_padded_size(ctx),), ()]


def _suppressed_v5_shape(ctx: ShapeContext) -> list[Shape]:
    _check_boxes(ctx)
    return [(_padded_size(ctx),), (_padded_size(ctx),), ()]


BOXES = "boxes: T, scores: T, max_output_size: int32, iou_threshold: {0}"
SCORED = BOXES + ", score_threshold: {0}"
SHORT = dtypes("half float")
BOX_TYPES = (types("T", SHORT, FLOAT), types("T_threshold", SHORT, FLOAT))
PADS = flag("pad_to_max_output_size")
SORTED = flag("sorted", True)
CLASS = types("T", INDEX, INT32)

ROWS: tuple[Op, ...] = (
    Op(
        "TopK",
        "input: T -> values: T, indices: int32",
        (Attr("k", "int", minimum=0), SORTED, types("T", REAL_NUMBERS)),
        _top_k_v1_shape,
        _top_k,
        deprecation=(7, "Use TopKV2 instead"),
    ),
    Op(
        "TopKV2",
        "input: T, k: Tk -> values: T, indices: index_type",
        (SORTED, types("T", REAL_NUMBERS), types("Tk", SMALL_INDEX, INT32), types("index_type", SMALL_INDEX, INT32)),
        _top_k_v2_shape,
        _top_k_v2,
    ),
    Op(
        "InTopK",
        "predictions: float, targets: T -> precision: bool",
        (Attr("k", "int"), CLASS),
        _in_top_k_shape,
        _in_top_k,
    ),
    Op("InTopKV2", "predictions: float, targets: T, k: T -> precision: bool", (CLASS,), _in_top_k_shape, _in_top_k_v2),
    Op(
        "NonMaxSuppression",
        "boxes: float, scores: float, max_output_size: int32 -> selected_indices: int32",
        (Attr("iou_threshold", "float", 0.5),),
        _suppressed_shape,
        _suppress_v1,
    ),
    Op(
        "NonMaxSuppressionV2",
        BOXES.format("T_threshold") + " -> selected_indices: int32",
        BOX_TYPES,
        _suppressed_shape,
        _suppress,
    ),
    Op(
        "NonMaxSuppressionV3",
        SCORED.format("T_threshold") + " -> selected_indices: int32",
        BOX_TYPES,
        _suppressed_shape,
        _suppress,
    ),
    Op(
        "NonMaxSuppressionV4",
        SCORED.format("T_threshold") + " -> selected_indices: int32, valid_outputs: int32",
        (*BOX_TYPES, PADS),
        _suppressed_v4_shape,
        _suppress_v4,
    ),
    Op(
        "NonMaxSuppressionV5",
        SCORED.format("T") + ", soft_nms_sigma: T -> selected_indices: int32, selected_scores: T, valid_outputs: int32",
        (BOX_TYPES[0], PADS),
        _suppressed_v5_shape,
        _suppress_v5,
    ),
)
