"""A table written as a whole has the bytes of one written entry by entry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.files.formats.table import BLOCK_SIZE, TableWriter
from ckpt_magics.files.formats.table_columns import write_table

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


def together(entries):
    pieces = []
    keys = sorted(entries)
    values = [entries[key] for key in keys]
    sizes = np.array([len(value) for value in values], np.intp)
    data = np.frombuffer(b"".join(values), np.uint8)
    assert write_table(lambda piece: pieces.append(bytes(piece)), keys, data, sizes) == len(b"".join(pieces))
    return b"".join(pieces)


@given(st.dictionaries(KEYS, st.binary(max_size=200), max_size=70))
def test_small_tables(entries):
    assert together(entries) == one_by_one(entries)


@pytest.mark.parametrize("value_size", [0, 1, 30, 127, 128, 5000, BLOCK_SIZE - 20, BLOCK_SIZE, 2 * BLOCK_SIZE])
def test_tables_of_many_blocks(value_size):
    count = max(5, min(30_000, 4 * BLOCK_SIZE // (value_size + 8)))
    entries = {
        b"layer_%05d/w%d" % (row // 7, row % 7): bytes([row % 251]) * (value_size + row % 3) for row in range(count)
    }
    assert together(entries) == one_by_one(entries)


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
