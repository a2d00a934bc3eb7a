"""Ops that move elements along dimensions: mirrored margins, and elements that come in again at the other end.

Format: tensorflow/core/kernels/image/mirror_pad_op.cc, roll_op.cc.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, canonical_axis, with_rank
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types
from ckpt_magics.graphs.ops.shape_rules import like_input
from ckpt_magics.graphs.ops.shaping.indexing import check_paddings, pad_shape, pads_nothing
from ckpt_magics.graphs.ops.sharing import only_if
from ckpt_magics.graphs.ops.type_sets import INDEX

__all__ = ["ROWS"]


def _mirror(ctx: KernelContext, value: Array, paddings: Array) -> Array:
    check_paddings(paddings, value.ndim)
    # A reflection leaves the border itself out.
    reflects = ctx.attr("mode") == b"REFLECT"
    result = value
    for axis, (before, after) in enumerate(paddings.tolist()):
        size = value.shape[axis]
        if max(before, after) > size - int(reflects):
            raise InvalidArgumentError(
                f"paddings must be no greater than the dimension's size, less 1 for a reflection: {before}, {after} "
                f"for {size}"
            )
        steps = np.arange(-before, size + after)
        inside = np.where(steps < 0, -steps - (not reflects), steps)
        places = np.where(inside >= size, 2 * size - inside - 1 - reflects, inside)
        result = np.take(result, places, axis)
    return result


def _fold(ctx: KernelContext, value: Array, paddings: Array) -> Array:
    """Add what lies in mirrored margins to the elements that it came from."""
    check_paddings(paddings, value.ndim)
    reflects = int(ctx.attr("mode") == b"REFLECT")
    result = value
    for axis, (before, after) in enumerate(paddings.tolist()):
        size = result.shape[axis] - before - after
        if max(before, after) > size - reflects:
            raise InvalidArgumentError(f"paddings {before} and {after} are too large for {size} elements")
        moved = np.moveaxis(result, axis, 0)
        inside = moved[before : before + size].copy()
        # Where each margin was mirrored from, from its first element on.
        inside[reflects : reflects + before] += moved[:before][::-1]
        inside[size - reflects - after : size - reflects] += moved[before + size :][::-1]
        result = np.moveaxis(inside, 0, axis)
    return np.ascontiguousarray(result)


def _folded_shape(ctx: ShapeContext) -> list[Shape]:
    paddings, (rank, _) = ctx.constant(1), with_rank(ctx.shape(1), 2)
    if rank is None:
        return [None]
    shape = with_rank(ctx.shape(0), rank)
    if paddings is None:
        return [(None,) * rank]
    check_paddings(paddings, rank)
    sums = paddings.sum(1).tolist()
    return [tuple(None if size is None else size - both for size, both in zip(shape, sums, strict=True))]


def _roll(_ctx: KernelContext, value: Array, shift: Array, axis: Array) -> Array:
    if not np.ndim(value) or np.ndim(shift) > 1 or np.shape(shift) != np.shape(axis):
        raise InvalidArgumentError(
            f"input must be 1-D or higher, and shift and axis of one size, got {format_shape(np.shape(value))}, "
            f"{format_shape(np.shape(shift))}, {format_shape(np.shape(axis))}"
        )
    result = value
    for step, dim in zip(np.reshape(shift, -1).tolist(), np.reshape(axis, -1).tolist(), strict=True):
        result = np.roll(result, step, canonical_axis(dim, value.ndim, "axis"))
    return result


MIRRORED = "input: T, paddings: Tpaddings -> output: T"
MIRROR = types("T"), types("Tpaddings", INDEX, INT32), Attr("mode", "string", allowed=(b"REFLECT", b"SYMMETRIC"))

ROWS: tuple[Op, ...] = (
    Op(
        "MirrorPad",
        MIRRORED,
        MIRROR,
        pad_shape,
        _mirror,
        sharing=only_if(pads_nothing),
    ),
    Op("MirrorPadGrad", MIRRORED, MIRROR, _folded_shape, _fold, sharing=only_if(pads_nothing)),
    Op(
        "Roll",
        "input: T, shift: Tshift, axis: Taxis -> output: T",
        (types("T"), types("Tshift", INDEX), types("Taxis", INDEX)),
        like_input(),
        _roll,
    ),
)
