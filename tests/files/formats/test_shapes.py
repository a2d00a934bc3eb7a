"""Shapes in messages, and their limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.shapes import MAX_RANK, checked_shape, decode_shape, encode_shape, format_shape
from ckpt_magics.proto import messages
from tests.strategies import shapes


def message(*sizes):
    return messages.TensorShapeProto(dim=[messages.TensorShapeProto.Dim(size=size) for size in sizes])


@given(shapes() | st.lists(st.integers(0, 200), max_size=5).map(tuple))
def test_writes_what_protobuf_writes(shape):
    assert encode_shape(shape) == message(*shape).SerializeToString()
    assert decode_shape(encode_shape(shape)) == shape


def test_names_of_dimensions_do_not_count():
    named = messages.TensorShapeProto(dim=[messages.TensorShapeProto.Dim(size=3, name="batch")])
    assert decode_shape(named.SerializeToString()) == (3,)


@pytest.mark.parametrize("shape", [(1,) * MAX_RANK, (2**62, 1), (2**63 - 1, 0)])
def test_takes_shapes_up_to_the_limits(shape):
    assert checked_shape(shape) == shape


@pytest.mark.parametrize(
    "shape", [(1,) * (MAX_RANK + 1), (-1, 3), (-2, -3), (2**40, 2**40), (2**62, 2), (2**62, 4, 0)], ids=lambda _: ""
)
def test_refuses_shapes_past_the_limits(shape):
    with pytest.raises(DataLossError, match="Invalid tensor shape"):
        decode_shape(message(*shape).SerializeToString())


def test_refuses_unknown_rank():
    with pytest.raises(DataLossError, match="unknown rank"):
        decode_shape(messages.TensorShapeProto(unknown_rank=True).SerializeToString())


@given(st.binary(max_size=40))
def test_any_bytes_give_a_shape_or_an_error(data):
    try:
        shape = decode_shape(data)
    except DataLossError:
        return
    assert all(size >= 0 for size in shape)


def test_shows_as_in_tensorflow():
    assert [format_shape(shape) for shape in ((), (4,), (4, 3))] == ["[]", "[4]", "[4,3]"]
