"""Ops that compute each element of their output from one element of one input."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ckpt_magics.files.formats.dtypes import COMPLEX64, DType
from ckpt_magics.graphs.ops.calculation.cast import CAST_ROW
from ckpt_magics.graphs.ops.calculation.special import digamma, erf, erfc, lgamma
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Kernel, Op, types
from ckpt_magics.graphs.ops.shape_rules import like_input
from ckpt_magics.graphs.ops.type_sets import dtypes

__all__ = ["ROWS", "function", "sigmoid"]


def function(compute: Callable[..., Any]) -> Kernel:
    """Return the kernel that applies a NumPy function to its inputs and needs nothing else."""
    return lambda _ctx, *inputs: compute(*inputs)


def _sign(x: Array) -> Array:
    # NumPy 1 gives the sign of the real part for complex numbers; TensorFlow has x / |x|.
    if np.iscomplexobj(x):
        size = np.abs(x)
        return np.where(size == 0, 0, x / np.where(size == 0, 1, size)).astype(x.dtype)
    return np.sign(x)


def _rsqrt(x: Array) -> Array:
    return np.reciprocal(np.sqrt(x))


def _round(x: Array) -> Array:
    return x if x.dtype.kind in "iu" else np.rint(x)


def sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)) without overflow; dtype as ``x``, of floating point or complex."""
    if np.iscomplexobj(x):
        return np.reciprocal(np.exp(-x) + x.dtype.type(1))
    return _half(np.tanh(_half(x))) + x.dtype.type(0.5)


def _half(x: Array) -> Array:
    return x * x.dtype.type(0.5)


FLOAT_OR_COMPLEX = dtypes("bfloat16 half float double complex64 complex128")
SIGNED = dtypes("bfloat16 half float double int8 int16 int32 int64")
SIGNED_OR_COMPLEX = (*SIGNED, *dtypes("complex64 complex128"))
SQUARE_TYPES = (*SIGNED, *dtypes("uint8 uint16 uint32 uint64 complex64 complex128"))
CONJUGATED = dtypes("complex64 complex128 variant")
ROUNDED = dtypes("bfloat16 half float double")


def _unary(name: str, allowed: Sequence[DType], compute: Callable[[Any], Any], output: str = "T") -> Op:
    """Return the row of an op of one input."""
    return Op(name, f"x: T -> y: {output}", (types("T", allowed),), like_input(), function(compute))


ROWS: tuple[Op, ...] = (
    CAST_ROW,
    _unary("Neg", SIGNED_OR_COMPLEX, np.negative),
    _unary("Abs", SIGNED, np.abs),
    _unary("Sign", SIGNED_OR_COMPLEX, _sign),
    _unary("Sqrt", FLOAT_OR_COMPLEX, np.sqrt),
    _unary("Rsqrt", FLOAT_OR_COMPLEX, _rsqrt),
    _unary("Reciprocal", SIGNED_OR_COMPLEX, np.reciprocal),
    _unary("Inv", SIGNED_OR_COMPLEX, np.reciprocal),
    _unary("Square", SQUARE_TYPES, np.square),
    _unary("Exp", FLOAT_OR_COMPLEX, np.exp),
    _unary("Expm1", FLOAT_OR_COMPLEX, np.expm1),
    _unary("Log", FLOAT_OR_COMPLEX, np.log),
    _unary("Log1p", FLOAT_OR_COMPLEX, np.log1p),
    _unary("Sin", FLOAT_OR_COMPLEX, np.sin),
    _unary("Cos", FLOAT_OR_COMPLEX, np.cos),
    _unary("Tan", FLOAT_OR_COMPLEX, np.tan),
    _unary("Sigmoid", FLOAT_OR_COMPLEX, sigmoid),
    _unary("Tanh", FLOAT_OR_COMPLEX, np.tanh),
    _unary("Sinh", FLOAT_OR_COMPLEX, np.sinh),
    _unary("Cosh", FLOAT_OR_COMPLEX, np.cosh),
    _unary("Asin", FLOAT_OR_COMPLEX, np.arcsin),
    _unary("Acos", FLOAT_OR_COMPLEX, np.arccos),
    _unary("Atan", FLOAT_OR_COMPLEX, np.arctan),
    _unary("Asinh", FLOAT_OR_COMPLEX, np.arcsinh),
    _unary("Acosh", FLOAT_OR_COMPLEX, np.arccosh),
    _unary("Atanh", FLOAT_OR_COMPLEX, np.arctanh),
    _unary("Erf", ROUNDED, erf),
    _unary("Erfc", ROUNDED, erfc),
    _unary("Lgamma", ROUNDED, lgamma),
    _unary("Digamma", ROUNDED, digamma),
    _unary("Floor", ROUNDED, np.floor),
    _unary("Ceil", ROUNDED, np.ceil),
    _unary("Round", SIGNED_OR_COMPLEX, _round),
    _unary("Rint", ROUNDED, np.rint),
    _unary("IsNan", ROUNDED, np.isnan, "bool"),
    _unary("IsInf", ROUNDED, np.isinf, "bool"),
    _unary("IsFinite", ROUNDED, np.isfinite, "bool"),
    Op("Conj", "input: T -> output: T", (types("T", CONJUGATED, COMPLEX64),), like_input(), function(np.conj)),
    Op("LogicalNot", "x: bool -> y: bool", (), like_input(), function(np.logical_not)),
)
