"""Special functions of one number, which NumPy has none of.

Format: Eigen's generic_fast_erf_float; tensorflow/core/kernels/cwise_op_erf.cc, cwise_op_lgamma.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ckpt_magics.graphs.ops.partial_shapes import Array

__all__ = ["erf", "erfc", "lgamma"]

ERF_LIMIT = np.float32(4)
"""Where the error function of a float32 is 1."""

ERF_NUMERATOR = np.array(
    [
        -2.72614225801306e-10,
        2.77068142495902e-08,
        -2.10102402082508e-06,
        -5.69250639462346e-05,
        -7.34990630326855e-04,
        -2.95459980854025e-03,
        -1.60960333262415e-02,
    ],
    np.float32,
)
ERF_DENOMINATOR = np.array(
    [-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03, -1.42647390514189e-02],
    np.float32,
)
"""Coefficients of the rational function of x squared that gives erf(x) / x, the highest power first."""


def erf(x: Array) -> Array:
    """Return the error function; float64 to the last digits, shorter types by a rational function of float32."""
    if x.dtype == np.float64:
        return _each(math.erf, x)
    wide = np.clip(x.astype(np.float32, copy=False), -ERF_LIMIT, ERF_LIMIT)
    square = np.square(wide)
    return (wide * _polynomial(ERF_NUMERATOR, square) / _polynomial(ERF_DENOMINATOR, square)).astype(
        x.dtype, copy=False
    )


def _polynomial(coefficients: Array, x: Array) -> Array:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += coefficient
    return total


def erfc(x: Array) -> Array:
    """Return one less the error function."""
    return _each(math.erfc, x)


def lgamma(x: Array) -> Array:
    """Return the logarithm of the gamma function's size; infinite at its poles."""
    return _each(_lgamma, x)


def _lgamma(x: float) -> float:
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf


def _each(compute: Callable[[float], float], x: Array) -> Array:
    """Apply a function of Python's floats to each element."""
    wide = np.asarray(x, np.float64)
    flat = np.fromiter(map(compute, wide.reshape(-1).tolist()), np.float64, wide.size)
    return flat.reshape(wide.shape).astype(x.dtype)
