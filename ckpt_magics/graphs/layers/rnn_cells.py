"""Cells of recurrent nets: what one step makes of its input and of the state before it.

Format: tensorflow/python/ops/rnn_cell_impl.py of TensorFlow 1.15.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ckpt_magics.files.formats.dtypes import INT32, DType
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.layers.layer import Function, Layer, Maker
from ckpt_magics.graphs.layers.recurrent_cell import RNNCell, Scope, State
from ckpt_magics.graphs.nodes import mathematics
from ckpt_magics.graphs.nodes.arrays import concat, part, split
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import clip_by_value, matmul, sigmoid, tanh
from ckpt_magics.graphs.nodes.networks import bias_add
from ckpt_magics.graphs.variables.initializers import Constant, Zeros
from ckpt_magics.graphs.variables.partition import fixed_size_partitioner

__all__ = ["BasicLSTMCell", "BasicRNNCell", "GRUCell", "LSTMCell", "LSTMStateTuple"]


class LSTMStateTuple(NamedTuple):
    """The state of a long short-term memory.

    Attributes:
        c: What it remembers.
        h: Its last output.
    """

    c: Any
    h: Any

    @property
    def dtype(self) -> DType:
        """Type of both.

        Raises:
            TypeError: They are of different types.
        """
        if self.c.dtype != self.h.dtype:
            raise TypeError(f"Inconsistent dtypes for internal state: {self.c.dtype} vs {self.h.dtype}")
        found: DType = self.c.dtype
        return found


class _LayerCell(RNNCell):
    """A cell with variables in a scope of its own."""

    def __init__(
        self,
        num_units: int,
        activation: Function,
        reuse: bool | None,
        name: str | None,
        dtype: object,
        **options: Any,  # noqa: ANN401 -- Layer's
    ) -> None:
        super().__init__(name=name, dtype=dtype, _reuse=reuse, **options)
        self._num_units = num_units
        self._activation: Callable[[Any], Tensor] = activation or tanh

    @property
    def state_size(self) -> State:
        """Size of the state."""
        return self._num_units

    @property
    def output_size(self) -> State:
        """Size of the output."""
        return self._num_units

    def __call__(  # type: ignore[override]  # a cell is called with its state
        self, inputs: State, state: State, scope: Scope = None, **options: State
    ) -> State:
        """Make one step; returns the output and the state after it."""
        return Layer.__call__(self, inputs, state, scope=scope, **options)

    @staticmethod
    def _depth(shape: TensorShape) -> int:
        depth = None if shape.ndims is None else shape[-1].value
        if depth is None:
            raise ValueError(f"Expected inputs.shape[-1] to be known, received shape: {shape}")
        return depth


class BasicRNNCell(_LayerCell):
    """The plainest cell: its output is its state.

    Args:
        num_units: Size of the state.
        activation: Function of it. Default: tanh.
        reuse: Whether to take variables that exist.
        name: Name of the cell's scope.
        dtype: Type of the variables.
        options: See `Layer`.
    """

    def __init__(
        self,
        num_units: int,
        activation: Function = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: object = None,
        **options: Any,  # noqa: ANN401 -- Layer's
    ) -> None:
        super().__init__(num_units, activation, reuse, name, dtype, **options)

    def build(self, shape: TensorShape) -> None:
        """Make kernel and bias."""
        self._kernel = self.add_weight("kernel", [self._depth(shape) + self._num_units, self._num_units])
        self._bias = self.add_weight("bias", [self._num_units], initializer=Zeros(self.dtype))

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Make one step."""
        gates = bias_add(matmul(concat([inputs, state], 1), self._kernel), self._bias)
        made = self._activation(gates)
        return made, made


