"""Shape rules that several ops share, and the arithmetic of partly known shapes.

Follows tensorflow/core/framework/common_shape_fns.cc.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.ops.row import Shape, ShapeContext, ShapeRule
from ckpt_magics.proto.messages import TensorShapeProto

__all__ = [
    "attr_shape",
    "broadcast",
    "broadcast_shapes",
    "canonical_axis",
    "fits",
    "format_shape",
    "input_as_shape",
    "like_input",
    "merge_dims",
    "merge_shapes",
    "no_outputs",
    "rank_of_vector",
    "scalar",
    "shape_from_attr",
    "shape_from_input",
    "shape_from_proto",
    "unknown",
    "with_rank",
]


def no_outputs(_ctx: ShapeContext) -> list[Shape]:
    """Rule of an op without outputs."""
    return []


def scalar(_ctx: ShapeContext) -> list[Shape]:
    """Rule of an op whose output is one element."""
    return [()]


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


def shape_from_proto(proto: TensorShapeProto) -> Shape:
    """Return the shape that a message holds."""
    return None if proto.unknown_rank else tuple(None if dim.size < 0 else dim.size for dim in proto.dim)


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
    return (None,) * length[0]


def broadcast_shapes(left: Shape, right: Shape) -> Shape:
    """Return the shape of two arrays combined element by element.

    Raises:
        InvalidArgumentError: Two sizes differ and neither is 1.
    """
    if left is None or right is None:
        return None
    rank = max(len(left), len(right))
    padded = ((1,) * (rank - len(left)) + left, (1,) * (rank - len(right)) + right)
    return tuple(_broadcast_dim(a, b) for a, b in zip(*padded, strict=True))


def _broadcast_dim(left: int | None, right: int | None) -> int | None:
    if left is not None and right is not None and left != right and 1 not in {left, right}:
        raise InvalidArgumentError(f"Dimensions must be equal, but are {left} and {right}")
    if left == 1:
        return right
    if right == 1:
        return left
    # An unknown size beside a known one above 1 can only be that one or 1; an unknown one beside 0 may be either.
    return left or right or None if None in {left, right} else left


def merge_dims(left: int | None, right: int | None) -> int | None:
    """Return the size that two descriptions of one dimension together give.

    Raises:
        InvalidArgumentError: They differ.
    """
    if left is None or right is None:
        return right if left is None else left
    if left != right:
        raise InvalidArgumentError(f"Dimensions must be equal, but are {left} and {right}")
    return left


def merge_shapes(shapes: Iterable[Shape]) -> Shape:
    """Return the shape that several descriptions of one shape together give.

    Raises:
        InvalidArgumentError: They contradict each other.
    """
    merged: Shape = None
    for shape in shapes:
        if merged is None or shape is None:
            merged = shape if merged is None else merged
            continue
        if len(merged) != len(shape):
            raise InvalidArgumentError(f"Shapes must be equal rank, but are {len(merged)} and {len(shape)}")
        merged = tuple(merge_dims(a, b) for a, b in zip(merged, shape, strict=True))
    return merged


def fits(shape: tuple[int, ...], declared: Shape) -> bool:
    """Return whether an array's shape is one of those that a partly known shape stands for."""
    if declared is None or declared == shape:
        return True
    return len(declared) == len(shape) and all(a is None or a == b for a, b in zip(declared, shape, strict=True))


def with_rank(shape: Shape, rank: int) -> tuple[int | None, ...]:
    """Return a shape that must have a certain rank; of an unknown one only the rank is then known.

    Raises:
        InvalidArgumentError: The rank is another one.
    """
    if shape is None:
        return (None,) * rank
    if len(shape) != rank:
        raise InvalidArgumentError(f"Shape must be rank {rank} but is rank {len(shape)}")
    return shape


def canonical_axis(axis: int, rank: int, what: str = "dimension") -> int:
    """Return an axis counted from the front; a negative one counts from the back.

    Raises:
        InvalidArgumentError: There is no such axis.
    """
    if not -rank <= axis < rank:
        raise InvalidArgumentError(f"Invalid {what} {axis}: expected a value in the range [{-rank}, {rank})")
    return axis % rank


def format_shape(shape: Iterable[int | None]) -> str:
    """Return a shape as TensorFlow's messages write it, as ``[2,?]``."""
    return f"[{','.join('?' if size is None else str(size) for size in shape)}]"
