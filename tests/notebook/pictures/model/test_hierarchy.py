"""Name scopes become a tree whatever the names, in time linear in the graph."""

import time

import numpy as np
import pytest

from ckpt_magics.notebook.pictures.model.hierarchy import ROOT, NamedTensor, build_hierarchy, build_scope_tree
from ckpt_magics.notebook.pictures.model.scopes import MAX_DEPTH, SCOPES_PER_NAME
from ckpt_magics.proto import messages
from tests.notebook.pictures.graphs import graph_of, training_graph


def children(hierarchy, name=""):
    [scope] = [item for item in hierarchy.items if item.name == name and item.is_compound]
    return [hierarchy.items[child].label for child in scope.children]


def test_nests_scopes_and_counts_ops():
    hierarchy = build_hierarchy(graph_of(("a/b/c", "Relu", []), ("a/d", "Relu", ["a/b/c"]), ("e", "Relu", ["^a/d"])))
    assert children(hierarchy) == ["a", "e"]
    assert children(hierarchy, "a") == ["b", "d"]
    assert hierarchy.items[ROOT].op_count == 3
    assert hierarchy.slots.tolist() == [0, -1]


def test_node_that_is_also_a_scope_lies_inside_it():
    hierarchy = build_hierarchy(graph_of(("w/read", "Identity", ["w"]), ("w", "VariableV2", []), ("w/x", "Relu", [])))
    assert children(hierarchy) == ["w"]
    assert set(children(hierarchy, "w")) == {"read", "x", "(w)"}
    [scope] = [item for item in hierarchy.items if item.name == "w" and item.is_compound]
    assert scope.kind == "variable"
    assert hierarchy.items[scope.own].op == "VariableV2"


def test_op_with_its_constants_looks_like_the_op():
    hierarchy = build_hierarchy(graph_of(("Reshape/shape", "Const", []), ("Reshape", "Reshape", ["Reshape/shape"])))
    [item] = [hierarchy.items[child] for child in hierarchy.items[ROOT].children]
    assert (item.kind, item.op, item.op_count) == ("op", "Reshape", 2)


@pytest.mark.parametrize(
    ("text", "slot"), [("a", 0), ("a:0", 0), ("a:3", 3), ("^a", -1), ("a:out:2", 2), ("a:-1", 0), ("a:²", 0)]
)
def test_reads_every_form_of_input(text, slot):
    assert build_hierarchy(graph_of(("a", "Relu", []), ("b", "Relu", [text]))).slots.tolist() == [slot]


def test_counts_inputs_that_name_nothing_and_names_used_twice():
    hierarchy = build_hierarchy(graph_of(("a", "Relu", ["b", "", "^"]), ("a", "Relu", ["a"]), ("c", "Relu", ["c"])))
    assert (hierarchy.missing_inputs, hierarchy.duplicate_names) == (3, 1)
    assert hierarchy.sources.tolist() == [1, 3]
    assert hierarchy.targets.tolist() == [2, 3]


@pytest.mark.parametrize("name", ["", "/", "//", "a//b", "/a", "a/", "a/a/a", "\0", "a" * 20_000, "/" * 20_000])
def test_any_name_is_a_leaf_of_bounded_depth(name):
    hierarchy = build_hierarchy(graph_of((name, "Relu", []), ("x/y", "Relu", [])))
    assert [leaf.name for leaf in hierarchy.leaves(ROOT)].count(name) == 1
    assert len(hierarchy.levels) <= MAX_DEPTH + 2


def test_functions_are_scopes_of_the_library():
    graph = graph_of(("call", "StatefulPartitionedCall", []))
    function = graph.library.function.add()
    function.signature.name = "double"
    function.signature.input_arg.add(name="x", type=messages.DT_FLOAT)
    function.signature.output_arg.add(name="y", type=messages.DT_FLOAT)
    function.node_def.add(name="twice", op="AddV2", input=["x", "x"])
    function.ret["y"] = "twice:z:0"
    hierarchy = build_hierarchy(graph)
    assert children(hierarchy, "functions/double") == ["x", "twice", "return y"]
    assert len(hierarchy.sources) == 3
    assert hierarchy.find("double") == hierarchy.find("functions/double")


def test_levels_hold_every_item_once():
    hierarchy = build_hierarchy(training_graph(2, 6))
    assert sorted(np.concatenate(hierarchy.levels).tolist()) == list(range(len(hierarchy.items)))


def test_scope_tree_of_names_has_no_edges():
    hierarchy = build_scope_tree([NamedTensor("a/w", "float32 [2]"), NamedTensor("a/w/Adam"), NamedTensor("b")])
    assert children(hierarchy) == ["a", "b"]
    assert set(children(hierarchy, "a/w")) == {"(w)", "Adam"}
    assert len(hierarchy.sources) == 0


def test_time_grows_linearly():
    """Ten times the graph must not take a hundred times as long; the bound leaves room for a busy machine."""
    small, large = training_graph(4, 20), training_graph(4, 200)
    start = time.process_time()
    build_hierarchy(small)
    middle = time.process_time()
    build_hierarchy(large)
    end = time.process_time()
    assert len(large.node) > 20_000
    assert end - middle < 40 * max(middle - start, 0.01)


def test_names_in_more_scopes_than_a_graph_has_are_cut_at_a_lower_level():
    names = [f"s{number}/{'x/' * 50}n" for number in range(5000)]
    hierarchy = build_hierarchy(graph_of(*[(name, "NoOp", []) for name in names]))
    assert len(hierarchy.items) <= (SCOPES_PER_NAME + 1) * len(names) + 2  # the root, and a series
    assert [item.name for item in hierarchy.items if not item.is_compound] == names


def test_result_that_a_function_does_not_return_is_no_input():
    graph = messages.GraphDef()
    function = graph.library.function.add()
    function.signature.name = "f"
    function.signature.output_arg.add(name="y", type=messages.DT_FLOAT)
    before = graph.SerializeToString(deterministic=True)
    assert build_hierarchy(graph).missing_inputs == 1
    assert graph.SerializeToString(deterministic=True) == before
