"""Ops on strings, which here are bytes: joining, matching, and the file names of sharded checkpoints."""

from __future__ import annotations

import re

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, merge_shapes
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext
from ckpt_magics.graphs.ops.shape_rules import like_input, scalar

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


# TensorFlow's engine takes time in proportion to the text, whatever the pattern. Python's goes back and forth: a group
# repeated as a whole, or many repetitions, could keep it busy for ever, and patterns come from files.
_REPEATED_GROUP = re.compile(rb"\)[*+?{]")
_REPETITION = re.compile(rb"[*+{]")
MAX_REPETITIONS = 2


def _full_match(ctx: KernelContext, value: Array) -> Array:
    if _REPEATED_GROUP.search(ctx.attr("pattern")) or len(_REPETITION.findall(ctx.attr("pattern"))) > MAX_REPETITIONS:
        raise UnimplementedError(f"pattern {visible(ctx.attr('pattern'))!r} repeats too much to be matched here")
    try:
        pattern = re.compile(ctx.attr("pattern"))
    except re.error as error:
        raise InvalidArgumentError(f"Invalid pattern: {ctx.attr('pattern')!r}, error: {error}") from error
    value = np.asarray(value, object)
    found = [pattern.fullmatch(item) is not None for item in value.reshape(-1)]
    return np.array(found, np.bool_).reshape(value.shape)


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
        "StaticRegexFullMatch",
        "input: string -> output: bool",
        (Attr("pattern", "string"),),
        like_input(),
        _full_match,
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
