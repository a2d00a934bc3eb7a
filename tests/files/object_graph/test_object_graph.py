"""Object graphs lead from short names to keys and back."""

import numpy as np
import pytest

from ckpt_magics.errors import DataLossError, TensorNotFoundError
from ckpt_magics.files.object_graph.graph_keys import OBJECT_GRAPH_KEY, short_form
from ckpt_magics.files.object_graph.object_graph import parse_object_graph
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.proto import messages
from tests.files.saved import save_v2
from tests.truth import GOLDEN, iter_cases

CASES = [case for case in iter_cases(GOLDEN) if case.objects]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_graph_is_tensorflows(case):
    with load_checkpoint(case.prefix) as reader:
        graph = reader.object_graph
        assert len(graph.nodes) == len(case.objects)
        for node, expected in zip(graph.nodes, case.objects, strict=True):
            assert node.children == {child["local_name"]: child["node_id"] for child in expected.get("children", [])}
            keys = [attribute["checkpoint_key"] for attribute in expected.get("attributes", [])]
            assert [attribute.checkpoint_key for attribute in node.attributes] == keys
        for short, key in graph.short_names.items():
            assert graph.checkpoint_key(short) == key
            assert graph.short_name(key) == short
            assert ".ATTRIBUTES" not in short
        assert len(graph.short_names) == len(graph.checkpoint_keys)
        # A hash table's key stands for two tensors, KEY-keys and KEY-values.
        assert {key for key in graph.checkpoint_keys if key.endswith("VARIABLE_VALUE")} <= set(reader)


def graph_of(*nodes):
    """Make a graph of (children, keys) pairs."""
    graph = messages.TrackableObjectGraph()
    for children, keys in nodes:
        node = graph.nodes.add()
        for name, child in children.items():
            node.children.add(local_name=name, node_id=child)
        for key in keys:
            attribute = key.rpartition("/")[2]
            node.attributes.add(name=attribute, full_name=f"full/{key[:1]}", checkpoint_key=key)
    return parse_object_graph(graph.SerializeToString())


def key(path, attribute="VARIABLE_VALUE"):
    return f"{path}/.ATTRIBUTES/{attribute}"


def test_nodes_are_found_by_path():
    graph = graph_of(({"model": 1, "alias": 2}, []), ({"dense": 2}, []), ({}, [key("model/dense")]))
    assert graph.node("model/dense") is graph.nodes[2]
    assert graph.node("") is graph.nodes[0]
    assert graph.path(2) == ("alias",)
    assert graph.short_names == {"alias": key("model/dense")}
    assert graph.key_at("model/dense") == key("model/dense")
    assert graph.checkpoint_key("full/m") == key("model/dense")
    with pytest.raises(KeyError):
        graph.checkpoint_key("nothing")
    with pytest.raises(KeyError):
        graph.node("model/x")
    assert graph.tree().splitlines() == [
        "root", "  model", "    dense  alias  (above or below, as another attribute)", "  alias  alias",
    ]  # fmt: skip


def test_cycles_end():
    graph = graph_of(({"self": 0, "next": 1}, []), ({"back": 0, "self": 1}, []))
    assert graph.path(1) == ("next",)
    assert len(graph.tree().splitlines()) == 5


def test_short_names_that_would_be_the_same_stay_apart():
    graph = graph_of(({}, [key("a.Sb"), key("a/b"), key("c")]))
    assert graph.short_names == {"a.Sb/VARIABLE_VALUE": key("a.Sb"), "a/b/VARIABLE_VALUE": key("a/b"), "c": key("c")}


@pytest.mark.parametrize(
    ("full", "short"),
    [
        (key("a.Sb/c..d"), "a/b/c.d"),
        (key("table", "table-keys"), "table/table-keys"),
        (key(""), "VARIABLE_VALUE"),
        ("plain/name", "plain/name"),
        (key("v/.OPTIMIZER_SLOT/opt/m"), "v/.OPTIMIZER_SLOT/opt/m"),
    ],
)
def test_short_form(full, short):
    assert short_form(full) == short


