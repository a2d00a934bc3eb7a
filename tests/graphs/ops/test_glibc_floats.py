"""Logarithms, sines and cosines of float32 are right to the last bit, or to its neighbour."""

import numpy as np

from ckpt_magics.graphs.ops.glibc_floats import log_float, sin_cos_float


def test_logarithms():
    numbers = np.concatenate([np.geomspace(1e-30, 1e30, 20_001), [1.0, 0.7, 1.4]]).astype(np.float32)
    np.testing.assert_array_max_ulp(log_float(numbers), np.log(numbers.astype(np.float64)).astype(np.float32), 1)
    assert log_float(np.float32([1]))[0] == 0


def test_sines_and_cosines():
    angles = np.concatenate([np.linspace(0, 119, 50_001), np.pi / 4 * np.arange(9)]).astype(np.float32)
    sines, cosines = sin_cos_float(angles)
    np.testing.assert_array_max_ulp(sines, np.sin(angles.astype(np.float64)).astype(np.float32), 1)
    np.testing.assert_array_max_ulp(cosines, np.cos(angles.astype(np.float64)).astype(np.float32), 1)
