"""Recurrent nets: a cell step by step over sequences, as a loop or written out.

Format: tensorflow/python/ops/rnn.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.flow import loop_around
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape, unknown_shape
from ckpt_magics.graphs.layers.folds import own_device
from ckpt_magics.graphs.layers.recurrent_cell import Scope, State, joined_shape, sizes_with_batch
from ckpt_magics.graphs.nodes.arrays import concat, rank, reverse, shape, stack, transpose, unstack, where
from ckpt_magics.graphs.nodes.assertions import assertion
from ckpt_magics.graphs.nodes.build import convert_to_tensor, identity, name_scope, output, zeros
from ckpt_magics.graphs.nodes.conditional import cond
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.loops import while_loop
from ckpt_magics.graphs.nodes.mathematics import cast, equal, maximum, minimum, number_range
from ckpt_magics.graphs.nodes.reductions import reduce_all, reduce_max, reduce_min
from ckpt_magics.graphs.nodes.structures import assert_same_structure, flatten, is_nested, map_structure, pack_like
from ckpt_magics.graphs.nodes.tensor_arrays import TensorArray
from ckpt_magics.graphs.variables.variable_scope import VariableScope, variable_scope

__all__ = ["bidirectional_dynamic_rnn", "dynamic_rnn", "static_bidirectional_rnn", "static_rnn"]

# ruff: noqa: PLR0917 -- TensorFlow's own order of arguments

Cell = Any
"""A cell, of this package or of the program's own: called with inputs and state."""

Nest = Any
"""A tensor or a nesting of tensors."""


def _read_outside(scope: VariableScope) -> None:
    """Let the scope's variables be read where they are made, outside of the loop."""
    if loop_around(get_default_graph().flow_context) is None and scope.caching_device is None:
        scope.set_caching_device(own_device)


def _transposed(tensor: Tensor) -> Tensor:
    """Add a tensor with its first two dimensions, batch and time, in the other order."""
    known = tensor.shape
    if known.ndims is not None and known.ndims < 2:
        return tensor
    ndims = rank(tensor)
    made = transpose(tensor, concat(([1, 0], number_range(2, ndims)), 0))
    if known.ndims is not None:
        sizes = known.as_list()
        made.set_shape([sizes[1], sizes[0], *sizes[2:]])
    return made


def _batch_size(inputs: Sequence[Tensor]) -> Any:  # noqa: ANN401 -- a number or a tensor
    for tensor in inputs:
        if tensor.shape.ndims is not None and tensor.shape[1].value is not None:
            return tensor.shape[1].value
    return shape(inputs[0])[1]


def _first_state(cell: Cell, initial_state: State, batch_size: object, dtype: object) -> State:
    if initial_state is not None:
        return initial_state
    if dtype is None:
        raise ValueError("If no initial_state is provided, argument `dtype` must be specified")
    if hasattr(cell, "get_initial_state"):
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


def _state_dtype(dtype: object, state: State) -> object:
    return flatten(state)[0].dtype if dtype is None else dtype


def dynamic_rnn(
    cell: Cell,
    inputs: Nest,
    sequence_length: object = None,
    initial_state: State = None,
    dtype: object = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Scope = None,
) -> tuple[Nest, State]:
    """Add a cell's steps over sequences as a loop.

    Args:
        cell: The cell.
        inputs: Sequences [batch, time, …], or [time, batch, …] with ``time_major``.
        sequence_length: int [batch], length of each; outputs behind it are 0, the state stays.
        initial_state: State before the first step. Default: zeros.
        dtype: Type of the zeros.
        parallel_iterations: Kept in the nodes.
        swap_memory: Kept for TensorFlow.
        time_major: Whether time comes first.
        scope: Variable scope. Default: "rnn".

    Returns:
        The outputs of all steps, and the last state.

    Raises:
        ValueError: Neither state nor dtype is given, or the size of a step's input is not known.
    """
    with variable_scope(scope or "rnn") as opened:
        _read_outside(opened)
        flat = flatten(inputs)
        if not time_major:
            flat = [_transposed(tensor) for tensor in [convert_to_tensor(tensor) for tensor in flat]]
        lengths = None if sequence_length is None else _lengths(sequence_length)
        batch_size = _batch_size(flat)
        state = _first_state(cell, initial_state, batch_size, dtype)
        if lengths is not None:
            with get_default_graph().control_dependencies([_has_shape(lengths, [batch_size])]):
                lengths = identity(lengths, name="CheckSeqLen")
        loop = _Loop(cell, pack_like(inputs, flat), state, lengths, dtype)
        outputs, last = loop.build(parallel_iterations or 32, swap_memory=swap_memory)
        return outputs if time_major else map_structure(_transposed, outputs), last


