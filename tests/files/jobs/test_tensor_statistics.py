import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ckpt_magics.files.jobs.tensor_statistics import BINS, tensor_statistics


@given(hnp.arrays(np.float64, hnp.array_shapes(max_side=8), elements=st.floats(-1e100, 1e100)))
def test_agrees_with_numpy_on_finite_values(array):
    result = tensor_statistics(array)
    assert result.minimum == array.min()
    assert result.maximum == array.max()
    assert result.mean == pytest.approx(array.mean(), rel=1e-9, abs=1e-6 * (np.abs(array).max() + 1e-300))
    assert result.std == pytest.approx(array.std(), rel=1e-6, abs=1e-6 * (np.abs(array).max() + 1e-300))
    assert result.bins.sum() == array.size
    assert result.zeros == (array == 0).sum()


def test_blocks_are_merged_without_losing_digits():
    array = 1e9 + np.random.default_rng(0).normal(size=300_000)
    result = tensor_statistics(array)
    assert result.std == pytest.approx(array.std(), rel=1e-9)
    np.testing.assert_allclose(result.bins, np.histogram(array, BINS)[0], atol=2)


@pytest.mark.parametrize("size", [1, 2, 3, (1 << 17) - 1, (1 << 17) + 3])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int8, np.complex64])
def test_histograms_count_every_value_once(size, dtype):
    array = (np.random.default_rng(0).normal(size=size) * 20).astype(dtype)
    result = tensor_statistics(array)
    magnitudes = np.abs(array) if array.dtype.kind == "c" else array.astype(np.float64)
    np.testing.assert_allclose(result.bins, np.histogram(magnitudes, BINS)[0], atol=2)
    assert result.bins.sum() == size


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.uint8])
def test_whole_numbers_on_the_edge_of_a_bin_belong_above_it(dtype):
    array = np.repeat(np.array([0, 41, 82], dtype), [1, 10_000, 1])
    np.testing.assert_array_equal(tensor_statistics(array).bins, np.histogram(array, BINS)[0])


@pytest.mark.parametrize("values", [[-3e38, 0, 3e38], [0, 1e-45, 2e-45], [3e38, 3.1e38]])
def test_the_extremes_of_float32_have_a_histogram(values):
    result = tensor_statistics(np.array(values, np.float32))
    assert result.bins.sum() == len(values)
    assert (result.minimum, result.maximum) == tuple(np.array(values, np.float32)[[0, -1]])


def test_nan_and_infinity_are_counted_and_left_out():
    array = np.array([1, np.nan, np.inf, -np.inf, 3, 0, np.nan], np.float32)
    result = tensor_statistics(array)
    assert (result.nans, result.infs, result.zeros) == (2, 2, 1)
    assert (result.minimum, result.maximum) == (0, 3)
    assert result.mean == pytest.approx(4 / 3)
    assert result.bins.sum() == 3


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_integers_are_exact(dtype):
    top = np.iinfo(dtype).max
    assert tensor_statistics(np.array([top - 1, top], dtype)).minimum == top - 1


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn, ml_dtypes.int4, np.float16, np.bool_])
def test_small_dtypes(dtype):
    result = tensor_statistics(np.array([0, 1, 1, 0], dtype))
    assert (result.minimum, result.maximum, result.mean, result.zeros) == (0, 1, 0.5, 2)


def test_complex_numbers_count_by_magnitude():
    result = tensor_statistics(np.array([3 + 4j, 0], np.complex64))
    assert (result.minimum, result.maximum, result.zeros) == (0, 5, 1)


def test_the_extremes_of_float64_have_a_histogram():
    top = np.finfo(np.float64).max
    with np.errstate(over="ignore"):
        result = tensor_statistics(np.array([-top, 0, top]))
    assert result.bins.sum() == 3
    assert result.bins[0] == result.bins[-1] == 1


@pytest.mark.parametrize(
    "array", [np.zeros((0, 3)), np.array([np.nan]), np.array([b"", b"x"], object)], ids=["empty", "NaN", "strings"]
)
def test_nothing_finite_has_no_range(array):
    result = tensor_statistics(array)
    assert result.minimum is result.maximum is result.mean is result.std is None
    assert result.bins.size == 0
    assert result.elements == array.size
