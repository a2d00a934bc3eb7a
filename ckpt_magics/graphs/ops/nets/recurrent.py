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

    def step_back(self, values: tuple[Array, ...], state: Array, state_grad: Array, h_grad: Array) -> tuple[Array, ...]:
        """Return the gradients of one step.

        Args:
            values: The gates, states and outputs that `step` gave: i, cs, f, o, ci, co.
            state: The state before the step.
            state_grad: The gradient of the state after it.
            h_grad: The gradient of its output.

        Returns:
            The gradients of i, f, o, of all gates as the weights have them, and of the state before.
        """
        i, _, f, o, ci, co = values
        one = i.dtype.type(1)
        do = o * (one - o) * h_grad * co
        dcs = (one - co * co) * h_grad * o + state_grad
        if self.peepholes:
            dcs = dcs + do * self.peepholes[2]
        dci, df, di = (one - ci * ci) * dcs * i, f * (one - f) * dcs * state, i * (one - i) * dcs * ci
        before = dcs * f
        if self.peepholes:
            before = before + di * self.peepholes[0] + df * self.peepholes[1]
        placed = dict(zip(self.order, (di, dci, df, do), strict=True))
        return di, df, do, np.concatenate([placed[place] for place in range(4)], axis=1), before


def _product(a: Array, b: Array) -> Array:
    wide = accumulator(a.dtype)
    return np.matmul(a.astype(wide, copy=False), b.astype(wide, copy=False)).astype(a.dtype, copy=False)


