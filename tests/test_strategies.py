"""The strategies reach what they promise."""

import numpy as np
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from ckpt_magics.files.formats.dtypes import FLOAT
from tests import strategies


@pytest.mark.parametrize("dtype", strategies.SAVEABLE, ids=lambda dtype: dtype.name)
@given(st.data())
@settings(max_examples=5)
def test_arrays_have_the_dtype_that_stores_it(dtype, data):
    assert data.draw(strategies.arrays(dtype)).dtype == dtype.numpy


@given(st.data())
def test_arrays_have_the_shape_asked_for(data):
    shape = data.draw(strategies.shapes())
    assert data.draw(strategies.arrays(shape=shape)).shape == shape


def test_arrays_reach_scalars_empty_arrays_and_nans():
    float32 = strategies.arrays(strategies.dtypes([FLOAT]))
    assert find(float32, lambda array: array.shape == ()).ndim == 0
    assert find(float32, lambda array: array.size == 0 and array.ndim > 1).size == 0
    assert np.isnan(find(float32, lambda array: np.isnan(array).any())).any()


def test_names_reach_bytes_that_are_not_text():
    with pytest.raises(UnicodeDecodeError):
        find(strategies.names(), lambda name: b"\xff" in name).decode()


@given(st.data())
def test_slices_select_something(data):
    shape = data.draw(strategies.shapes(min_side=1))
    part = data.draw(strategies.slices_of(shape))
    assert np.empty(shape, np.int8)[part].size > 0
