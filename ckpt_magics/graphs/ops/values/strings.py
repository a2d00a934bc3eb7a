"""Ops on strings, which here are bytes: joining, and the file names of sharded checkpoints."""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_shapes
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext
from ckpt_magics.graphs.ops.shape_rules import scalar

__all__ = ["ROWS", "text_scalar"]


def text_scalar(value: bytes) -> Array:
    """Return a string as a tensor."""
    result = np.empty((), object)
    result[()] = value
    return result


def _join_shape(ctx: ShapeContext) -> list[Shape]:
    # Only scalars are repeated for the others.
    shapes = [shape for shape in map(ctx.shape, range(ctx.attr("N"))) if shape != ()]
    return [merge_shapes(shapes) if shapes else ()]


def _join(ctx: KernelContext, *inputs: Array) -> Array:
    shapes = {np.shape(value) for value in inputs} - {()}
    if len(shapes) > 1:
        raise InvalidArgumentError(f"Input shapes do not match: {sorted(shapes)}")
    shape = shapes.pop() if shapes else ()
    separator = ctx.attr("separator")
    parts = [np.broadcast_to(np.asarray(value, object), shape).reshape(-1) for value in inputs]
    result = np.empty(int(np.prod(shape)), object)
    result[:] = [separator.join(row) for row in zip(*parts, strict=True)] if parts else [b""] * result.size
    return result.reshape(shape)


def _sharded_filename(_ctx: KernelContext, basename: Array, shard: Array, num_shards: Array) -> Array:
    return text_scalar(b"%s-%05d-of-%05d" % (np.asarray(basename).item(), shard, num_shards))


def _sharded_filespec(_ctx: KernelContext, basename: Array, num_shards: Array) -> Array:
    return text_scalar(b"%s-?????-of-%05d" % (np.asarray(basename).item(), num_shards))


ROWS: tuple[Op, ...] = (
    Op(
        "StringJoin",
        "inputs: N * string -> output: string",
        (Attr("N", "int", minimum=0), Attr("separator", "string", b"")),
        _join_shape,
        _join,
    ),
    Op(
        "ShardedFilename",
        "basename: string, shard: int32, num_shards: int32 -> filename: string",
        (),
        scalar,
        _sharded_filename,
    ),
    Op(
        "ShardedFilespec",
        "basename: string, num_shards: int32 -> filename: string",
        (),
        scalar,
        _sharded_filespec,
    ),
)