class GRUCell(_LayerCell):
    """A gated recurrent unit.

    Args:
        num_units: Size of the state.
        activation: Function of the candidate. Default: tanh.
        reuse: Whether to take variables that exist.
        kernel_initializer: What gives the weights their first values.
        bias_initializer: The same for the biases. Default: 1 for the gates, 0 for the candidate.
        name: Name of the cell's scope.
        dtype: Type of the variables.
        options: See `Layer`.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        num_units: int,
        activation: Function = None,
        reuse: bool | None = None,
        kernel_initializer: Maker = None,
        bias_initializer: Maker = None,
        name: str | None = None,
        dtype: object = None,
        **options: Any,  # noqa: ANN401 -- Layer's
    ) -> None:
        super().__init__(num_units, activation, reuse, name, dtype, **options)
        self._kernel_initializer = kernel_initializer
        self._bias_initializer = bias_initializer

    def build(self, shape: TensorShape) -> None:
        """Make kernels and biases."""
        rows, units = self._depth(shape) + self._num_units, self._num_units
        kernel, bias = self._kernel_initializer, self._bias_initializer
        self._gate_kernel = self.add_weight("gates/kernel", [rows, 2 * units], initializer=kernel)
        self._gate_bias = self.add_weight(
            "gates/bias", [2 * units], initializer=bias or Constant(1.0, dtype=self.dtype)
        )
        self._candidate_kernel = self.add_weight("candidate/kernel", [rows, units], initializer=kernel)
        self._candidate_bias = self.add_weight("candidate/bias", [units], initializer=bias or Zeros(self.dtype))

    def call(self, inputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Make one step."""
        gates = bias_add(matmul(concat([inputs, state], 1), self._gate_kernel), self._gate_bias)
        reset, update = split(sigmoid(gates), 2, 1)
        kept = reset * state
        candidate = bias_add(matmul(concat([inputs, kept], 1), self._candidate_kernel), self._candidate_bias)
        made = self._activation(candidate)
        after: Tensor = update * state + (1 - update) * made
        return after, after


class BasicLSTMCell(_LayerCell):
    """A long short-term memory without peepholes.

    Args:
        num_units: Size of its memory.
        forget_bias: Added to the forget gate.
        state_is_tuple: Whether the state is an `LSTMStateTuple`, not one tensor.
        activation: Function of what is remembered. Default: tanh.
        reuse: Whether to take variables that exist.
        name: Name of the cell's scope.
        dtype: Type of the variables.
        options: See `Layer`.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        num_units: int,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Function = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: object = None,
        **options: Any,  # noqa: ANN401 -- Layer's
    ) -> None:
        super().__init__(num_units, activation, reuse, name, dtype, **options)
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple

    @property
    def state_size(self) -> State:
        """Size of the state."""
        units = self._num_units
        return LSTMStateTuple(units, units) if self._state_is_tuple else 2 * units

    def build(self, shape: TensorShape) -> None:
        """Make kernel and bias."""
        self._kernel = self.add_weight("kernel", [self._depth(shape) + self._num_units, 4 * self._num_units])
        self._bias = self.add_weight("bias", [4 * self._num_units], initializer=Zeros(self.dtype))

    def call(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Make one step."""
        one = constant(1, INT32)
        c, h = state if self._state_is_tuple else split(state, 2, one)
        gates = bias_add(matmul(concat([inputs, h], 1), self._kernel), self._bias)
        i, j, f, o = split(gates, 4, one)
        bias = constant(self._forget_bias, f.dtype)
        add, multiply = mathematics.add, mathematics.multiply
        kept = multiply(c, sigmoid(add(f, bias)))
        new_c = add(kept, multiply(sigmoid(i), self._activation(j)))
        new_h = multiply(self._activation(new_c), sigmoid(o))
        return new_h, LSTMStateTuple(new_c, new_h) if self._state_is_tuple else concat([new_c, new_h], 1)


