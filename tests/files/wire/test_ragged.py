"""Rows of bytes are put together and cut as they would be one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.files.wire.ragged import interleave, take, without_starts

ROWS = st.lists(st.tuples(st.binary(max_size=5), st.binary(max_size=5), st.binary(max_size=5)), max_size=10)


def column(pieces):
    return np.frombuffer(b"".join(pieces), np.uint8), np.array([len(piece) for piece in pieces], np.intp)


@given(ROWS)
def test_interleaved_rows_hold_their_pieces_in_order(rows):
    columns = [column([row[number] for row in rows]) for number in range(3)]
    assert interleave(columns).tobytes() == b"".join(b"".join(row) for row in rows)


@given(ROWS)
def test_rows_lose_their_starts(rows):
    data, sizes = column([start + rest for start, rest, _ in rows])
    skipped = np.array([len(start) for start, _, _ in rows], np.intp)
    assert without_starts(data, sizes, skipped).tobytes() == b"".join(rest for _, rest, _ in rows)


@given(st.lists(st.binary(max_size=5), min_size=1, max_size=4), st.lists(st.integers(0, 3), max_size=10))
def test_rows_are_taken_in_any_order(rows, numbers):
    ids = [number % len(rows) for number in numbers]
    assert take(rows, np.array(ids, np.intp)).tobytes() == b"".join(rows[number] for number in ids)
