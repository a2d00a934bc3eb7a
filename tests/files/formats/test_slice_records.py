"""Records of V1 checkpoints, by hand and by protobuf."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import CheckpointError, DataLossError, InternalError, InvalidArgumentError, UnimplementedError
from ckpt_magics.files.formats import dtypes, slice_values
from ckpt_magics.files.formats.slice_records import (
    V1_DTYPES,
    SliceMeta,
    decode_meta,
    decode_saved_slice,
    encode_meta,
    encode_saved_slice,
)
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.formats.versions import Versions
from ckpt_magics.proto import messages
from tests.strategies import arrays, names, shapes
from tests.strategies import dtypes as any_dtype

V1 = sorted(V1_DTYPES, key=lambda dtype: dtype.number)
WHOLE = TensorSlice.full

# Of weight (float32 [2, 3]) and biases (float32 [3]), as TensorFlow wrote it.
META = bytes.fromhex(
    "0a36 0a14 0a06 626961736573 1204 1202 0803 1801 2202 0a00"
    "0a1a 0a06 776569676874 1208 1202 0802 1202 0803 1801 2204 0a00 0a00 1202 0801"
)
TENSORS = [
    SliceMeta(b"biases", (3,), dtypes.FLOAT, (WHOLE(1),)),
    SliceMeta(b"weight", (2, 3), dtypes.FLOAT, (WHOLE(2),)),
]
# Field of the TensorProto, and its bytes for one element.
VALUES = [
    (dtypes.FLOAT, 1.5, "2a04 0000c03f"),
    (dtypes.DOUBLE, 1.5, "3208 000000000000f83f"),
    (dtypes.INT32, -1, "3a0a ffffffffffffffffff01"),
    (dtypes.UINT8, 200, "3a02 c801"),
    (dtypes.STRING, b"ab", "4202 6162"),
    (dtypes.COMPLEX64, 1.5 - 1.5j, "4a08 0000c03f 0000c0bf"),
    (dtypes.INT64, 5, "5201 05"),
    (dtypes.BOOL, True, "5a01 01"),
    (dtypes.HALF, 1.5, "6a02 807c"),
    (dtypes.HALF, -2, "6a03 808003"),
]


def encode(name, part, array, dtype):
    return b"".join(encode_saved_slice(name, part, [array], dtype, array.size))


def record(data):
    """Lay out the record of a whole vector around a TensorProto."""
    proto = messages.SavedTensorSlices()
    proto.data.name = b"t"
    proto.data.slice.extent.add()
    proto.data.data.CopyFrom(data)
    return proto.SerializeToString()


def values_of(data, dtype, shape):
    return decode_saved_slice(record(data), dtype, shape)[2].tolist()


def test_meta_as_tensorflow_writes_it():
    assert encode_meta(TENSORS) == META
    assert decode_meta(META) == (TENSORS, Versions())


@given(st.lists(st.builds(SliceMeta, names(), shapes(), any_dtype(), st.just((WHOLE(0), WHOLE(1)))), max_size=4))
def test_meta_round_trips(tensors):
    data = encode_meta(tensors, Versions(3, 1, (7,)))
    assert decode_meta(data) == (tensors, Versions(3, 1, (7,)))
    message = messages.SavedTensorSlices.FromString(data)
    assert [tensor.name for tensor in message.meta.tensor] == [tensor.name for tensor in tensors]


@pytest.mark.parametrize(
    "data",
    [b"", bytes.fromhex("0801 1a02 0801"), b"\x0a\x05abc", record(messages.TensorProto()), b"<html>"],
    ids=["empty", "header of a bundle", "cut off", "slice", "text"],
)
def test_refuses_what_is_no_meta(data):
    with pytest.raises(DataLossError):
        decode_meta(data)


@pytest.mark.parametrize("change", [{"type": 999}, {"type": 0}, {"shape": {"dim": [{"size": -1}]}}], ids=str)
def test_names_the_tensor_that_is_none(change):
    tensor = {"name": b"w", "type": 1, "shape": {}} | change
    data = messages.SavedTensorSlices(meta={"tensor": [tensor]}).SerializeToString()
    with pytest.raises(DataLossError) as caught:
        decode_meta(data)
    assert caught.value.tensor == b"w"


def test_slice_as_tensorflow_writes_it():
    array = np.array([1, 2, 3], np.float32)
    data = bytes.fromhex("121c 0a06 626961736573 1202 0a00 1a0e 2a0c") + array.tobytes()
    assert encode(b"biases", WHOLE(1), array, dtypes.FLOAT) == data
    name, part, back = decode_saved_slice(data, dtypes.FLOAT, (3,))
    assert (name, part, back.tolist(), back.dtype) == (b"biases", WHOLE(1), [1, 2, 3], np.float32)


@pytest.mark.parametrize(("dtype", "value", "data"), VALUES, ids=str)
def test_values_as_tensorflow_writes_them(dtype, value, data):
    array = np.array(value, dtype.numpy).reshape(())
    data = bytes.fromhex(data)
    expected = bytes.fromhex("0a0174 1200 1a") + bytes([len(data)]) + data
    assert encode(b"t", WHOLE(0), array, dtype) == b"\x12" + bytes([len(expected)]) + expected


def test_no_values():
    data = encode(b"t", WHOLE(2), np.empty((0, 3), np.float32), dtypes.FLOAT)
    assert data.endswith(b"\x1a\x00")
    assert decode_saved_slice(data, dtypes.FLOAT, (0, 3))[2].shape == (0, 3)


@given(st.data())
def test_round_trip(data):
    dtype = data.draw(any_dtype(V1))
    array = data.draw(arrays(dtype))
    name = data.draw(names())
    stored = encode(name, WHOLE(array.ndim), array, dtype)
    found, part, back = decode_saved_slice(stored, dtype, array.shape)
    assert (found, part, back.dtype, back.shape) == (name, WHOLE(array.ndim), array.dtype, array.shape)
    assert back.tolist() == array.tolist() if dtype == dtypes.STRING else back.tobytes() == array.tobytes()
    assert back.flags.writeable
    message = messages.SavedTensorSlices.FromString(stored)
    assert message.SerializeToString() == stored


def test_part_of_a_tensor_has_its_own_shape():
    array = np.arange(6, dtype=np.int64).reshape(2, 3)
    part = TensorSlice.parse("2,2:-")
    _, found, back = decode_saved_slice(encode(b"v", part, array, dtypes.INT64), dtypes.INT64, (4, 3))
    assert found == part
    assert back.tolist() == array.tolist()
    with pytest.raises(InternalError, match="out of bounds"):
        decode_saved_slice(encode(b"v", part, array, dtypes.INT64), dtypes.INT64, (3, 3))


def test_large_floats_are_viewed():
    array = np.ones(1000, np.float32)
    assert np.shares_memory(
        np.frombuffer(encode_saved_slice(b"t", WHOLE(1), [array], dtypes.FLOAT, array.size)[-1], "f4"), array
    )


@pytest.mark.parametrize(
    ("dtype", "data", "expected"),
    [
        (dtypes.FLOAT, "2d0000803f 2d00000040", [1, 2]),
        (dtypes.FLOAT, "2a040000803f 2d00000040", [1, 2]),
        (dtypes.INT32, "3801 3a0102", [1, 2]),
        (dtypes.DOUBLE, "31000000000000f03f 310000000000000040", [1, 2]),
        (dtypes.BOOL, "5800 5801", [False, True]),
        (dtypes.FLOAT, "2208 0000803f 00000040", [1, 2]),
        (dtypes.INT8, "2202 ff01", [-1, 1]),
        (dtypes.INT8, "3a04 ac02 ff01", [44, -1]),
    ],
    ids=["unpacked", "mixed", "mixed varints", "unpacked doubles", "unpacked bool", "content", "byte content", "wrap"],
)
def test_reads_other_forms_of_lists(dtype, data, expected):
    assert values_of(messages.TensorProto.FromString(bytes.fromhex(data)), dtype, (2,)) == expected


@pytest.mark.parametrize(
    ("dtype", "data"),
    [
        (dtypes.FLOAT, ""),
        (dtypes.FLOAT, "2a04 0000803f"),
        (dtypes.FLOAT, "2a0c 0000803f 0000803f 0000803f"),
        (dtypes.FLOAT, "3210 000000000000f03f000000000000f03f"),
        (dtypes.COMPLEX64, "4a0c 0000803f 0000803f 0000803f"),
        (dtypes.INT32, "5202 0101"),
        (dtypes.STRING, "4200"),
        (dtypes.INT32, "2207 00000000000000"),
    ],
    ids=["none", "few", "many", "other type", "half a complex", "other list", "one string", "content"],
)
def test_refuses_other_values(dtype, data):
    data = bytes.fromhex("0a0174 1202 0a00 1a") + bytes([len(bytes.fromhex(data))]) + bytes.fromhex(data)
    with pytest.raises(DataLossError, match="Error copying slice data"):
        decode_saved_slice(b"\x12" + bytes([len(data)]) + data, dtype, (2,))


def test_refuses_types_that_v1_cannot_hold():
    array = np.zeros(1, np.uint32)
    with pytest.raises(InvalidArgumentError, match="Tensor slice serialization not implemented for dtype 22"):
        encode(b"t", WHOLE(1), array, dtypes.UINT32)
    for dtype in set(dtypes.DTYPES) - V1_DTYPES - {dtypes.UINT32, dtypes.UINT64}:
        with pytest.raises(UnimplementedError, match=f"Saving data type {dtype.c_name} not yet supported"):
            encode(b"t", WHOLE(1), np.zeros(1, dtype.numpy), dtype)
        with pytest.raises(UnimplementedError, match="V1"):
            decode_saved_slice(record(messages.TensorProto()), dtype, (0,))


@pytest.mark.parametrize(
    ("array", "dtype", "bytes_per_element"),
    [(np.zeros(10, np.int8), dtypes.INT8, 10), (np.array([b"x" * 90] * 10, object), dtypes.STRING, 100)],
    ids=["int8", "string"],
)
def test_size_limit_is_that_of_tensorflow_by_estimate(monkeypatch, array, dtype, bytes_per_element):
    head = len(bytes.fromhex("0a0174 1202 0a00"))
    monkeypatch.setattr(slice_values, "MAX_RECORD_SIZE", head + 1024 + 10 * bytes_per_element)
    encode(b"t", WHOLE(1), array, dtype)
    monkeypatch.setattr(slice_values, "MAX_RECORD_SIZE", head + 1024 + 10 * bytes_per_element - 1)
    with pytest.raises(InvalidArgumentError, match=r"too large to serialize \(conservative estimate: \d+ bytes\)"):
        encode(b"t", WHOLE(1), array, dtype)


@given(st.data(), st.sampled_from(V1))
def test_damaged_records_give_a_slice_or_an_error(data, dtype):
    stored = bytearray(encode(b"t", WHOLE(1), data.draw(arrays(dtype, (3,))), dtype))
    for _ in range(data.draw(st.integers(0, 3))):
        stored[data.draw(st.integers(0, len(stored) - 1))] = data.draw(st.integers(0, 255))
    try:
        array = decode_saved_slice(stored[: data.draw(st.integers(0, len(stored)))], dtype, (3,))[2]
    except CheckpointError:
        return
    assert array.size <= 3


@given(st.binary(max_size=50), st.sampled_from(V1))
def test_any_bytes_give_a_slice_or_an_error(data, dtype):
    try:
        decode_meta(data)
        decode_saved_slice(data, dtype, (1,))
    except CheckpointError:
        pass
