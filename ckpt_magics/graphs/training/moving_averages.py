"""Moving averages of variables, and the names under which checkpoints hold them, to restore the variables from.

Format: tensorflow/python/training/moving_averages.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import BFLOAT16, DOUBLE, FLOAT, HALF
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.build import convert_to_tensor, group, name_scope
from ckpt_magics.graphs.nodes.conditional import cond
from ckpt_magics.graphs.nodes.mathematics import cast, minimum, power
from ckpt_magics.graphs.training.optimizers.optimizer_slots import create_slot, create_zeros_slot
from ckpt_magics.graphs.variables.default_graph import moving_average_variables
from ckpt_magics.graphs.variables.initialization import (
    assign,
    assign_add,
    assign_sub,
    global_variables,
    trainable_variables,
)
from ckpt_magics.graphs.variables.initializers import Zeros
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.graphs.variables.variable_scope import get_variable, variable_scope

__all__ = ["ExponentialMovingAverage", "assign_moving_average"]


class ExponentialMovingAverage:
    """Keeps averages of variables, mostly of the latest steps of training, and tells what they are called.

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
        self._averages: dict[Tensor, Variable] = {}

    def average_name(self, var: Variable | Tensor) -> str:
        """Return the name that the average of a variable has in checkpoints, ``weight/ExponentialMovingAverage``."""
        if _key(var) in self._averages:
            return self._averages[_key(var)].op.name
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

    def apply(self, var_list: Sequence[Variable | Tensor] | None = None) -> Operation:
        """Add the operation that moves the averages of variables or tensors towards what these hold.

        Args:
            var_list: What to average. Default: the trainable variables.

        Raises:
            TypeError: One of them has no floating point type.
        """
        averaged = list(trainable_variables() if var_list is None else var_list)
        debiased = [self._make(item) for item in averaged]
        with name_scope(self.name) as scope:
            decay = convert_to_tensor(self.decay, FLOAT, name="decay")
            if self.num_updates is not None:
                count = cast(self.num_updates, FLOAT, name="num_updates")
                decay = minimum(decay, (1.0 + count) / (10.0 + count))
            updates = [
                assign_moving_average(self._averages[_key(item)], item, decay, zero_debias)
                for item, zero_debias in zip(averaged, debiased, strict=True)
            ]
            return group(*updates, name=scope)

    def _make(self, item: Variable | Tensor) -> bool:
        """Make the average if there is none; returns whether it begins with zeros that are to be made up for."""
        if item.dtype not in {HALF, BFLOAT16, FLOAT, DOUBLE}:
            raise TypeError(f"The variables must be half, float, or double: {item.name}")
        if _key(item) in self._averages:
            return False
        graph = item.graph
        with graph.init_scope():
            if isinstance(item, Variable):
                with graph.device(item.device):
                    first = cond(item.is_initialized(), item.read_value, lambda: item.initial_value)
                self._averages[_key(item)] = create_slot(item, first, self.name)
                graph.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, item)
                return False
            is_held = item.op.type in {"Variable", "VariableV2", "VarHandleOp"}
            self._averages[_key(item)] = create_zeros_slot(item, self.name, colocate=is_held)
            return self.zero_debias

    def average(self, var: Variable | Tensor) -> Variable | None:
        """Return the variable that holds an average, or None if there is none."""
        return self._averages.get(_key(var))


def _key(item: Variable | Tensor) -> Tensor:
    return item.handle if isinstance(item, Variable) else item


def assign_moving_average(
    variable: Variable,
    value: Any,  # noqa: ANN401 -- a tensor or variable
    decay: Any,  # noqa: ANN401 -- a number or tensor
    zero_debias: bool = True,
    name: str | None = None,
) -> Any:  # noqa: ANN401 -- a tensor, or a read to come
    """Add a step of an average: ``decay`` of it stays, the rest is what is new.

    Args:
        variable: The average.
        value: What is new.
        decay: How much stays.
        zero_debias: Whether the average began with zeros, which are made up for.
        name: Scope of the nodes.
    """
    with name_scope(name, "AssignMovingAvg", [variable, value, decay]) as scope:
        new = convert_to_tensor(1.0 - decay, name="decay")
        if new.dtype != variable.dtype:
            new = cast(new, variable.dtype)
        if zero_debias:
            return _made_up_for(variable, value, new)
        # As in TensorFlow the node of a resource variable does not take the scope's name.
        return assign_sub(variable, (variable - value) * new, name=None if variable.is_resource else scope)


def _made_up_for(variable: Variable, value: Any, new: Tensor) -> Any:  # noqa: ANN401 -- likewise
    """Add an average that is kept with its zeros beside, and a count of the steps to divide them out."""
    graph = variable.graph
    with variable_scope(variable.op.name, values=[variable, value, new]), graph.colocate_with(variable.op):
        biased = get_variable("biased", variable.shape, variable.dtype, initializer=Zeros(), trainable=False)
        count = get_variable("local_step", [], variable.dtype, initializer=Zeros(), trainable=False)
    moved = assign_sub(biased, (biased - value) * new)
    steps = assign_add(count, 1)
    factor = 1 - power(1.0 - new, steps)
    return assign(variable, moved / factor, name=f"{graph.get_name_scope()}/")
