"""Partitioned variables: one tensor kept in several variables, and the rules that say in how many.

Follows tensorflow/python/ops/partitioned_variables.py and variables.py, PartitionedVariable.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import STRING, DType, as_dtype
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.graphs.nodes.build import graph_of, group, identity, name_scope, output
from ckpt_magics.graphs.variables.variable import Variable

__all__ = [
    "PartitionedVariable",
    "Partitioner",
    "fixed_size_partitioner",
    "min_max_variable_partitioner",
    "part_bounds",
    "variable_axis_size_partitioner",
]

Partitioner = Callable[..., Sequence[int]]
"""Called with ``shape`` and ``dtype``; returns the number of parts along each dimension."""


def fixed_size_partitioner(num_shards: int, axis: int = 0) -> Partitioner:
    """Return a rule that makes ``num_shards`` parts along ``axis``."""

    def partition(shape: ShapeLike, dtype: object = None) -> list[int]:  # noqa: ARG001 -- every rule takes both
        sizes = _sizes(shape, axis)
        return _along(axis, min(num_shards, sizes[axis]), len(sizes))

    return partition


def variable_axis_size_partitioner(
    max_shard_bytes: int, axis: int = 0, bytes_per_string_element: int = 16, max_shards: int | None = None
) -> Partitioner:
    """Return a rule that makes parts of at most ``max_shard_bytes`` bytes along ``axis``.

    Raises:
        ValueError: A limit is less than 1.
    """
    for name, limit in (("max_shard_bytes", max_shard_bytes), ("bytes_per_string_element", bytes_per_string_element)):
        if limit < 1:
            raise ValueError(f"Argument `{name}` must be positive. Received: {limit}")
    if max_shards is not None and max_shards < 1:
        raise ValueError(f"Argument `max_shards` must be positive. Received: {max_shards}")

    def partition(shape: ShapeLike, dtype: object) -> list[int]:
        sizes = _sizes(shape, axis)
        bytes_per_slice = math.prod(sizes) // sizes[axis] * _element_bytes(dtype, bytes_per_string_element)
        slices_per_part = max(1, math.floor(max_shard_bytes / bytes_per_slice))
        parts = math.ceil(sizes[axis] / slices_per_part)
        return _along(axis, parts if max_shards is None else min(max_shards, parts), len(sizes))

    return partition


def min_max_variable_partitioner(
    max_partitions: int = 1, axis: int = 0, min_slice_size: int = 256 << 10, bytes_per_string_element: int = 16
) -> Partitioner:
    """Return a rule that makes at most ``max_partitions`` parts, each of ``min_slice_size`` bytes if it can be.

    Raises:
        ValueError: A limit is less than 1.
    """
    for name, limit in (("max_partitions", max_partitions), ("min_slice_size", min_slice_size)):
        if limit < 1:
            raise ValueError(f"Argument `{name}` must be positive. Received: {limit}")

    def partition(shape: ShapeLike, dtype: object) -> list[int]:
        sizes = _sizes(shape, axis)
        total = math.prod(sizes) * _element_bytes(dtype, bytes_per_string_element)
        return _along(axis, max(1, min(sizes[axis], max_partitions, math.ceil(total / min_slice_size))), len(sizes))

    return partition


def _sizes(shape: ShapeLike, axis: int) -> list[int]:
    sizes = [int(size) for size in TensorShape(shape)]
    if axis >= len(sizes):
        raise ValueError(f"Cannot partition variable along axis {axis} when shape is only {TensorShape(shape)}")
    return sizes


def _along(axis: int, parts: int, rank: int) -> list[int]:
    counts = [1] * rank
    counts[axis] = parts
    return counts


def _element_bytes(dtype: object, bytes_per_string: int) -> int:
    kind = as_dtype(dtype)
    return bytes_per_string if kind is STRING else kind.itemsize


def part_bounds(sizes: Sequence[int], partitions: Sequence[int], name: str) -> Iterator[tuple[list[int], list[int]]]:
    """Yield offset and shape of each part; the first parts are one larger where the division leaves a rest.

    Args:
        sizes: Shape of the whole.
        partitions: Number of parts along each dimension, of which at most one is more than 1.
        name: The variable's, for messages.

    Raises:
        ValueError: ``partitions`` does not go with the shape.
    """
    if len(partitions) != len(sizes) or any(count < 1 for count in partitions):
        raise ValueError(f"Partitioner returned {list(partitions)} for variable {name} of shape {list(sizes)}")
    axes = [axis for axis, count in enumerate(partitions) if count > 1]
    if len(axes) > 1:
        raise ValueError(
            f"Can only slice a variable along one dimension: shape: {list(sizes)}, partitioning: {list(partitions)}"
        )
    axis = axes[0] if axes else 0
    size, rest = divmod(sizes[axis], partitions[axis])
    offset = [0] * len(sizes)
    for part in range(partitions[axis]):
        shape = list(sizes)
        shape[axis] = size + (part < rest)
        yield list(offset), shape
        offset[axis] += shape[axis]


class PartitionedVariable(Operators[Tensor]):
    """Several variables that are one tensor.

    Args:
        name: Name of the whole.
        shape: Its shape.
        dtype: Its type.
        variables: The parts, in order.
        partitions: Number of parts along each dimension.

    Raises:
        ValueError: There are no parts, or they are not parts of that shape.
    """

    def __init__(
        self, name: str, shape: ShapeLike, dtype: object, variables: Sequence[Variable], partitions: Sequence[int]
    ) -> None:
        self.name = name
        self.shape = TensorShape(shape)
        self.dtype: DType = as_dtype(dtype)
        self.partitions = list(partitions)
        self._variables = list(variables)
        if not self._variables:
            raise ValueError("variable_list may not be empty")
        sizes = tuple(int(size) for size in self.shape)
        for part in self._variables:
            info = part.save_slice_info
            if info is None or info.full_shape != sizes:
                raise ValueError(f"{part!r} is not a part of variable {name} of shape {self.shape}")

    @property
    def graph(self) -> Graph:
        """The graph of the parts."""
        return graph_of(self._variables)

    @property
    def axis(self) -> int:
        """The dimension along which the parts follow each other."""
        return next((axis for axis, count in enumerate(self.partitions) if count > 1), 0)

    def __iter__(self) -> Iterator[Variable]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __bool__(self) -> bool:
        return True

    def get_shape(self) -> TensorShape:
        """Return the shape of the whole."""
        return self.shape

    def as_tensor(self) -> Tensor:
        """Add the parts' concatenation."""
        with self.graph.as_default(), self.graph.control_dependencies(None):
            # A part that is alone is read in the scope of the name that it has as a whole.
            whole: object = self._variables[0] if len(self) == 1 else self._concatenate()
            with name_scope(None):
                return identity(whole, name=self.name)

    def _concatenate(self) -> Tensor:
        with name_scope(f"{self.name}/ConcatPartitions/"):
            return output("ConcatV2", self._variables, self.axis, name="concat")

    def as_graph_element(self) -> Tensor:
        """Return what a session fetches."""
        return self.as_tensor()

    @property
    def initializer(self) -> Operation:
        """An operation that gives every part its first value."""
        return group(*(part.initializer for part in self._variables))

    def assign(self, value: Operators[Tensor], use_locking: bool = False, name: str | None = None) -> list[Any]:
        """Add assignments of a whole tensor to the parts, and return them."""
        return [part.assign(value[_region(part)], use_locking=use_locking, name=name) for part in self._variables]

    def __repr__(self) -> str:
        return f"<PartitionedVariable '{self.name}' shape={self.shape} dtype={self.dtype.name} parts={len(self)}>"


def _region(part: Variable) -> tuple[slice, ...]:
    info = part.save_slice_info
    assert info is not None  # noqa: S101 -- PartitionedVariable takes no others
    return tuple(slice(o, o + s) for o, s in zip(info.var_offset, info.var_shape, strict=True))
