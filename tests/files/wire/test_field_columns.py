"""Fields of many messages are found as protobuf finds them one by one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.files.wire import field_columns
from ckpt_magics.files.wire.field_columns import SmallMessages, spans_in_messages
from ckpt_magics.proto import messages

NUMBERS = st.integers(-(1 << 31), (1 << 31) - 1) | st.integers(0, 200)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.integers(120, 300).map(
    lambda size: "x" * size
)


@given(st.lists(st.lists(st.tuples(NUMBERS, TEXTS, NUMBERS), max_size=3), max_size=4), st.sampled_from([1, 2, 64]))
@settings(max_examples=100)
def test_fields_are_those_that_protobuf_wrote(nodes, few):
    graph = messages.TrackableObjectGraph()
    for slots in nodes:
        node = graph.nodes.add()
        for original, name, slot in slots:
            node.slot_variables.add(original_variable_node_id=original, slot_name=name, slot_variable_node_id=slot)
    data = graph.SerializeToString()
    # Many messages are looked through together, few one by one.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(field_columns, "_FEW", few)
        count, spans = spans_in_messages(data)
    assert count == len(nodes)
    assert spans[3][:, 0].tolist() == [at for at, slots in enumerate(nodes) for _ in slots]
    fields = SmallMessages(data, spans[3])
    columns = fields.take_int32(1), fields.take_texts(2), fields.take_int32(3)
    assert list(zip(*columns, strict=True)) == [slot for slots in nodes for slot in slots]
