"""Shapes of tensors as far as they are known before anything runs.

Follows tensorflow/python/framework/tensor_shape.py of the 1.x API: a dimension is a `Dimension`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import SupportsIndex, overload

from ckpt_magics.graphs.graph.dimension import Dimension, as_dimension
from ckpt_magics.proto import messages

__all__ = ["ShapeLike", "TensorShape", "as_shape", "unknown_shape"]


class TensorShape:
    """The dimensions of a tensor; the rank may be unknown, and each size.

    Args:
        dims: Sizes in order, one size for a vector, another shape, a TensorShapeProto, or None for unknown rank.

    >>> TensorShape([None, 3]).merge_with([2, None])
    TensorShape([Dimension(2), Dimension(3)])
    """

    __slots__ = ("_dims",)

    def __init__(self, dims: ShapeLike = None) -> None:
        self._dims: tuple[int | None, ...] | None
        if dims is None:
            self._dims = None
        elif isinstance(dims, TensorShape):
            self._dims = dims.sizes
        elif isinstance(dims, messages.TensorShapeProto):
            self._dims = None if dims.unknown_rank else tuple(d.size if d.size >= 0 else None for d in dims.dim)
        elif isinstance(dims, Iterable):
            self._dims = tuple(as_dimension(dim).value for dim in dims)
        else:
            self._dims = (as_dimension(dims).value,)

    @property
    def dims(self) -> list[Dimension] | None:
        """The dimensions, or None when the rank is unknown."""
        return None if self._dims is None else [Dimension(dim) for dim in self._dims]

    @property
    def sizes(self) -> tuple[int | None, ...] | None:
        """The sizes as the shape rules of ops take them: None for an unknown size, or for an unknown rank."""
        return self._dims

    @property
    def ndims(self) -> int | None:
        """The rank, or None."""
        return None if self._dims is None else len(self._dims)

    rank = ndims

    def as_list(self) -> list[int | None]:
        """Return the sizes as a list.

        Raises:
            ValueError: The rank is unknown.
        """
        if self._dims is None:
            raise ValueError("as_list() is not defined on an unknown TensorShape.")
        return list(self._dims)

    def as_proto(self) -> messages.TensorShapeProto:
        """Return the shape as a TensorShapeProto: size -1 for an unknown dimension."""
        if self._dims is None:
            return messages.TensorShapeProto(unknown_rank=True)
        sizes = [-1 if dim is None else dim for dim in self._dims]
        return messages.TensorShapeProto(dim=[messages.TensorShapeProto.Dim(size=size) for size in sizes])

    def is_fully_defined(self) -> bool:
        """Return whether the rank and every size are known."""
        return self._dims is not None and None not in self._dims

    def assert_is_fully_defined(self) -> None:
        """Raise ValueError unless every size is known."""
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def num_elements(self) -> int | None:
        """Return the number of elements, or None if some size is unknown."""
        if self._dims is None:
            return None
        sizes = [dim for dim in self._dims if dim is not None]
        return math.prod(sizes) if len(sizes) == len(self._dims) else None

    def is_compatible_with(self, other: ShapeLike) -> bool:
        """Return whether one tensor can have both shapes."""
        dims = as_shape(other).sizes
        if self._dims is None or dims is None:
            return True
        return len(self._dims) == len(dims) and all(
            a is None or b is None or a == b for a, b in zip(self._dims, dims, strict=True)
        )

    def assert_is_compatible_with(self, other: ShapeLike) -> None:
        """Raise ValueError unless one tensor can have both shapes."""
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {as_shape(other)} are incompatible")

    def assert_has_rank(self, rank: int) -> None:
        """Raise ValueError if the rank is known and another one."""
        if self.ndims not in {None, rank}:
            raise ValueError(f"Shape {self} must have rank {rank}")

    def merge_with(self, other: ShapeLike) -> TensorShape:
        """Return what both shapes together know.

        Raises:
            ValueError: No tensor can have both shapes.
        """
        dims = as_shape(other).sizes
        if self._dims is None or dims is None:
            return TensorShape(self._dims if dims is None else dims)
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {as_shape(other)} are not compatible")
        return TensorShape([b if a is None else a for a, b in zip(self._dims, dims, strict=True)])

    def with_rank(self, rank: int) -> TensorShape:
        """Return the shape with its rank settled.

        Raises:
            ValueError: The rank is known and another one.
        """
        self.assert_has_rank(rank)
        return self.merge_with([None] * rank)

    def with_rank_at_least(self, rank: int) -> TensorShape:
        """Return the shape, whose rank is at least ``rank`` or not known.

        Raises:
            ValueError: The rank is known and less.
        """
        if self.ndims is not None and self.ndims < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank: int) -> TensorShape:
        """Return the shape, whose rank is at most ``rank`` or not known.

        Raises:
            ValueError: The rank is known and more.
        """
        if self.ndims is not None and self.ndims > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def assert_same_rank(self, other: ShapeLike) -> None:
        """Raise ValueError if both ranks are known and differ."""
        theirs = as_shape(other)
        if None not in {self.ndims, theirs.ndims} and self.ndims != theirs.ndims:
            raise ValueError(f"Shapes {self} and {theirs} must have the same rank")

    def most_specific_compatible_shape(self, other: ShapeLike) -> TensorShape:
        """Return what both shapes have in common: sizes that differ are unknown."""
        dims = as_shape(other).sizes
        if self._dims is None or dims is None or len(self._dims) != len(dims):
            return unknown_shape()
        return TensorShape([own if own == theirs else None for own, theirs in zip(self._dims, dims, strict=True)])

    def concatenate(self, other: ShapeLike) -> TensorShape:
        """Return the dimensions of this shape followed by those of ``other``."""
        dims = as_shape(other).sizes
        return TensorShape(None if self._dims is None or dims is None else self._dims + dims)

    def __len__(self) -> int:
        if self._dims is None:
            raise ValueError("Cannot take the length of shape with unknown rank.")
        return len(self._dims)

    def __bool__(self) -> bool:
        return self._dims is not None

    def __iter__(self) -> Iterator[Dimension]:
        if self._dims is None:
            raise ValueError("Cannot iterate over a shape with unknown rank.")
        return iter([Dimension(dim) for dim in self._dims])

    @overload
    def __getitem__(self, key: int) -> Dimension: ...
    @overload
    def __getitem__(self, key: slice) -> TensorShape: ...
    def __getitem__(self, key: int | slice) -> Dimension | TensorShape:
        if self._dims is None:
            return unknown_shape() if isinstance(key, slice) else Dimension(None)
        return TensorShape(self._dims[key]) if isinstance(key, slice) else Dimension(self._dims[key])

    def __add__(self, other: ShapeLike) -> TensorShape:
        return self.concatenate(other)

    def __radd__(self, other: ShapeLike) -> TensorShape:
        return as_shape(other).concatenate(self)

    def __eq__(self, other: object) -> bool:
        try:
            return self._dims == as_shape(other).sizes  # type: ignore[arg-type]  # TypeError is the answer
        except (TypeError, ValueError):
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self._dims)

    def __repr__(self) -> str:
        return f"TensorShape({self.dims})"

    def __str__(self) -> str:
        if self._dims is None:
            return "<unknown>"
        return f"({', '.join(str(Dimension(dim)) for dim in self._dims)}{',' if len(self._dims) == 1 else ''})"


ShapeLike = TensorShape | messages.TensorShapeProto | Iterable[object] | SupportsIndex | None


def as_shape(shape: ShapeLike) -> TensorShape:
    """Return ``shape`` as a TensorShape, itself if it is one."""
    return shape if isinstance(shape, TensorShape) else TensorShape(shape)


def unknown_shape(rank: int | None = None) -> TensorShape:
    """Return a shape of which at most the rank is known."""
    return TensorShape(None if rank is None else [None] * rank)
