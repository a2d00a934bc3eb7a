from dataclasses import astuple

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ckpt_magics.files.jobs.small_statistics import small_statistics
from ckpt_magics.files.jobs.tensor_statistics import tensor_statistics

DTYPES = [np.float16, np.float32, np.float64, np.int8, np.int64, np.uint64, np.bool_, np.complex64, ml_dtypes.bfloat16]


def check_same(arrays):
    for array, found in zip(arrays, small_statistics(arrays), strict=True):
        expected = tensor_statistics(array)
        *numbers, bins = astuple(found)
        *wanted, wanted_bins = astuple(expected)
        assert numbers[:3] + numbers[5:] == wanted[:3] + wanted[5:]
        if expected.mean is not None:
            size = max(abs(expected.minimum), abs(expected.maximum))
            assert numbers[3:5] == pytest.approx(wanted[3:5], rel=1e-6, abs=1e-6 * size)
        np.testing.assert_array_equal(bins, wanted_bins)


@given(st.data())
def test_each_is_described_as_alone(data):
    dtype = np.dtype(data.draw(st.sampled_from([np.float32, np.float64, np.int64, np.uint8])))
    shapes = hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=4)
    usual = st.floats(-1e6, 1e6, width=32) | st.sampled_from([np.nan, np.inf, -np.inf]) if dtype.kind == "f" else None
    check_same(data.draw(st.lists(hnp.arrays(dtype, shapes, elements=usual), min_size=1, max_size=6)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype(dtype):
    random = np.random.default_rng(0)
    check_same([(random.normal(size=size) * 20).astype(dtype) for size in (3, 0, 1, 700)])


def test_numbers_that_are_none_and_arrays_that_have_no_others():
    values = [[np.nan], [1, np.inf, -np.inf], [], [0, 0], [-3e38, 3e38], [0, 1e-45], [7]]
    check_same([np.array(value, np.float32) for value in values])


def test_more_than_are_walked_over_together(monkeypatch):
    monkeypatch.setattr("ckpt_magics.files.jobs.small_statistics._TOGETHER", 8)
    check_same([np.arange(size, dtype=np.float32) for size in (3, 5, 20, 1, 7, 0, 9)])


def test_strings():
    check_same([np.array([b"", b"a"], object), np.array(b"", object)])