def _lengths(sequence_length: object) -> Tensor:
    lengths = cast(sequence_length, INT32)
    if lengths.shape.ndims not in {None, 1}:
        raise ValueError(f"Argument sequence_length must be a vector of length batch_size. Received {lengths}")
    return identity(lengths, name="sequence_length")


def _has_shape(tensor: Tensor, sizes: Sequence[object]) -> Operation:
    own, wanted = shape(tensor), stack(sizes)
    data = [f"Expected shape for Tensor {tensor.name} is ", wanted, " but saw shape: ", own]
    return assertion(reduce_all(equal(own, wanted)), data)


class _Loop:
    """The loop of one recurrent net, time first."""

    def __init__(self, cell: Cell, inputs: Nest, state: State, lengths: Tensor | None, dtype: object) -> None:
        self._cell = cell
        self._inputs = inputs
        self._state = state
        self._lengths = lengths
        self._dtype = dtype
        self._flat = flatten(inputs)
        self._sizes = flatten(cell.output_size)
        for tensor in self._flat:
            tensor.shape.with_rank_at_least(3)
            if not tensor.shape[2:].is_fully_defined():
                raise ValueError(
                    "Input size (depth of inputs) must be accessible via shape inference, but saw value None for "
                    f"input={tensor}."
                )

    def build(self, parallel_iterations: int, *, swap_memory: bool) -> tuple[Nest, State]:
        """Add the loop; returns the outputs of all steps and the last state."""
        steps = shape(self._flat[0])[0]
        batch_size = _batch_size(self._flat)
        kind = _state_dtype(self._dtype, self._state)
        zero = [zeros(sizes_with_batch(batch_size, size), kind) for size in self._sizes]
        limits = None if self._lengths is None else (reduce_min(self._lengths), reduce_max(self._lengths))
        time = constant(0, INT32, name="time")
        with name_scope("dynamic_rnn") as base:
            pass
        const_steps, const_batch = self._flat[0].shape.as_list()[:2]
        results = [
            TensorArray(
                kind,
                steps,
                element_shape=TensorShape([const_batch]).concatenate(TensorShape(size)),
                tensor_array_name=f"{base}output_{index}",
            )
            for index, size in enumerate(self._sizes)
        ]
        arrays = [
            TensorArray(tensor.dtype, steps, element_shape=tensor.shape[1:], tensor_array_name=f"{base}input_{index}")
            for index, tensor in enumerate(self._flat)
        ]
        arrays = [array.unstack(tensor) for array, tensor in zip(arrays, self._flat, strict=True)]
        zero_output = pack_like(self._cell.output_size, zero)

        def step(time: Any, written: Sequence[TensorArray], state: State) -> Any:  # noqa: ANN401
            made, after = self._step(time, arrays, state, zero_output)
            pairs = zip(written, flatten(made), strict=True)
            results = tuple(array.write(time, value) for array, value in pairs)
            return time + 1, results, after

        bound = minimum(steps, maximum(1, steps if limits is None else limits[1]))
        _, written, last = while_loop(
            lambda time, *_: time < bound,
            step,
            (time, tuple(results), self._state),
            parallel_iterations=parallel_iterations,
            maximum_iterations=steps,
            swap_memory=swap_memory,
        )
        outputs = [array.stack() for array in written]
        for tensor, size in zip(outputs, self._sizes, strict=True):
            tensor.set_shape(joined_shape([const_steps, const_batch], size))
        return pack_like(self._cell.output_size, outputs), last

    def _step(
        self,
        time: Any,  # noqa: ANN401 -- a tensor
        arrays: Sequence[TensorArray],
        state: State,
        zero_output: Nest,
    ) -> tuple[Nest, State]:
        current = [array.read(time) for array in arrays]
        for tensor, whole in zip(current, self._flat, strict=True):
            tensor.set_shape(whole.shape[1:])
        if self._lengths is None:
            made, after = self._cell(pack_like(self._inputs, current), state)
            return made, after
        is_over = time >= self._lengths
        made, after = self._cell(pack_like(self._inputs, current), state)
        return _kept(is_over, zero_output, made), _kept(is_over, state, after)


