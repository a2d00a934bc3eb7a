"""Which value of a graph of objects a tensor is, by its key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.files.object_graph.graph_keys import values_of_keys

T, W, ROWS = "t/.ATTRIBUTES/table", "w/.ATTRIBUTES/VARIABLE_VALUE", "rows/.ATTRIBUTES/ITERATOR"


@pytest.mark.parametrize(
    ("keys", "values", "found"),
    [
        ([f"{T}-keys", f"{T}-values", W], {T, W}, {f"{T}-keys": T, f"{T}-values": T, W: W}),
        ([f"{ROWS}_STATE"], {ROWS}, {f"{ROWS}_STATE": ROWS}),
        # Of two names the longer one is nearer.
        ([f"{T}-keys"], {T, f"{T}-k"}, {f"{T}-keys": f"{T}-k"}),
        # What is a tensor of its own has no other parts, and another path is another object.
        ([W, f"{W}_OF_SOMEBODY", "t2/.ATTRIBUTES/table-keys", "tab"], {W, T}, {W: W}),
    ],
)  # fmt: skip
def test_parts_belong_to_the_value_that_their_names_begin_with(keys, values, found):
    assert values_of_keys(keys, values) == found


KEYS = st.lists(st.sampled_from(["a", "a/.ATTRIBUTES/", "a/.ATTRIBUTES/x", "a/.ATTRIBUTES/xy", f"{T}{'z' * 300}"]))


@given(KEYS, KEYS)
def test_each_is_a_value_that_it_begins_with(keys, values):
    for key, value in values_of_keys(keys, set(values)).items():
        assert key in keys
        assert value in values
        assert key.startswith(value)
