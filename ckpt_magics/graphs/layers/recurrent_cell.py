"""A cell of a recurrent net: its state's sizes, the state before the first step, and its scope.

Format: tensorflow/python/ops/rnn_cell_impl.py of TensorFlow 1.15.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.layers.layer import Layer
from ckpt_magics.graphs.nodes import mathematics
from ckpt_magics.graphs.nodes.arrays import concat, expand_dims
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, zeros
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.structures import map_structure
from ckpt_magics.graphs.variables.variable_scope import VariableScope, get_variable_scope, variable_scope

__all__ = ["RNNCell", "Scope", "State", "joined_shape", "sizes_with_batch"]

State = Any
"""A tensor or a nesting of tensors, and sizes in the same nesting."""

Scope = str | VariableScope | None


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
            return map_structure(lambda size: _zeros_of(batch_size, size, dtype), self.state_size)

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


def _zeros_of(batch_size: object, size: object, dtype: object) -> Tensor:
    """Add zeros of the shape of a batch of what has a size."""
    made = zeros(sizes_with_batch(batch_size, size), dtype)
    known = batch_size
    if isinstance(batch_size, Tensor):
        expand_dims(batch_size, 0)  # TensorFlow makes this node again to tell the shape
        known = constant_value(batch_size)
    count = None if known is None else int(known)  # type: ignore[call-overload]  # a number of whatever kind
    made.set_shape(joined_shape([count], size))
    return made