def _kept(is_over: Tensor, old: Nest, new: Nest) -> Nest:
    """Add a choice: the old values for the sequences that are over, the new ones for the others."""
    assert_same_structure(old, new)
    leaves = []
    for before, after in zip(flatten(old), flatten(new), strict=True):
        if before.shape.ndims == 0:
            leaves.append(after)
            continue
        with get_default_graph().colocate_with(after):
            chosen = where(is_over, before, after)
        leaves.append(chosen)
    for before, chosen in zip(flatten(old), leaves, strict=True):
        chosen.set_shape(before.shape)
    return pack_like(old, leaves)


def bidirectional_dynamic_rnn(
    cell_fw: Cell,
    cell_bw: Cell,
    inputs: Nest,
    sequence_length: object = None,
    initial_state_fw: State = None,
    initial_state_bw: State = None,
    dtype: object = None,
    parallel_iterations: int | None = None,
    swap_memory: bool = False,
    time_major: bool = False,
    scope: Scope = None,
) -> tuple[tuple[Nest, Nest], tuple[State, State]]:
    """Add one cell's steps forwards and another one's backwards over sequences; see `dynamic_rnn`.

    Returns:
        The outputs of both, and the last states of both.
    """
    options: dict[str, Any] = {
        "sequence_length": sequence_length,
        "dtype": dtype,
        "parallel_iterations": parallel_iterations,
        "swap_memory": swap_memory,
        "time_major": time_major,
    }
    time_axis = 0 if time_major else 1

    def reversed_in_time(tensor: Tensor) -> Tensor:
        if sequence_length is None:
            return reverse(tensor, [time_axis])
        return output("ReverseSequence", tensor, sequence_length, seq_dim=time_axis, batch_dim=1 - time_axis)

    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as forwards:
            first, state_fw = dynamic_rnn(cell_fw, inputs, initial_state=initial_state_fw, scope=forwards, **options)
        with variable_scope("bw") as backwards:
            turned = map_structure(reversed_in_time, inputs)
            second, state_bw = dynamic_rnn(cell_bw, turned, initial_state=initial_state_bw, scope=backwards, **options)
    return (first, map_structure(reversed_in_time, second)), (state_fw, state_bw)


def static_rnn(
    cell: Cell,
    inputs: Sequence[Nest],
    initial_state: State = None,
    dtype: object = None,
    sequence_length: object = None,
    scope: Scope = None,
) -> tuple[list[Nest], State]:
    """Add a cell's steps over sequences, written out one after the other.

    Args:
        cell: The cell.
        inputs: One input [batch, …] for each step.
        initial_state: State before the first step. Default: zeros.
        dtype: Type of the zeros.
        sequence_length: int [batch], length of each; outputs behind it are 0, the state stays.
        scope: Variable scope. Default: "rnn".

    Returns:
        The outputs of the steps, and the last state.

    Raises:
        TypeError: The inputs are no list.
        ValueError: There are none, or neither state nor dtype is given.
    """
    if not is_nested(inputs):
        raise TypeError(f"Argument `inputs` must be a sequence. Received: {inputs}")
    if not inputs:
        raise ValueError("Argument `inputs` must not be empty.")
    outputs = []
    with variable_scope(scope or "rnn") as opened:
        _read_outside(opened)
        first = flatten(inputs)[0]
        batch_size = first.shape[0].value or shape(first)[0]
        state = _first_state(cell, initial_state, batch_size, dtype)
        ending = None
        if sequence_length is not None:
            ending = _Ending(cell, sequence_length, batch_size, _state_dtype(dtype, state), first.shape[0].value)
        for time, given in enumerate(inputs):
            if time:
                opened.reuse_variables()
            if ending is None:
                made, state = cell(given, state)
            else:
                made, state = ending.step(time, given, state)
            outputs.append(made)
    return outputs, state