def _cell(
    ctx: KernelContext, arrays: tuple[Array, ...], order: tuple[int, int, int, int], bias: float, clip: float = 0.0
) -> _LstmCell:
    weights, wci, wcf, wco, b = arrays
    if np.ndim(weights) != 2 or np.ndim(b) != 1 or weights.shape[1] != b.size or b.size % 4:
        raise InvalidArgumentError(
            f"w and b must be [inputs, 4 * units] and [4 * units], got {format_shape(np.shape(weights))} and "
            f"{format_shape(np.shape(b))}"
        )
    if any(np.shape(peephole) != (b.size // 4,) for peephole in (wci, wcf, wco)) and ctx.attr("use_peephole"):
        raise InvalidArgumentError(f"wci, wcf and wco must be [units], {b.size // 4}")
    peepholes = (wci, wcf, wco) if ctx.attr("use_peephole") else ()
    return _LstmCell(weights, b, peepholes, order, bias, clip)


FIRST_ORDER = (0, 1, 2, 3)
SECOND_ORDER = (0, 2, 1, 3)
"""Where the gates are in the weights of the second version."""


def _lstm(ctx: KernelContext, x: Array, state: Array, h: Array, *arrays: Array) -> tuple[Array, ...]:
    return _cell(ctx, arrays, FIRST_ORDER, ctx.attr("forget_bias"), ctx.attr("cell_clip")).step(x, state, h)


def _block(order: tuple[int, int, int, int], *, has_forget_bias: bool) -> Kernel:
    """Return the kernel that takes a cell through all steps; what lies behind the last one is zero."""

    def kernel(ctx: KernelContext, last: Array, x: Array, state: Array, h: Array, *arrays: Array) -> tuple[Array, ...]:
        if np.ndim(x) != 3 or last > len(x):
            raise InvalidArgumentError(f"x must be 3D, with seq_len_max {last} steps, got {format_shape(np.shape(x))}")
        cell = _cell(ctx, arrays, order, ctx.attr("forget_bias") if has_forget_bias else 0.0, ctx.attr("cell_clip"))
        results = tuple(np.zeros((*x.shape[:2], cell.bias.size // 4), x.dtype) for _ in range(7))
        for index in range(int(last)):
            values = cell.step(x[index], state, h)
            for result, value in zip(results, values, strict=True):
                result[index] = value
            state, h = values[1], values[6]
        return results

    return kernel


def _block_back(order: tuple[int, int, int, int]) -> Kernel:
    """Return the kernel that takes gradients through all steps, from the last one back."""

    def kernel(ctx: KernelContext, last: Array, x: Array, state: Array, h: Array, *rest: Array) -> tuple[Array, ...]:
        arrays, values, grads = rest[:5], rest[5:12], rest[12:]
        _check_steps(x, last, state, h, *values, *grads)
        cell = _cell(ctx, arrays, order, 0.0)
        totals = [np.zeros_like(array) for array in (x, state, h, *arrays)]
        x_grad, state_grad, h_grad, weights_grad, wci_grad, wcf_grad, wco_grad, bias_grad = totals
        for index in reversed(range(int(last))):
            before, output = (values[1][index - 1], values[6][index - 1]) if index else (state, h)
            gates = tuple(value[index] for value in values[:6])
            di, df, do, dgates, state_grad = cell.step_back(
                gates, before, state_grad + grads[0][index], h_grad + grads[1][index]
            )
            back = _product(dgates, cell.weights.T)
            x_grad[index], h_grad = back[:, : x.shape[2]], back[:, x.shape[2] :]
            weights_grad += _product(np.concatenate([x[index], output], axis=1).T, dgates)
            bias_grad += dgates.sum(0)
            if cell.peepholes:
                wci_grad += (di * before).sum(0)
                wcf_grad += (df * before).sum(0)
                wco_grad += (do * values[1][index]).sum(0)
        return x_grad, state_grad, h_grad, weights_grad, wci_grad, wcf_grad, wco_grad, bias_grad

    return kernel


def _check_steps(x: Array, last: Array, state: Array, h: Array, *values: Array) -> None:
    """Refuse values of all steps that do not go with those before the first one."""
    if np.ndim(x) != 3 or not 0 <= last <= len(x):
        raise InvalidArgumentError(f"x must be 3D, with seq_len_max {last} steps, got {format_shape(np.shape(x))}")
    wanted = (*x.shape[:2], np.shape(state)[-1] if np.ndim(state) else 0)
    if np.shape(h) != np.shape(state) or any(np.shape(value) != wanted for value in values):
        raise InvalidArgumentError(f"the values of all steps must be of shape {format_shape(wanted)}")


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


def _block_back_shape(ctx: ShapeContext) -> list[Shape]:
    ranks = (3, 2, 2, 2, 1, 1, 1, 1)
    return [with_rank(ctx.shape(index), rank) for index, rank in enumerate(ranks, 1)]


def _gru_shape(ctx: ShapeContext) -> list[Shape]:
    (batch, _), (_, units) = with_rank(ctx.shape(0), 2), with_rank(ctx.shape(1), 2)
    return [(batch, units)] * 4


CELL = "cs_prev: T, h_prev: T, w: T, wci: T, wcf: T, wco: T, b: T -> i: T, cs: T, f: T, o: T, ci: T, co: T, h: T"
FORGET = Attr("forget_bias", "float", 1.0)
PEEPHOLE, SHORT = flag("use_peephole"), types("T", dtypes("half float"))
LIMITED = (FORGET, Attr("cell_clip", "float", 3.0), PEEPHOLE, SHORT)

PEEPHOLE_TOLD = flag("use_peephole", None)
_WEIGHTS = ["cs_prev", "h_prev", "w", "wci", "wcf", "wco", "b"]
_GIVEN = ["x", *_WEIGHTS, *["i", "cs", "f", "o", "ci", "co", "h", "cs_grad", "h_grad"]]
BLOCK_BACK = (
    f"seq_len_max: int64, {', '.join(f'{name}: T' for name in _GIVEN)} -> "
    f"{', '.join(f'{name}_grad: T' for name in ['x', *_WEIGHTS])}"
)

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
    Op("BlockLSTMGrad", BLOCK_BACK, (PEEPHOLE_TOLD, SHORT), _block_back_shape, _block_back(FIRST_ORDER)),
    Op("BlockLSTMGradV2", BLOCK_BACK, (PEEPHOLE_TOLD, SHORT), _block_back_shape, _block_back(SECOND_ORDER)),
    Op(
        "GRUBlockCell",
        "x: T, h_prev: T, w_ru: T, w_c: T, b_ru: T, b_c: T -> r: T, u: T, c: T, h: T",
        (types("T", dtypes("float")),),
        _gru_shape,
        _gru,
    ),
)
