"""Views open what fits, pull aside what distracts, and never exceed their budgets."""

import pytest

from ckpt_magics.errors import InvalidArgumentError, NotFoundError
from ckpt_magics.notebook.pictures.model.hierarchy import build_hierarchy
from ckpt_magics.notebook.pictures.views.compose import compose_view
from ckpt_magics.notebook.pictures.views.view import EDGE_BUDGET, NODE_BUDGET, ViewOptions
from tests.notebook.pictures.graphs import graph_of, training_graph


def view_of(graph, **options):
    return compose_view(build_hierarchy(graph), ViewOptions(**options), {})


def names(nodes):
    return {node.name for node in nodes}


MODEL = training_graph(2, 2, ops=2)


def test_small_graph_is_opened_completely():
    graph = graph_of(("a/x", "Relu", []), ("a/b/y", "Relu", ["a/x"]))
    view = view_of(graph)
    assert names(view.nodes) == {"a/x", "a/b/y"}
    assert [(cluster.name, cluster.parent) for cluster in view.clusters] == [("a", None), ("a/b", view.clusters[0].id)]


def test_depth_zero_is_the_top_level():
    view = view_of(MODEL, depth=0)
    assert names(view.nodes) == {"images", "is_training", "model", "loss"}
    assert not view.clusters


def test_training_parts_stand_aside():
    view = view_of(MODEL)
    assert {"gradients", "train", "save", "init"} <= names(view.aside)
    assert not names(view.nodes) & {"gradients", "train", "save", "init"}


def test_aside_group_can_be_shown_and_hidden():
    view = view_of(MODEL, depth=0, show=frozenset({"gradients"}), hide=frozenset({"save", "is_training"}))
    assert "gradients" in names(view.nodes)
    assert not {"save", "is_training"} & (names(view.nodes) | names(view.aside))


def test_named_scope_is_opened_with_those_around_it():
    view = view_of(MODEL, depth=0, open=("gradients/model/stage0",))
    assert {"gradients", "gradients/model", "gradients/model/stage0"} <= names(view.clusters)
    assert {"gradients/model/stage0/block0", "gradients/model/stage1"} <= names(view.nodes)


def test_opening_one_of_a_series_keeps_the_others_together():
    view = view_of(training_graph(1, 9, ops=1), depth=0, open=("model/stage0/block3",))
    labels = {node.label for node in view.nodes}
    assert {"Conv2D", "kernel", "8 more"} <= labels
    assert not any(label.startswith("block") for label in labels)


def test_named_scope_stays_closed():
    assert "model" in names(view_of(MODEL, close=("model",)).nodes)


def test_unknown_name_is_an_error_that_lists_what_there_is():
    with pytest.raises(NotFoundError, match=r"no scope, node or group named 'modle'.*model"):
        view_of(MODEL, open=("modle",))


@pytest.mark.parametrize("options", [{"direction": "XX"}, {"depth": -1}, {"node_budget": 0}, {"edge_budget": 0}])
def test_refuses_options_that_make_no_sense(options):
    with pytest.raises(InvalidArgumentError):
        ViewOptions(**options)


def test_metaedge_bundles_and_counts():
    graph = graph_of(
        ("a/x", "Relu", []), ("a/y", "Relu", []), ("b", "AddN", ["a/x", "a/y", "^a/x"]), ("c", "NoOp", ["^b"])
    )
    view = view_of(graph, depth=0)
    assert [(edge.count, edge.is_control, edge.label) for edge in view.edges] == [
        (3, False, "2 \N{MULTIPLICATION SIGN} float32"),
        (1, True, ""),
    ]


def test_graph_of_nothing_but_aside_groups_is_shown():
    assert names(view_of(graph_of(("save/SaveV2", "SaveV2", []), ("Const", "Const", []))).nodes)


def test_node_that_everything_uses_stands_aside():
    graph = graph_of(("flag", "Placeholder", []), *((f"op{chr(97 + n)}", f"Op{n}", ["flag"]) for n in range(20)))
    view = view_of(graph)
    assert "flag" in names(view.aside)
    assert any("flag is pulled aside" in note for note in view.notes)


@pytest.mark.parametrize("budget", [1, 2, 7, 150])
def test_flat_graph_keeps_within_its_budget(budget):
    nodes = [
        (f"{chr(97 + n % 26)}{n}x", f"Op{n % 40}", [f"{chr(97 + n * 7 % 500 % 26)}{n * 7 % 500}x"]) for n in range(500)
    ]
    view = view_of(graph_of(*nodes), node_budget=budget, edge_budget=budget)
    assert len(view.nodes) <= budget
    assert len(view.edges) <= budget
    assert view.op_count == 500


def test_dense_graph_keeps_within_its_budget():
    """Every node feeds every later one: 8,000 edges between nodes that no scope or series bundles."""
    graph = graph_of(*((f"n{'q' * n}", f"Op{n}", [f"n{'q' * m}" for m in range(n)]) for n in range(130)))
    view = view_of(graph)
    assert len(view.edges) <= EDGE_BUDGET


def test_open_scope_of_thousands_keeps_within_its_budget():
    graph = graph_of(*((f"big/{chr(97 + n % 26)}{'x' * (n // 26)}", f"Op{n}", []) for n in range(2000)))
    assert len(view_of(graph, open=("big",)).nodes) <= NODE_BUDGET


def test_collapsed_first_picture_of_ten_thousand_nodes_is_small():
    graph = training_graph(4, 60, ops=10)
    assert len(graph.node) > 10_000
    view = view_of(graph)
    assert len(view.nodes) <= 40
    assert "model" in names(view.clusters)


def test_faults_of_the_graph_are_noted():
    notes = " ".join(view_of(graph_of(("a", "Relu", ["gone"]), ("a", "Relu", []))).notes)
    assert "1 inputs name a node that the graph does not have" in notes
    assert "1 nodes have the name of another node" in notes


def test_many_series_of_one_op_keep_within_the_budget_and_look_like_the_op():
    letters = "abcdefghijklmnopqrst"
    series = [f"{first}{second}" for first in letters for second in letters]
    view = view_of(graph_of(*[(f"{name}_{n}", "Relu", []) for name in series for n in range(5)]), node_budget=50)
    assert len(view.nodes) <= 50
    assert {node.kind for node in (*view.nodes, *view.aside)} == {"op"}
