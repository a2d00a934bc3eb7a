"""Tests whether the elements of a tensor are in order.

Format: tensorflow/python/ops/check_ops.py, is_non_decreasing and is_strictly_increasing.
"""

from __future__ import annotations

from collections.abc import Callable

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import reshape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.mathematics import less, less_equal
from ckpt_magics.graphs.nodes.reductions import reduce_all
from ckpt_magics.graphs.nodes.type_assertions import is_numeric_tensor

__all__ = ["is_non_decreasing", "is_strictly_increasing"]


def is_non_decreasing(x: object, name: str | None = None) -> Tensor:
    """Add a test whether no element is less than the one before it, in rows one after the other.

    Raises:
        TypeError: They are no numbers.
    """
    return _in_order(x, less_equal, name or "is_non_decreasing")


def is_strictly_increasing(x: object, name: str | None = None) -> Tensor:
    """Add a test whether each element is greater than the one before it, in rows one after the other.

    Raises:
        TypeError: They are no numbers.
    """
    return _in_order(x, less, name or "is_strictly_increasing")


def _in_order(x: object, holds: Callable[[Tensor, Tensor], Tensor], name: str) -> Tensor:
    with name_scope(name, None, [x]):
        tensor = convert_to_tensor(x, name="x")
        if not is_numeric_tensor(tensor):
            raise TypeError(f"Expected x to be numeric, instead found: {tensor}")
        flat = reshape(tensor, [-1])
        return reduce_all(holds(flat[:-1], flat[1:]))
