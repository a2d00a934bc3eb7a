"""Optimizers that average gradients and their squares.

Format: tensorflow/python/training/adam.py and rmsprop.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import ones_like
from ckpt_magics.graphs.nodes.build import apply, group
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlices
from ckpt_magics.graphs.nodes.mathematics import cast, sqrt
from ckpt_magics.graphs.training.optimizers.single_op import SingleOpOptimizer
from ckpt_magics.graphs.variables.initialization import assign, assign_sub
from ckpt_magics.graphs.variables.initializers import Ones
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["AdamOptimizer", "RMSPropOptimizer"]

# ruff: noqa: PLR0917 -- the arguments are in TensorFlow's own order

BETA_POWERS = ("beta1_power", "beta2_power")


class AdamOptimizer(SingleOpOptimizer):
    """Moves variables by the average of their gradients over the root of that of the squares.

    Args:
        learning_rate: How far.
        beta1: How much of the gradients' average stays at each step.
        beta2: How much of the squares' average stays.
        epsilon: What is added to the root.
        use_locking: Kept in the nodes.
        name: See `Optimizer`.
    """

    op = "Adam"
    slot_order = ("m", "v")
    inputs = "beta1_power beta2_power learning_rate beta1 beta2 epsilon grad"

    def __init__(
        self,
        learning_rate: Any = 0.001,  # noqa: ANN401 -- a number or tensor
        beta1: Any = 0.9,  # noqa: ANN401
        beta2: Any = 0.999,  # noqa: ANN401
        epsilon: Any = 1e-8,  # noqa: ANN401
        use_locking: bool = False,
        name: str = "Adam",
    ) -> None:
        settings = {"learning_rate": learning_rate, "beta1": beta1, "beta2": beta2, "epsilon": epsilon}
        super().__init__(use_locking, name, settings)

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        first = min(var_list, key=lambda variable: variable.name)
        for power, beta in zip(BETA_POWERS, ("beta1", "beta2"), strict=True):
            self._create_non_slot_variable(self._settings[beta], power, first)
        super()._create_slots(var_list)

    def _get_beta_accumulators(self) -> tuple[Variable, Variable]:
        beta1_power, beta2_power = (self._get_non_slot_variable(name) for name in BETA_POWERS)
        assert beta1_power is not None and beta2_power is not None  # noqa: S101, PT018 -- made with the slots
        return beta1_power, beta2_power

    def _value_of(self, name: str) -> Any:  # noqa: ANN401 -- a tensor or variable
        return self._get_non_slot_variable(name) if name in BETA_POWERS else super()._value_of(name)

    def _apply_sparse_shared(
        self, grad: Tensor, var: Variable, indices: Tensor, scatter_add: Callable[[Variable, Tensor, Tensor], Any]
    ) -> Operation:
        """Let both averages decay everywhere, and add to them where there is a gradient."""
        beta1_power, beta2_power = (cast(power, var.dtype) for power in self._get_beta_accumulators())
        rate, beta1, beta2, epsilon = (cast(self._tensors[name], var.dtype) for name in self._settings)
        step = rate * sqrt(1 - beta2_power) / (1 - beta1_power)
        m = self._decayed("m", var, beta1, indices, lambda: grad * (1 - beta1), scatter_add)
        v = self._decayed("v", var, beta2, indices, lambda: (grad * grad) * (1 - beta2), scatter_add)
        root = sqrt(v)
        update = assign_sub(var, step * m / (root + epsilon), use_locking=self._use_locking)
        return group(update, m, v)

    def _decayed(
        self,
        name: str,
        var: Variable,
        beta: Tensor,
        indices: Tensor,
        added: Callable[[], Tensor],
        scatter_add: Callable[[Variable, Tensor, Tensor], Any],
    ) -> Any:  # noqa: ANN401 -- a tensor
        slot = self.get_slot(var, name)
        assert slot is not None  # noqa: S101 -- made before
        values = added()
        left = assign(slot, slot * beta, use_locking=self._use_locking)
        with var.graph.control_dependencies([left]):
            return scatter_add(slot, indices, values)

    def _apply_sparse(self, grad: IndexedSlices, var: Variable) -> Any:  # noqa: ANN401 -- an operation
        def scatter_add(slot: Variable, indices: Tensor, values: Tensor) -> Any:  # noqa: ANN401 -- a reference
            return apply("ScatterAdd", slot.handle, indices, values, use_locking=self._use_locking)

        return self._apply_sparse_shared(grad.values, var, grad.indices, scatter_add)

    def _resource_apply_sparse(self, grad: Tensor, handle: Variable, indices: Tensor) -> Any:  # noqa: ANN401 -- an operation
        def scatter_add(slot: Variable, indices: Tensor, values: Tensor) -> Any:  # noqa: ANN401 -- a tensor
            with slot.graph.control_dependencies([apply("ResourceScatterAdd", slot.handle, indices, values)]):
                return slot.value()

        return self._apply_sparse_shared(grad, handle, indices, scatter_add)

    def _finish(self, update_ops: Sequence[Any], name_scope: str) -> Any:  # noqa: ANN401 -- an operation
        powers = self._get_beta_accumulators()
        graph = powers[0].graph
        with graph.control_dependencies(update_ops), graph.colocate_with(powers[0].op):
            updates = [
                power.assign(power * self._tensors[beta], use_locking=self._use_locking)
                for power, beta in zip(powers, ("beta1", "beta2"), strict=True)
            ]
        return group(*update_ops, *updates, name=name_scope)


class RMSPropOptimizer(SingleOpOptimizer):
    """Divides gradients by the root of the average of their squares.

    Args:
        learning_rate: How far to go.
        decay: How much of the average stays at each step.
        momentum: How much of the last step is gone again.
        epsilon: What is added to the average.
        use_locking: Kept in the nodes.
        centered: Whether to take the variance in place of the average of the squares.
        name: See `Optimizer`.
    """

    op = "RMSProp"
    slot_order: tuple[str, ...] = ("rms", "momentum")
    inputs = "learning_rate decay momentum epsilon grad"

    def __init__(
        self,
        learning_rate: Any,  # noqa: ANN401 -- a number or tensor
        decay: Any = 0.9,  # noqa: ANN401
        momentum: Any = 0.0,  # noqa: ANN401
        epsilon: Any = 1e-10,  # noqa: ANN401
        use_locking: bool = False,
        centered: bool = False,
        name: str = "RMSProp",
    ) -> None:
        settings = {"learning_rate": learning_rate, "decay": decay, "momentum": momentum, "epsilon": epsilon}
        super().__init__(use_locking, name, settings)
        if centered:
            self.op, self.slot_order = "CenteredRMSProp", ("mg", "rms", "momentum")

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for var in var_list:
            first = Ones(dtype=var.dtype) if var.shape.is_fully_defined() else ones_like(var)
            self._get_or_make_slot_with_initializer(var, first, var.shape, var.dtype, "rms", self._name)
            for slot in self.slot_order:
                self._zeros_slot(var, slot, self._name)
