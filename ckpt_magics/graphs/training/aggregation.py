"""What the gradients of one tensor add up to.

Format: tensorflow/python/ops/gradients_util.py, _AggregatedGrads, and eager/backprop_util.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ckpt_magics.files.formats.dtypes import INT64
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import concat
from ckpt_magics.graphs.nodes.build import name_scope
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices
from ckpt_magics.graphs.nodes.mathematics import add_n, cast
from ckpt_magics.graphs.training.rule import Gradient

__all__ = ["AggregationMethod", "aggregate", "of_one_type"]


class AggregationMethod:
    """How to add up gradients: all at once, or two by two, which needs less memory."""

    ADD_N: Final = 0
    DEFAULT: Final = 0
    EXPERIMENTAL_TREE: Final = 1
    EXPERIMENTAL_ACCUMULATE_N: Final = 2


METHODS = frozenset({0, 1, 2})


def aggregate(gradients: Sequence[Gradient], method: int | None, op_name: str) -> Gradient | None:
    """Add the nodes that sum up what one tensor is given; None if that is nothing.

    Args:
        gradients: What reached the tensor.
        method: One of those of `AggregationMethod`; None for the default.
        op_name: The operation whose output it is.

    Raises:
        ValueError: There is no such method.
    """
    if method is not None and method not in METHODS:
        raise ValueError(f"Invalid `aggregation_method` specified {method}. Accepted values are {sorted(METHODS)}.")
    if len(gradients) < 2:
        return gradients[0] if gradients else None
    tensors = [gradient for gradient in gradients if isinstance(gradient, Tensor)]
    if len(tensors) < len(gradients):
        return add_n(gradients) if tensors else _joined([item for item in gradients if isinstance(item, IndexedSlices)])
    if method:
        return _two_by_two(tensors, op_name)
    return _by_device(tensors)


def _joined(slices: Sequence[IndexedSlices]) -> IndexedSlices:
    """Put slices behind each other: those of one index are added up when they are used."""
    slices = of_one_type(slices)
    values = concat([item.values for item in slices], axis=0)
    return IndexedSlices(values, concat([item.indices for item in slices], axis=0), slices[0].dense_shape)


def of_one_type(slices: Sequence[IndexedSlices]) -> list[IndexedSlices]:
    """Return slices whose indices are all of one type, the wider one where they are not."""
    wide = any(item.indices.dtype is INT64 for item in slices)
    return [
        IndexedSlices(item.values, cast(item.indices, INT64) if wide else item.indices, item.dense_shape)
        for item in slices
    ]


def _two_by_two(tensors: Sequence[Tensor], op_name: str) -> Tensor:
    with name_scope(f"{op_name}_gradient_sum"):
        total = tensors[0]
        for tensor in tensors[1:]:
            total = add_n([total, tensor])
        return total


def _by_device(tensors: Sequence[Tensor]) -> Tensor:
    by_device: dict[str, list[Tensor]] = {}
    for tensor in tensors:
        by_device.setdefault(tensor.device, []).append(tensor)
    sums = []
    for _, group in sorted(by_device.items()):
        with group[0].graph.colocate_with(group[0], ignore_existing=True):
            sums.append(add_n(group))
    return add_n(sums)