def test_references_to_nowhere_are_refused():
    with pytest.raises(DataLossError, match="node 0 refers to node 9, and there are 1"):
        graph_of(({"x": 9}, []))
    with pytest.raises(DataLossError, match="cannot be parsed"):
        parse_object_graph(b"\xff\xff")


def test_empty_graph_has_a_tree():
    assert parse_object_graph(b"").tree() == "root"


def test_name_based_checkpoint_has_none(golden):
    with load_checkpoint(golden / "tf2.21.0" / "seed_v2" / "my_net") as reader:
        assert reader.object_graph is None


OBJECT_NET = next(case for case in CASES if case.label == "tf2.21.0/object_net")


@pytest.fixture
def reader():
    with load_checkpoint(OBJECT_NET.prefix) as reader:
        yield reader


def test_a_reader_takes_short_names(reader):
    for short, full in reader.object_graph.short_names.items():
        if full not in reader.get_variable_to_shape_map():
            continue
        assert short in reader
        assert short.encode() in reader
        np.testing.assert_array_equal(reader[short], reader[full])
        np.testing.assert_array_equal(reader.get_tensor(short.encode()), reader[full])
        np.testing.assert_array_equal(reader.get_slice(short, ()), reader.get_slice(full, ()))
        assert reader.entry(short) == reader.entry(full)
        assert list(reader.get_tensors([short, full])) == [short, full]
        assert not reader.has_tensor(short)
        assert short not in list(reader)
        assert short not in reader.get_variable_to_shape_map()
        with pytest.raises(TensorNotFoundError) as caught:
            reader.restore_slice(short, "", reader.entry(full).dtype)
        assert caught.value.suggestions == (full,)


def test_a_table_is_had_by_short_name(reader):
    short = next(short for short, full in reader.object_graph.short_names.items() if full in reader)
    assert reader.frame(short).equals(reader.frame(reader.object_graph.short_names[short]))


def test_a_key_goes_before_a_short_name(tmp_path):
    graph = messages.TrackableObjectGraph()
    node = graph.nodes.add()
    node.attributes.add(name="VARIABLE_VALUE", checkpoint_key=key("w"))
    stored = {key("w"): np.ones(2), "w": np.zeros(2), OBJECT_GRAPH_KEY: np.array(graph.SerializeToString(), object)}
    with load_checkpoint(save_v2(tmp_path / "m", stored)) as reader:
        assert reader["w"].tolist() == [0, 0]


def test_a_damaged_object_graph_leaves_names_unknown(tmp_path):
    stored = {key("w"): np.ones(2), OBJECT_GRAPH_KEY: np.array(b"\xff\xff", object)}
    with load_checkpoint(save_v2(tmp_path / "m", stored)) as reader:
        for ask in (reader.get_tensor, reader.__contains__):
            with pytest.raises(DataLossError, match="whether that is a short name cannot be told"):
                ask("w")


def test_another_path_to_a_variable_is_a_name_too():
    graph = graph_of(({"model": 1, "alias": 2}, []), ({"dense": 2}, []), ({}, [key("model/dense")]))
    assert graph.checkpoint_key("alias") == key("model/dense")
    assert graph.key_at("model") is None
    assert parse_object_graph(b"").key_at("x") is None


def test_unknown_names_are_answered_with_the_nearest(reader):
    short = next(short for short, full in reader.object_graph.short_names.items() if full in reader and "/" in short)
    for ask in (reader.get_tensor, reader.object_graph.checkpoint_key):
        with pytest.raises(TensorNotFoundError, match=f'Nearest: "{short}"') as caught:
            ask(f"{short}x")
        assert caught.value.suggestions[0] == short
    with pytest.raises(TensorNotFoundError, match="short_names has all"):
        reader.object_graph.checkpoint_key("0")
