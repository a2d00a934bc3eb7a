"""Ops of optimizers: each changes a variable, and the slots that go with it, by a gradient.

Every op is there twice, for reference variables and for resource variables; both rows come from one description.

Format: tensorflow/core/kernels/training_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, flag, types
from ckpt_magics.graphs.ops.shape_rules import like_input, no_outputs
from ckpt_magics.graphs.ops.type_sets import NUMBERS
from ckpt_magics.graphs.ops.variable_values import SessionVariable, locked

__all__ = ["ROWS"]

Update = Callable[..., tuple[Array, ...]]
"""Called with the node's context, the values of the variables, and the other inputs; returns the new values."""


def _descend(_ctx: KernelContext, var: Array, alpha: Array, delta: Array) -> tuple[Array, ...]:
    return (var - alpha * delta,)


def _momentum(ctx: KernelContext, var: Array, accum: Array, *settings: Array) -> tuple[Array, ...]:
    lr, grad, momentum = settings
    accum = accum * momentum + grad
    step = grad * lr + accum * momentum * lr if ctx.attr("use_nesterov") else accum * lr
    return var - step, accum


def _adagrad(ctx: KernelContext, var: Array, accum: Array, lr: Array, grad: Array) -> tuple[Array, ...]:
    accum = accum + np.square(grad) if ctx.attr("update_slots") else accum
    return var - grad * lr / np.sqrt(accum), accum


def _adam(ctx: KernelContext, var: Array, m: Array, v: Array, *settings: Array) -> tuple[Array, ...]:
    beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad = settings
    one = var.dtype.type(1)
    alpha = lr * np.sqrt(one - beta2_power) / (one - beta1_power)
    m = m + (grad - m) * (one - beta1)
    v = v + (np.square(grad) - v) * (one - beta2)
    direction = grad * (one - beta1) + beta1 * m if ctx.attr("use_nesterov") else m
    return var - direction * alpha / (np.sqrt(v) + epsilon), m, v


def _check_same_shape(var: Array, *others: Array) -> None:
    for other in others:
        if other.shape != var.shape:
            raise InvalidArgumentError(
                f"var and its slots and gradient do not have the same shape: {format_shape(var.shape)} "
                f"{format_shape(other.shape)}"
            )


def _kernel(slots: int, update: Update, gradient: int) -> Kernel:
    """Return the kernel of an optimizer.

    Args:
        slots: How many of the inputs are variables.
        update: Computes their new values.
        gradient: Which input is the gradient.
    """

    def kernel(ctx: KernelContext, *inputs: Array) -> SessionVariable | None:
        variables = inputs[:slots]
        with locked(variables):
            values = [variable.read() for variable in variables]
            _check_same_shape(values[0], *values[1:], inputs[gradient])
            for variable, value in zip(variables, update(ctx, *values, *inputs[slots:]), strict=True):
                variable.assign(value)
        return variables[0] if ctx.output_dtypes else None

    return kernel


def _rows(
    name: str, slots: tuple[str, ...], settings: tuple[str, ...], attrs: tuple[Attr, ...], update: Update
) -> list[Op]:
    """Return the row for reference variables and the one for resource variables."""
    values = [f"{setting}: T" for setting in settings]
    wanted = "grad" if "grad" in settings else "delta"
    kernel = _kernel(len(slots), update, len(slots) + settings.index(wanted))
    references = ", ".join([*(f"{slot}: Ref(T)" for slot in slots), *values])
    resources = ", ".join([*(f"{slot}: resource" for slot in slots), *values])
    attrs = (types("T", NUMBERS), flag("use_locking"), *attrs)
    return [
        Op(f"Apply{name}", f"{references} -> out: Ref(T)", attrs, like_input(), kernel),
        Op(f"ResourceApply{name}", f"{resources} ->", attrs, no_outputs, kernel, is_stateful=True),
    ]


NESTEROV = (flag("use_nesterov"),)
ADAM_SETTINGS = ("beta1_power", "beta2_power", "lr", "beta1", "beta2", "epsilon", "grad")

ROWS: tuple[Op, ...] = (
    *_rows("GradientDescent", ("var",), ("alpha", "delta"), (), _descend),
    *_rows("Momentum", ("var", "accum"), ("lr", "grad", "momentum"), NESTEROV, _momentum),
    *_rows("Adagrad", ("var", "accum"), ("lr", "grad"), (flag("update_slots", True),), _adagrad),
    *_rows("Adam", ("var", "m", "v"), ADAM_SETTINGS, NESTEROV, _adam),
)
