"""FTRL: the weights that would have done best on all gradients so far, with penalties.

Format: tensorflow/python/training/ftrl.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.mathematics import maximum
from ckpt_magics.graphs.training.optimizers.single_op import SingleOpOptimizer
from ckpt_magics.graphs.variables.variable import Variable

__all__ = ["FtrlOptimizer"]

SMALLEST_RATE = 1e-36
"""What a learning rate of 0 is divided by."""


class FtrlOptimizer(SingleOpOptimizer):
    """Follows the regularized leader.

    Args:
        learning_rate: How far to go.
        learning_rate_power: How that changes with the squares of the gradients so far; 0 for not at all.
        initial_accumulator_value: What the sum of squares begins with.
        l1_regularization_strength: Penalty on the weights' sizes.
        l2_regularization_strength: Penalty on their squares.
        use_locking: Kept in the nodes.
        name: See `Optimizer`.
        accum_name: Last part of the name of the sum of squares. Default: ``name``.
        linear_name: Last part of the name of the linear sum. Default: ``name``.
        l2_shrinkage_regularization_strength: Penalty on the squares of the weights that a gradient is for.
        beta: What the method's paper calls so.

    Raises:
        ValueError: A setting has the wrong sign.
    """

    op = "Ftrl"
    slot_order = ("accum", "linear")
    inputs = "grad learning_rate l1_regularization_strength adjusted_l2_regularization_strength learning_rate_power"

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        learning_rate: Any,  # noqa: ANN401 -- a number or tensor
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        use_locking: bool = False,
        name: str = "Ftrl",
        accum_name: str | None = None,
        linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float | None = None,
    ) -> None:
        l2, shrinkage = l2_regularization_strength, l2_shrinkage_regularization_strength
        _check_signs(initial_accumulator_value, learning_rate_power, l1_regularization_strength, l2, shrinkage)
        beta = 0.0 if beta is None else beta

        def adjusted() -> Tensor:
            return l2 + beta / (2.0 * maximum(learning_rate, SMALLEST_RATE))

        settings = {
            "learning_rate": learning_rate,
            "l1_regularization_strength": l1_regularization_strength,
            "adjusted_l2_regularization_strength": adjusted,
            "beta": beta,
            "l2_shrinkage_regularization_strength": shrinkage,
            "learning_rate_power": learning_rate_power,
        }
        super().__init__(use_locking, name, settings)
        self._first, self._accum_name, self._linear_name = initial_accumulator_value, accum_name, linear_name
        if shrinkage > 0:
            self.op = "FtrlV2"
            self.inputs = self.inputs.replace(
                " learning_rate_p", " l2_shrinkage_regularization_strength learning_rate_p"
            )

    def _create_slots(self, var_list: Sequence[Variable]) -> None:
        for var in var_list:
            accum_name = self._accum_name or self._name
            self._get_or_make_slot_with_initializer(var, self._ones, var.shape, var.dtype, "accum", accum_name)
            self._zeros_slot(var, "linear", self._linear_name or self._name)

    def _ones(self, shape: object, dtype: object = None, partition_info: object = None) -> Tensor:  # noqa: ARG002 -- as initializers
        return build.ones(shape, dtype) * self._first


def _check_signs(accumulator: float, power: float, l1: float, l2: float, shrinkage: float) -> None:
    for name, value in (
        ("initial_accumulator_value", accumulator),
        ("l1_regularization_strength", l1),
        ("l2_regularization_strength", l2),
        ("l2_shrinkage_regularization_strength", shrinkage),
    ):
        if value < 0.0:
            raise ValueError(f"{name} {value} needs to be positive or zero")
    if power > 0.0:
        raise ValueError(f"learning_rate_power {power} needs to be negative or zero")