class _Ending:
    """Steps of sequences that are over at different times: nothing is computed when all are."""

    def __init__(self, cell: Cell, sequence_length: object, batch_size: object, dtype: object, known: Any) -> None:  # noqa: ANN401
        self._cell = cell
        given = convert_to_tensor(sequence_length, name="sequence_length")
        zero = [zeros(sizes_with_batch(batch_size, size), dtype) for size in flatten(cell.output_size)]
        for tensor, size in zip(zero, flatten(cell.output_size), strict=True):
            tensor.set_shape(joined_shape([known], size))
        self._zero = pack_like(cell.output_size, zero)
        self._lengths = cast(given, INT32)
        self._shortest, self._longest = reduce_min(self._lengths), reduce_max(self._lengths)

    def step(self, time: int, inputs: Nest, state: State) -> tuple[Nest, State]:
        """Add one step."""
        old = [*flatten(self._zero), *flatten(state)]
        is_over = time >= self._lengths

        def made() -> list[Tensor]:
            output, after = self._cell(inputs, state)
            new = [*flatten(output), *flatten(after)]
            found: list[Tensor] = cond(time < self._shortest, lambda: new, lambda: self._chosen(is_over, old, new))
            return found

        results = cond(time >= self._longest, lambda: old, made)
        results = results if isinstance(results, list) else [results]
        for result, before in zip(results, old, strict=True):
            result.set_shape(before.shape)
        count = len(flatten(self._zero))
        return pack_like(self._zero, results[:count]), pack_like(state, results[count:])

    @staticmethod
    def _chosen(is_over: Tensor, old: Sequence[Tensor], new: Sequence[Tensor]) -> list[Tensor]:
        chosen: list[Tensor] = []
        for before, after in zip(old, new, strict=True):
            with get_default_graph().colocate_with(after):
                chosen.append(where(is_over, before, after))
        return chosen


def static_bidirectional_rnn(
    cell_fw: Cell,
    cell_bw: Cell,
    inputs: Sequence[Tensor],
    initial_state_fw: State = None,
    initial_state_bw: State = None,
    dtype: object = None,
    sequence_length: Tensor | None = None,
    scope: Scope = None,
) -> tuple[list[Tensor], State, State]:
    """Add one cell's steps forwards and another one's backwards, written out; see `static_rnn`.

    Returns:
        The outputs of both joined, and the last states of both.
    """
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as forwards:
            first, state_fw = static_rnn(cell_fw, inputs, initial_state_fw, dtype, sequence_length, forwards)
        with variable_scope("bw") as backwards:
            turned = _reversed(inputs, sequence_length)
            second, state_bw = static_rnn(cell_bw, turned, initial_state_bw, dtype, sequence_length, backwards)
    pairs = zip(first, _reversed(second, sequence_length), strict=True)
    return [concat(list(pair), 1) for pair in pairs], state_fw, state_bw


def _reversed(steps: Sequence[Tensor], lengths: object) -> list[Tensor]:
    if lengths is None:
        return list(reversed(steps))
    known = unknown_shape(steps[0].shape.ndims)
    for tensor in steps:
        known = known.merge_with(tensor.shape)
    turned = unstack(output("ReverseSequence", stack(steps), lengths, seq_dim=0, batch_dim=1))
    for tensor in turned:
        tensor.set_shape(known)
    return turned
