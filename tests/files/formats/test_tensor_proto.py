"""Graph constants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import (
    CheckpointError,
    DataLossError,
    InvalidArgumentError,
    ResourceExhaustedError,
    UnimplementedError,
)
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats.dtypes import VariantBytes, dtype_of
from ckpt_magics.files.formats.tensor_proto import (
    MAX_FILLED_SIZE,
    array_to_tensor_proto,
    tensor_proto_to_array,
    tensor_proto_to_variants,
    variants_to_tensor_proto,
)
from ckpt_magics.proto.messages import TensorProto
from tests.strategies import NUMERIC, arrays
from tests.strategies import dtypes as any_dtype


def proto_of(dtype, shape, **lists):
    proto = TensorProto(dtype=dtype.number, **lists)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


@given(st.data())
def test_round_trip(data):
    dtype = data.draw(any_dtype())
    array = data.draw(arrays(dtype))
    back = tensor_proto_to_array(TensorProto.FromString(array_to_tensor_proto(array, dtype).SerializeToString()))
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    if dtype.is_floating or dtype.is_complex:
        # A list of numbers keeps a NaN, but not which of the many it was.
        zero = np.zeros((), array.dtype)
        assert (np.where(back == back, back, zero) == np.where(array == array, array, zero)).all()
    else:
        assert back.tolist() == array.tolist()


@given(st.lists(st.binary(max_size=300), max_size=6), st.booleans())
def test_round_trip_of_variants(elements, is_column):
    array = np.empty(len(elements), object)
    array[:] = list(map(VariantBytes, elements))
    array = array.reshape(-1, 1) if is_column else array
    proto = TensorProto.FromString(variants_to_tensor_proto(array).SerializeToString())
    back = tensor_proto_to_variants(proto)
    assert (back.shape, back.tolist()) == (array.shape, array.tolist())
    assert {type(element) for element in back.flat} <= {VariantBytes}
    proto.tensor_content += b"x"
    with pytest.raises(DataLossError):
        tensor_proto_to_variants(proto)
    with pytest.raises(DataLossError):
        tensor_proto_to_variants(proto_of(dtypes.STRING, [1], string_val=[b"a"]))


@given(st.binary(max_size=40), st.lists(st.integers(-2, 1 << 40), max_size=3))
def test_any_content_of_variants_is_read_or_refused(content, shape):
    proto = proto_of(dtypes.VARIANT, shape, tensor_content=content)
    try:
        array = tensor_proto_to_variants(proto)
    except CheckpointError:
        return
    assert array.shape == tuple(shape)


@pytest.mark.parametrize("dtype", NUMERIC, ids=repr)
def test_one_value_stands_for_all(dtype):
    proto = array_to_tensor_proto(np.ones((), dtype.numpy), dtype)
    proto.tensor_shape.dim.add(size=2)
    proto.tensor_shape.dim.add(size=3)
    array = tensor_proto_to_array(proto)
    assert (array.dtype, array.shape) == (dtype.numpy, (2, 3))
    assert (array == np.ones((), dtype.numpy)).all()
    assert array.flags.writeable


def test_last_value_stands_for_all_that_follow():
    assert tensor_proto_to_array(proto_of(dtypes.INT32, [5], int_val=[1, 2, 3])).tolist() == [1, 2, 3, 3, 3]
    assert tensor_proto_to_array(proto_of(dtypes.STRING, [3], string_val=[b"a"])).tolist() == [b"a"] * 3
    assert tensor_proto_to_array(proto_of(dtypes.COMPLEX64, [2], scomplex_val=[1, 2])).tolist() == [1 + 2j] * 2


def test_empty_list_stands_for_zeros():
    assert tensor_proto_to_array(proto_of(dtypes.DOUBLE, [2])).tolist() == [0.0, 0.0]
    assert tensor_proto_to_array(proto_of(dtypes.STRING, [2])).tolist() == [b"", b""]


def test_values_past_the_shape_do_not_count():
    assert tensor_proto_to_array(proto_of(dtypes.INT64, [2], int64_val=[1, 2, 3])).tolist() == [1, 2]


def test_type_of_a_reference_is_the_type_referred_to():
    proto = TensorProto(dtype=101, float_val=[1.5])
    assert tensor_proto_to_array(proto).dtype == np.float32


def test_strings_in_tensor_content():
    proto = proto_of(dtypes.STRING, [2], tensor_content=b"\x01\x02abc")
    assert tensor_proto_to_array(proto).tolist() == [b"a", b"bc"]
    proto.tensor_content = b"\x01\x09abc"
    with pytest.raises(DataLossError):
        tensor_proto_to_array(proto)


@pytest.mark.parametrize(
    ("proto", "error"),
    [
        (TensorProto(), DataLossError),
        (TensorProto(dtype=999), DataLossError),
        (proto_of(dtypes.FLOAT, [-1]), DataLossError),
        (proto_of(dtypes.FLOAT, [2**40, 2**40]), DataLossError),
        (proto_of(dtypes.FLOAT, [1] * 255), DataLossError),
        (proto_of(dtypes.FLOAT, [1] * 100), UnimplementedError),
        (proto_of(dtypes.FLOAT, [2], tensor_content=b"1234567"), DataLossError),
        (proto_of(dtypes.FLOAT, [MAX_FILLED_SIZE], float_val=[0]), ResourceExhaustedError),
        (proto_of(dtypes.STRING, [2**40]), ResourceExhaustedError),
        (proto_of(dtypes.VARIANT, []), UnimplementedError),
        (proto_of(dtypes.RESOURCE, []), UnimplementedError),
    ],
    ids=lambda value: "",
)
def test_refuses_what_is_no_tensor(proto, error):
    with pytest.raises(error):
        tensor_proto_to_array(proto)


def test_refuses_unknown_rank():
    proto = proto_of(dtypes.FLOAT, [])
    proto.tensor_shape.unknown_rank = True
    with pytest.raises(DataLossError, match="unknown rank"):
        tensor_proto_to_array(proto)


def test_refuses_elements_of_another_type():
    with pytest.raises(InvalidArgumentError, match="cannot be stored as float32"):
        array_to_tensor_proto(np.zeros(2), dtypes.FLOAT)
    with pytest.raises(UnimplementedError):
        array_to_tensor_proto(np.empty(1, object), dtypes.VARIANT)


@given(st.integers(0, 35), st.lists(st.integers(-2, 4), max_size=3), st.binary(max_size=40), st.data())
def test_any_message_gives_an_array_or_an_error(number, sizes, content, data):
    proto = TensorProto(dtype=number)
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    if data.draw(st.booleans()):
        proto.tensor_content = content
    else:
        proto.float8_val = content
        proto.int_val.extend(data.draw(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5)))
        proto.half_val.extend(data.draw(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5)))
        proto.dcomplex_val.extend(data.draw(st.lists(st.floats(), max_size=5)))
    try:
        array = tensor_proto_to_array(proto)
    except CheckpointError:
        return
    assert list(array.shape) == sizes
    assert array.dtype == object or dtype_of(array).itemsize


def test_integers_past_the_type_wrap_as_in_tensorflow():
    assert tensor_proto_to_array(proto_of(dtypes.INT8, [2], int_val=[300, -129])).tolist() == [44, 127]