class LSTMCell(_LayerCell):
    """A long short-term memory, with peepholes and a projection where they are asked for.

    Args:
        num_units: Size of its memory.
        use_peepholes: Whether the gates see what is remembered.
        cell_clip: Limit of what is remembered.
        initializer: What gives the weights their first values.
        num_proj: Size of the output, if it is to be another one.
        proj_clip: Limit of the output.
        num_unit_shards: Number of parts of the kernel.
        num_proj_shards: Number of parts of the projection.
        forget_bias: Added to the forget gate.
        state_is_tuple: Whether the state is an `LSTMStateTuple`, not one tensor.
        activation: Function of what is remembered. Default: tanh.
        reuse: Whether to take variables that exist.
        name: Name of the cell's scope.
        dtype: Type of the variables.
        options: See `Layer`.
    """

    def __init__(  # noqa: PLR0917 -- TensorFlow's own order of arguments
        self,
        num_units: int,
        use_peepholes: bool = False,
        cell_clip: float | None = None,
        initializer: Maker = None,
        num_proj: int | None = None,
        proj_clip: float | None = None,
        num_unit_shards: int | None = None,
        num_proj_shards: int | None = None,
        forget_bias: float = 1.0,
        state_is_tuple: bool = True,
        activation: Function = None,
        reuse: bool | None = None,
        name: str | None = None,
        dtype: object = None,
        **options: Any,  # noqa: ANN401 -- Layer's
    ) -> None:
        super().__init__(num_units, activation, reuse, name, dtype, **options)
        self._use_peepholes = use_peepholes
        self._limits = cell_clip, proj_clip
        self._initializer = initializer
        self._num_proj = num_proj
        self._shards = num_unit_shards, num_proj_shards
        self._forget_bias = forget_bias
        self._state_is_tuple = state_is_tuple

    @property
    def state_size(self) -> State:
        """Size of the state."""
        return (
            LSTMStateTuple(self._num_units, self.output_size)
            if self._state_is_tuple
            else self._num_units + self.output_size
        )

    @property
    def output_size(self) -> State:
        """Size of the output."""
        return self._num_proj or self._num_units

    def build(self, shape: TensorShape) -> None:
        """Make all variables."""
        first, units = self._initializer, self._num_units
        rules = [None if count is None else fixed_size_partitioner(count) for count in self._shards]
        rows = self._depth(shape) + self.output_size
        self._kernel = self.add_weight("kernel", [rows, 4 * units], initializer=first, partitioner=rules[0])
        self._bias = self.add_weight("bias", [4 * units], initializer=Zeros(self.dtype))
        self._holes = [
            self.add_weight(f"w_{gate}_diag", [units], initializer=first) for gate in "fio" if self._use_peepholes
        ]
        if self._num_proj is not None:
            size = [units, self._num_proj]
            self._projection = self.add_weight("projection/kernel", size, initializer=first, partitioner=rules[1])

    def _parts(self, state: State) -> tuple[Tensor, Tensor]:
        if self._state_is_tuple:
            return state[0], state[1]
        return part(state, [0, 0], [-1, self._num_units]), part(state, [0, self._num_units], [-1, self.output_size])

    def call(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Make one step."""
        before, output = self._parts(state)
        gates = bias_add(matmul(concat([inputs, output], 1), self._kernel), self._bias)
        i, j, f, o = split(gates, 4, 1)
        if self._use_peepholes:
            in_f, in_i, in_o = self._holes
            kept = sigmoid(f + self._forget_bias + in_f * before) * before
            c = kept + sigmoid(i + in_i * before) * self._activation(j)
        else:
            c = sigmoid(f + self._forget_bias) * before + sigmoid(i) * self._activation(j)
        cell_limit, output_limit = self._limits
        c = c if cell_limit is None else clip_by_value(c, -cell_limit, cell_limit)
        m = sigmoid(o + in_o * c if self._use_peepholes else o) * self._activation(c)
        if self._num_proj is not None:
            m = matmul(m, self._projection)
            m = m if output_limit is None else clip_by_value(m, -output_limit, output_limit)
        return m, LSTMStateTuple(c, m) if self._state_is_tuple else concat([c, m], 1)
