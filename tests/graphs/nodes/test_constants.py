"""Which dtype a constant gets, and which values a dtype takes."""

import numpy as np
import pytest

from ckpt_magics.files.formats.dtypes import COMPLEX128, DOUBLE, FLOAT, INT32, INT64, STRING
from ckpt_magics.graphs.graph.dimension import Dimension
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.constants import constant, to_array


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1, INT32), (2**40, INT64), (1.5, FLOAT), ([1, 2.5], FLOAT), (1j, COMPLEX128), ("a", STRING),
        ([b"a", "b"], STRING),
        (np.float64(1), DOUBLE), (np.arange(2), INT64), ([], FLOAT), ([np.float64(1)], FLOAT),
    ],
)  # fmt: skip
def test_dtype_is_the_one_tensorflow_chooses(value, dtype):
    assert dtype == to_array(value)[1]


@pytest.mark.parametrize(
    ("value", "dtype", "error"),
    [
        (1.5, INT32, TypeError), ("a", FLOAT, TypeError), (1j, FLOAT, TypeError), (1, STRING, TypeError),
        (2**40, INT32, ValueError), ([[1], [2, 3]], None, ValueError), (object(), None, TypeError),
    ],
)  # fmt: skip
def test_values_are_never_rounded_or_reinterpreted(value, dtype, error):
    with pytest.raises(error):
        to_array(value, dtype)


def test_shape_fills_up_with_the_last_value():
    with Graph().as_default():
        filled = constant([1, 2], shape=[2, 2])
        assert constant_value(filled).tolist() == [[1, 2], [2, 2]]
        assert constant_value(constant(7, shape=[3])).tolist() == [7, 7, 7]
        with pytest.raises(ValueError, match=r"Too many elements provided. Needed at most 1, but received 2"):
            constant([1, 2], shape=[1])
        with pytest.raises(TypeError, match="Expected Tensor's shape"):
            constant([1, 2], shape=[1, 2], verify_shape=True)


def test_dimensions_in_lists_are_sizes():
    with Graph().as_default():
        assert constant([-1, Dimension(8)]).dtype == INT32
        assert to_array([[Dimension(2)], [3]], INT64)[0].tolist() == [[2], [3]]
        assert build.output("Reshape", build.zeros([4, 8]), [-1, Dimension(8)]).shape.as_list() == [4, 8]
        for values, dtype in (([-1, Dimension(None)], None), ([Dimension(2)], FLOAT)):
            with pytest.raises(TypeError, match=r"(?i)dimension"):
                constant(values, dtype)
