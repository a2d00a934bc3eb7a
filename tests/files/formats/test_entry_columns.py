"""Entries decoded together say what they say one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats.bundle_records import BundleEntry, decode_entry, encode_entry
from ckpt_magics.files.formats.entry_columns import decode_entries
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from tests import strategies

SIZES = st.integers(0, 300) | st.integers(0, (1 << 63) - 1)


@st.composite
def entries(draw):
    shape = draw(strategies.shapes())
    parts = draw(st.sampled_from([(), (TensorSlice.full(len(shape)),)]))
    shard_id, crc = draw(st.integers(0, 300) | st.integers(0, (1 << 31) - 1)), draw(st.integers(0, (1 << 32) - 1))
    return BundleEntry(draw(strategies.dtypes()), shape, shard_id, draw(SIZES), draw(SIZES), crc, parts)


def decode_together(messages):
    """Decode messages that lie in one buffer, among other bytes."""
    sizes = np.array([len(message) for message in messages], np.intp)
    ends = np.cumsum(sizes + 1)
    starts = ends - sizes
    return decode_entries(b"".join(b"\x08" + message for message in messages), starts, ends)


def one_by_one(message):
    try:
        return decode_entry(message)
    except DataLossError as error:
        return error.message


def together(columns, row):
    try:
        return columns.entry(row)
    except DataLossError as error:
        return error.message


@given(st.lists(entries()))
def test_entries_come_back(expected):
    columns = decode_together([encode_entry(entry) for entry in expected])
    assert [columns.entry(row) for row in range(len(expected))] == expected


@given(st.lists(entries().map(encode_entry) | st.binary(max_size=30)), st.data())
def test_any_bytes_say_the_same_as_one_by_one(messages, data):
    """Cut, changed and foreign bytes among good entries."""
    for row, message in enumerate(messages):
        if message and data.draw(st.booleans()):
            position = data.draw(st.integers(0, len(message) - 1))
            changed = bytes([data.draw(st.integers(0, 255))])
            messages[row] = data.draw(
                st.sampled_from([message[:position], message[:position] + changed + message[position + 1 :]])
            )
    columns = decode_together(messages)
    assert [together(columns, row) for row in range(len(messages))] == list(map(one_by_one, messages))


def test_unusual_entries_do_not_spoil_their_neighbours():
    good = encode_entry(BundleEntry(dtypes.FLOAT, (2, 3), 1, 1 << 40, 24, 5))
    negative = good.replace(b"\x28\x18", b"\x28" + b"\xff" * 9 + b"\x01")
    columns = decode_together([good, negative, b"", good + b"\x48\x01", good])
    assert columns.entry(0) == columns.entry(3) == columns.entry(4)
    assert sorted(columns.damage) == [1, 2]
    with pytest.raises(DataLossError, match="size -1"):
        columns.entry(1)


@pytest.mark.parametrize("most", [1, 3, 100])
def test_types_are_told_apart_however_many_there_are(most):
    """Common ones are found together, rare ones and those of long shapes one by one."""
    kinds = [(dtypes.FLOAT, (size,)) for size in range(most - 1)] + [(dtypes.INT8, tuple(range(1, 15)))]
    choice = np.random.default_rng(0).integers(0, len(kinds), 2000)
    wanted = [BundleEntry(*kinds[number], 0, row, 5, row + 1, ()) for row, number in enumerate(choice)]
    messages = list(map(encode_entry, wanted))
    columns = decode_together(messages)
    assert [columns.entry(row) for row in range(len(wanted))] == wanted
    assert len(columns.types) == len(set(choice.tolist()))
