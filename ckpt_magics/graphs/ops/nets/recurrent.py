"""Cells of recurrent nets that one op computes.

Format: tensorflow/core/kernels/rnn/lstm_ops.cc, gru_ops.cc, core/ops/rnn_ops.cc.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.elementwise import sigmoid
from ckpt_magics.graphs.ops.calculation.reductions import accumulator
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, with_rank
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.type_sets import dtypes

__all__ = ["ROWS"]


@dataclass(frozen=True, slots=True)
class _LstmCell:
    """One LSTM cell.

    Attributes:
        weights: Shape [inputs + units, 4 * units].
        bias: Shape [4 * units].
        peepholes: Weights of the input, forget and output gate for the state; none are used where it is empty.
        order: The place of the input gate, the new value, the forget gate and the output gate in the weights.
        forget_bias: What the forget gate has more.
        clip: Limit of the state's size; none where it is 0 or less.
    """

    weights: Array
    bias: Array
    peepholes: tuple[Array, ...]
    order: tuple[int, int, int, int]
    forget_bias: float
    clip: float

    def step(self, x: Array, state: Array, h: Array) -> tuple[Array, ...]:
        """Return the gates, states and outputs after one step, as the ops give them: i, cs, f, o, ci, co, h."""
        exact = x.dtype.type
        gates = np.split(_product(np.concatenate([x, h], axis=1), self.weights) + self.bias, 4, axis=1)
        i, ci, f, o = (gates[place] for place in self.order)
        if self.peepholes:
            i, f = i + state * self.peepholes[0], f + state * self.peepholes[1]
        i, f, ci = sigmoid(i), sigmoid(f + exact(self.forget_bias)), np.tanh(ci)
        cs = ci * i + state * f
        if self.clip > 0:
            cs = np.clip(cs, exact(-self.clip), exact(self.clip))
        o = sigmoid(o + cs * self.peepholes[2] if self.peepholes else o)
        co = np.tanh(cs)
        return i, cs, f, o, ci, co, o * co


def _product(a: Array, b: Array) -> Array:
    wide = accumulator(a.dtype)
    return np.matmul(a.astype(wide, copy=False), b.astype(wide, copy=False)).astype(a.dtype, copy=False)


def _cell(ctx: KernelContext, arrays: tuple[Array, ...], order: tuple[int, int, int, int], bias: float) -> _LstmCell:
    weights, wci, wcf, wco, b = arrays
    if np.ndim(weights) != 2 or np.ndim(b) != 1 or weights.shape[1] != b.size or b.size % 4:
        raise InvalidArgumentError(
            f"w and b must be [inputs, 4 * units] and [4 * units], got {format_shape(np.shape(weights))} and "
            f"{format_shape(np.shape(b))}"
        )
    peepholes = (wci, wcf, wco) if ctx.attr("use_peephole") else ()
    return _LstmCell(weights, b, peepholes, order, bias, ctx.attr("cell_clip"))


FIRST_ORDER = (0, 1, 2, 3)
SECOND_ORDER = (0, 2, 1, 3)
"""Where the gates are in the weights of the second version."""


def _lstm(ctx: KernelContext, x: Array, state: Array, h: Array, *arrays: Array) -> tuple[Array, ...]:
    return _cell(ctx, arrays, FIRST_ORDER, ctx.attr("forget_bias")).step(x, state, h)


def _block(order: tuple[int, int, int, int], *, has_forget_bias: bool) -> Kernel:
    """Return the kernel that takes a cell through all steps; what lies behind the last one is zero."""

    def kernel(ctx: KernelContext, last: Array, x: Array, state: Array, h: Array, *arrays: Array) -> tuple[Array, ...]:
        if np.ndim(x) != 3 or last > len(x):
            raise InvalidArgumentError(f"x must be 3D, with seq_len_max {last} steps, got {format_shape(np.shape(x))}")
        cell = _cell(ctx, arrays, order, ctx.attr("forget_bias") if has_forget_bias else 0.0)
        results = tuple(np.zeros((*x.shape[:2], cell.bias.size // 4), x.dtype) for _ in range(7))
        for index in range(int(last)):
            values = cell.step(x[index], state, h)
            for result, value in zip(results, values, strict=True):
                result[index] = value
            state, h = values[1], values[6]
        return results

    return kernel


def _gru(_ctx: KernelContext, x: Array, h: Array, *arrays: Array) -> tuple[Array, ...]:
    gate_weights, weights, gate_bias, bias = arrays
    r, u = np.split(sigmoid(_product(np.concatenate([x, h], axis=1), gate_weights) + gate_bias), 2, axis=1)
    c = np.tanh(_product(np.concatenate([x, h * r], axis=1), weights) + bias)
    return r, u, c, u * h + (x.dtype.type(1) - u) * c


def _lstm_shape(ctx: ShapeContext) -> list[Shape]:
    (batch, _), (_, units) = with_rank(ctx.shape(0), 2), with_rank(ctx.shape(1), 2)
    return [(batch, units)] * 7


def _block_shape(ctx: ShapeContext) -> list[Shape]:
    (steps, batch, _), (units,) = with_rank(ctx.shape(1), 3), with_rank(ctx.shape(8), 1)
    return [(steps, batch, None if units is None else units // 4)] * 7


def _gru_shape(ctx: ShapeContext) -> list[Shape]:
    (batch, _), (_, units) = with_rank(ctx.shape(0), 2), with_rank(ctx.shape(1), 2)
    return [(batch, units)] * 4


CELL = "cs_prev: T, h_prev: T, w: T, wci: T, wcf: T, wco: T, b: T -> i: T, cs: T, f: T, o: T, ci: T, co: T, h: T"
FORGET = Attr("forget_bias", "float", 1.0)
PEEPHOLE, SHORT = flag("use_peephole"), types("T", dtypes("half float"))
LIMITED = (FORGET, Attr("cell_clip", "float", 3.0), PEEPHOLE, SHORT)

ROWS: tuple[Op, ...] = (
    Op("LSTMBlockCell", f"x: T, {CELL}", LIMITED, _lstm_shape, _lstm),
    Op(
        "BlockLSTM",
        f"seq_len_max: int64, x: T, {CELL}",
        LIMITED,
        _block_shape,
        _block(FIRST_ORDER, has_forget_bias=True),
    ),
    Op(
        "BlockLSTMV2",
        f"seq_len_max: int64, x: T, {CELL}",
        (Attr("cell_clip", "float", 0.0), PEEPHOLE, SHORT),
        _block_shape,
        _block(SECOND_ORDER, has_forget_bias=False),
    ),
    Op(
        "GRUBlockCell",
        "x: T, h_prev: T, w_ru: T, w_c: T, b_ru: T, b_c: T -> r: T, u: T, c: T, h: T",
        (types("T", dtypes("float")),),
        _gru_shape,
        _gru,
    ),
)
