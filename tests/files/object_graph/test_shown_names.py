"""Tensors of object-based checkpoints are called as their model has them, and told apart by what reaches them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import DataLossError
from ckpt_magics.files.object_graph.groups import GROUPS
from ckpt_magics.files.object_graph.named_tensors import NamedTensors
from ckpt_magics.files.object_graph.object_graph import parse_object_graph
from ckpt_magics.files.object_graph.shown_names import shown_names
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.proto import messages
from tests.truth import GOLDEN

GRAPHS = GOLDEN / "object_graphs"
PROGRAMS = sorted(path.stem for path in GRAPHS.glob("*.pb"))


def golden(name):
    """Return a graph by TensorFlow, and (key, name, group) of each of its tensors."""
    lines = (GRAPHS / f"{name}.txt").read_text("utf-8").splitlines()
    return parse_object_graph((GRAPHS / f"{name}.pb").read_bytes()), [tuple(line.split("\t")) for line in lines]


@pytest.mark.parametrize("program", PROGRAMS)
def test_names_and_groups_are_those_of_the_model(program):
    graph, truth = golden(program)
    shown = shown_names([key for key, _, _ in truth], graph)
    assert [(key, shown.name(key), shown.group(key)) for key, _, _ in truth] == truth


def message_of(*nodes):
    """Serialize nodes of (children, keys by attribute)."""
    graph = messages.TrackableObjectGraph()
    for children, values in nodes:
        node = graph.nodes.add()
        for name, child in children.items():
            node.children.add(local_name=name, node_id=child)
        for attribute, key in values.items():
            node.attributes.add(name=attribute, checkpoint_key=key)
    return graph.SerializeToString()


def variable(key):
    return {}, {"VARIABLE_VALUE": f"{key}/.ATTRIBUTES/VARIABLE_VALUE"}


def named(graph, *keys):
    """Return tensors under some keys, the first of one element, the second of two, with a graph."""
    stored = {key: np.zeros(at + 1) for at, key in enumerate(keys)}
    return NamedTensors(ArraySource({**stored, "_CHECKPOINTABLE_OBJECT_GRAPH": np.array(graph, object)}))


def test_tensors_are_had_by_every_name():
    """By the one that is shown, the key, its short form, and the name in a graph if one tensor alone has it."""
    graph, truth = golden("keras_subclass")
    data = (GRAPHS / "keras_subclass.pb").read_bytes()
    tensors = named(data, *(key for key, _, _ in truth))
    assert list(tensors) == sorted([*(name for _, name, _ in truth), "_CHECKPOINTABLE_OBJECT_GRAPH"])
    for key, name, group in truth:
        assert tensors.spec(name).key == tensors.spec(key).key == key.encode()
        assert tensors.name_or_none(key) == name
        assert tensors.group(key) == tensors.group(name) == group
        assert tensors.spec(key.partition("/.ATTRIBUTES")[0]).key == key.encode()
    full_names = {full: key for full, key in graph.own_full_names.items() if "adam" in full}
    assert len(full_names) == 10
    assert all(tensors.spec(full).key == key.encode() for full, key in full_names.items())


def test_what_is_stored_beside_a_value_is_called_after_it():
    key = "t/.ATTRIBUTES/table"
    tensors = named(message_of(({"net": 1}, {}), ({"t": 2}, {}), ({}, {"table": key})), f"{key}-keys", f"{key}-values")
    assert list(tensors)[1:] == ["net/t/table-keys", "net/t/table-values"]
    assert tensors.read("net/t/table-values").shape == (2,)
    assert "net/t/table" not in tensors


def test_a_name_that_is_another_tensors_key_is_not_given_away():
    tensors = named(message_of(({"w": 1}, {}), variable("w")), "w/.ATTRIBUTES/VARIABLE_VALUE", "w")
    assert list(tensors)[1:] == ["w", "w/.ATTRIBUTES/VARIABLE_VALUE"]
    assert tensors.read("w").shape == (2,)


def test_two_ways_of_writing_one_path_stay_apart():
    """A part with a slash in it and two parts are read alike."""
    nodes = ({"a/b": 1, "a": 2}, {}), variable("a.Sb"), ({"b": 3}, {}), variable("a/b")
    tensors = named(message_of(*nodes), "a.Sb/.ATTRIBUTES/VARIABLE_VALUE", "a/b/.ATTRIBUTES/VARIABLE_VALUE")
    assert list(tensors)[1:] == ["a.Sb/VARIABLE_VALUE", "a/b/VARIABLE_VALUE"]


def test_a_trainer_is_no_optimizer_for_its_words():
    """It has a step and a learning rate, and it holds the model."""
    root = {"iter": 1, "learning_rate": 2, "model": 3}, {}
    parts = variable("iter"), variable("learning_rate"), ({"w": 4}, {}), variable("model/w")
    graph = parse_object_graph(message_of(root, *parts))
    assert graph.groups["model/w/.ATTRIBUTES/VARIABLE_VALUE"] == "weights"


def chain(length):
    """A graph in which each object holds the next one twice and has a value: as many paths as can be, and long ones."""
    nodes = [({f"left{at}": at + 1, f"right{at}": at + 1}, {"VARIABLE_VALUE": f"k{at}"}) for at in range(length)]
    return message_of(*nodes, ({"first": 0}, {}))


def test_long_chains_and_many_paths_have_names_of_bounded_length():
    graph = parse_object_graph(chain(3000))
    assert max(map(len, graph.names.values())) <= 500
    assert graph.names["k1"] == "left0"
    assert graph.names["k2999"] == "k2999"
    assert len(graph.path(2999)) == 2999


NAMES = st.sampled_from(
    ["a", "a/b", "iter", "optimizer", "_iterations", "_learning_rate", "", "k0", "k1/VARIABLE_VALUE"]
)
KEYS = st.sampled_from(["k0", "k1", "a/.ATTRIBUTES/VARIABLE_VALUE", "a.Sb/.ATTRIBUTES/VARIABLE_VALUE", "a", ""])
ATTRIBUTES = st.sampled_from(["VARIABLE_VALUE", "table"])


@st.composite
def tangles(draw):
    """Graphs whose nodes hold each other in any way, under names that mean something here or there."""
    graph = messages.TrackableObjectGraph()
    for _ in range(draw(st.integers(0, 5))):
        node = graph.nodes.add()
        for name, child in draw(st.lists(st.tuples(NAMES, st.integers(-1, 5)), max_size=3)):
            node.children.add(local_name=name, node_id=child)
        for attribute, key in draw(st.lists(st.tuples(ATTRIBUTES, KEYS), max_size=2)):
            node.attributes.add(name=attribute, full_name=key, checkpoint_key=key)
        for ids in draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=1)):
            node.slot_variables.add(original_variable_node_id=ids[0], slot_name="m", slot_variable_node_id=ids[1])
    return graph.SerializeToString()


@given(tangles() | st.binary(max_size=60))
@settings(max_examples=200)
def test_any_bytes_are_a_graph_that_is_named_or_lost_data(data):
    try:
        graph = parse_object_graph(data)
    except DataLossError:
        return
    assert sorted(graph.names) == sorted(set(graph.checkpoint_keys))
    assert len(set(graph.names.values())) == len(graph.names)
    assert {graph.key_at(name) for name in graph.names.values()} == set(graph.names)
    assert set(graph.groups.values()) <= set(GROUPS)
    assert graph.tree()
