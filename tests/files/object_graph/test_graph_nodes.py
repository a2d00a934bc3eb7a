"""Graphs of objects as values: decoded, encoded, numbered as TensorFlow does it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError, InvalidArgumentError
from ckpt_magics.files.object_graph.graph_columns import SlotVariable
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY
from ckpt_magics.files.object_graph.graph_nodes import (
    Edge,
    GraphNode,
    SavedBy,
    decode_object_graph,
    encode_object_graph,
)
from ckpt_magics.files.object_graph.node_order import numbered, with_values_told
from ckpt_magics.files.object_graph.object_graph import SavedAttribute
from ckpt_magics.files.object_graph.value_places import keys_of_values, with_keys
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.proto import messages
from tests.truth import CORPUS, GOLDEN, iter_cases

CASES = [case for case in iter_cases(CORPUS if CORPUS.is_dir() else GOLDEN) if case.objects]

names = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
# A field of number 4 in an attribute and one of number 9 in a node, as a reader that knows neither keeps them.
attributes = st.builds(SavedAttribute, names, names, names, st.sampled_from([b"", b"\x20\x01"]))


@st.composite
def graphs(draw):
    """Any nodes that refer to each other, most of them in no order that TensorFlow would give them."""
    count = draw(st.integers(1, 6))
    ids = st.integers(0, count - 1)
    node = st.builds(
        GraphNode,
        st.lists(st.builds(Edge, names, ids), max_size=4).map(tuple),
        st.lists(attributes, max_size=2).map(tuple),
        st.lists(st.builds(SlotVariable, ids, names, ids), max_size=3).map(tuple),
        st.none() | st.builds(SavedBy, names, names),
        st.sampled_from([None, True, False]),
        st.sampled_from([b"", b"\x48\x07"]),
    )
    return tuple(draw(st.lists(node, min_size=count, max_size=count)))


@given(graphs())
@settings(max_examples=40)
def test_what_is_encoded_is_decoded_again(nodes):
    assert decode_object_graph(encode_object_graph(nodes)) == nodes


@given(graphs())
@settings(max_examples=40)
def test_bytes_are_those_that_the_message_has(nodes):
    data = encode_object_graph(nodes)
    assert messages.TrackableObjectGraph.FromString(data).SerializeToString(deterministic=True) == data


@given(st.binary(max_size=60))
@settings(max_examples=200)
def test_any_bytes_are_a_graph_or_lost_data(data):
    try:
        nodes = decode_object_graph(data)
    except DataLossError:
        return
    assert decode_object_graph(encode_object_graph(nodes)) == nodes


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_tensorflows_graphs_are_decoded_numbered_and_encoded_to_their_bytes(case):
    with load_checkpoint(case.prefix) as reader:
        data = reader.get_tensor(OBJECT_GRAPH_KEY)
    nodes = decode_object_graph(data)
    assert encode_object_graph(nodes) == data
    assert numbered(nodes) == nodes
    told = [node.has_values for node in with_values_told(nodes)]
    assert told == [node.has_values for node in nodes]


def test_zeros_and_empty_texts_are_not_written():
    root = GraphNode((Edge("", 1), Edge("a", 0)), has_values=True)
    leaf = GraphNode((), (SavedAttribute("VARIABLE_VALUE", "", "k"),), has_values=True)
    edges = b"\x0a\x02\x08\x01" + b"\x0a\x03\x12\x01a"
    saved = b"\x12\x13" + b"\x0a\x0eVARIABLE_VALUE" + b"\x1a\x01k"
    told = b"\x2a\x02\x08\x01"
    first, second = edges + told, saved + told
    assert encode_object_graph([root, leaf]) == bytes([0x0A, len(first)]) + first + bytes([0x0A, len(second)]) + second


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(InvalidArgumentError, match="an object's name is no text"):
        encode_object_graph([GraphNode((Edge("\udcff", 0),))])


@pytest.mark.parametrize("node", [GraphNode((Edge("a", 1),)), GraphNode((), (), (SlotVariable(0, "m", 7),))])
def test_a_reference_to_no_node_is_lost_data(node):
    with pytest.raises(DataLossError, match=r"node 0 refers to node \d, and there are 1"):
        decode_object_graph(encode_object_graph([node]))


def saved(key):
    return (SavedAttribute("VARIABLE_VALUE", "", key),)


def test_numbers_are_breadth_first_and_slots_come_last():
    """The slots of the first optimizer stand before those of the second, by name and then by variable."""
    nodes = (
        GraphNode((Edge("b", 4), Edge("opt", 1), Edge("a", 5))),
        GraphNode((), (), (SlotVariable(5, "m", 2), SlotVariable(4, "m", 3), SlotVariable(4, "v", 6))),
        GraphNode((), saved("slot a m")),
        GraphNode((), saved("slot b m")),
        GraphNode((Edge("w", 7),)),
        GraphNode((), saved("a")),
        GraphNode((), saved("slot b v")),
        GraphNode((Edge("up", 0),), saved("w")),
        GraphNode((), saved("nobody's")),
    )
    found = numbered(nodes)
    keys = [node.attributes[0].checkpoint_key if node.attributes else "" for node in found]
    assert keys == ["", "", "", "a", "w", "slot b m", "slot a m", "slot b v"]
    assert found[2].slots == (SlotVariable(1, "m", 5), SlotVariable(3, "m", 6), SlotVariable(1, "v", 7))
    assert found[4].children == (Edge("up", 0),)


def test_a_slot_whose_variable_is_not_reached_is_gone():
    nodes = (
        GraphNode((Edge("opt", 1),)),
        GraphNode((), (), (SlotVariable(2, "m", 3),)),
        GraphNode((), saved("w")),
        GraphNode((), saved("m of w")),
    )
    assert numbered(nodes) == (GraphNode((Edge("opt", 1),)), GraphNode())


@given(graphs())
@settings(max_examples=40)
def test_numbered_graphs_stay_as_they_are_and_refer_to_themselves(nodes):
    once = numbered(nodes)
    assert numbered(once) == once
    assert decode_object_graph(encode_object_graph(once)) == once


def test_what_leads_to_values_has_them():
    nodes = (
        GraphNode((Edge("empty", 1), Edge("full", 2)), has_values=False),
        GraphNode((), has_values=True),
        GraphNode((Edge("v", 3), Edge("root", 0)), has_values=False),
        GraphNode((), saved("v")),
    )
    assert [node.has_values for node in with_values_told(nodes)] == [True, False, True, None]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_keys_of_tensorflows_graphs_follow_from_their_edges(case):
    with load_checkpoint(case.prefix) as reader:
        nodes = decode_object_graph(reader.get_tensor(OBJECT_GRAPH_KEY))
    assert with_keys(nodes, keys_of_values(nodes)) == nodes
