"""Shapes that are known in part, and their arithmetic.

Follows tensorflow/core/framework/shape_inference.cc.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import MAX_RANK
from ckpt_magics.proto.messages import TensorShapeProto

__all__ = [
    "Array",
    "Shape",
    "broadcast_shapes",
    "canonical_axis",
    "fits",
    "merge_dims",
    "merge_shapes",
    "shape_from_proto",
    "unknown_sizes",
    "with_rank",
]

Shape = tuple[int | None, ...] | None
"""Sizes of the dimensions, None for an unknown one; None for an unknown rank."""

Array = Any
"""An array or, of rank 0, a NumPy scalar: which of the two an expression gives, NumPy's types cannot say."""


def unknown_sizes(rank: int) -> tuple[None, ...]:
    """Return the shape of which the rank alone is known.

    Raises:
        InvalidArgumentError: No tensor has that rank.
    """
    if not 0 <= rank <= MAX_RANK:
        raise InvalidArgumentError(f"Shape must be of rank 0 to {MAX_RANK} but is of rank {rank}")
    return (None,) * rank


def shape_from_proto(proto: TensorShapeProto) -> Shape:
    """Return the shape that a message holds."""
    return None if proto.unknown_rank else tuple(None if dim.size < 0 else dim.size for dim in proto.dim)


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


def with_rank_at_least(shape: Shape, rank: int) -> Shape:
    """Return a shape that must have so many dimensions, or more, if they are known.

    Raises:
        InvalidArgumentError: It has fewer.
    """
    if shape is not None and len(shape) < rank:
        raise InvalidArgumentError(f"Shape must be at least rank {rank} but is rank {len(shape)}")
    return shape


def canonical_axis(axis: int, rank: int, what: str = "dimension") -> int:
    """Return an axis counted from the front; a negative one counts from the back.

    Raises:
        InvalidArgumentError: There is no such axis.
    """
    if not -rank <= axis < rank:
        raise InvalidArgumentError(f"Invalid {what} {axis}: expected a value in the range [{-rank}, {rank})")
    return axis % rank
