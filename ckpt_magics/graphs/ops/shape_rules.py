"""Shape rules that several ops share, and what they are made of.

Follows tensorflow/core/framework/common_shape_fns.cc.
"""

from __future__ import annotations

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.ops.partial_shapes import Shape, broadcast_shapes, shape_from_proto, unknown_sizes
from ckpt_magics.graphs.ops.row import ShapeContext, ShapeRule

__all__ = [
    "attr_shape",
    "broadcast",
    "input_as_shape",
    "like_input",
    "no_outputs",
    "rank_of_vector",
    "reference",
    "scalar",
    "shape_from_attr",
    "shape_from_input",
    "unknown",
]


def no_outputs(_ctx: ShapeContext) -> list[Shape]:
    """Rule of an op without outputs."""
    return []


def scalar(_ctx: ShapeContext) -> list[Shape]:
    """Rule of an op whose output is one element."""
    return [()]


def reference(_ctx: ShapeContext) -> list[Shape]:
    """Rule of an op whose output is a reference to a resource: its container and its name."""
    return [(2,)]


def unknown(_ctx: ShapeContext) -> list[Shape]:
    """Rule of an op whose one output can have any shape."""
    return [None]


def like_input(index: int = 0) -> ShapeRule:
    """Return the rule of an op whose output has the shape of one of its inputs."""
    return lambda ctx: [ctx.shape(index)]


def shape_from_attr(name: str = "shape") -> ShapeRule:
    """Return the rule of an op whose output has the shape that an attribute says."""
    return lambda ctx: [attr_shape(ctx, name)]


def shape_from_input(index: int = 0) -> ShapeRule:
    """Return the rule of an op whose output has the shape that one of its inputs holds."""
    return lambda ctx: [input_as_shape(ctx, index)]


def broadcast(ctx: ShapeContext) -> list[Shape]:
    """Rule of an op that works element by element on two inputs."""
    return [broadcast_shapes(ctx.shape(0), ctx.shape(1))]


def attr_shape(ctx: ShapeContext, name: str) -> Shape:
    """Return the shape that an attribute holds."""
    return shape_from_proto(ctx.attr(name))


def input_as_shape(ctx: ShapeContext, index: int) -> Shape:
    """Return what is known of the shape whose sizes are the elements of an input; -1 there means unknown."""
    value = ctx.constant(index)
    if value is not None:
        if np.any(value < -1):
            raise InvalidArgumentError(f"Invalid value in tensor used for shape: {value.min()}")
        return tuple(None if size < 0 else int(size) for size in value.reshape(-1))
    return rank_of_vector(ctx, index)


def rank_of_vector(ctx: ShapeContext, index: int) -> Shape:
    """Return a shape with as many unknown sizes as an input has elements, one per dimension."""
    length = ctx.shape(index)
    if length is None or len(length) != 1 or length[0] is None:
        return None
    return unknown_sizes(length[0])
