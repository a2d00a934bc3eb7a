"""Tensors that are there only once others are.

Format: tensorflow/python/ops/control_flow_ops.py, tuple and with_dependencies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.operators import Operators
from ckpt_magics.graphs.nodes.build import group, identity, name_scope
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices

__all__ = ["gated", "with_dependencies"]

Given = TypeVar("Given", Tensor, IndexedSlices)


def gated(tensors: Sequence[Any], name: str | None = None, control_inputs: Sequence[object] | None = None) -> list[Any]:
    """Add tensors that have a value once all of them, and what ``control_inputs`` say, are computed; None stays None.

    Raises:
        ValueError: There is no tensor among them.
    """
    with name_scope(name, "tuple", tensors):
        items = [item.as_tensor() if _is_variable(item) else item for item in tensors]
        awaited = [item if isinstance(item, Operation) else item.op for item in items if item is not None]
        awaited += [item if isinstance(item, Operation) else item.op for item in control_inputs or ()]  # type: ignore[attr-defined]
        if not awaited:
            raise ValueError(f"Must have at least one Tensor. Received: {tensors}")
        gate = group(*sorted(set(awaited), key=lambda op: op.position))
        return [_behind(gate, item) for item in items]


def _is_variable(item: object) -> bool:
    return isinstance(item, Operators) and not isinstance(item, (Tensor, IndexedSlices))


def _behind(gate: Operation, item: Any) -> Any:  # noqa: ANN401 -- the same kind of thing
    if isinstance(item, Operation):
        with item.graph.control_dependencies([gate]):
            return group(item)
    return None if item is None else with_dependencies([gate], item)


def with_dependencies(dependencies: Sequence[object], output_tensor: Given, name: str | None = None) -> Given:
    """Add a copy of a tensor that is there once ``dependencies`` have run."""
    with name_scope(name, "control_dependency", [*dependencies, output_tensor]) as scope:
        graph = output_tensor.graph
        with graph.colocate_with(output_tensor.op), graph.control_dependencies(dependencies):
            if isinstance(output_tensor, IndexedSlices):
                values = identity(output_tensor.values, name=scope)
                return IndexedSlices(values, output_tensor.indices, output_tensor.dense_shape)  # type: ignore[return-value]
            return identity(output_tensor, name=scope)
