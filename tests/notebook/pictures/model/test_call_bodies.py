"""Calls hold the bodies of their functions, and edges lead through arguments and results, whatever the graph."""

import pytest

from ckpt_magics.notebook.pictures.graph_model import model_of_graph
from ckpt_magics.notebook.pictures.model.call_bodies import COPIES, FREE_COPIES, MAX_CALLS
from ckpt_magics.notebook.pictures.model.hierarchy import build_hierarchy
from ckpt_magics.notebook.pictures.views.view import ViewOptions
from ckpt_magics.notebook.widgets.graph.node_details import describe_item
from ckpt_magics.proto import messages
from tests.notebook.pictures.graphs import graph_of

CALL = "StatefulPartitionedCall"


def add_function(graph, name, takes, gives, *nodes):
    """Add a function; nodes are (name, op, inputs) or (name, op, inputs, function called), results text by name."""
    function = graph.library.function.add()
    function.signature.name = name
    for argument in takes:
        function.signature.input_arg.add(name=argument, type=messages.DT_FLOAT)
    for result, text in gives.items():
        function.signature.output_arg.add(name=result, type=messages.DT_FLOAT)
        function.ret[result] = text
    add_nodes(function.node_def, *nodes)


def add_nodes(into, *nodes):
    for name, op, inputs, *called in nodes:
        node = into.add(name=name, op=op, input=inputs)
        if called:
            node.attr["f"].func.name = called[0]


def model_graph():
    """A variable and an input that go through a signature's function into that of a layer, as Keras saves them."""
    graph = graph_of(("x", "Placeholder", []), ("w", "VarHandleOp", []))
    add_nodes(graph.node, ("call", CALL, ["x", "w", "^init"], "serve"), ("init", "NoOp", []), ("y", "Relu", ["call"]))
    add_function(
        graph,
        "serve",
        ["a", "unknown"],
        {"out": "net/layer:output:0"},
        ("net/layer", CALL, ["a", "unknown"], "layer"),
    )
    add_function(
        graph,
        "layer",
        ["inputs", "kernel"],
        {"identity": "MatMul:product:0"},
        ("MatMul", "MatMul", ["inputs", "read:value:0"]),
        ("read", "ReadVariableOp", ["kernel"]),
    )
    return graph


def edges(hierarchy):
    names = [item.name for item in hierarchy.items]
    ends = zip(hierarchy.sources.tolist(), hierarchy.targets.tolist(), hierarchy.slots.tolist(), strict=True)
    return {(names[source], names[target], slot) for source, target, slot in ends if "functions/" not in names[source]}


def test_edges_lead_through_calls():
    hierarchy = build_hierarchy(model_graph())
    assert edges(hierarchy) == {
        ("x", "call/net/layer/MatMul", 0),
        ("w", "call/net/layer/read", 0),
        ("call/net/layer/read", "call/net/layer/MatMul", 0),
        ("call/net/layer/MatMul", "y", 0),
        ("init", "call", -1),
    }
    assert hierarchy.missing_inputs == 0


def test_a_call_is_one_op_of_its_graph():
    model = model_of_graph(model_graph())
    assert model.cut(ViewOptions()).view.op_count == 5
    assert dict(model.op_counts)[CALL] == 2
    [call] = [model.hierarchy.items[each] for each in model.hierarchy.find("call")]
    assert (call.kind, call.op, call.op_count, call.is_call) == ("function", CALL, 1, True)


def test_what_a_graph_gives_is_named_as_a_session_takes_it():
    graph = model_graph()
    del graph.node[-1]
    ends = model_of_graph(graph).ends
    assert [end.name for end in ends.inputs] == ["x:0"]
    assert [end.name for end in ends.outputs] == ["call:0"]


def test_calls_are_open_in_the_first_picture():
    view = model_of_graph(model_graph()).cut(ViewOptions()).view
    assert {"call/net/layer/MatMul", "x", "y"} <= {node.name for node in view.nodes}
    assert {"call", "call/net/layer"} <= {cluster.name for cluster in view.clusters}


