"""Whatever ranges are asked for, in whatever order, each gets its own bytes."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.files.storage.ranges import read_ranges
from ckpt_magics.files.storage.store import Range, Suffix

DATA = bytes(range(251)) * 5


@st.composite
def ranges(draw):
    start = draw(st.integers(0, len(DATA)))
    return Range(start, draw(st.integers(0, len(DATA) - start)))


@given(wanted=st.lists(ranges(), max_size=20), gap=st.sampled_from([0, 1, 16, 1000]))
def test_each_range_gets_the_bytes_of_its_slice(wanted, gap):
    reads = []

    def read(start, size):
        reads.append(Range(start, size))
        return DATA[start : start + size]

    assert read_ranges(wanted, gap, read) == [DATA[part.start : part.start + part.length] for part in wanted]
    # What is near was read together, and what is far was not read along.
    assert all(later.start - (one.start + one.length) > gap for one, later in pairwise(reads))
    read_along = sum(one.length for one in reads) - len({at for part in wanted for at in range(part.start, sum(part))})
    assert read_along <= gap * max(len(wanted) - 1, 0)


@given(length=st.integers(0, 100), size=st.integers(0, 100))
def test_a_suffix_is_the_end_of_a_file(length, size):
    part = Suffix(length).of(size)
    assert DATA[:size][part.start : sum(part)] == DATA[:size][max(size - length, 0) :]
    assert sum(part) == size
