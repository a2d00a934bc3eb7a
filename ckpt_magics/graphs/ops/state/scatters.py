"""Ops that change some rows of a variable, by reference and by resource handle.

Format: tensorflow/core/kernels/scatter_op.cc and resource_variable_ops.cc.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Kernel, KernelContext, Op, flag, types
from ckpt_magics.graphs.ops.shape_rules import like_input, no_outputs
from ckpt_magics.graphs.ops.type_sets import INDEX, NUMBERS, dtypes
from ckpt_magics.graphs.ops.variable_values import SessionVariable, locked

__all__ = ["ROWS"]


def _check(value: Array, indices: Array, updates: Array) -> None:
    if np.ndim(value) == 0:
        raise InvalidArgumentError("a scatter needs a variable of at least one dimension")
    if np.ndim(updates) and updates.shape != (*np.shape(indices), *value.shape[1:]):
        raise InvalidArgumentError(
            "Must have updates.shape = indices.shape + params.shape[1:] or updates.shape = [], got updates.shape "
            f"{format_shape(updates.shape)}, indices.shape {format_shape(np.shape(indices))}, params.shape "
            f"{format_shape(value.shape)}"
        )
    if np.size(indices) and not 0 <= np.min(indices) <= np.max(indices) < len(value):
        flat = np.reshape(indices, -1)
        wrong = int(np.flatnonzero((flat < 0) | (flat >= len(value)))[0])
        raise InvalidArgumentError(f"indices[{wrong}] = {flat[wrong]} is not in [0, {len(value)})")


def _replace(value: Array, indices: Array, updates: Array) -> None:
    value[indices] = updates


def _combine(function: np.ufunc) -> Callable[[Array, Array, Array], None]:
    """Return what combines rows with updates, one after the other where an index occurs more than once."""

    def combine(value: Array, indices: Array, updates: Array) -> None:
        if np.ndim(indices) == 1 and len(np.unique(indices)) == len(indices):
            value[indices] = function(value[indices], updates)
        else:
            function.at(value, indices, updates)

    return combine


def _kernel(change: Callable[[Array, Array, Array], None]) -> Kernel:
    def kernel(ctx: KernelContext, variable: SessionVariable, indices: Array, updates: Array) -> SessionVariable | None:
        with locked([variable]):
            _check(variable.read(), indices, updates)
            value = variable.take()
            change(value, indices, updates)
            variable.put_back(value)
        return variable if ctx.output_dtypes else None

    return kernel


def _rows(
    name: str, change: Callable[[Array, Array, Array], None], allowed: Sequence[DType], *, locks: bool = False
) -> list[Op]:
    """Return the row for reference variables and the one for resource variables."""
    kernel = _kernel(change)
    attrs = types("T", allowed), types("Tindices", INDEX), flag("use_locking", locks)
    resource_attrs = types("dtype", NUMBERS if allowed else ()), types("Tindices", INDEX)
    return [
        Op(
            f"Scatter{name}",
            "ref: Ref(T), indices: Tindices, updates: T -> output_ref: Ref(T)",
            attrs,
            like_input(),
            kernel,
        ),
        Op(
            f"ResourceScatter{name}",
            "resource: resource, indices: Tindices, updates: dtype ->",
            resource_attrs,
            no_outputs,
            kernel,
            is_stateful=True,
        ),
    ]


EXTREMES = dtypes("half bfloat16 float double int32 int64")

ROWS: tuple[Op, ...] = (
    *_rows("Update", _replace, (), locks=True),
    *_rows("Add", _combine(np.add), NUMBERS),
    *_rows("Sub", _combine(np.subtract), NUMBERS),
    *_rows("Mul", _combine(np.multiply), NUMBERS),
    *_rows("Div", _combine(np.divide), NUMBERS),
    *_rows("Min", _combine(np.minimum), EXTREMES),
    *_rows("Max", _combine(np.maximum), EXTREMES),
)
