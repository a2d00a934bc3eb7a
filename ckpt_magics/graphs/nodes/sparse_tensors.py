"""Tensors of which only some elements are told.

Format: tensorflow/python/framework/sparse_tensor.py, tensorflow/python/ops/sparse_ops.py.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ckpt_magics.files.formats.dtypes import STRING
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import output

__all__ = ["SparseTensor", "sparse_tensor_to_dense"]


class SparseTensor(NamedTuple):
    """A tensor of which only some elements are told; a session that runs it gives the three arrays.

    Attributes:
        indices: Where they stand, int64 [n, rank].
        values: What they are, [n].
        dense_shape: Shape of the whole, int64 [rank].
    """

    indices: Any
    values: Any
    dense_shape: Any


def sparse_tensor_to_dense(
    sp_input: SparseTensor, default_value: object = None, validate_indices: bool = True, name: str | None = None
) -> Tensor:
    """Add the whole tensor.

    Args:
        sp_input: Its elements that are told.
        default_value: The others; zeros or empty strings if not told.
        validate_indices: Whether places have to be in order, each once.
        name: Of the node.
    """
    if default_value is None:
        default_value = "" if sp_input.values.dtype == STRING else 0
    return output(
        "SparseToDense",
        sp_input.indices,
        sp_input.dense_shape,
        sp_input.values,
        default_value,
        validate_indices=validate_indices,
        name=name,
    )
