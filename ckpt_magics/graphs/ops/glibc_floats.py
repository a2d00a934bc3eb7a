"""Functions of float32 to the last bit as the C library of Linux computes them, for numbers that have to be the same.

NumPy's own differ from them in the last bit now and then. These work in float64 and round once, with the same tables
and polynomials.

Follows glibc 2.28 to 2.40, sysdeps/ieee754/flt-32/{e_logf,e_logf_data,s_sincosf,s_sincosf_data}.c. Later ones round
correctly, which gives the same in all but a few of a hundred numbers, and there a neighbour.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["log_float", "sin_cos_float"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_LOG_OFFSET = 0x3F330000
"""Bits of the least number whose logarithm the tables have, 0.7; others are a power of two away."""

_LOG_TABLE = np.array([
    [float.fromhex(number) for number in line.split()]
    for line in """
    0x1.661ec79f8f3bep+0 -0x1.57bf7808caadep-2
    0x1.571ed4aaf883dp+0 -0x1.2bef0a7c06ddbp-2
    0x1.49539f0f010bp+0 -0x1.01eae7f513a67p-2
    0x1.3c995b0b80385p+0 -0x1.b31d8a68224e9p-3
    0x1.30d190c8864a5p+0 -0x1.6574f0ac07758p-3
    0x1.25e227b0b8eap+0 -0x1.1aa2bc79c81p-3
    0x1.1bb4a4a1a343fp+0 -0x1.a4e76ce8c0e5ep-4
    0x1.12358f08ae5bap+0 -0x1.1973c5a611cccp-4
    0x1.0953f419900a7p+0 -0x1.252f438e10c1ep-5
    0x1p+0 0x0p+0
    0x1.e608cfd9a47acp-1 0x1.aa5aa5df25984p-5
    0x1.ca4b31f026aap-1 0x1.c5e53aa362eb4p-4
    0x1.b2036576afce6p-1 0x1.526e57720db08p-3
    0x1.9c2d163a1aa2dp-1 0x1.bc2860d22477p-3
    0x1.886e6037841edp-1 0x1.1058bc8a07ee1p-2
    0x1.767dcf5534862p-1 0x1.4043057b6ee09p-2
    """.strip().splitlines()
]).T  # fmt: skip
"""The inverse and the logarithm of a number of each sixteenth of an octave."""

_LN2 = float.fromhex("0x1.62e42fefa39efp-1")
_LOG_SERIES = tuple(map(float.fromhex, ("-0x1.00ea348b88334p-2", "0x1.5575b0be00b6ap-2", "-0x1.ffffef20a4123p-2")))

_HALF_PI = float.fromhex("0x1.921FB54442D18p0")
_QUADRANTS = float.fromhex("0x1.45F306DC9C883p+23")
"""2 / pi, and 24 bits for the fraction of a quadrant."""

_COSINE_SERIES = tuple(
    map(
        float.fromhex,
        ("0x1p0", "-0x1.ffffffd0c621cp-2", "0x1.55553e1068f19p-5", "-0x1.6c087e89a359dp-10", "0x1.99343027bf8c3p-16"),
    )
)
_SINE_SERIES = tuple(map(float.fromhex, ("-0x1.555545995a603p-3", "0x1.1107605230bc4p-7", "-0x1.994eb3774cf24p-13")))


def log_float(numbers: Floats) -> Floats:
    """Return natural logarithms of positive, normal numbers."""
    bits = np.ascontiguousarray(numbers).view(np.int32)
    above = bits - np.int32(_LOG_OFFSET)
    inverse, logarithm = _LOG_TABLE[:, (above >> 19) & 15]
    power = above >> 23
    r = (bits - (power << 23)).view(np.float32) * inverse - 1.0
    square = r * r
    series = _LOG_SERIES[1] * r + _LOG_SERIES[2]
    series = _LOG_SERIES[0] * square + series
    result: Floats = (series * square + ((logarithm + power * _LN2) + r)).astype(np.float32)
    return result


def sin_cos_float(angles: Floats) -> tuple[Floats, Floats]:
    """Return sines and cosines of angles from 0 to 120."""
    x = angles.astype(np.float64)
    quadrant = ((x * _QUADRANTS).astype(np.int32) + np.int32(0x800000)) >> 24
    quadrant[angles < np.float32(np.pi / 4)] = 0
    x -= quadrant * _HALF_PI
    square = x * x
    # From the second half of the circle on both change their sign.
    sign = np.where(quadrant & 2, -1.0, 1.0)
    sine, cosine = _sine(x, square) * sign, _cosine(square) * sign
    is_swapped = (quadrant & 1).astype(np.bool_)
    return (
        np.where(is_swapped, cosine, sine).astype(np.float32),
        np.where(is_swapped, -sine, cosine).astype(np.float32),
    )


def _sine(x: Doubles, square: Doubles) -> Doubles:
    cube = square * x
    return (x + cube * _SINE_SERIES[0]) + (cube * square) * (_SINE_SERIES[1] + square * _SINE_SERIES[2])


def _cosine(square: Doubles) -> Doubles:
    fourth = square * square
    start = (_COSINE_SERIES[0] + square * _COSINE_SERIES[1]) + fourth * _COSINE_SERIES[2]
    return start + (fourth * square) * (_COSINE_SERIES[3] + square * _COSINE_SERIES[4])
