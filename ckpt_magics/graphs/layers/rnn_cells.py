"""Cells of recurrent nets: what one step makes of its input and of the state before it.

Format: tensorflow/python/ops/rnn_cell_impl.py of TensorFlow 1.15.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.formats.dtypes import INT32, DType
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.layers.layer import Function, Layer, Maker
from ckpt_magics.graphs.nodes import mathematics
from ckpt_magics.graphs.nodes.arrays import concat, expand_dims, part, split
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, zeros
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import clip_by_value, matmul, sigmoid, tanh
from ckpt_magics.graphs.nodes.networks import bias_add, dropout
from ckpt_magics.graphs.nodes.structures import flatten, is_nested, map_structure, pack_like
from ckpt_magics.graphs.variables.initializers import Constant, Zeros
from ckpt_magics.graphs.variables.partition import fixed_size_partitioner
from ckpt_magics.graphs.variables.variable_scope import VariableScope, get_variable_scope, variable_scope

__all__ = [
    "BasicLSTMCell",
    "BasicRNNCell",
    "DeviceWrapper",
    "DropoutWrapper",
    "GRUCell",
    "LSTMCell",
    "LSTMStateTuple",
    "MultiRNNCell",
    "RNNCell",
    "ResidualWrapper",
]

State = Any
"""A tensor or a nesting of tensors, and sizes in the same nesting."""

Scope = str | VariableScope | None


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


class RNNCell(Layer):
    """A cell; programs may derive their own from it, with ``state_size``, ``output_size`` and ``call``."""

    _opened_scope: variable_scope | None = None

    @property
    def state_size(self) -> State:
        """Size of the state, in the state's nesting."""
        raise NotImplementedError("Abstract method")

    @property
    def output_size(self) -> State:
        """Size of the output."""
        raise NotImplementedError("Abstract method")

    def __call__(  # type: ignore[override]  # a cell is called with its state
        self, inputs: State, state: State, scope: Scope = None, **options: State
    ) -> State:
        """Make one step; returns the output and the state after it."""
        if scope is not None:
            with variable_scope(scope) as opened:
                return super().__call__(inputs, state, scope=opened, **options)
        if self._opened_scope is None:
            self._opened_scope = variable_scope(get_variable_scope())
        with self._opened_scope:
            return super().__call__(inputs, state, **options)

    def zero_state(self, batch_size: object, dtype: object) -> State:
        """Add the state before the first step."""
        with name_scope(f"{type(self).__name__}ZeroState"):
            return map_structure(lambda size: zeros_of(batch_size, size, dtype), self.state_size)

    def get_initial_state(self, inputs: object = None, batch_size: object = None, dtype: object = None) -> State:
        """Add the state before the first step, for a batch of inputs or of a size.

        Raises:
            ValueError: Neither inputs nor both of ``batch_size`` and ``dtype`` are given.
        """
        if inputs is not None:
            tensor = convert_to_tensor(inputs, name="inputs")
            batch_size = tensor.shape[0].value or mathematics.cast(tensor, INT32)
            dtype = tensor.dtype
        if batch_size is None or dtype is None:
            raise ValueError(
                "batch_size and dtype cannot be None while constructing initial state: "
                f"batch_size={batch_size}, dtype={dtype}"
            )
        return self.zero_state(batch_size, dtype)


def _batch_and_size(batch_size: object, size: object) -> tuple[Tensor, Tensor]:
    first = batch_size if isinstance(batch_size, Tensor) else constant(TensorShape([batch_size]).as_list(), INT32)
    first = expand_dims(first, 0) if first.shape.ndims == 0 else first
    return first, constant(TensorShape(size).as_list(), INT32)  # type: ignore[arg-type]  # a size or sizes


def sizes_with_batch(batch_size: object, size: object) -> Tensor:
    """Add the shape of a batch of what has a size."""
    return concat(_batch_and_size(batch_size, size), 0)


def joined_shape(first: Sequence[int | None], size: object) -> TensorShape:
    """Return a shape of some sizes and those of a state or output; TensorFlow leaves them as constants in the graph."""
    begin, end = TensorShape(first), TensorShape(size)  # type: ignore[arg-type]  # a size or sizes
    for known in (begin, end):
        if known.is_fully_defined():
            constant(known.as_list(), INT32)
    return begin.concatenate(end)


def zeros_of(batch_size: object, size: object, dtype: object) -> Tensor:
    """Add zeros of the shape of a batch of what has a size."""
    made = zeros(sizes_with_batch(batch_size, size), dtype)
    known = batch_size
    if isinstance(batch_size, Tensor):
        expand_dims(batch_size, 0)  # TensorFlow makes this node again to tell the shape
        known = constant_value(batch_size)
    count = None if known is None else int(known)  # type: ignore[call-overload]  # a number of whatever kind
    made.set_shape(joined_shape([count], size))
    return made


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
