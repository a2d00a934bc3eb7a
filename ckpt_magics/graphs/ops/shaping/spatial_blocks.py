"""Ops that move blocks of space into the batch or the depth, and back.

Format: tensorflow/core/kernels/spacetobatch_op.cc, batchtospace_op.cc, spacetodepth_op.cc, depthtospace_op.cc.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, with_rank
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, ShapeRule, types
from ckpt_magics.graphs.ops.type_sets import INDEX

__all__ = ["ROWS"]


def _check_blocks(shape: tuple[int, ...], block: Array, around: Array) -> tuple[list[int], list[tuple[int, int]]]:
    """Return a block's sizes and the margins of each dimension in blocks.

    Raises:
        InvalidArgumentError: They are not for as many dimensions, or negative.
    """
    sizes = [int(size) for size in np.reshape(block, -1)]
    if np.shape(block) != (len(sizes),) or np.shape(around) != (len(sizes), 2) or len(shape) < len(sizes) + 1:
        raise InvalidArgumentError(
            f"block_shape and paddings or crops must be for dimensions of the input {format_shape(shape)}, got "
            f"{format_shape(np.shape(block))} and {format_shape(np.shape(around))}"
        )
    margins = [(int(before), int(after)) for before, after in around]
    if any(size < 1 for size in sizes) or any(min(pair) < 0 for pair in margins):
        raise InvalidArgumentError(f"block_shape {sizes} and paddings or crops {margins} must not be negative")
    return sizes, margins


def _to_batch(_ctx: KernelContext, x: Array, block: Array, paddings: Array) -> Array:
    sizes, margins = _check_blocks(x.shape, block, paddings)
    count = len(sizes)
    padded = np.pad(x, [(0, 0), *margins, *[(0, 0)] * (x.ndim - 1 - count)])
    if any(length % size for length, size in zip(padded.shape[1:], sizes, strict=False)):
        raise InvalidArgumentError(f"padded shape {format_shape(padded.shape)} is not divisible by block_shape {sizes}")
    rest = padded.shape[1 + count :]
    split = [part for length, size in zip(padded.shape[1:], sizes, strict=False) for part in (length // size, size)]
    parts = padded.reshape(x.shape[0], *split, *rest)
    order = [*range(2, 2 * count + 1, 2), 0, *range(1, 2 * count, 2), *range(2 * count + 1, parts.ndim)]
    batch = x.shape[0] * int(np.prod(sizes))
    return parts.transpose(order).reshape(batch, *split[::2], *rest)


def _from_batch(_ctx: KernelContext, x: Array, block: Array, crops: Array) -> Array:
    sizes, margins = _check_blocks(x.shape, block, crops)
    count, blocks = len(sizes), int(np.prod(sizes))
    if x.shape[0] % blocks:
        raise InvalidArgumentError(f"Input batch dimension ({x.shape[0]}) is not divisible by {blocks}")
    rest = x.shape[1 + count :]
    parts = x.reshape(*sizes, x.shape[0] // blocks, *x.shape[1:])
    order = [count, *(axis for index in range(count) for axis in (count + 1 + index, index))]
    joined = parts.transpose(*order, *range(2 * count + 1, parts.ndim)).reshape(
        x.shape[0] // blocks, *(length * size for length, size in zip(x.shape[1:], sizes, strict=False)), *rest
    )
    inside = [slice(None)]
    for length, (before, after) in zip(joined.shape[1:], margins, strict=False):
        if before + after > length:
            raise InvalidArgumentError(f"crops {before} and {after} are more than the {length} elements of a dimension")
        inside.append(slice(before, length - after))
    return joined[tuple(inside)]


def _square(kernel: Kernel) -> Kernel:
    """Return the kernel of the older op, whose blocks are squares of two dimensions."""

    def square(ctx: KernelContext, x: Array, around: Array) -> Array:
        if np.ndim(x) != 4:
            raise InvalidArgumentError(f"input rank should be: 4 instead of {np.ndim(x)}")
        return kernel(ctx, x, np.full(2, ctx.attr("block_size")), around)

    return square


def _moved(shape: Shape, sizes: Array | None, around: Array | None, *, into_batch: bool) -> list[Shape]:
    if around is not None and np.any(around < 0):
        raise InvalidArgumentError("paddings cannot be negative")
    if shape is None or sizes is None:
        return [None if shape is None else (None,) * len(shape)]
    count, blocks = len(sizes), int(np.prod(sizes))
    batch, space, rest = shape[0], shape[1 : 1 + count], shape[1 + count :]
    moved: list[int | None] = []
    for index, length in enumerate(space):
        margin = None if around is None else int(np.sum(around[index]))
        if length is None or margin is None:
            moved.append(None)
        elif into_batch:
            moved.append(_divided(length + margin, int(sizes[index])))
        else:
            moved.append(length * int(sizes[index]) - margin)
    if batch is not None:
        batch = batch * blocks if into_batch else _divided(batch, blocks)
    return [(batch, *moved, *rest)]


def _divided(size: int, factor: int) -> int:
    if size % factor:
        raise InvalidArgumentError(f"Dimension size must be evenly divisible by {factor} but is {size}")
    return size // factor


def _moved_shape(*, into_batch: bool) -> ShapeRule:
    def rule(ctx: ShapeContext) -> list[Shape]:
        return _moved(ctx.shape(0), ctx.constant(1), ctx.constant(2), into_batch=into_batch)

    return rule


def _square_shape(*, into_batch: bool) -> ShapeRule:
    def rule(ctx: ShapeContext) -> list[Shape]:
        sizes = np.full(2, ctx.attr("block_size"))
        return _moved(with_rank(ctx.shape(0), 4), sizes, ctx.constant(1), into_batch=into_batch)

    return rule


def _channels_last(ctx: KernelContext, x: Array) -> Array:
    if np.ndim(x) != 4 or ctx.attr("data_format") == b"NCHW_VECT_C":
        raise InvalidArgumentError("input must be of 4 dimensions in the layout NHWC or NCHW")
    return np.moveaxis(x, 1, 3) if ctx.attr("data_format") == b"NCHW" else x


def _as_given(ctx: KernelContext, x: Array) -> Array:
    return np.moveaxis(x, 3, 1) if ctx.attr("data_format") == b"NCHW" else x


def _to_depth(ctx: KernelContext, x: Array) -> Array:
    images, block = _channels_last(ctx, x), ctx.attr("block_size")
    count, height, width, depth = images.shape
    if height % block or width % block:
        raise InvalidArgumentError(f"Width {width} and height {height} should be divisible by block_size: {block}")
    parts = images.reshape(count, height // block, block, width // block, block, depth).transpose(0, 1, 3, 2, 4, 5)
    return _as_given(ctx, parts.reshape(count, height // block, width // block, block * block * depth))


def _from_depth(ctx: KernelContext, x: Array) -> Array:
    images, block = _channels_last(ctx, x), ctx.attr("block_size")
    count, height, width, depth = images.shape
    if depth % (block * block):
        raise InvalidArgumentError(f"Input depth dimension {depth} should be divisible by: {block * block}")
    parts = images.reshape(count, height, width, block, block, depth // (block * block)).transpose(0, 1, 3, 2, 4, 5)
    return _as_given(ctx, parts.reshape(count, height * block, width * block, depth // (block * block)))


def _depth_shape(*, into_depth: bool) -> ShapeRule:
    def rule(ctx: ShapeContext) -> list[Shape]:
        shape, block = with_rank(ctx.shape(0), 4), ctx.attr("block_size")
        first = 2 if ctx.attr("data_format") == b"NCHW" else 1
        depth = 1 if first == 2 else 3
        moved = list(shape)
        for axis, factor in ((first, block), (first + 1, block), (depth, block * block)):
            size = shape[axis]
            grows = (axis == depth) == into_depth
            if size is not None:
                moved[axis] = size * factor if grows else _divided(size, factor)
        return [tuple(moved)]

    return rule


T = types("T")
BLOCK_SHAPE = types("Tblock_shape", INDEX, INT32)
BLOCK_SIZE = Attr("block_size", "int", minimum=2)
LAYOUT = Attr("data_format", "string", b"NHWC", allowed=(b"NHWC", b"NCHW", b"NCHW_VECT_C"))

ROWS: tuple[Op, ...] = (
    Op(
        "SpaceToBatchND",
        "input: T, block_shape: Tblock_shape, paddings: Tpaddings -> output: T",
        (T, BLOCK_SHAPE, types("Tpaddings", INDEX, INT32)),
        _moved_shape(into_batch=True),
        _to_batch,
    ),
    Op(
        "BatchToSpaceND",
        "input: T, block_shape: Tblock_shape, crops: Tcrops -> output: T",
        (T, BLOCK_SHAPE, types("Tcrops", INDEX, INT32)),
        _moved_shape(into_batch=False),
        _from_batch,
    ),
    Op(
        "SpaceToBatch",
        "input: T, paddings: Tpaddings -> output: T",
        (T, types("Tpaddings", INDEX, INT32), BLOCK_SIZE),
        _square_shape(into_batch=True),
        _square(_to_batch),
    ),
    Op(
        "BatchToSpace",
        "input: T, crops: Tidx -> output: T",
        (T, BLOCK_SIZE, types("Tidx", INDEX, INT32)),
        _square_shape(into_batch=False),
        _square(_from_batch),
    ),
    Op("SpaceToDepth", "input: T -> output: T", (T, BLOCK_SIZE, LAYOUT), _depth_shape(into_depth=True), _to_depth),
    Op("DepthToSpace", "input: T -> output: T", (T, BLOCK_SIZE, LAYOUT), _depth_shape(into_depth=False), _from_depth),
)
