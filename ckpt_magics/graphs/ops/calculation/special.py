"""Special functions, which NumPy has none of.

Format: Eigen's SpecialFunctionsImpl.h (after Cephes), generic_fast_erf_float; tensorflow/core/kernels/cwise_op_erf.cc,
cwise_op_lgamma.cc, cwise_op_digamma.cc, cwise_op_polygamma.cc, cwise_op_zeta.cc.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ckpt_magics.graphs.ops.partial_shapes import Array

__all__ = ["digamma", "erf", "erfc", "lgamma", "polygamma", "zeta"]

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


DIGAMMA_SERIES = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12]
"""Coefficients of the digamma function's series in 1 / x squared, for large x: Bernoulli numbers over 2k."""

DIGAMMA_LARGE = 10
"""From where on the series is exact."""


def digamma(x: Array) -> Array:
    """Return the derivative of `lgamma`; NaN at its poles."""
    wide = np.asarray(x, np.float64)
    # On the left of 0 by the reflection: digamma(1 - x) and what the cotangent makes of it.
    is_left = (wide <= 0) & np.isfinite(wide)
    part = np.where(is_left, wide - np.floor(np.where(is_left, wide, 0)), 0)
    turned = np.where(part > 0, np.pi / np.tan(np.pi * np.where(part > 0, part, 0.25)), 0)
    result = _digamma_right(np.where(is_left, 1 - wide, wide)) - turned
    is_pole = (is_left & (part == 0)) | (wide == -np.inf)
    return np.where(is_pole, np.nan, result).astype(x.dtype)


def _digamma_right(x: Array) -> Array:
    """Return the digamma function right of 0: one step after the other to where the series is exact."""
    steps = np.zeros_like(x)
    for _ in range(DIGAMMA_LARGE):
        is_small = x < DIGAMMA_LARGE
        steps += np.where(is_small, 1 / x, 0)
        x = np.where(is_small, x + 1, x)
    squared = 1 / np.square(x)
    series = np.zeros_like(x)
    for coefficient in reversed(DIGAMMA_SERIES):
        series = (series + coefficient) * squared
    return np.asarray(np.log(x) - 0.5 / x - series - steps)


ZETA_SERIES = [
    12.0, -720.0, 30240.0, -1209600.0, 47900160.0, -1.8924375803183791606e9, 7.47242496e10, -2.950130727918164224e12,
    1.1646782814350067249e14, -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18,
]  # fmt: skip
"""(2k)! over the Bernoulli numbers, of the Euler-Maclaurin sum."""

ZETA_TERMS = 9
"""Terms that are added up as they are, at least."""

MOST_TERMS = 10_000
"""Terms that are added up as they are, at most: further to the left no sum is tried."""


def zeta(x: Array, q: Array) -> Array:
    """Return Hurwitz' zeta function: the sum of 1 / (q + k) to the power of x, over all k from 0 on.

    It is infinite for an x of 1, and for an even one at a q that is 0 or a negative integer. It is NaN at such a q for
    others, for a smaller x, where a power of a negative number is none, and far to the left.
    """
    powers, starts = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(q, np.float64))
    is_pole = (starts <= 0) & (starts == np.floor(starts))
    is_none = (starts <= 0) & (powers != np.floor(powers)) | (is_pole & (powers % 2 != 0))
    is_none = is_none | (powers < 1) | ((starts < -MOST_TERMS) & ~is_pole) | np.isnan(powers) | np.isnan(starts)
    is_plain = np.isfinite(powers) & (powers > 1) & np.isfinite(starts) & ~is_none & ~is_pole
    result = _euler_maclaurin(np.where(is_plain, powers, 2), np.where(is_plain, starts, 1))
    # The limits: of an infinite power, and of an infinite start.
    limit = np.where(np.isinf(starts) | (starts > 1), 0.0, np.where(starts == 1, 1.0, np.inf))
    result = np.where(is_plain, result, np.where((powers == 1) | is_pole, np.inf, limit))
    return np.where(is_none, np.nan, result).astype(x.dtype)


def _euler_maclaurin(x: Array, q: Array) -> Array:
    """Return the sum for a finite x above 1 and a q that is no pole: some terms, then the rest as a series."""
    total, a = q**-x, q
    # Until all are beyond the terms, as many as the most negative start needs.
    least = float(np.min(q, initial=0.0))
    for _ in range(ZETA_TERMS + math.ceil(-least)):
        a = a + 1
        total = total + a**-x
    last = a**-x
    total = total + last * a / (x - 1) - 0.5 * last
    factor, rising, power = np.ones_like(a), 0.0, last / a
    for coefficient in ZETA_SERIES:
        factor = factor * (x + rising)
        total = total + factor * power / coefficient
        factor, power = factor * (x + rising + 1), power / np.square(a)
        rising += 2
    return np.asarray(total)


def polygamma(n: Array, x: Array) -> Array:
    """Return the derivative of order n of `digamma`; NaN for an n that is no such number."""
    orders, wide = np.broadcast_arrays(np.asarray(n, np.float64), np.asarray(x, np.float64))
    is_order = (orders >= 0) & (orders == np.floor(orders))
    above = np.where(is_order & (orders > 0), orders, 1)
    signs = np.where(above % 2 == 1, 1.0, -1.0)
    values = signs * np.exp(lgamma(above + 1)) * zeta(above + 1, wide)
    return np.where(is_order, np.where(orders == 0, digamma(wide), values), np.nan).astype(x.dtype)


def _each(compute: Callable[[float], float], x: Array) -> Array:
    """Apply a function of Python's floats to each element."""
    wide = np.asarray(x, np.float64)
    flat = np.fromiter(map(compute, wide.reshape(-1).tolist()), np.float64, wide.size)
    return flat.reshape(wide.shape).astype(x.dtype)
