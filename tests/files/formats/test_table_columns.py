"""A table written many entries at a time has the bytes of one written entry by entry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.table import BLOCK_SIZE, TableWriter
from ckpt_magics.files.formats.table_columns import ColumnTableWriter

KEYS = st.binary(max_size=20) | st.builds(
    lambda size, end: b"scope/" * size + end, st.integers(0, 40), st.binary(max_size=9)
)


def one_by_one(entries):
    pieces = []
    table = TableWriter(lambda piece: pieces.append(bytes(piece)))
    for key in sorted(entries):
        table.add(key, entries[key])
    assert table.finish() == len(b"".join(pieces))
    return b"".join(pieces)


def together(entries, most=1 << 20):
    pieces = []
    keys = sorted(entries)
    table = ColumnTableWriter(lambda piece: pieces.append(bytes(piece)))
    for first in range(0, len(keys), most):
        some = keys[first : first + most]
        values = [entries[key] for key in some]
        sizes = np.array([len(value) for value in values], np.intp)
        table.add(some, np.frombuffer(b"".join(values), np.uint8), sizes)
    assert table.finish() == len(b"".join(pieces))
    return b"".join(pieces)


@given(st.dictionaries(KEYS, st.binary(max_size=200), max_size=70), st.integers(1, 80))
def test_small_tables(entries, most):
    assert together(entries, most) == one_by_one(entries)


@pytest.mark.parametrize("value_size", [0, 1, 30, 127, 128, 5000, BLOCK_SIZE - 20, BLOCK_SIZE, 2 * BLOCK_SIZE])
def test_tables_of_many_blocks(value_size):
    count = max(5, min(30_000, 4 * BLOCK_SIZE // (value_size + 8)))
    entries = {
        b"layer_%05d/w%d" % (row // 7, row % 7): bytes([row % 251]) * (value_size + row % 3) for row in range(count)
    }
    expected = one_by_one(entries)
    assert together(entries) == expected
    assert together(entries, count // 3) == expected


def test_an_entry_that_begins_a_block_comes_after_others():
    entries = {b"a": b"1", b"b": bytes(2 * BLOCK_SIZE), b"c": b"2", b"d": b"3"}
    assert together(entries, 1) == one_by_one(entries)


def test_refuses_keys_before_those_that_were_added():
    table = ColumnTableWriter(bytes)
    table.add([b"b"], np.zeros(1, np.uint8), np.array([1]))
    with pytest.raises(InvalidArgumentError, match="must increase"):
        table.add([b"a"], np.zeros(1, np.uint8), np.array([1]))


def test_keys_that_end_where_others_go_on():
    entries = {
        b"": b"h",
        b"a": b"",
        b"aaaaaaaa": b"1",
        b"aaaaaaaaaaaaaaaa": b"2",
        b"aaaaaaaaaaaaaaaab": b"3",
        b"\xff" * 300: b"4",
    }
    assert together(entries) == one_by_one(entries)
