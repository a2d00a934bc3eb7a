"""Varints, alone and packed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.wire.varint import (
    decode_packed_varints,
    decode_varint,
    encode_packed_varints,
    encode_tagged_varints,
    encode_varint,
)

VECTORS = [
    (0, "00"),
    (1, "01"),
    (127, "7f"),
    (128, "8001"),
    (300, "ac02"),
    (2**32 - 1, "ffffffff0f"),
    (2**63, "80808080808080808001"),
    (2**64 - 1, "ffffffffffffffffff01"),
]

# Lengths on both sides of each step matter, not values: so draw the bits first.
NUMBERS = st.integers(0, 64).flatmap(lambda bits: st.integers(max(0, 2**bits // 2 - 1), max(0, 2**bits - 1)))


@pytest.mark.parametrize(("value", "encoded"), VECTORS)
def test_encodes_and_decodes(value, encoded):
    assert encode_varint(value).hex() == encoded
    assert decode_varint(bytes.fromhex(encoded), 0) == (value, len(encoded) // 2)


@given(NUMBERS, st.binary(max_size=3), st.binary(max_size=3))
def test_round_trip_in_the_middle_of_a_buffer(value, before, after):
    data = before + encode_varint(value) + after
    assert decode_varint(data, len(before)) == (value, len(data) - len(after))


def test_takes_a_longer_form_than_needed():
    assert decode_varint(b"\x81\x80\x00", 0) == (1, 3)


@pytest.mark.parametrize("data", ["", "80", "ff" * 9], ids=["empty", "one byte", "nine bytes"])
def test_refuses_a_cut_off_number(data):
    with pytest.raises(DataLossError, match="cut off"):
        decode_varint(bytes.fromhex(data), 0)


@pytest.mark.parametrize("data", ["ff" * 10, "ff" * 9 + "02", "ff" * 10 + "01"])
def test_refuses_more_than_64_bits(data):
    with pytest.raises(DataLossError, match="64 bits"):
        decode_varint(bytes.fromhex(data), 0)
    with pytest.raises(DataLossError):
        decode_packed_varints(bytes.fromhex(data))


@given(st.lists(NUMBERS, max_size=40))
def test_packed_is_one_after_the_other(values):
    packed = encode_packed_varints(np.array(values, np.uint64))
    assert packed == b"".join(map(encode_varint, values))
    assert decode_packed_varints(packed).tolist() == values


@given(st.lists(st.tuples(st.integers(0, 127), st.integers(0, 2**63 - 1)), max_size=40))
def test_tagged_is_a_byte_and_a_number_one_after_the_other(fields):
    tags, values = np.array(fields, np.int64).reshape(-1, 2).T
    data, sizes = encode_tagged_varints(tags.astype(np.uint8), values.copy())
    single = [bytes([tag]) + encode_varint(value) for tag, value in fields]
    assert data.tobytes() == b"".join(single)
    assert sizes.tolist() == list(map(len, single))


def test_negative_numbers_take_ten_bytes():
    values = np.array([-1, 5, -(2**63)], np.int64)
    packed = encode_packed_varints(values)
    assert len(packed) == 21
    assert decode_packed_varints(packed).view(np.int64).tolist() == values.tolist()


def test_packs_arrays_of_any_layout_in_c_order():
    values = np.arange(6, dtype=np.int64).reshape(2, 3).T
    assert encode_packed_varints(values) == bytes([0, 3, 1, 4, 2, 5])


@given(st.binary(max_size=60))
def test_any_bytes_give_numbers_or_an_error(data):
    one_by_one, position = [], 0
    try:
        while position < len(data):
            value, position = decode_varint(data, position)
            one_by_one.append(value)
    except DataLossError:
        with pytest.raises(DataLossError):
            decode_packed_varints(data)
    else:
        assert decode_packed_varints(data).tolist() == one_by_one
