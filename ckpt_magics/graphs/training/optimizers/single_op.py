"""Optimizers whose update of a variable is one op, as the rows of ``ops/training.py`` list them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices
from ckpt_magics.graphs.nodes.mathematics import cast
from ckpt_magics.graphs.training.optimizers.optimizer import Optimizer
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["SingleOpOptimizer"]


class SingleOpOptimizer(Optimizer):
    """An optimizer that adds one op per variable.

    Args:
        use_locking: Kept in the nodes.
        name: Scope of the operations, and last part of the slots' names.
        settings: Numbers or tensors, or functions that return them, by the name of the constants made of them.

    Attributes:
        op: What stands behind ``Apply`` in the op's name.
        slot_order: The slots that the op takes, in its order.
        inputs: The settings that it takes behind the slots, in its order, with ``grad`` for the gradient.
        converts: Whether settings are made of the variable's type.
    """

    op: str
    slot_order: tuple[str, ...] = ()
    inputs: str
    converts: bool = True

    def __init__(self, use_locking: bool, name: str, settings: Mapping[str, Any]) -> None:
        super().__init__(use_locking, name)
        self._settings = dict(settings)
        self._tensors: dict[str, Tensor] = {}

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for var in var_list:
            for slot in self.slot_order:
                self._zeros_slot(var, slot, self._name)

    def _prepare(self) -> None:
        self._tensors = {
            name: convert_to_tensor(self._call_if_callable(value), name=name) for name, value in self._settings.items()
        }

    def _attrs(self) -> dict[str, Any]:
        """Return the op's attributes besides ``use_locking``."""
        return {}

    def _value_of(self, name: str) -> Any:  # noqa: ANN401 -- a tensor or variable
        return self._tensors[name]

    def _add(self, prefix: str, var: Variable, grad: Tensor, *indices: Tensor) -> Any:  # noqa: ANN401 -- an operation
        slots = [self.get_slot(var, slot) for slot in self.slot_order]
        variables = [item.handle for item in (var, *slots) if item is not None]
        values: list[Any] = []
        for name in self.inputs.split():
            if name == "grad":
                values += [grad, *indices]
            else:
                value = self._value_of(name)
                values.append(cast(value, var.dtype) if self.converts and name != "global_step" else value)
        made = apply(f"{prefix}{self.op}", *variables, *values, use_locking=self._use_locking, **self._attrs())
        return made.op if isinstance(made, Tensor) else made

    def _apply_dense(self, grad: Tensor, var: Variable) -> Any:  # noqa: ANN401 -- an operation
        return self._add("Apply", var, grad)

    def _resource_apply_dense(self, grad: Tensor, handle: Variable) -> Any:  # noqa: ANN401 -- an operation
        return self._add("ResourceApply", handle, grad)

    def _apply_sparse(self, grad: IndexedSlices, var: Variable) -> Any:  # noqa: ANN401 -- an operation
        return self._add("SparseApply", var, grad.values, grad.indices)

    def _resource_apply_sparse(self, grad: Tensor, handle: Variable, indices: Tensor) -> Any:  # noqa: ANN401 -- an operation
        return self._add("ResourceSparseApply", handle, grad, indices)
