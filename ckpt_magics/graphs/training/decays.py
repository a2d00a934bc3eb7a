"""Learning rates that become smaller as training goes on.

Format: tensorflow/python/keras/optimizer_v2/legacy_learning_rate_decay.py and learning_rate_schedule.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from ckpt_magics.files.formats.dtypes import INT32, INT64
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope, output
from ckpt_magics.graphs.nodes.cases import case
from ckpt_magics.graphs.nodes.conditional import cond
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.mathematics import (
    add,
    cast,
    ceil,
    cos,
    divide,
    equal,
    exp,
    floor,
    log,
    minimum,
    multiply,
    negative,
)
from ckpt_magics.graphs.nodes.mathematics import (
    power as raised,
)

__all__ = [
    "cosine_decay",
    "cosine_decay_restarts",
    "exponential_decay",
    "inverse_time_decay",
    "linear_cosine_decay",
    "natural_exp_decay",
    "piecewise_constant",
    "polynomial_decay",
]

# ruff: noqa: PLR0917, ANN401 -- the arguments, numbers or tensors, are in TensorFlow's own order


def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """Add ``learning_rate * decay_rate ** (global_step / decay_steps)``.

    Args:
        learning_rate: Rate at first.
        global_step: Count of the steps.
        decay_steps: Steps in which the rate is multiplied by ``decay_rate``.
        decay_rate: The factor.
        staircase: Whether the rate changes after all of these steps only, not after each.
        name: Scope of the nodes.
    """
    with name_scope(name or "ExponentialDecay") as scope:
        first = convert_to_tensor(learning_rate, name="initial_learning_rate")
        steps, rate = cast(decay_steps, first.dtype), cast(decay_rate, first.dtype)
        passed = cast(global_step, first.dtype) / steps
        return multiply(first, raised(rate, floor(passed) if staircase else passed), name=scope)


def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """Add ``learning_rate * exp(-decay_rate * global_step / decay_steps)``; see `exponential_decay`."""
    return exponential_decay(learning_rate, global_step, decay_steps, exp(negative(decay_rate)), staircase, name)


def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """Add ``learning_rate / (1 + decay_rate * global_step / decay_steps)``; see `exponential_decay`."""
    with name_scope(name or "InverseTimeDecay") as scope:
        first = convert_to_tensor(learning_rate, name="initial_learning_rate")
        steps, rate = cast(decay_steps, first.dtype), cast(decay_rate, first.dtype)
        passed = cast(global_step, first.dtype) / steps
        passed = floor(passed) if staircase else passed
        one = cast(constant(1), first.dtype)
        return divide(first, add(one, multiply(rate, passed)), name=scope)


def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Tensor:
    """Add a rate that goes from one to another one along a power of the steps.

    Args:
        learning_rate: Rate at first.
        global_step: Count of the steps.
        decay_steps: Steps until the end.
        end_learning_rate: Rate at the end.
        power: The power; 1 for a line.
        cycle: Whether to begin again at the end, for longer, from where the curve is then.
        name: Scope of the nodes.
    """
    with name_scope(name or "PolynomialDecay") as scope:
        first = convert_to_tensor(learning_rate, name="initial_learning_rate")
        end, exponent = cast(end_learning_rate, first.dtype), cast(power, first.dtype)
        step, steps = cast(global_step, first.dtype), cast(decay_steps, first.dtype)
        if cycle:
            times = output("SelectV2", equal(step, 0), 1.0, ceil(step / decay_steps))
            steps = multiply(steps, times)
        else:
            step = minimum(step, steps)
        passed = divide(step, steps)
        return add(multiply(first - end, raised(1 - passed, exponent)), end, name=scope)


def piecewise_constant(x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None) -> Tensor:
    """Add the value of the interval that a step lies in.

    Args:
        x: The step.
        boundaries: Last step of each interval but the last one.
        values: Value of each interval.
        name: Scope of the nodes.

    Raises:
        ValueError: There is not one value more than there are boundaries, or their types do not go together.
    """
    limits, rates = [convert_to_tensor(item) for item in boundaries], [convert_to_tensor(item) for item in values]
    step = convert_to_tensor(x)
    for index, limit in enumerate(limits):
        if limit.dtype != step.dtype:
            if (limit.dtype, step.dtype) != (INT32, INT64):
                raise ValueError(f"Boundaries ({limit.dtype.name}) must have the same dtype as x ({step.dtype.name}).")
            limits[index] = cast(limit, step.dtype)
    for rate in rates[1:]:
        if rate.dtype != rates[0].dtype:
            raise ValueError(
                f"Values must have elements all with the same dtype ({rates[0].dtype.name} vs {rate.dtype.name})."
            )
    if len(limits) != len(rates) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    with name_scope(name or "PiecewiseConstant"):
        step = convert_to_tensor(x)
        pairs: list[tuple[Tensor, Any]] = [
            (step <= limits[0], lambda: rates[0]),
            (step > limits[-1], lambda: rates[-1]),
        ]
        for low, high, rate in zip(limits[:-1], limits[1:], rates[1:-1], strict=True):
            pairs.append(((step > low) & (step <= high), partial(_same, rate)))
        chosen: Tensor = case(pairs, lambda: rates[0], exclusive=True)
        return chosen


def _same(rate: Tensor) -> Tensor:
    return rate


def _half_wave(fraction: Tensor) -> Tensor:
    """Add what goes from 1 to 0 as ``fraction`` goes from 0 to 1."""
    return 0.5 * (1.0 + cos(constant(math.pi) * fraction))


def cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, alpha: Any = 0.0, name: str | None = None
) -> Tensor:
    """Add a rate that goes to ``alpha * learning_rate`` along half a wave, and stays there."""
    with name_scope(name or "CosineDecay"):
        first = convert_to_tensor(learning_rate, name="initial_learning_rate")
        steps = cast(decay_steps, first.dtype)
        step = minimum(cast(global_step, first.dtype), steps)
        decayed = (1 - alpha) * _half_wave(step / steps) + alpha
        return multiply(first, decayed)


def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: Any = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Add `cosine_decay` that begins again, each time ``t_mul`` times as long and ``m_mul`` times as high."""
    with name_scope(name or "SGDRDecay") as scope:
        first = convert_to_tensor(learning_rate, name="initial_learning_rate")
        steps, low = cast(first_decay_steps, first.dtype), cast(alpha, first.dtype)
        longer, higher = cast(t_mul, first.dtype), cast(m_mul, first.dtype)
        passed = cast(global_step, first.dtype) / steps

        def even() -> tuple[Tensor, Tensor]:
            restarts = floor(passed)
            return restarts, passed - restarts

        def growing() -> tuple[Tensor, Tensor]:
            restarts = floor(log(1.0 - passed * (1.0 - longer)) / log(longer))
            before = (1.0 - longer**restarts) / (1.0 - longer)
            return restarts, (passed - before) / longer**restarts

        restarts, fraction = cond(equal(longer, 1.0), even, growing)
        wave = 0.5 * higher**restarts * (1.0 + cos(constant(math.pi) * fraction))
        return multiply(first, (1 - low) * wave + low, name=scope)


def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """Add ``learning_rate * ((alpha + line) * wave + beta)``: a line down to 0, and some periods of a wave."""
    with name_scope(name or "LinearCosineDecay") as scope:
        first = convert_to_tensor(learning_rate, name="initial_learning_rate")
        settings = decay_steps, num_periods, alpha, beta
        steps, periods, low, last = (cast(setting, first.dtype) for setting in settings)
        step = minimum(cast(global_step, first.dtype), steps)
        line = (steps - step) / steps
        passed = step / steps
        fraction = 2.0 * periods * passed
        wave = _half_wave(fraction)
        return multiply(first, (low + line) * wave + last, name=scope)
