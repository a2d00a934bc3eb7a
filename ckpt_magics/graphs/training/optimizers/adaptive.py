"""Optimizers that divide each element's step by the size of its gradients so far.

Format: tensorflow/python/training/adagrad.py, adadelta.py, proximal_adagrad.py and adagrad_da.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.arrays import shape
from ckpt_magics.graphs.nodes.build import fill, identity
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import cast
from ckpt_magics.graphs.training.optimizers.single_op import SingleOpOptimizer
from ckpt_magics.graphs.variables.initializers import Constant
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["AdadeltaOptimizer", "AdagradDAOptimizer", "AdagradOptimizer", "ProximalAdagradOptimizer"]

# ruff: noqa: PLR0917 -- the arguments are in TensorFlow's own order


def _check_positive(name: str, value: float) -> None:
    if value <= 0.0:
        raise ValueError(f"{name} must be positive: {value}")


class AdagradOptimizer(SingleOpOptimizer):
    """Divides steps by the root of the sum of the squared gradients.

    Args:
        learning_rate: How far to go.
        initial_accumulator_value: What the sum of squares begins with.
        use_locking: Kept in the nodes.
        name: See `Optimizer`.

    Raises:
        ValueError: The first sum is not positive.
    """

    op = "Adagrad"
    slot_order = ("accumulator",)
    inputs = "learning_rate grad"

    def __init__(
        self,
        learning_rate: Any,  # noqa: ANN401 -- a number or tensor
        initial_accumulator_value: float = 0.1,
        use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        _check_positive("initial_accumulator_value", initial_accumulator_value)
        super().__init__(use_locking, name, {"learning_rate": learning_rate})
        self._initial_accumulator_value = initial_accumulator_value

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for var in var_list:
            known = var.shape.is_fully_defined()
            first = Constant(self._initial_accumulator_value, dtype=var.dtype) if known else self._filled_like(var)
            self._get_or_make_slot_with_initializer(var, first, var.shape, var.dtype, "accumulator", self._name)

    def _filled_like(self, var: Variable) -> Callable[[], Tensor]:
        return lambda: cast(fill(shape(var), self._initial_accumulator_value), var.dtype)


class AdadeltaOptimizer(SingleOpOptimizer):
    """Divides steps by the size of recent gradients, and multiplies them by that of recent steps.

    Args:
        learning_rate: How far to go.
        rho: How much of the averages stays at each step.
        epsilon: What is added to them.
        use_locking: Kept in the nodes.
        name: See `Optimizer`.
    """

    op = "Adadelta"
    slot_order = ("accum", "accum_update")
    inputs = "lr rho epsilon grad"

    def __init__(
        self,
        learning_rate: Any = 0.001,  # noqa: ANN401 -- a number or tensor
        rho: Any = 0.95,  # noqa: ANN401
        epsilon: Any = 1e-8,  # noqa: ANN401
        use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(use_locking, name, {"lr": learning_rate, "rho": rho, "epsilon": epsilon})


class _WithConstantSlots(SingleOpOptimizer):
    """An optimizer whose slots begin with constants.

    Args:
        use_locking: Kept in the nodes.
        name: See `Optimizer`.
        settings: See `SingleOpOptimizer`.
        first_values: What the elements of each slot begin with.
    """

    def __init__(
        self, use_locking: bool, name: str, settings: Mapping[str, Any], first_values: Mapping[str, float]
    ) -> None:
        super().__init__(use_locking, name, settings)
        self._first_values = first_values

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for var in var_list:
            with var.graph.colocate_with(var.op):
                values = [constant(self._first_values[slot], var.dtype, var.shape) for slot in self.slot_order]
            for slot, value in zip(self.slot_order, values, strict=True):
                self._get_or_make_slot(var, value, slot, self._name)


class ProximalAdagradOptimizer(_WithConstantSlots):
    """`AdagradOptimizer` that also moves variables towards 0.

    Args:
        learning_rate: How far to go.
        initial_accumulator_value: What the sum of squares begins with.
        l1_regularization_strength: Penalty on the weights' sizes.
        l2_regularization_strength: Penalty on their squares.
        use_locking: Kept in the nodes.
        name: See `Optimizer`.

    Raises:
        ValueError: The first sum is not positive.
    """

    op = "ProximalAdagrad"
    slot_order = ("accumulator",)
    inputs = "learning_rate l1_regularization_strength l2_regularization_strength grad"
    converts = False

    def __init__(
        self,
        learning_rate: Any,  # noqa: ANN401 -- a number or tensor
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "ProximalAdagrad",
    ) -> None:
        _check_positive("initial_accumulator_value", initial_accumulator_value)
        settings = {
            "learning_rate": learning_rate,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
        }
        super().__init__(use_locking, name, settings, {"accumulator": initial_accumulator_value})


class AdagradDAOptimizer(_WithConstantSlots):
    """Adagrad by dual averaging: weights that no gradient has pushed stay 0.

    Args:
        learning_rate: How far to go.
        global_step: Count of the steps so far.
        initial_gradient_squared_accumulator_value: What the sum of squares begins with.
        l1_regularization_strength: Penalty on the weights' sizes.
        l2_regularization_strength: Penalty on their squares.
        use_locking: Kept in the nodes.
        name: See `Optimizer`.

    Raises:
        ValueError: The first sum is not positive.
    """

    op = "AdagradDA"
    slot_order = ("gradient_accumulator", "gradient_squared_accumulator")
    inputs = "grad learning_rate l1 l2 global_step"

    def __init__(
        self,
        learning_rate: Any,  # noqa: ANN401 -- a number or tensor
        global_step: Any,  # noqa: ANN401 -- a variable or tensor
        initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        first = initial_gradient_squared_accumulator_value
        _check_positive("initial_gradient_squared_accumulator_value", first)
        first_values = {"gradient_accumulator": 0.0, "gradient_squared_accumulator": first}
        super().__init__(use_locking, name, {"learning_rate": learning_rate}, first_values)
        self._penalties = {"l1": l1_regularization_strength, "l2": l2_regularization_strength}
        self._global_step = global_step
        self._counted: Tensor | None = None

    def _prepare(self) -> None:
        super()._prepare()
        rate = self._tensors["learning_rate"]
        with rate.graph.colocate_with(rate):
            self._counted = identity(self._global_step) + 1

    def _add(self, prefix: str, var: Variable, grad: Tensor, *indices: Tensor) -> Any:  # noqa: ANN401 -- an operation
        with var.graph.device(var.device):
            self._tensors["global_step"] = identity(self._counted)
        return super()._add(prefix, var, grad, *indices)

    def _value_of(self, name: str) -> Any:  # noqa: ANN401 -- a tensor or number
        return self._penalties[name] if name in self._penalties else super()._value_of(name)
