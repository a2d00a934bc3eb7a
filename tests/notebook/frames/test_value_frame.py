"""A tensor's values as a table."""

import ml_dtypes
import numpy as np
import pytest

from ckpt_magics.notebook.frames.value_frame import tensor_frame


@pytest.mark.parametrize(
    ("shape", "rows", "columns"),
    [((), 1, 1), ((3,), 3, 1), ((2, 3), 2, 3), ((2, 3, 4), 6, 4), ((0, 3), 0, 3), ((3, 0), 3, 0), ((2, 0, 4), 0, 4)],
)
def test_last_dimension_goes_across(shape, rows, columns):
    value = np.arange(np.prod(shape)).reshape(shape)
    frame = tensor_frame(value)
    assert frame.shape == (rows, columns)
    np.testing.assert_array_equal(frame.to_numpy().ravel(), value.ravel())


def test_rows_keep_their_numbers():
    assert tensor_frame(np.zeros((2, 3)), first_row=7).index.tolist() == [7, 8]
    assert tensor_frame(np.zeros((2, 1, 3)), first_row=7).index.tolist() == [(7, 0), (8, 0)]


@pytest.mark.parametrize("dtype", [ml_dtypes.bfloat16, ml_dtypes.float8_e5m2, ml_dtypes.int4, ml_dtypes.uint2])
def test_types_that_pandas_does_not_know_keep_their_values(dtype):
    assert tensor_frame(np.array([0, 1], dtype))["value"].tolist() == [0, 1]
