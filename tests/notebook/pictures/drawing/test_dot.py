"""DOT text: exact for small graphs, and nothing in it but what is meant to be."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.notebook.pictures.drawing.dot import ALLOWED_ATTRIBUTES, DotOptions, format_dot
from ckpt_magics.notebook.pictures.model.hierarchy import build_hierarchy
from ckpt_magics.notebook.pictures.model.labels import quote
from ckpt_magics.notebook.pictures.views.compose import compose_view
from ckpt_magics.notebook.pictures.views.view import ViewOptions
from tests.notebook.pictures.graphs import graph_of

EXPECTED = """\
digraph G {
  graph [rankdir=TB splines=spline nodesep=0.28 ranksep=0.38 nslimit=1 nslimit1=1 mclimit=1 newrank=false \
bgcolor=transparent fontname="Helvetica,Arial,sans-serif"]
  node [fontname="Helvetica,Arial,sans-serif" fontsize=13.0 margin=0 fixedsize=true style=filled]
  edge [fontname="Helvetica,Arial,sans-serif" fontsize=11.0 color="#8592a6" fontcolor="#77839a" arrowsize=0.6]
  n2 [label="x\\nfloat32" tooltip="x" shape=invhouse width=1.139 height=0.694 fillcolor="#d6f0dc" color="#54a56d" \
fontcolor="#12391f"]
  subgraph cluster_1 { graph [label="layer" tooltip="layer" labeljust=l labelloc=t style=rounded color="#8b9bb8" \
fontcolor="#71809b" fontsize=11 margin=12]
    n0 [label="Relu" tooltip="layer/Relu" shape=box width=1.083 height=0.389 fillcolor="#f7f9fc" color="#93a1b8" \
fontcolor="#263041" style="filled,rounded"]
    n1 [label="done\\nNoOp" tooltip="layer/done" shape=box width=1.083 height=0.556 fillcolor="#f7f9fc" \
color="#93a1b8" fontcolor="#263041" style="filled,rounded"]
  }
  n2 -> n0 [id=e0 penwidth=1.0]
  n0 -> n1 [id=e1 penwidth=1.0 style=dashed]
}
"""


def view_of(graph, **options):
    return compose_view(build_hierarchy(graph), ViewOptions(**options), {})


def test_small_graph_exactly():
    graph = graph_of(("x", "Placeholder", []), ("layer/Relu", "Relu", ["x"]), ("layer/done", "NoOp", ["^layer/Relu"]))
    assert format_dot(view_of(graph), DotOptions(complete=False)) == EXPECTED


def test_complete_text_has_aside_and_legend():
    dot = format_dot(view_of(graph_of(("a", "Relu", []), ("b", "Relu", ["a", "c"]), ("c", "Const", []))), DotOptions())
    assert "cluster_aside" in dot
    assert "cluster_legend" in dot


def test_edge_carries_dtype_and_shape():
    graph = graph_of(("a", "Relu", []), ("b", "Relu", ["a"]))
    graph.node[0].attr["_output_shapes"].list.shape.add().dim.add(size=-1)
    assert 'label=" float32 [?] "' in format_dot(view_of(graph), DotOptions())


def test_tight_options_draw_straight_lines():
    dot = format_dot(view_of(graph_of(("a", "Relu", []))), DotOptions(tight=True))
    assert "splines=line" in dot
    assert "nslimit=0.2" in dot


def test_refuses_unknown_splines():
    with pytest.raises(InvalidArgumentError, match="ortho"):
        DotOptions(splines="wavy")


QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


@given(st.lists(st.tuples(st.text(max_size=40), st.text(max_size=10)), min_size=1, max_size=6))
def test_names_stay_inside_their_quotes(names):
    """With every quoted string taken out, what is left is made of our own words only."""
    nodes = [(name, op, [names[0][0], f"^{names[-1][0]}"]) for name, op in names if _is_utf8(name + op)]
    dot = format_dot(view_of(graph_of(*nodes)), DotOptions())
    assert all(ch.isprintable() or ch == "\n" for ch in dot)
    bare = QUOTED.sub("Q", dot)
    assert '"' not in bare
    assert "\\" not in bare
    assert set(re.findall(r"(\w+)=", bare)) <= ALLOWED_ATTRIBUTES
    assert set(re.findall(r"^\s*(\w+)", bare, re.MULTILINE)) <= _allowed_words(bare)


def _allowed_words(bare):
    ids = {f"{letter}{number}" for letter in "nl" for number in range(60)}
    return {"digraph", "graph", "node", "edge", "subgraph", *ids}


def _is_utf8(text):
    return not any(0xD800 <= ord(ch) < 0xE000 for ch in text)


@given(st.text(max_size=30))
def test_quote_escapes_graphviz_escapes_and_entities(text):
    inner = quote(text)[1:-1]
    assert inner.replace("\\\\", "\\").replace('\\"', '"').replace("&amp;", "&").count("&") >= text.count("&")
    assert not re.search(r"(?<!\\)(?:\\\\)*\\[NGETHLnlr]", inner)
