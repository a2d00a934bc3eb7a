"""Searching a graph, by the rule that its saved form has too."""

import json
from pathlib import Path

import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.notebook.pictures.graph_model import model_of_graph
from ckpt_magics.notebook.pictures.views.view import ViewOptions
from ckpt_magics.notebook.widgets.graph.graph_search import GraphSearch
from tests.notebook.pictures.graphs import graph_of

CASES = json.loads((Path(__file__).parents[4] / "js" / "tests" / "graph" / "search_cases.json").read_text())


@pytest.fixture(scope="module")
def model():
    graph = graph_of(
        ("x", "Placeholder", []),
        ("net/w", "VariableV2", []),
        ("net/y", "MatMul", ["x", "net/w"]),
        ("out", "Relu", ["net/y"]),
    )
    graph.node[2].attr["transpose_b"].b = True
    return model_of_graph(graph)


def test_the_rule_is_that_of_the_saved_form():
    search = GraphSearch(model_of_graph(graph_of(*((name, op, []) for name, op in CASES["nodes"])), 0))
    leaves = {name for name, _ in CASES["nodes"]}
    for case in CASES["searches"]:
        found = [item.name for item in search.find(case["text"], case["mode"]) if item.name in leaves]
        assert found == case["found"], case


@pytest.mark.parametrize(
    ("text", "mode", "found"),
    [("TRANSPOSE_B=t", "attr", ["net/y"]), ("x", "input", ["net/y"]), ("net/", "output", ["x", "net/w"])],
)
def test_attributes_and_ends_of_edges_are_searched(model, text, mode, found):
    names = {item.name for item in GraphSearch(model).find(text, mode)}
    assert set(found) <= names
    assert "out" not in names


def test_boxes_tell_how_much_is_found_in_them(model):
    search = GraphSearch(model)
    found = search.find("net", "text")
    closed, opened = model.cut(ViewOptions(depth=0)), model.cut(ViewOptions(depth=0, open=("net",)))
    (scope,) = model.hierarchy.find("net")
    assert search.boxes(found, closed) == {scope: 3}
    assert search.boxes(found, opened)[scope] == 1
    assert len(search.boxes(found, opened)) == 3
    with pytest.raises(InvalidArgumentError):
        search.find("x", "anything")
