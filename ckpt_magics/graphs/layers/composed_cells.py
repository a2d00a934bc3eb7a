"""Cells around other cells: one on the other, with dropout, with a way around, on a device.

Format: tensorflow/python/ops/rnn_cell_impl.py of TensorFlow 1.15.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.layers.layer import Function
from ckpt_magics.graphs.layers.recurrent_cell import RNNCell, Scope, State
from ckpt_magics.graphs.layers.rnn_cells import LSTMStateTuple
from ckpt_magics.graphs.nodes.arrays import concat, part
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.networks import dropout
from ckpt_magics.graphs.nodes.structures import flatten, is_nested, map_structure, pack_like
from ckpt_magics.graphs.variables.variable_scope import variable_scope

__all__ = ["DeviceWrapper", "DropoutWrapper", "MultiRNNCell", "ResidualWrapper"]


class MultiRNNCell(RNNCell):
    """Cells one on the other: each takes the output of the one below.

    Args:
        cells: The cells.
        state_is_tuple: Whether the state is a tuple of theirs, not one tensor.

    Raises:
        TypeError: The cells are no list or tuple.
        ValueError: There are none, or their states are no tensors where they are to be one.
    """

    def __init__(self, cells: Sequence[Any], state_is_tuple: bool = True) -> None:
        super().__init__()
        if not cells:
            raise ValueError("Must specify at least one cell for MultiRNNCell.")
        if not is_nested(cells):
            raise TypeError(f"cells must be a list or tuple, but received: {cells}.")
        self._cells = list(cells)
        self._state_is_tuple = state_is_tuple
        if not state_is_tuple and any(is_nested(cell.state_size) for cell in cells):
            raise ValueError(
                "Some cells return tuples of states, but the flag state_is_tuple is not set. "
                f"State sizes are: {[cell.state_size for cell in cells]}"
            )

    @property
    def state_size(self) -> State:
        """Sizes of the states."""
        sizes = tuple(cell.state_size for cell in self._cells)
        return sizes if self._state_is_tuple else sum(sizes)

    @property
    def output_size(self) -> State:
        """Size of the last cell's output."""
        return self._cells[-1].output_size

    def zero_state(self, batch_size: object, dtype: object) -> State:
        """Add the states before the first step."""
        with name_scope(f"{type(self).__name__}ZeroState"):
            if self._state_is_tuple:
                return tuple(cell.zero_state(batch_size, dtype) for cell in self._cells)
            return super().zero_state(batch_size, dtype)

    def call(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Make one step of each cell."""
        current, after, place = inputs, [], 0
        for index, cell in enumerate(self._cells):
            with variable_scope(f"cell_{index}"):
                if self._state_is_tuple:
                    own = state[index]
                else:
                    own = part(state, [0, place], [-1, cell.state_size])
                    place += cell.state_size
                current, new = cell(current, own)
                after.append(new)
        return current, tuple(after) if self._state_is_tuple else concat(after, 1)


class _Wrapper(RNNCell):
    """A cell around another one, without a scope of its own."""

    def __init__(self, cell: Any) -> None:  # noqa: ANN401 -- any cell
        super().__init__()
        self.cell = cell

    @property
    def wrapped_cell(self) -> Any:  # noqa: ANN401
        """The cell inside."""
        return self.cell

    @property
    def state_size(self) -> State:
        """Size of the cell's state."""
        return self.cell.state_size

    @property
    def output_size(self) -> State:
        """Size of the cell's output."""
        return self.cell.output_size

    def zero_state(self, batch_size: object, dtype: object) -> State:
        """Add the cell's state before the first step."""
        with name_scope(f"{type(self).__name__}ZeroState"):
            return self.cell.zero_state(batch_size, dtype)


class DropoutWrapper(_Wrapper):
    """A cell whose inputs, outputs or states are partly dropped.

    Args:
        cell: The cell.
        input_keep_prob: Probability that an input stays.
        output_keep_prob: Probability that an output stays.
        state_keep_prob: Probability that an element of the state stays; what an LSTM remembers always does.
        variational_recurrent: Not taken.
        input_size: Without use.
        dtype: Without use.
        seed: Seed of the choice.

    Raises:
        UnimplementedError: ``variational_recurrent`` is asked for.
        ValueError: A probability is none.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        cell: Any,  # noqa: ANN401 -- any cell
        input_keep_prob: Any = 1.0,  # noqa: ANN401 -- a number or tensor
        output_keep_prob: Any = 1.0,  # noqa: ANN401
        state_keep_prob: Any = 1.0,  # noqa: ANN401
        variational_recurrent: bool = False,
        input_size: object = None,  # noqa: ARG002 -- of variational dropout
        dtype: object = None,  # noqa: ARG002
        seed: int | None = None,
    ) -> None:
        super().__init__(cell)
        if variational_recurrent:
            raise UnimplementedError("dropout that is the same in all steps is none of the cells here")
        given = {"input": input_keep_prob, "state": state_keep_prob, "output": output_keep_prob}
        with name_scope("DropoutWrapperInit"):
            self._keep = {kind: self._settled(kind, probability) for kind, probability in given.items()}
        self._seed = seed

    @staticmethod
    def _settled(kind: str, probability: object) -> Any:  # noqa: ANN401
        tensor = convert_to_tensor(probability)
        known = constant_value(tensor)
        if known is None:
            return tensor
        if not 0 <= known <= 1:
            raise ValueError(f"Parameter {kind}_keep_prob must be between 0 and 1. Received {known}")
        return float(known)

    def __call__(  # type: ignore[override]  # a cell is called with its state
        self, inputs: State, state: State, scope: Scope = None, **_options: State
    ) -> State:
        """Make one step; returns the output and the state after it."""
        output, after = self.cell(self._dropped("input", inputs), state, scope)
        if isinstance(after, LSTMStateTuple):
            after = LSTMStateTuple(after.c, self._dropped("state", after.h))
        else:
            after = self._dropped("state", after)
        return self._dropped("output", output), after

    def _dropped(self, kind: str, values: Any) -> Any:  # noqa: ANN401
        keep = self._keep[kind]
        if isinstance(keep, float) and keep >= 1:
            return values
        leaves = [
            dropout(leaf, rate=1.0 - keep, seed=self._seed_of(kind, index))
            for index, leaf in enumerate(flatten(values))
        ]
        return pack_like(values, leaves)

    def _seed_of(self, kind: str, index: int) -> int | None:
        if self._seed is None:
            return None
        text = f"{self._seed}{kind}_{index}".encode()
        return int(hashlib.md5(text, usedforsecurity=False).hexdigest()[:8], 16) & 0x7FFFFFFF


class ResidualWrapper(_Wrapper):
    """A cell whose inputs are added to its outputs.

    Args:
        cell: The cell.
        residual_fn: What to do instead, a function of inputs and outputs.
    """

    def __init__(self, cell: Any, residual_fn: Function = None) -> None:  # noqa: ANN401 -- any cell
        super().__init__(cell)
        self._combine = residual_fn or (lambda inputs, outputs: map_structure(lambda a, b: a + b, inputs, outputs))

    def __call__(  # type: ignore[override]  # a cell is called with its state
        self, inputs: State, state: State, scope: Scope = None, **_options: State
    ) -> State:
        """Make one step; returns the output and the state after it."""
        output, after = self.cell(inputs, state, scope)
        return self._combine(inputs, output), after


class DeviceWrapper(_Wrapper):
    """A cell on a device.

    Args:
        cell: The cell.
        device: The device.
    """

    def __init__(self, cell: Any, device: str) -> None:  # noqa: ANN401 -- any cell
        super().__init__(cell)
        self._device = device

    def zero_state(self, batch_size: object, dtype: object) -> State:
        """Add the cell's state before the first step."""
        with get_default_graph().device(self._device):
            return super().zero_state(batch_size, dtype)

    def __call__(  # type: ignore[override]  # a cell is called with its state
        self, inputs: State, state: State, scope: Scope = None, **_options: State
    ) -> State:
        """Make one step; returns the output and the state after it."""
        with get_default_graph().device(self._device):
            return self.cell(inputs, state, scope)