def test_the_panel_says_what_calls_and_their_nodes_take():
    model = model_of_graph(model_graph())

    def facts(name, title):
        sections = describe_item(model, model.node_item(model.hierarchy.find(name)))
        return [(fact["text"], fact["link"]) for each in sections if title in each["title"] for fact in each["facts"]]

    assert [link for _, link in facts("call", "Inputs")] == ["x", "w"]
    assert facts("call", "Control inputs") == [("init", "init")]
    assert facts("call", "Consumers") == [("y", "y")]
    assert facts("call/net/layer/MatMul", "Inputs (") == [
        ("inputs (argument of call/net/layer)", "call/net/layer"),
        ("read:value:0", "call/net/layer/read"),
    ]


def test_arguments_that_are_results_and_are_not_there():
    graph = graph_of(("x", "Relu", []))
    add_nodes(graph.node, ("call", CALL, ["x"], "f"), ("y", "Relu", ["call:0"]), ("z", "Relu", ["call:1"]))
    add_function(graph, "f", ["a", "b"], {"same": "a", "none": "b"})
    hierarchy = build_hierarchy(graph)
    assert edges(hierarchy) == {("x", "y", 0)}


def test_results_that_are_their_own_arguments():
    graph = graph_of()
    add_nodes(graph.node, ("call", CALL, ["call"], "f"), ("y", "Relu", ["call"]))
    add_function(graph, "f", ["a"], {"same": "a"})
    assert edges(build_hierarchy(graph)) == set()


def test_an_op_that_is_a_function():
    graph = graph_of(("x", "Relu", []), ("call", "f", ["x"]), ("y", "Relu", ["call:1"]))
    add_function(graph, "f", ["a"], {"first": "a", "second": "n:out:1"}, ("n", "Split", ["a"]))
    assert edges(build_hierarchy(graph)) == {("x", "call/n", 0), ("call/n", "y", 1)}


@pytest.mark.parametrize("op", ["SymbolicGradient", "RemoteCall", "While"])
def test_ops_that_do_another_thing_with_a_function_stay_closed(op):
    graph = graph_of(("x", "Relu", []))
    add_nodes(graph.node, ("call", op, ["x"], "f"))
    add_function(graph, "f", ["a"], {"b": "a"})
    assert edges(build_hierarchy(graph)) == {("x", "call", 0)}


def test_functions_that_call_themselves_end():
    graph = graph_of()
    add_nodes(graph.node, ("call", CALL, [], "f"))
    add_function(graph, "f", [], {}, ("g", CALL, [], "g"))
    add_function(graph, "g", [], {}, ("f", CALL, [], "f"))
    hierarchy = build_hierarchy(graph)
    assert [item.name for item in hierarchy.items[hierarchy.first_inside :]] == ["call/g", "call/g/f"]


def test_functions_that_double_what_they_call_cost_no_more_than_their_graph():
    graph = graph_of()
    add_nodes(graph.node, ("call", CALL, [], "f0"))
    for level in range(60):
        below = f"f{level + 1}"
        add_function(graph, f"f{level}", [], {}, ("a", CALL, [], below), ("b", CALL, [], below))
    hierarchy = build_hierarchy(graph)
    assert FREE_COPIES / 2 < len(hierarchy.items) - hierarchy.first_inside < FREE_COPIES + 2 * COPIES * 200


def test_calls_are_not_opened_without_end():
    graph = graph_of()
    add_nodes(graph.node, ("call", CALL, [], "f0"))
    for level in range(2 * MAX_CALLS):
        add_function(graph, f"f{level}", [], {}, ("n", CALL, [], f"f{level + 1}"))
    hierarchy = build_hierarchy(graph)
    assert hierarchy.items[-1].name.count("/") == MAX_CALLS


def test_long_names_of_calls_take_their_room():
    graph = graph_of()
    name = "n" * 100_000
    add_nodes(graph.node, *((f"{name}{number}", CALL, [], "f") for number in range(8)))
    add_function(graph, "f", [], {}, *((f"n{number}", "NoOp", []) for number in range(100)))
    hierarchy = build_hierarchy(graph)
    assert sum(len(item.name) for item in hierarchy.items[hierarchy.first_inside :]) < 4_000_000
