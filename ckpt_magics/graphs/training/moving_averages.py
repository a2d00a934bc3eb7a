"""The names under which checkpoints hold the moving averages of variables, to restore the variables from.

Format: tensorflow/python/training/moving_averages.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.variables.default_graph import moving_average_variables
from ckpt_magics.graphs.variables.initialization import global_variables, trainable_variables
from ckpt_magics.graphs.variables.variable import Variable


class ExponentialMovingAverage:
    """Tells what the moving averages of variables are called; training computes them, which happens elsewhere.

    Args:
        decay: How much of the average stays at each step of training.
        num_updates: Count of the steps so far.
        zero_debias: Whether the averages began with zeros.
        name: Last part of the averages' names.
    """

    def __init__(
        self,
        decay: float,
        num_updates: Any = None,  # noqa: ANN401 -- a number, tensor or variable
        zero_debias: bool = False,
        name: str = "ExponentialMovingAverage",
    ) -> None:
        self.decay = decay
        self.num_updates = num_updates
        self.zero_debias = zero_debias
        self.name = name

    def average_name(self, var: Variable | Tensor) -> str:
        """Return the name that the average of a variable has in checkpoints, ``weight/ExponentialMovingAverage``."""
        return get_default_graph().unique_name(f"{var.op.name}/{self.name}", mark_as_used=False)

    def variables_to_restore(self, moving_avg_variables: Iterable[Variable] | None = None) -> dict[str, Variable]:
        """Return the variables by the names to restore them from, for `Saver`: averages where there are some.

        Args:
            moving_avg_variables: Variables that have averages. Default: all trainable ones, and those of the
                collection of moving averages.
        """
        if moving_avg_variables is None:
            moving_avg_variables = [*trainable_variables(), *moving_average_variables()]
        averaged = {variable.op.name: variable for variable in moving_avg_variables}
        restored = {self.average_name(variable): variable for variable in averaged.values()}
        others = (variable for variable in global_variables() if variable.op.name not in averaged)
        return restored | {variable.op.name: variable for variable in others}

    def apply(self, var_list: object = None) -> NoReturn:  # noqa: ARG002 -- TensorFlow's own
        """Refuse: averages are restored here, not computed.

        Raises:
            UnimplementedError: Always.
        """
        raise UnimplementedError(
            "moving averages are not computed here",
            hint="Saver(ema.variables_to_restore()) restores variables from those that a training has saved",
        )
