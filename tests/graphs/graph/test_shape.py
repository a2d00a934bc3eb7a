"""Static shapes: what is known, and what goes together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.graphs.graph.dimension import Dimension
from ckpt_magics.graphs.graph.shape import TensorShape, as_shape, unknown_shape

partly_known = st.one_of(st.none(), st.lists(st.one_of(st.none(), st.integers(0, 5)), max_size=4).map(tuple)).map(
    TensorShape
)


@given(partly_known)
def test_message_gives_the_shape_back(shape):
    assert shape == TensorShape(shape.as_proto())


@given(partly_known, partly_known)
def test_shapes_merge_exactly_if_they_are_compatible(first, second):
    if first.is_compatible_with(second):
        merged = first.merge_with(second)
        assert merged.is_compatible_with(first)
        assert merged.is_compatible_with(second)
        assert merged == second.merge_with(first)
    else:
        with pytest.raises(ValueError, match="not compatible"):
            first.merge_with(second)


def test_dimensions_have_a_value_as_in_tensorflow_1():
    shape = TensorShape([None, 3])
    assert [dim.value for dim in shape] == [None, 3]
    assert shape[1] == 3
    assert int(shape[1]) == 3
    assert shape[0].value is None
    assert TensorShape([3]) == shape[1:]


def test_unknown_rank_has_neither_length_nor_list():
    shape = unknown_shape()
    assert shape.ndims is None
    assert not shape
    assert shape[2].value is None
    with pytest.raises(ValueError, match="as_list"):
        shape.as_list()
    with pytest.raises(ValueError, match="length"):
        len(shape)
    with pytest.raises(ValueError, match="iterate"):
        iter(shape)


def test_counts_elements_only_when_all_sizes_are_known():
    assert TensorShape([2, 3]).num_elements() == 6
    assert TensorShape([]).num_elements() == 1
    assert TensorShape([0, None]).num_elements() is None
    assert unknown_shape(2).num_elements() is None


def test_checks_say_what_does_not_fit():
    shape = TensorShape([2, None])
    with pytest.raises(ValueError, match=r"Shape \(2, \?\) must have rank 3"):
        shape.assert_has_rank(3)
    with pytest.raises(ValueError, match=r"\(2, \?\) is not fully defined"):
        shape.assert_is_fully_defined()
    with pytest.raises(ValueError, match=r"Shapes \(2, \?\) and \(3,\) are incompatible"):
        shape.assert_is_compatible_with([3])
    assert shape.with_rank(2) == shape
    assert str(unknown_shape()) == "<unknown>"


def test_takes_every_spelling_of_a_shape():
    assert as_shape(3) == TensorShape([3]) == TensorShape((Dimension(3),)) == (3,)
    assert TensorShape([2]) + TensorShape([3]) == [2, 3]
    assert TensorShape([2]) != "text"
    with pytest.raises(TypeError, match="Dimension value must be integer"):
        TensorShape(["a"])
    with pytest.raises(ValueError, match="must be >= 0"):
        TensorShape([-1])


def test_arithmetic_with_an_unknown_dimension_is_unknown():
    assert Dimension(7) // 2 == 3
    assert Dimension(7) % 2 == 1
    assert 2 * Dimension(7) == 14
    assert (Dimension(None) + 1).value is None
    assert (Dimension(3) - 1).value == 2
    with pytest.raises(TypeError, match="unknown dimension"):
        int(Dimension(None))
    with pytest.raises(ValueError, match="not compatible"):
        Dimension(1).merge_with(2)
