"""Slices of a tensor that is zero elsewhere, as the gradient of a lookup is.

Format: tensorflow/python/framework/indexed_slices.py.
"""

from __future__ import annotations

from collections import namedtuple

from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import output

__all__ = ["IndexedSlices", "IndexedSlicesValue"]

IndexedSlicesValue = namedtuple("IndexedSlicesValue", ["values", "indices", "dense_shape"])
"""The arrays that a session gives for `IndexedSlices`."""


class IndexedSlices(Operators[Tensor]):
    """Slices ``values[i, ...]`` that stand at ``indices[i]`` of a larger tensor; those of one index add up.

    Args:
        values: The slices, shape [slices, ...].
        indices: int [slices], where they stand in the first dimension.
        dense_shape: Shape of the whole as a tensor, or None if nobody knows it.
    """

    def __init__(self, values: Tensor, indices: Tensor, dense_shape: Tensor | None = None) -> None:
        self.values = values
        self.indices = indices
        self.dense_shape = dense_shape

    value_type = IndexedSlicesValue

    @property
    def component_tensors(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """The tensors that a session fetches and feeds together; the last one may be missing."""
        return self.values, self.indices, self.dense_shape

    @property
    def dtype(self) -> DType:
        """Type of the elements."""
        return self.values.dtype

    @property
    def graph(self) -> Graph:
        """The graph that the slices belong to."""
        return self.values.graph

    @property
    def op(self) -> Operation:
        """The operation that makes the values."""
        return self.values.op

    control_operation = op

    @property
    def name(self) -> str:
        """Name of the values' tensor."""
        return self.values.name

    @property
    def device(self) -> str:
        """Device of the values."""
        return self.values.device

    @property
    def shape(self) -> TensorShape:
        """What is known of the whole's shape."""
        sizes = None if self.dense_shape is None else constant_value(self.dense_shape)
        if sizes is not None:
            return TensorShape(sizes.tolist())
        rank = self.values.shape.ndims
        return TensorShape(None if rank is None else [None, *self.values.shape.as_list()[1:]])

    def get_shape(self) -> TensorShape:
        """Return `shape`."""
        return self.shape

    def as_tensor(self) -> Tensor:
        """Add the whole tensor.

        Raises:
            ValueError: Its shape is not known.
        """
        if self.dense_shape is None:
            raise ValueError(f"Tensor conversion requested for IndexedSlices without dense_shape: {self}")
        return output("UnsortedSegmentSum", self.values, self.indices, self.dense_shape[0])

    def __neg__(self) -> IndexedSlices:  # type: ignore[override]  # the slices alone change
        return IndexedSlices(-self.values, self.indices, self.dense_shape)

    def __repr__(self) -> str:
        shape = "" if self.dense_shape is None else f", dense_shape={self.dense_shape}"
        return f"IndexedSlices(indices={self.indices}, values={self.values}{shape})"
