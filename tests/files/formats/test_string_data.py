"""String and variant tensors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import ChecksumError, DataLossError, InvalidArgumentError, TruncatedError
from ckpt_magics.files.formats import string_data
from ckpt_magics.files.formats.string_data import (
    VariantBytes,
    decode_strings,
    decode_variants,
    encode_strings,
    encode_variants,
    split_strings,
)
from ckpt_magics.files.wire.crc32c import crc32c, mask
from tests.strategies import strings

ELEMENTS = st.lists(strings(), max_size=6)


def objects(elements):
    array = np.empty(len(elements), object)
    array[:] = elements
    return array


def encode(elements):
    buffers, crc = encode_strings(objects(elements))
    return b"".join(buffers), crc


@pytest.mark.parametrize(
    ("elements", "data", "crc"),
    [
        ([b"hello"], bytes.fromhex("05 d9c69c43") + b"hello", 0x29C0E0EC),
        ([b"a", b"bc" * 100, b""], bytes.fromhex("01c80100 2ed74514") + b"a" + b"bc" * 100, None),
        ([], bytes.fromhex("d8ea82a2"), None),
    ],
    ids=["one", "three", "none"],
)
def test_strings_as_tensorflow_writes_them(elements, data, crc):
    encoded, found = encode(elements)
    assert encoded == data
    assert found == (crc or found)
    assert decode_strings(data, len(elements), found) == elements


@given(ELEMENTS)
def test_strings_round_trip(elements):
    data, crc = encode(elements)
    assert decode_strings(data, len(elements), crc) == elements


def test_large_strings_are_handed_on_without_a_copy(monkeypatch):
    monkeypatch.setattr(string_data, "JOIN_LIMIT", 3)
    elements = [b"ab", b"cd"]
    buffers, crc = encode_strings(objects(elements))
    assert buffers[1] is elements[0]
    assert decode_strings(b"".join(buffers), 2, crc) == elements


def test_takes_text_and_numpy_strings():
    assert encode(["\u20ac"]) == encode(["\u20ac".encode()])
    assert encode_strings(np.array(["a", "bc"])) == encode_strings(np.array([b"a", b"bc"]))


@pytest.mark.parametrize("element", [1, None, "\ud800"])
def test_refuses_elements_that_are_no_strings(element):
    with pytest.raises(InvalidArgumentError, match="string"):
        encode([element])


@settings(max_examples=20)
@given(st.lists(st.binary(max_size=20) | st.just(b"x" * 130), min_size=1, max_size=3).filter(any))
def test_every_flipped_byte_and_truncation_is_noticed(elements):
    data, crc = encode(elements)
    for position in range(len(data)):
        damaged = bytearray(data)
        damaged[position] ^= 0x81
        with pytest.raises(DataLossError):
            decode_strings(bytes(damaged), len(elements), crc)
        with pytest.raises(DataLossError):
            decode_strings(data[:position], len(elements), crc)
    with pytest.raises(DataLossError):
        decode_strings(data + b"\0", len(elements), crc)


def test_says_which_checksum_differs():
    data, crc = encode([b"hello"])
    with pytest.raises(ChecksumError, match=r"The length checksum does not match: expected \d+ but actual is \d+"):
        decode_strings(b"\4" + data[1:], 1, crc)
    with pytest.raises(ChecksumError, match=r"Checksum does not match: stored \d{8,} vs\. calculated on the restored"):
        decode_strings(data[:-1] + b"0", 1, crc)


@pytest.mark.parametrize("lengths", [[2**50, 0], [2**64 - 1, 1], [100, 100], [2**63, 2**63]])
def test_refuses_lengths_past_the_end(lengths):
    varints, checksummed = b"", b""
    for length in lengths:
        size = 8 if length >> 32 else 4
        checksummed += length.to_bytes(size, "little")
        while length > 127:
            varints += bytes([length & 127 | 128])
            length >>= 7  # noqa: PLW2901
        varints += bytes([length])
    data = varints + mask(crc32c(checksummed)).to_bytes(4, "little") + b"abc"
    with pytest.raises(TruncatedError, match="Read less bytes than requested"):
        decode_strings(data, 2, 0)


def test_lengths_of_4_gib_and_more_are_checksummed_as_8_bytes():
    lengths = np.array([1, 2**32], np.uint64)
    assert string_data._checksummed_lengths(lengths, "little") == bytes.fromhex("01000000 0000000001000000")
    assert string_data._checksummed_lengths(lengths - np.uint64(1), "little") == bytes.fromhex("00000000 ffffffff")


def test_big_endian_lengths():
    checksum = mask(crc32c(b"\0\0\0\2")).to_bytes(4, "big")
    data = b"\2" + checksum + b"ab"
    crc = mask(crc32c(checksum + b"ab", crc32c(b"\0\0\0\2")))
    assert decode_strings(data, 1, crc, big_endian=True) == [b"ab"]
    with pytest.raises(ChecksumError):
        decode_strings(data, 1, crc)


@given(st.binary(max_size=40), st.integers(0, 10))
def test_any_bytes_give_strings_or_an_error(data, count):
    try:
        elements = split_strings(data, count)
    except DataLossError:
        return
    assert len(elements) == count
    assert data.endswith(b"".join(elements))


VARIANTS = st.lists(st.binary(max_size=200).map(VariantBytes), max_size=4)


def test_checksums_of_variants_run_on():
    buffers, crc = encode_variants(objects([VariantBytes(b"ab"), VariantBytes(b"")]))
    first = crc32c(b"ab", crc32c(b"\2" + bytes(7)))
    first_stored = mask(first).to_bytes(4, "little")
    second = crc32c(bytes(8), crc32c(first_stored, first))
    second_stored = mask(second).to_bytes(4, "little")
    assert b"".join(buffers) == b"\2ab" + first_stored + b"\0" + second_stored
    assert crc == mask(crc32c(second_stored, second))


@given(VARIANTS)
def test_variants_round_trip(elements):
    buffers, crc = encode_variants(objects(elements))
    back = decode_variants(b"".join(buffers), len(elements), crc)
    assert back == elements
    assert all(type(element) is VariantBytes for element in back)


@given(VARIANTS.filter(bool))
def test_every_flipped_byte_and_truncation_of_variants_is_noticed(elements):
    buffers, crc = encode_variants(objects(elements))
    data = b"".join(buffers)
    for position in range(0, len(data), 1 + len(data) // 20):
        damaged = bytearray(data)
        damaged[position] ^= 0x81
        with pytest.raises(DataLossError):
            decode_variants(bytes(damaged), len(elements), crc)
        with pytest.raises(DataLossError):
            decode_variants(data[:position], len(elements), crc)
    with pytest.raises(DataLossError, match="variants fill"):
        decode_variants(data + b"\0", len(elements), crc)


def test_says_which_variant_is_damaged():
    with pytest.raises(ChecksumError, match="The checksum after Variant 0 does not match"):
        decode_variants(b"\1a" + bytes(4), 1, 0)


def test_refuses_elements_that_are_no_variants():
    with pytest.raises(InvalidArgumentError, match="element of a variant tensor is int"):
        encode_variants(objects([1]))
