"""Tensors in data files."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import (
    ChecksumError,
    DataLossError,
    InvalidArgumentError,
    TensorMismatchError,
    TruncatedError,
    UnimplementedError,
)
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats.dtypes import VariantBytes
from ckpt_magics.files.formats.number_bytes import number_bytes
from ckpt_magics.files.formats.random_access import BytesFile
from ckpt_magics.files.formats.tensor_data import CRC_STEP, encode_tensor, read_tensor
from ckpt_magics.files.wire.crc32c import crc32c, mask
from tests.strategies import NUMERIC, SAVEABLE, arrays
from tests.strategies import dtypes as any_dtype


def encode(array, dtype):
    buffers, crc = encode_tensor(array, dtype)
    return b"".join(buffers), crc


def read(data, dtype, shape, crc, **options):
    return read_tensor(BytesFile(data), 0, len(data), dtype, shape, expected_crc=crc, **options)


# The values 1, 2, 3, 0, 1, as TensorFlow stored them.
VECTORS = [
    (dtypes.FLOAT8_E5M2, "3c4042003c"),
    (dtypes.FLOAT8_E4M3FN, "3840440038"),
    (dtypes.FLOAT8_E4M3FNUZ, "40484c0040"),
    (dtypes.FLOAT8_E4M3B11FNUZ, "5860640058"),
    (dtypes.FLOAT8_E5M2FNUZ, "4044460040"),
    (dtypes.FLOAT4_E2M1FN, "0204050002"),
    (dtypes.BFLOAT16, "803f 0040 4040 0000 803f"),
    (dtypes.HALF, "003c 0040 0042 0000 003c"),
    (dtypes.COMPLEX64, "0000803f00000000 0000004000000000 0000404000000000" + "00" * 8 + "0000803f00000000"),
]


@pytest.mark.parametrize(("dtype", "data"), VECTORS, ids=str)
def test_numbers_as_tensorflow_stores_them(dtype, data):
    array = np.array([1, 2, 3, 0, 1], np.float32).astype(dtype.numpy)
    assert encode(array, dtype) == (bytes.fromhex(data), mask(crc32c(bytes.fromhex(data))))


@pytest.mark.parametrize(
    ("dtype", "values", "data"), [(dtypes.INT4, [-1, -8, 7], "0f0807"), (dtypes.INT2, [-1, -2, 1], "030201")]
)
def test_integers_of_less_than_a_byte_take_one(dtype, values, data):
    assert encode(np.array(values).astype(dtype.numpy), dtype)[0].hex() == data


@given(st.data())
def test_round_trip(data):
    dtype = data.draw(any_dtype())
    array = data.draw(arrays(dtype))
    stored, crc = encode(array, dtype)
    back = read(stored, dtype, array.shape, crc)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tolist() == array.tolist() if dtype == dtypes.STRING else back.tobytes() == array.tobytes()
    assert back.flags.writeable


def test_no_elements():
    assert encode(np.empty((0, 3), np.float32), dtypes.FLOAT) == (b"", 0xA282EAD8)
    assert read(b"", dtypes.FLOAT, (0, 3), 0xA282EAD8).shape == (0, 3)


def test_contiguous_numbers_are_viewed():
    for array in (np.ones((2, 3), np.float32), np.ones(4).astype(ml_dtypes.bfloat16), np.array(1)):
        view = number_bytes(array, dtypes.dtype_of(array))
        assert np.shares_memory(np.frombuffer(view, np.uint8), array)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype=np.int32).reshape(2, 3).T,
        np.arange(12, dtype=np.int32)[::2],
        np.arange(6, dtype=">i4"),
        np.broadcast_to(np.int32(7), (2, 2)),
    ],
    ids=["transposed", "strided", "big-endian", "broadcast"],
)
def test_takes_any_layout(array):
    assert encode(array, dtypes.INT32)[0] == np.ascontiguousarray(array, "<i4").tobytes()


def test_takes_structured_quantized_arrays():
    array = np.array([1, 2], np.int16)
    assert encode(array.view([("qint16", "<i2")]), dtypes.QINT16) == encode(array, dtypes.QINT16)


def test_refuses_arrays_of_another_type():
    with pytest.raises(InvalidArgumentError, match="array of float64 cannot be stored as float32"):
        encode_tensor(np.zeros(2), dtypes.FLOAT)
    with pytest.raises(UnimplementedError, match="resource"):
        encode_tensor(np.empty(1, object), dtypes.RESOURCE)


def test_reads_more_than_one_step():
    array = np.arange(CRC_STEP * 5 // 8, dtype=np.float32)
    data, crc = encode(array, dtypes.FLOAT)
    assert len(data) > 2 * CRC_STEP
    assert (read(data, dtypes.FLOAT, array.shape, crc) == array).all()
    damaged = bytearray(data)
    damaged[CRC_STEP] ^= 1
    with pytest.raises(ChecksumError):
        read(damaged, dtypes.FLOAT, array.shape, crc)


@pytest.mark.parametrize("dtype", SAVEABLE, ids=repr)
def test_every_flipped_byte_is_noticed(dtype):
    array = np.array([b"ab", b"", b"c"], object) if dtype == dtypes.STRING else np.array([1, 0, 1]).astype(dtype.numpy)
    data, crc = encode(array, dtype)
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 0x10
        with pytest.raises(ChecksumError) as caught:
            read(damaged, dtype, (3,), crc)
        assert caught.value.stored != caught.value.computed


def test_every_truncation_is_noticed_before_anything_is_allocated():
    data, crc = encode(np.arange(6, dtype=np.int64), dtypes.INT64)
    for size in range(len(data)):
        with pytest.raises(TruncatedError, match="Read less bytes than requested"):
            read_tensor(BytesFile(data[:size]), 0, len(data), dtypes.INT64, (6,), expected_crc=crc)
    with pytest.raises(TruncatedError):
        read_tensor(BytesFile(data), 0, 2**43, dtypes.INT64, (2**40,), expected_crc=crc)


@pytest.mark.parametrize(
    ("dtype", "shape", "message"),
    [
        (dtypes.FLOAT, (2,), "stored size 12; expected size 8"),
        (dtypes.FLOAT, (4,), "stored size 12; expected size 16"),
        (dtypes.FLOAT, (2**40, 2**20), "stored size 12"),
        (dtypes.STRING, (9,), "stored size 12; expected size is at least 13"),
        (dtypes.VARIANT, (3,), "stored size 12; expected size is at least 15"),
    ],
)
def test_refuses_sizes_that_do_not_fit(dtype, shape, message):
    with pytest.raises(DataLossError, match=f"Invalid size in bundle entry: {message}"):
        read(bytes(12), dtype, shape, 0)


def test_refuses_what_files_cannot_hold():
    for dtype, big_endian in ((dtypes.RESOURCE, False), (dtypes.VARIANT, True)):
        with pytest.raises(UnimplementedError, match=dtype.c_name):
            read(b"", dtype, (0,), 0, big_endian=big_endian)
    with pytest.raises(UnimplementedError, match="NumPy cannot hold"):
        read(bytes(4), dtypes.FLOAT, (1,) * 200, mask(crc32c(bytes(4))))


@pytest.mark.parametrize("dtype", NUMERIC, ids=repr)
def test_swaps_big_endian_numbers(dtype):
    array = np.array([1, 2, 1]).astype(dtype.numpy)
    part = dtype.real_dtype.itemsize
    data = array.view(np.uint8).reshape(-1, part)[:, ::-1].tobytes()
    back = read(data, dtype, (3,), mask(crc32c(data)), big_endian=True)
    assert back.dtype == array.dtype
    assert back.tobytes() == array.tobytes()


def test_reads_variants():
    array = np.empty((1, 2), object)
    array[0, 0], array[0, 1] = VariantBytes(b"first"), VariantBytes(b"")
    data, crc = encode(array, dtypes.VARIANT)
    back = read(data, dtypes.VARIANT, (1, 2), crc)
    assert back.tolist() == [[b"first", b""]]
    assert isinstance(back[0, 0], VariantBytes)


@pytest.mark.parametrize(
    "out",
    [np.empty((2, 3), np.float32), np.empty((3, 2), np.float32).T, np.empty((2, 6), np.float32)[:, ::2]],
    ids=["contiguous", "transposed", "strided"],
)
def test_reads_into_an_array(out):
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    data, crc = encode(array, dtypes.FLOAT)
    assert read(data, dtypes.FLOAT, (2, 3), crc, out=out) is out
    assert (out == array).all()


def test_reads_strings_into_an_array():
    data, crc = encode(np.array([b"a", b"b"], object), dtypes.STRING)
    out = np.empty(2, object)
    assert read(data, dtypes.STRING, (2,), crc, out=out) is out
    assert out.tolist() == [b"a", b"b"]


def test_refuses_arrays_to_read_into_that_do_not_fit():
    data, crc = encode(np.zeros(2, np.float32), dtypes.FLOAT)
    frozen = np.zeros(2, np.float32)
    frozen.flags.writeable = False
    for out in (np.empty(2), np.empty(3, np.float32), np.empty((2, 1), np.float32), np.empty(2, ">f4"), frozen):
        with pytest.raises(TensorMismatchError, match=r"cannot read float32 \[2\] into"):
            read(data, dtypes.FLOAT, (2,), crc, out=out)


@given(st.binary(max_size=40), st.sampled_from(dtypes.DTYPES), st.lists(st.integers(0, 4), max_size=3), st.booleans())
def test_any_bytes_give_an_array_or_an_error(data, dtype, shape, big_endian):
    try:
        array = read(data, dtype, tuple(shape), mask(crc32c(data)), big_endian=big_endian)
    except (DataLossError, UnimplementedError):
        return
    assert array.shape == tuple(shape)
