"""Ordered code: the vectors are from files that TensorFlow wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.wire import ordered_code

SIGNED = [
    (0, "80"),
    (1, "81"),
    (63, "bf"),
    (-1, "7f"),
    (64, "c040"),
    (200, "c0c8"),
    (8191, "dfff"),
    (8192, "e02000"),
    (100000, "e186a0"),
    (2**20, "f0100000"),
    (2**28, "f810000000"),
    (2**63 - 1, "ffc07fffffffffffffff"),
    (-(2**63), "003f8000000000000000"),
]
UNSIGNED = [(0, "00"), (2, "0102"), (255, "01ff"), (256, "020100"), (2**64 - 1, "08" + "ff" * 8)]
STRINGS = [(b"", "0001"), (b"n\0a\xffm", "6e00ff61ff006d0001"), (b"\xff\xff\0\0", "ff00ff0000ff00ff0001")]

CODECS = {
    "string": (ordered_code.encode_string, ordered_code.decode_string, st.binary(max_size=12)),
    "unsigned": (
        ordered_code.encode_num_increasing,
        ordered_code.decode_num_increasing,
        st.integers(0, 64).map(lambda bits: 2**bits - 1) | st.integers(0, 2**64 - 1),
    ),
    "signed": (
        ordered_code.encode_signed_num_increasing,
        ordered_code.decode_signed_num_increasing,
        st.builds(lambda bits, near: min(2**bits + near, 2**63 - 1), st.integers(0, 63), st.integers(-2, 2))
        | st.builds(lambda bits, near: max(-(2**bits) + near, -(2**63)), st.integers(0, 63), st.integers(-2, 2))
        | st.integers(-(2**63), 2**63 - 1),
    ),
}


@pytest.mark.parametrize(
    ("codec", "value", "encoded"),
    [
        (codec, *row)
        for codec, rows in (("signed", SIGNED), ("unsigned", UNSIGNED), ("string", STRINGS))
        for row in rows
    ],
)
def test_encodes_and_decodes(codec, value, encoded):
    encode, decode, _ = CODECS[codec]
    assert encode(value).hex() == encoded
    assert decode(bytes.fromhex(encoded), 0) == (value, len(encoded) // 2)


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.data())
def test_round_trip_in_the_middle_of_a_buffer(codec, data):
    encode, decode, values = CODECS[codec]
    value = data.draw(values)
    buffer = b"\x42" + encode(value) + b"\xff\x00"
    assert decode(buffer, 1) == (value, len(buffer) - 2)


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.data())
def test_encodings_sort_as_values(codec, data):
    encode, _, values = CODECS[codec]
    first, second = data.draw(values), data.draw(values)
    assert (first < second) == (encode(first) < encode(second))


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.data())
def test_refuses_every_truncation(codec, data):
    encode, decode, values = CODECS[codec]
    encoded = encode(data.draw(values))
    for size in range(len(encoded)):
        with pytest.raises(DataLossError):
            decode(encoded[:size], 0)


@pytest.mark.parametrize("codec", CODECS)
@given(buffer=st.binary(max_size=14))
def test_any_bytes_give_a_value_with_that_encoding_or_an_error(codec, buffer):
    encode, decode, _ = CODECS[codec]
    try:
        value, end = decode(buffer, 0)
    except DataLossError:
        return
    assert encode(value) == buffer[:end]


@pytest.mark.parametrize("encoded", ["0100", "09" + "01" * 9, "0200ff"])
def test_refuses_unsigned_numbers_in_other_forms(encoded):
    with pytest.raises(DataLossError):
        ordered_code.decode_num_increasing(bytes.fromhex(encoded), 0)


@pytest.mark.parametrize("encoded", ["c000", "ffe0" + "00" * 9, "ffc0ff" + "00" * 7])
def test_refuses_signed_numbers_in_other_forms(encoded):
    with pytest.raises(DataLossError):
        ordered_code.decode_signed_num_increasing(bytes.fromhex(encoded), 0)
