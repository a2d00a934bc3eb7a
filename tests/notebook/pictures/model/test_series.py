"""Numbered siblings of one kind become one item."""

from ckpt_magics.notebook.pictures.model.hierarchy import ROOT, build_hierarchy
from tests.notebook.pictures.graphs import graph_of


def labels(graph, **options):
    hierarchy = build_hierarchy(graph, **options)
    return [hierarchy.items[child].label for child in hierarchy.items[ROOT].children]


def numbered(count, op="Add"):
    return [("add" if number == 0 else f"add_{number}", op, []) for number in range(count)]


def test_folds_five_siblings():
    assert labels(graph_of(*numbered(5))) == ["add[0-4]"]


def test_leaves_four_alone():
    assert labels(graph_of(*numbered(4))) == ["add", "add_1", "add_2", "add_3"]


def test_keeps_ops_of_other_types_apart():
    assert labels(graph_of(*numbered(5), ("add_5", "Mul", []))) == ["add[0-4]", "add_5"]


def test_folds_scopes_of_equal_structure():
    graph = graph_of(*((f"block{n}/{op}", op, []) for n in range(6) for op in ("Conv2D", "Relu")))
    assert labels(graph) == ["block[0-5]"]


def test_leaves_scopes_of_different_structure():
    graph = graph_of(*((f"block{n}/op{m}", "Relu", []) for n in range(6) for m in range(n + 1)))
    assert labels(graph) == [f"block{n}" for n in range(6)]


def test_folding_can_be_turned_off():
    assert len(labels(graph_of(*numbered(9)), series_minimum=0)) == 9


def test_endless_digits_are_no_number():
    graph = graph_of(*((f"x{'9' * 5000}{n}", "Relu", []) for n in range(6)))
    assert len(labels(graph)) == 6


def test_series_has_an_edge_to_what_it_feeds():
    hierarchy = build_hierarchy(graph_of(*numbered(5), ("sum", "AddN", ["add", "add_1"])))
    assert [hierarchy.items[hierarchy.items[source].parent].label for source in hierarchy.sources] == ["add[0-4]"] * 2
