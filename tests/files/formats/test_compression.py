"""Snappy blocks that nobody vouches for."""

import cramjam
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats.compression import decompress_snappy

LIMIT = 1 << 20
TEXT = b"layer_1/weights" * 20 + bytes(range(256))


def compress(data):
    return bytes(cramjam.snappy.compress_raw(data))


@given(
    st.binary(max_size=300) | st.builds(lambda piece, times: piece * times, st.binary(max_size=9), st.integers(0, 99))
)
def test_gives_back_what_was_compressed(data):
    assert decompress_snappy(compress(data), LIMIT) == data


def test_limit_is_inclusive():
    data = bytes(1000)
    assert decompress_snappy(compress(data), 1000) == data
    with pytest.raises(DataLossError, match="promise 1000"):
        decompress_snappy(compress(data), 999)


def test_refuses_more_than_the_bytes_can_hold_before_allocating():
    with pytest.raises(DataLossError, match="5 bytes promise 1048576"):
        decompress_snappy(b"\x80\x80\x40\x00\x00", 1 << 30)


def test_refuses_every_truncation():
    packed = compress(TEXT)
    for size in range(len(packed)):
        with pytest.raises(DataLossError, match="corrupted compressed block contents"):
            decompress_snappy(packed[:size], LIMIT)


@pytest.mark.parametrize(
    "packed",
    ["0a" + "0461" + "fe0500", "0a" + "0461" + "fe0000", "02" + "0861", "01" + "046162", ""],
    ids=["copy from before the start", "copy from itself", "short", "long", "empty"],
)
def test_refuses_what_is_not_snappy(packed):
    with pytest.raises(DataLossError, match="corrupted compressed block contents"):
        decompress_snappy(bytes.fromhex(packed), LIMIT)


@given(st.binary(max_size=60))
def test_any_bytes_give_contents_or_an_error(data):
    try:
        contents = decompress_snappy(data, LIMIT)
    except DataLossError:
        return
    assert len(contents) <= 64 * len(data)
