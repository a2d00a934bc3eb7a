"""Philox gives the numbers that its authors published, and blocks do not depend on how many are asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.graphs.ops.philox import Philox, normal_pairs, unit_doubles, unit_floats

ALL = (1 << 64) - 1


def blocks(stream, count):
    return stream.words(stream.reserve(count), np.arange(count, dtype=np.uint64))


@pytest.mark.parametrize(
    ("seed", "counter", "words"),
    [
        (0, 0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (ALL, (ALL << 64) + ALL, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (0x299F31D0A4093822, 0x0370734413198A2E85A308D3243F6A88, "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_published_vectors(seed, counter, words):
    """The known answers of Random123 for philox4x32-10."""
    found = Philox(seed, ALL).words(counter, np.zeros(1, np.uint64))
    assert " ".join(f"{word:08x}" for word in found[0]) == words


@given(seed=st.integers(1, ALL), seed2=st.integers(0, ALL), count=st.integers(0, 40), first=st.integers(0, 40))
def test_a_stream_goes_on(seed, seed2, count, first):
    together = blocks(Philox(seed, seed2), first + count)
    stream = Philox(seed, seed2)
    np.testing.assert_array_equal(np.concatenate([blocks(stream, first), blocks(stream, count)]), together)


def test_counters_carry():
    stream = Philox(5, 0)
    whole = stream.words(ALL - 1, np.arange(4, dtype=np.uint64))
    for index in range(4):
        np.testing.assert_array_equal(whole[index], stream.words(ALL - 1 + index, np.zeros(1, np.uint64))[0])
    np.testing.assert_array_equal(
        stream.words((1 << 128) - 1, np.ones(1, np.uint64)), stream.words(0, np.zeros(1, np.uint64))
    )


def test_many_blocks_are_those_of_few():
    stream = Philox(1, 2)
    offsets = np.arange(40_000, dtype=np.uint64)
    np.testing.assert_array_equal(stream.words(7, offsets)[-3:], stream.words(7, offsets[-3:]))


def test_without_seeds_each_stream_is_another():
    assert not np.array_equal(blocks(Philox(0, 0), 3), blocks(Philox(0, 0), 3))


def test_numbers_of_bits():
    words = np.array([[0, 0xFFFFFFFF, 0x400000, 1]], np.uint32)
    np.testing.assert_array_equal(unit_floats(words), np.float32([[0, 1 - 2**-23, 0.5, 2**-23]]))
    np.testing.assert_array_equal(unit_doubles(words.reshape(2, 2)), [(2**32 - 1) / 2**52, 2**-52])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_numbers_are_those_of_the_transform(dtype):
    words = blocks(Philox(3, 4), 20_000)
    numbers = normal_pairs(words, np.dtype(dtype))
    even = (unit_floats(words) if dtype == "float32" else unit_doubles(words.reshape(-1, 2, 2))).astype(np.float64)
    radius, angle = np.sqrt(-2 * np.log(np.maximum(even[:, ::2], 1e-7))), 2 * np.pi * even[:, 1::2]
    expected = np.stack([np.sin(angle) * radius, np.cos(angle) * radius], -1).reshape(len(words), -1)
    np.testing.assert_allclose(numbers, expected, atol=1e-6 if dtype == "float32" else 1e-14)
