"""Ops of optimizers: each changes a variable, and the slots that go with it, by a gradient.

Every op is there four times, for reference and for resource variables, and for a gradient of all elements or of some
rows; all rows come from one description. Updates work in the variables' own memory.

Format: tensorflow/core/kernels/training_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, flag, types
from ckpt_magics.graphs.ops.shape_rules import like_input, no_outputs
from ckpt_magics.graphs.ops.type_sets import INDEX, NUMBERS
from ckpt_magics.graphs.ops.variable_values import SessionVariable, locked

__all__ = ["ROWS"]

Update = Callable[..., None]
"""Called with the node's context, the arrays of the variables, which it changes, and the other inputs in their order.

The arrays and the gradient have one shape and dtype, the settings are scalars of that dtype.
"""


BLOCK = 1 << 15
"""Elements that plain descent works on at a time: a product of all of them would be fresh memory in each step."""


def _descend(_ctx: KernelContext, var: Array, alpha: Array, delta: Array) -> None:
    if var.size <= BLOCK or not var.flags.c_contiguous:
        var -= alpha * delta
        return
    flat, changes = var.reshape(-1), delta.reshape(-1)
    product = np.empty(BLOCK, var.dtype)
    for start in range(0, flat.size, BLOCK):
        part = flat[start : start + BLOCK]
        part -= np.multiply(changes[start : start + BLOCK], alpha, out=product[: len(part)])


def _momentum(ctx: KernelContext, var: Array, accum: Array, *settings: Array) -> None:
    lr, grad, momentum = settings
    accum *= momentum
    accum += grad
    step = np.multiply(accum, lr, out=np.empty_like(var))
    if ctx.attr("use_nesterov"):
        step *= momentum
        step += grad * lr
    var -= step


def _adagrad(ctx: KernelContext, var: Array, accum: Array, lr: Array, grad: Array) -> None:
    step = np.multiply(grad, grad, out=np.empty_like(var))
    if ctx.attr("update_slots"):
        accum += step
    np.sqrt(accum, out=step)
    np.divide(grad, step, out=step)
    step *= lr
    var -= step


def _adadelta(_ctx: KernelContext, var: Array, *inputs: Array) -> None:
    accum, accum_update, lr, rho, epsilon, grad = inputs
    new = var.dtype.type(1) - rho
    accum *= rho
    accum += np.square(grad) * new
    update = np.sqrt(accum_update + epsilon, out=np.empty_like(var))
    update /= np.sqrt(accum + epsilon)
    update *= grad
    var -= update * lr
    accum_update *= rho
    accum_update += np.square(update) * new


def _adam(ctx: KernelContext, var: Array, m: Array, v: Array, *settings: Array) -> None:
    beta1_power, beta2_power, lr, beta1, beta2, epsilon, grad = settings
    one = var.dtype.type(1)
    step = np.subtract(grad, m, out=np.empty_like(var))
    step *= one - beta1
    m += step
    np.multiply(grad, grad, out=step)
    step -= v
    step *= one - beta2
    v += step
    np.sqrt(v, out=step)
    step += epsilon
    direction = grad * (one - beta1) + beta1 * m if ctx.attr("use_nesterov") else m
    np.divide(direction, step, out=step)
    step *= lr * np.sqrt(one - beta2_power) / (one - beta1_power)
    var -= step


def _move_towards(average: Array, value: Array, by: Array) -> None:
    average += (value - average) * by


def _rms_prop(_ctx: KernelContext, var: Array, ms: Array, mom: Array, *settings: Array) -> None:
    lr, rho, momentum, epsilon, grad = settings
    _move_towards(ms, np.square(grad), var.dtype.type(1) - rho)
    mom *= momentum
    mom += grad * lr / np.sqrt(ms + epsilon)
    var -= mom


def _centered_rms_prop(_ctx: KernelContext, var: Array, mg: Array, ms: Array, *inputs: Array) -> None:
    mom, lr, rho, momentum, epsilon, grad = inputs
    new = var.dtype.type(1) - rho
    _move_towards(ms, np.square(grad), new)
    _move_towards(mg, grad, new)
    mom *= momentum
    mom += grad * lr / np.sqrt(ms - np.square(mg) + epsilon)
    var -= mom


def _ftrl(ctx: KernelContext, var: Array, accum: Array, linear: Array, *settings: Array) -> None:
    grad, lr, l1, l2, lr_power = settings
    _follow_the_leader(ctx, (var, accum, linear), grad, grad, (lr, l1, l2, lr_power))


def _ftrl_v2(ctx: KernelContext, var: Array, accum: Array, linear: Array, *settings: Array) -> None:
    grad, lr, l1, l2, l2_shrinkage, lr_power = settings
    shrunk = grad + var.dtype.type(2) * l2_shrinkage * var
    _follow_the_leader(ctx, (var, accum, linear), grad, shrunk, (lr, l1, l2, lr_power))


def _follow_the_leader(
    ctx: KernelContext, variables: tuple[Array, Array, Array], grad: Array, shrunk: Array, settings: tuple[Array, ...]
) -> None:
    """Do what both versions of FTRL do; only the linear part sees the gradient that shrinks the weights."""
    (var, accum, linear), (lr, l1, l2, lr_power) = variables, settings
    new_accum = accum + np.square(grad)
    # Either the linear part or all else is multiplied by the learning rate.
    by, over = (lr, var.dtype.type(1)) if ctx.attr("multiply_linear_by_lr") else (var.dtype.type(1), lr)
    power = np.power(new_accum, -lr_power)
    linear += shrunk * by - (power - np.power(accum, -lr_power)) / over * var
    quadratic = power / over + var.dtype.type(2) * l2 * by
    pulled = (l1 * by * np.sign(linear) - linear) / quadratic
    var[...] = np.where(np.abs(linear) > l1 * by, pulled, var.dtype.type(0))
    accum[...] = new_accum


def _shrink(prox: Array, rate: Array, l1: Array, l2: Array) -> Array:
    """Return weights nearer to zero, at most to it."""
    kept = np.sign(prox) * np.maximum(np.abs(prox) - rate * l1, prox.dtype.type(0)) if l1 > 0 else prox
    return kept / (prox.dtype.type(1) + l2 * rate)


def _proximal_descent(_ctx: KernelContext, var: Array, *settings: Array) -> None:
    alpha, l1, l2, delta = settings
    var[...] = _shrink(np.asarray(var - delta * alpha), alpha, l1, l2)


def _proximal_adagrad(_ctx: KernelContext, var: Array, accum: Array, *settings: Array) -> None:
    lr, l1, l2, grad = settings
    accum += np.square(grad)
    rate = lr / np.sqrt(accum)
    var[...] = _shrink(np.asarray(var - grad * rate), rate, l1, l2)


def _adagrad_da(_ctx: KernelContext, var: Array, total: Array, squares: Array, *settings: Array) -> None:
    grad, lr, l1, l2, global_step = settings
    steps = var.dtype.type(global_step)
    total += grad
    squares += np.square(grad)
    pulled = np.sign(total) * np.maximum(np.abs(total) - steps * l1, var.dtype.type(0)) if l1 > 0 else total
    var[...] = -lr * pulled / (steps * l2 * lr + np.sqrt(squares))


def _check_same_shape(var: Array, *others: Array) -> None:
    for other in others:
        if np.shape(other) != var.shape:
            raise InvalidArgumentError(
                f"var and its slots and gradient do not have the same shape: {format_shape(var.shape)} "
                f"{format_shape(np.shape(other))}"
            )


def _put_back(variables: Sequence[SessionVariable], arrays: Sequence[Array]) -> None:
    for variable, array in zip(variables, arrays, strict=True):
        variable.put_back(array)


def _dense(slots: int, update: Update, gradient: int) -> Kernel:
    """Return the kernel of an optimizer.

    Args:
        slots: How many of the inputs are variables.
        update: Changes them.
        gradient: Which input is the gradient.
    """

    def kernel(ctx: KernelContext, *inputs: Array) -> SessionVariable | None:
        variables = inputs[:slots]
        with locked(variables):
            _check_same_shape(*(variable.read() for variable in variables), inputs[gradient])
            arrays = [variable.take() for variable in variables]
            update(ctx, *arrays, *inputs[slots:])
            _put_back(variables, arrays)
        return variables[0] if ctx.output_dtypes else None

    return kernel


def _sparse(slots: int, update: Update, gradient: int) -> Kernel:
    """Return the kernel that changes the rows which the input behind the gradient names."""

    def kernel(ctx: KernelContext, *inputs: Array) -> SessionVariable | None:
        variables, grad, indices = inputs[:slots], inputs[gradient], inputs[gradient + 1]
        before, behind = inputs[slots:gradient], inputs[gradient + 2 :]
        with locked(variables):
            _check_same_shape(*(variable.read() for variable in variables))
            _check_rows(variables[0].read(), grad, indices)
            arrays = [variable.take() for variable in variables]
            for chosen in _once_each(indices):
                rows = [array[indices[chosen]] for array in arrays]
                update(ctx, *rows, *before, grad[chosen], *behind)
                for array, row in zip(arrays, rows, strict=True):
                    array[indices[chosen]] = row
            _put_back(variables, arrays)
        return variables[0] if ctx.output_dtypes else None

    return kernel


def _check_rows(var: Array, grad: Array, indices: Array) -> None:
    if np.ndim(indices) != 1 or var.ndim == 0 or grad.shape != (len(indices), *var.shape[1:]):
        raise InvalidArgumentError(
            f"var and grad must match in all dimensions but the first, and grad must have one row per index: "
            f"{format_shape(var.shape)}, {format_shape(np.shape(grad))} and {format_shape(np.shape(indices))}"
        )
    if indices.size and not 0 <= indices.min() <= indices.max() < len(var):
        wrong = int(np.flatnonzero((indices < 0) | (indices >= len(var)))[0])
        raise InvalidArgumentError(
            f"Index {indices[wrong]} at offset {wrong} in indices is out of range [0, {len(var)})"
        )


def _once_each(indices: Array) -> Iterator[Array]:
    """Yield positions in parts in which no index occurs twice: rows that do are changed one after the other."""
    left = np.arange(len(indices))
    while len(left):
        first = np.unique(indices[left], return_index=True)[1]
        yield left[first]
        left = np.delete(left, first)


def _rows(name: str, slots: str, settings: str, update: Update, *attrs: Attr) -> list[Op]:
    """Return the rows of an optimizer.

    Args:
        name: Of the ops, behind ``Apply``.
        slots: Names of the variables.
        settings: Names of the other inputs, with ``grad`` or, for all elements, ``delta``.
        update: Changes the variables.
        *attrs: What the ops have besides the types and ``use_locking``.
    """
    count, names = len(slots.split()), settings.split()
    gradient = count + next(index for index, item in enumerate(names) if item in {"grad", "delta"})
    rows_of = settings.replace("delta", "grad").replace("grad", "grad indices")
    types_of = (types("T", NUMBERS), types("Tindices", INDEX))
    return [
        *_both_kinds(f"Apply{name}", slots, settings, (types_of[0], flag("use_locking"), *attrs),
                     _dense(count, update, gradient)),
        *_both_kinds(f"SparseApply{name}", slots, rows_of, (*types_of, flag("use_locking"), *attrs),
                     _sparse(count, update, gradient)),
    ]  # fmt: skip


_OTHER_TYPES = {"indices": "Tindices", "global_step": "int64"}


def _both_kinds(name: str, slots: str, settings: str, attrs: tuple[Attr, ...], kernel: Kernel) -> list[Op]:
    """Return the row for reference variables and the one for resource variables."""
    values = [f"{setting}: {_OTHER_TYPES.get(setting, 'T')}" for setting in settings.split()]
    references = ", ".join([*(f"{slot}: Ref(T)" for slot in slots.split()), *values])
    resources = ", ".join([*(f"{slot}: resource" for slot in slots.split()), *values])
    return [
        Op(name, f"{references} -> out: Ref(T)", attrs, like_input(), kernel),
        Op(f"Resource{name}", f"{resources} ->", attrs, no_outputs, kernel, is_stateful=True),
    ]


NESTEROV = flag("use_nesterov")
UPDATES_SLOTS = flag("update_slots", True)
MULTIPLIES = flag("multiply_linear_by_lr")
AVERAGES = "lr rho momentum epsilon grad"

ROWS: tuple[Op, ...] = (
    *_both_kinds("ApplyGradientDescent", "var", "alpha delta", (types("T", NUMBERS), flag("use_locking")),
                 _dense(1, _descend, 2)),
    *_rows("Momentum", "var accum", "lr grad momentum", _momentum, NESTEROV),
    *_rows("Adagrad", "var accum", "lr grad", _adagrad, UPDATES_SLOTS),
    *_rows("Adadelta", "var accum accum_update", "lr rho epsilon grad", _adadelta),
    *_both_kinds("ApplyAdam", "var m v", "beta1_power beta2_power lr beta1 beta2 epsilon grad",
                 (types("T", NUMBERS), flag("use_locking"), NESTEROV), _dense(3, _adam, 9)),
    *_rows("RMSProp", "var ms mom", AVERAGES, _rms_prop),
    *_rows("CenteredRMSProp", "var mg ms mom", AVERAGES, _centered_rms_prop),
    *_rows("Ftrl", "var accum linear", "grad lr l1 l2 lr_power", _ftrl, MULTIPLIES),
    *_rows("FtrlV2", "var accum linear", "grad lr l1 l2 l2_shrinkage lr_power", _ftrl_v2, MULTIPLIES),
    *_rows("ProximalGradientDescent", "var", "alpha l1 l2 delta", _proximal_descent),
    *_rows("ProximalAdagrad", "var accum", "lr l1 l2 grad", _proximal_adagrad),
    *_rows("AdagradDA", "var gradient_accumulator gradient_squared_accumulator", "grad lr l1 l2 global_step",
           _adagrad_da),
)  # fmt: skip
