"""What a graph takes and gives: told by signatures, or likely."""

import pytest

from ckpt_magics.graphs.meta_graph.graph_sources import find_graph
from ckpt_magics.notebook.pictures.graph_model import model_of_graph
from ckpt_magics.proto import messages
from tests.notebook.pictures.graphs import graph_of, training_graph


def names(ends):
    return [end.name for end in ends]


def test_saving_training_and_summaries_take_no_result_away():
    ends = model_of_graph(training_graph(2, 2)).ends
    assert names(ends.inputs) == ["images:0", "is_training:0"]
    assert names(ends.outputs) == ["loss:0"]
    assert not ends.told


@pytest.mark.parametrize("version", ["tf0.12.1", "tf1.15.5", "tf2.21.0"])
def test_of_a_graph_with_its_optimizer(golden, version):
    source = find_graph(golden / version / "graph_conv_adam" / "g" / "model.ckpt-2.meta")
    ends = model_of_graph(source.meta_graph).ends
    assert list(map(str, ends.inputs)) == ["images:0 float32 [?, 12, 12, 1]", "labels:0 int64 [?]"]
    assert list(map(str, ends.outputs)) == ["prob:0 float32 [?, 10]", "loss:0 float32 []"]


def test_signatures_tell(golden):
    ends = model_of_graph(find_graph(golden / "tf2.21.0" / "saved_model" / "model").meta_graph).ends
    assert ends.told
    assert names(ends.inputs) == ["lookup_s:0", "serving_default_x:0"]
    assert names(ends.outputs) == ["StatefulPartitionedCall:0", "StatefulPartitionedCall_1:0"]


def test_what_no_input_comes_to_is_no_result():
    graph = graph_of(
        ("x", "Placeholder", []),
        ("y", "Relu", ["x"]),
        ("left_over", "Shape", ["x"]),
        ("other", "Neg", ["one"]),
        ("one", "Const", []),
        ("check", "Assert", ["y"]),
        ("done", "NoOp", ["^y"]),
    )
    assert names(model_of_graph(graph).ends.outputs) == ["y:0"]


def test_without_an_input_every_end_may_be_a_result():
    graph = graph_of(("a", "IteratorGetNext", []), ("b", "Relu", ["a"]), ("v", "VariableV2", []))
    ends = model_of_graph(graph).ends
    assert (names(ends.inputs), names(ends.outputs)) == ([], ["b:0"])


def test_a_circle_has_an_end_all_the_same():
    graph = graph_of(
        ("x", "Placeholder", []), ("m", "Merge", ["x", "n"]), ("n", "NextIteration", ["m"]), ("e", "Exit", ["m"])
    )
    assert names(model_of_graph(graph).ends.outputs) == ["e:0"]


def test_an_empty_graph_has_none():
    ends = model_of_graph(messages.GraphDef()).ends
    assert (list(ends.inputs), list(ends.outputs)) == ([], [])


def test_what_the_branches_of_a_conditional_wait_for_is_no_result():
    graph = graph_of(
        ("p", "Placeholder", []),
        ("cond/Switch", "Switch", ["p", "p"]),
        ("cond/switch_t", "Identity", ["cond/Switch:1"]),
        ("cond/switch_f", "Identity", ["cond/Switch"]),
        ("cond/a", "Const", ["^cond/switch_t"]),
        ("cond/b", "Neg", ["cond/Switch"]),
        ("cond/Merge", "Merge", ["cond/a", "cond/b"]),
    )
    assert names(model_of_graph(graph).ends.outputs) == ["cond/Merge:0"]
