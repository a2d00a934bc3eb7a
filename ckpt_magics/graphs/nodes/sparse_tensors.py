"""Tensors of which only some elements are told, and values of such tensors.

Format: tensorflow/python/framework/sparse_tensor.py, and sparse_placeholder in tensorflow/python/ops/array_ops.py.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Sequence
from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import INT64, DType
from ckpt_magics.graphs.graph.entered import get_default_session
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output, placeholder, placeholder_with_default

__all__ = ["SparseTensor", "SparseTensorValue", "as_sparse", "sparse_placeholder"]

SparseTensorValue = namedtuple("SparseTensorValue", ["indices", "values", "dense_shape"])
"""The three arrays that a session gives for a `SparseTensor`."""


class SparseTensor:
    """A tensor of which only some elements are told; a session that runs it gives the three arrays.

    Args:
        indices: Where they stand, int64 [n, rank].
        values: What they are, [n].
        dense_shape: Shape of the whole, int64 [rank].

    Raises:
        ValueError: The three do not belong together.
    """

    def __init__(self, indices: object, values: object, dense_shape: object) -> None:
        with name_scope(None, "SparseTensor", [indices, values, dense_shape]):
            self.indices = convert_to_tensor(indices, INT64, name="indices")
            self.values = convert_to_tensor(values, name="values")
            self.dense_shape = convert_to_tensor(dense_shape, INT64, name="dense_shape")
        places, count = self.indices.shape.with_rank(2), self.values.shape.with_rank(1)
        rank = self.dense_shape.shape.with_rank(1)
        places.merge_with([count[0], rank[0]])

    @classmethod
    def from_value(cls, value: Any) -> SparseTensor:  # noqa: ANN401 -- a sparse tensor, or its three arrays
        """Return a sparse tensor as it is, and the arrays of one as constants.

        Raises:
            TypeError: It is neither.
        """
        if isinstance(value, cls):
            return value
        if not isinstance(value, SparseTensorValue):
            raise TypeError(f"Neither a SparseTensor nor SparseTensorValue: {value}.")
        return cls(*value)

    @property
    def component_tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """The three tensors, which a session fetches and feeds together."""
        return self.indices, self.values, self.dense_shape

    value_type = SparseTensorValue

    @property
    def dtype(self) -> DType:
        """Type of the elements."""
        return self.values.dtype

    @property
    def op(self) -> Operation:
        """The operation that makes the values."""
        return self.values.op

    @property
    def graph(self) -> Graph:
        """The graph that the three tensors belong to."""
        return self.values.graph

    @property
    def shape(self) -> TensorShape:
        """What is known of the whole's shape."""
        made = self.dense_shape.op
        source = made.inputs[0] if made.type == "PlaceholderWithDefault" else self.dense_shape
        sizes = constant_value(source)
        if sizes is None:
            rank = self.dense_shape.shape[0].value
            return TensorShape(None if rank is None else [None] * rank)
        return TensorShape([None if size < 0 else size for size in np.asarray(sizes).tolist()])

    def get_shape(self) -> TensorShape:
        """Return `shape`."""
        return self.shape

    def consumers(self) -> list[Operation]:
        """Return the operations that take the values."""
        return self.values.consumers()

    def with_values(self, new_values: object) -> SparseTensor:
        """Return one with other elements at the same places."""
        return SparseTensor(self.indices, new_values, self.dense_shape)

    def eval(self, feed_dict: dict[Any, Any] | None = None, session: Any = None) -> Any:  # noqa: ANN401 -- any session
        """Run the graph for the three arrays; see `Tensor.eval`."""
        return get_default_session(session, self.graph, "evaluate tensor", "`eval(session=sess)`").run(self, feed_dict)

    def __mul__(self, other: object) -> SparseTensor:
        return self._with_dense("SparseDenseCwiseMul", other, "mul")

    def __truediv__(self, other: object) -> SparseTensor:
        return self._with_dense("SparseDenseCwiseDiv", other, "truediv")

    __div__ = __truediv__

    def _with_dense(self, op_type: str, other: object, name: str) -> SparseTensor:
        with name_scope(None, name, [*self.component_tensors, other]) as scope:
            return self.with_values(
                output(op_type, *self.component_tensors, convert_to_tensor(other, self.dtype), name=scope)
            )

    def __repr__(self) -> str:
        return f"SparseTensor(indices={self.indices}, values={self.values}, dense_shape={self.dense_shape})"


def as_sparse(value: Any) -> SparseTensor:  # noqa: ANN401 -- a sparse tensor, or its three arrays
    """Return a sparse tensor, or the arrays of one as constants.

    Raises:
        TypeError: It is neither; the message is TensorFlow's.
    """
    if not isinstance(value, (SparseTensor, SparseTensorValue)):
        raise TypeError("Input must be a SparseTensor.")
    return SparseTensor.from_value(value)


def sparse_placeholder(dtype: object, shape: Any = None, name: str | None = None) -> SparseTensor:  # noqa: ANN401 -- sizes or a tensor
    """Add a sparse tensor whose three parts are fed in each run.

    Args:
        dtype: Type of the elements.
        shape: Sizes of the whole, None for one that is not known, or a tensor of them; without it any.
        name: What the three nodes' names begin with.
    """
    places, elements, whole = (None if name is None else f"{name}/{part}" for part in ("indices", "values", "shape"))
    rank, dense_shape = None, None
    if shape is not None:
        sizes = _sizes(shape, None if name is None else f"{name}/shape_default")
        rank = sizes.shape[0].value
        dense_shape = placeholder_with_default(sizes, sizes.shape, name=whole)
    else:
        dense_shape = placeholder(INT64, [None], name=whole)
    values = placeholder(dtype, [None], name=elements)
    return SparseTensor(placeholder(INT64, [None, rank], name=places), values, dense_shape)


def _sizes(shape: Any, name: str | None) -> Tensor:  # noqa: ANN401 -- as sparse_placeholder
    if isinstance(shape, Tensor):
        return shape
    known: Sequence[int | None] = TensorShape(shape).as_list()
    return convert_to_tensor(np.array([-1 if size is None else size for size in known], np.int64), name=name)
