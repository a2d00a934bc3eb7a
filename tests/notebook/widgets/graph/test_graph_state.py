"""The state of a graph view: what JSON it accepts, and the steps that change it."""

import pytest

from ckpt_magics.errors import InvalidArgumentError, NotFoundError
from ckpt_magics.notebook.pictures.model.hierarchy import build_hierarchy
from ckpt_magics.notebook.widgets.graph.graph_state import GraphState, Trace
from tests.notebook.pictures.graphs import graph_of, training_graph

HIERARCHY = build_hierarchy(training_graph(2, 2))


def test_every_state_survives_json():
    state = GraphState(
        open=("a", "a/b"),
        aside={"x": True, "y": False},
        groups=("save",),
        hide=("Const",),
        direction="LR",
        color="op",
        trace=Trace("path", "x", "y"),
    )
    assert GraphState.from_json(state.to_json()) == state
    assert GraphState.from_json({}) == GraphState()


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {"open": "a"},
        {"open": [1]},
        {"aside": {"x": 1}},
        {"groups": ["nonsense"]},
        {"direction": "up"},
        {"color": "blue"},
        {"trace": {"kind": "sideways", "name": "x"}},
        {"trace": "x"},
    ],
)
def test_what_is_no_state_is_refused(value):
    with pytest.raises(InvalidArgumentError):
        GraphState.from_json(value)


def test_opening_opens_everything_around():
    state = GraphState().with_open(HIERARCHY, "model/stage0/block1")
    assert state.open == ("model", "model/stage0", "model/stage0/block1")


def test_closing_closes_what_is_inside_and_nothing_around():
    state = GraphState().with_open(HIERARCHY, "model/stage0/block1").with_open(HIERARCHY, "model/stage1")
    closed = state.with_closed(HIERARCHY, "model/stage0")
    assert closed.open == ("model", "model/stage1")
    assert state.with_closed(HIERARCHY, "model").open == ()


def test_closing_keeps_what_was_open_only_for_the_sake_of_something_inside():
    state = GraphState(open=("model/stage0/block1",))
    assert state.with_closed(HIERARCHY, "model/stage0").open == ("model",)


def test_opening_puts_back_what_was_pulled_aside():
    state = GraphState(aside={"model": True, "loss": True}).with_open(HIERARCHY, "model")
    assert state.aside == {"loss": True}


def test_a_node_cannot_be_opened_and_an_unknown_name_cannot_be_closed():
    with pytest.raises(NotFoundError):
        GraphState().with_open(HIERARCHY, "images")
    with pytest.raises(NotFoundError):
        GraphState().with_closed(HIERARCHY, "nowhere")


def test_a_scope_named_like_a_group_is_a_scope():
    """``save`` alone would be taken for all that saves, whatever its scope is called."""
    hierarchy = build_hierarchy(graph_of(("save/x", "Relu", []), ("y", "Relu", ["save/x"])))
    state = GraphState(aside={"save": True}).with_open(hierarchy, "save")
    assert state.options().open == ("save/",)
    assert not state.options().pull
