"""Ops that combine two inputs element by element, with broadcasting: arithmetic, comparison, logic, selection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.files.formats.shapes import format_shape
from ckpt_magics.graphs.ops.calculation.elementwise import function
from ckpt_magics.graphs.ops.calculation.special import polygamma, zeta
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, broadcast_shapes, merge_dims, merge_shapes
from ckpt_magics.graphs.ops.row import Attr, Kernel, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import broadcast, like_input
from ckpt_magics.graphs.ops.sharing import only_if
from ckpt_magics.graphs.ops.type_sets import NUMBERS, REAL_NUMBERS, dtypes

__all__ = ["ROWS", "divided"]


def _refuse_zero(x: Array, y: Array) -> None:
    # Where one of two is empty, nothing is divided.
    if not np.all(y) and np.size(x):
        raise InvalidArgumentError("Integer division by zero")


def divided(x: Array, y: Array) -> Array:
    """Divide; integers are rounded towards zero."""
    if x.dtype.kind not in "iu":
        return x / y
    _refuse_zero(x, y)
    quotient = np.floor_divide(x, y)
    # NumPy rounds down; one more where that was not towards zero.
    return quotient + ((quotient < 0) & (quotient * y != x)).astype(x.dtype)


def _truncate_divide(x: Array, y: Array) -> Array:
    quotient = divided(x, y)
    return quotient if x.dtype.kind in "iuc" else np.trunc(quotient)


def _divide(x: Array, y: Array) -> Array:
    if x.dtype.kind in "iu":
        raise InvalidArgumentError("RealDiv of integers: use a floating point type, or FloorDiv")
    return np.divide(x, y)


def _floor_divide(x: Array, y: Array) -> Array:
    if x.dtype.kind in "iu":
        _refuse_zero(x, y)
        return np.floor_divide(x, y)
    return np.floor(x / y)


def _floor_mod(x: Array, y: Array) -> Array:
    if x.dtype.kind in "iu":
        _refuse_zero(x, y)
        return np.mod(x, y)
    remainder = np.fmod(x, y)
    return np.where((remainder != 0) & ((x < 0) != (y < 0)) & np.isfinite(remainder), remainder + y, remainder)


def _truncate_mod(x: Array, y: Array) -> Array:
    if x.dtype.kind in "iu":
        _refuse_zero(x, y)
    return np.fmod(x, y)


def _divide_no_nan(x: Array, y: Array) -> Array:
    return np.where(y == 0, x.dtype.type(0), np.divide(x, np.where(y == 0, x.dtype.type(1), y)))


def _power(x: Array, y: Array) -> Array:
    if x.dtype.kind in "iu" and np.size(x) and np.any(np.asarray(y) < 0):
        raise InvalidArgumentError("Integers to negative integer powers are not allowed")
    return np.power(x, y)


def _squared_difference(x: Array, y: Array) -> Array:
    difference = x - y
    return difference * np.conj(difference)


def _equality(ctx: ShapeContext) -> list[Shape]:
    if ctx.attr("incompatible_shape_error"):
        return broadcast(ctx)
    try:
        return [broadcast_shapes(ctx.shape(0), ctx.shape(1))]
    except InvalidArgumentError:
        return [()]


def _compare(compute: Callable[[Array, Array], Array], otherwise: bool) -> Callable[..., Array]:
    """Return the kernel of an (in)equality; shapes that do not go together may simply mean "not equal"."""

    def kernel(ctx: KernelContext, x: Array, y: Array) -> Array:
        try:
            return np.asarray(compute(x, y), np.bool_)
        except ValueError:
            if ctx.attr("incompatible_shape_error"):
                raise
            return np.array(otherwise)

    return kernel


def _add_n(_ctx: KernelContext, *inputs: Array) -> Array:
    total = inputs[0]
    for value in inputs[1:]:
        if value.shape != total.shape:
            raise InvalidArgumentError(f"Inputs to AddN must have the same shapes: {total.shape} and {value.shape}")
        total = total + value
    return total


def _add_n_shape(ctx: ShapeContext) -> list[Shape]:
    return [merge_shapes(ctx.shape(index) for index in range(ctx.attr("N")))]


def _select_shape(ctx: ShapeContext) -> list[Shape]:
    condition, data = ctx.shape(0), merge_shapes([ctx.shape(1), ctx.shape(2)])
    if not condition or data is None:
        return [data]
    if len(condition) == 1 and data:
        merge_dims(condition[0], data[0])
        return [data]
    return [merge_shapes([data, condition])]


def _select(_ctx: KernelContext, condition: Array, t: Array, e: Array) -> Array:
    if t.shape != e.shape:
        raise InvalidArgumentError(f"'then' and 'else' must have the same size, but received: {t.shape} vs. {e.shape}")
    if condition.ndim == 1 and t.ndim > 1 and condition.shape[0] == t.shape[0]:
        condition = condition.reshape(-1, *[1] * (t.ndim - 1))
    elif condition.ndim and condition.shape != t.shape:
        raise InvalidArgumentError(f"'cond' has shape {condition.shape}, which fits no value of shape {t.shape}")
    return np.where(condition, t, e)


def _select_v2_shape(ctx: ShapeContext) -> list[Shape]:
    return [broadcast_shapes(ctx.shape(0), broadcast_shapes(ctx.shape(1), ctx.shape(2)))]


def _clip(x: Array, low: Array, high: Array) -> Array:
    for name, limit in (("min", low), ("max", high)):
        if np.shape(limit) not in {(), np.shape(x)}:
            raise InvalidArgumentError(
                f"clip_value_{name} must be either of the same shape as input, or a scalar. "
                f"input shape: {format_shape(np.shape(x))} clip_value_{name} shape: {format_shape(np.shape(limit))}"
            )
    return np.maximum(np.minimum(x, high), low)


ADD_TYPES = dtypes("bfloat16 half float double uint8 int8 int16 int32 int64 complex64 complex128 string")
ADD_V2_TYPES = dtypes(
    "bfloat16 half float double uint8 uint16 uint32 uint64 int8 int16 int32 int64 complex64 complex128"
)
SUB_TYPES = dtypes("bfloat16 half float double uint8 int8 uint16 int16 int32 int64 complex64 complex128 uint32 uint64")
MUL_TYPES = dtypes("bfloat16 half float double uint8 int8 uint16 int16 int32 uint32 uint64 int64 complex64 complex128")
FLOOR_MOD_TYPES = dtypes("int8 int16 int32 int64 uint8 uint16 uint32 uint64 bfloat16 half float double")
# TensorFlow's definition does name half twice.
MOD_TYPES = dtypes("int32 int64 half half bfloat16 float double")
TRUNCATE_MOD_TYPES = dtypes("int32 int64 bfloat16 half float double")
NO_NAN_TYPES = dtypes("half float bfloat16 double complex64 complex128")
POW_TYPES = dtypes("bfloat16 float half double int8 int16 int32 int64 complex64 complex128")
EXTREME_TYPES = dtypes("bfloat16 half float double int8 uint8 int16 uint16 int32 uint32 int64 uint64")
DIFFERENCE_TYPES = dtypes("bfloat16 half float double int32 int64 complex64 complex128")


def _binary(
    name: str, allowed: Sequence[DType], compute: Callable[[Any, Any], Any], output: str = "T", **flags: bool
) -> Op:
    """Return the row of an op of two inputs of one type."""
    signature = f"x: T, y: T -> z: {output}"
    return Op(name, signature, (types("T", allowed),), broadcast, _broadcasting(compute), **flags)  # type: ignore[arg-type]


def _broadcasting(compute: Callable[[Any, Any], Any]) -> Kernel:
    """Return the kernel that applies a NumPy function to two inputs whose shapes must go together."""

    def kernel(_ctx: KernelContext, x: Array, y: Array) -> Array:
        try:
            return compute(x, y)
        except InvalidArgumentError:
            raise
        except ValueError as error:
            raise InvalidArgumentError(
                f"Incompatible shapes: {format_shape(x.shape)} vs. {format_shape(y.shape)}"
            ) from error

    return kernel


def _logical(name: str, compute: Callable[[Any, Any], Any]) -> Op:
    """Return the row of an op of two truth values."""
    return Op(name, "x: bool, y: bool -> z: bool", (), broadcast, _broadcasting(compute), is_commutative=True)


EQUALITY_ATTRS = (types("T"), flag("incompatible_shape_error", True))

ROWS: tuple[Op, ...] = (
    _binary("Add", ADD_TYPES, np.add),
    _binary("AddV2", ADD_V2_TYPES, np.add, is_commutative=True, is_aggregate=True),
    Op(
        "AddN",
        "inputs: N * T -> sum: T",
        (Attr("N", "int", minimum=1), types("T", (*NUMBERS, *dtypes("variant")))),
        _add_n_shape,
        _add_n,
        sharing=only_if(lambda _, *inputs: len(inputs) == 1),
        is_commutative=True,
        is_aggregate=True,
    ),
    _binary("Sub", SUB_TYPES, np.subtract),
    _binary("Mul", MUL_TYPES, np.multiply, is_commutative=True),
    _binary("Div", MUL_TYPES, divided),
    _binary("RealDiv", MUL_TYPES, _divide),
    _binary("TruncateDiv", MUL_TYPES, _truncate_divide),
    _binary("FloorDiv", MUL_TYPES, _floor_divide),
    _binary("FloorMod", FLOOR_MOD_TYPES, _floor_mod),
    _binary("Mod", MOD_TYPES, _truncate_mod),
    _binary("TruncateMod", TRUNCATE_MOD_TYPES, _truncate_mod),
    _binary("DivNoNan", NO_NAN_TYPES, _divide_no_nan),
    _binary("Pow", POW_TYPES, _power),
    _binary("Maximum", EXTREME_TYPES, np.maximum),
    _binary("Minimum", EXTREME_TYPES, np.minimum),
    _binary("SquaredDifference", DIFFERENCE_TYPES, _squared_difference, is_commutative=True),
    Op("Equal", "x: T, y: T -> z: bool", EQUALITY_ATTRS, _equality, _compare(np.equal, False), is_commutative=True),
    Op(
        "NotEqual",
        "x: T, y: T -> z: bool",
        EQUALITY_ATTRS,
        _equality,
        _compare(np.not_equal, True),
        is_commutative=True,
    ),
    _binary("Less", REAL_NUMBERS, np.less, "bool"),
    _binary("LessEqual", REAL_NUMBERS, np.less_equal, "bool"),
    _binary("Greater", REAL_NUMBERS, np.greater, "bool"),
    _binary("GreaterEqual", REAL_NUMBERS, np.greater_equal, "bool"),
    _logical("LogicalAnd", np.logical_and),
    _logical("LogicalOr", np.logical_or),
    Op("Zeta", "x: T, q: T -> z: T", (types("T", dtypes("float double")),), broadcast, _broadcasting(zeta)),
    Op("Polygamma", "a: T, x: T -> z: T", (types("T", dtypes("float double")),), broadcast, _broadcasting(polygamma)),
    Op("Select", "condition: bool, t: T, e: T -> output: T", (types("T"),), _select_shape, _select),
    Op("SelectV2", "condition: bool, t: T, e: T -> output: T", (types("T"),), _select_v2_shape, function(np.where)),
    Op(
        "ClipByValue",
        "t: T, clip_value_min: T, clip_value_max: T -> output: T",
        (types("T", NUMBERS),),
        like_input(),
        function(_clip),
    ),
)
