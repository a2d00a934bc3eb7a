"""Scopes are a thread's own, and have to be left in the order in which they were entered."""

import threading

import pytest

from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.nodes.build import no_op
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.variables.variable_scope import get_variable, get_variable_scope, variable_scope


def in_thread(action):
    """Return what ``action`` returns in another thread."""
    results = []
    thread = threading.Thread(target=lambda: results.append(action()))
    thread.start()
    thread.join()
    return results[0]


@pytest.fixture
def graph():
    graph = Graph()
    with graph.as_default():
        yield graph


def made_by_another_thread(graph, make):
    def action():
        with graph.as_default():
            return make()

    return in_thread(action)


def test_a_thread_sees_no_scope_of_another(graph):
    first, other = constant(1), constant(2)
    with (
        variable_scope("main"),
        graph.device("/gpu:1"),
        graph.control_dependencies([first]),
        graph.colocate_with(other),
    ):
        variable = made_by_another_thread(graph, lambda: get_variable("v", [2], use_resource=False))
        op = made_by_another_thread(graph, lambda: no_op("n"))
        scope = made_by_another_thread(graph, lambda: get_variable_scope().name)
    assert (variable.name, op.name, scope) == ("v:0", "n", "")
    assert (op.device, op.control_inputs, "_class" in op.attrs) == ("", [], False)


def test_threads_share_variables_and_names(graph):
    with variable_scope("main"):
        mine = get_variable("v", [2])
    with pytest.raises(ValueError, match="main/v already exists"):
        _raise(made_by_another_thread(graph, lambda: _attempt(lambda: _get("main", reuse=None))))
    assert made_by_another_thread(graph, lambda: _get("main", reuse=True)) is mine
    assert [constant(1, name="c").op.name, made_by_another_thread(graph, lambda: constant(1, name="c").op.name)] == [
        "c",
        "c_1",
    ]


def _get(scope, reuse):
    with variable_scope(scope, reuse=reuse):
        return get_variable("v", [2])


def _attempt(action):
    try:
        return action()
    except ValueError as error:
        return error


def _raise(error):
    raise error


def test_a_captured_scope_opens_in_another_thread(graph):
    with variable_scope("main", use_resource=False) as scope:
        pass

    def make():
        with variable_scope(scope):
            return get_variable("v", [2]).name

    assert made_by_another_thread(graph, make) == "main/v:0"


def test_later_threads_begin_where_a_switch_was(graph):
    waited = constant(1)
    with graph.device("/gpu:1"), graph.control_dependencies([waited]):
        graph.switch_to_thread_local()
    op = made_by_another_thread(graph, no_op)
    assert (op.device, op.control_inputs) == ("/device:GPU:1", [waited.op])
    assert no_op().device == ""


def test_scopes_left_in_the_wrong_order_are_refused(graph):
    outer, inner = variable_scope("a"), variable_scope("b")
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(RuntimeError, match="Improper nesting of variable_scope"):
        outer.__exit__(None, None, None)


def test_devices_left_in_the_wrong_order_are_refused(graph):
    outer, inner = graph.device("/cpu:0"), graph.device("/gpu:0")
    outer.__enter__()
    inner.__enter__()
    with pytest.raises(RuntimeError, match="proper scope nesting"):
        outer.__exit__(None, None, None)


def test_colocation_ends_only_where_that_is_asked_for(graph):
    with pytest.raises(ValueError, match="ignore_existing is not True"), graph.colocate_with(None):
        pass
