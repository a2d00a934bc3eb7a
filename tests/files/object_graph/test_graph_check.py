"""What does not agree between a graph of objects and its tensors is told; what TensorFlow writes agrees."""

import pytest

from ckpt_magics.files.object_graph.graph_check import graph_problems
from ckpt_magics.files.object_graph.object_graph import parse_object_graph
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.proto import messages
from tests.files.object_graph.test_shown_names import PROGRAMS, golden
from tests.truth import GOLDEN, iter_cases

CASES = [case for case in iter_cases(GOLDEN) if case.objects]
KEY = "net/w/.ATTRIBUTES/VARIABLE_VALUE"


def net():
    """A root that holds a net that holds a variable; as a message, to be spoilt."""
    graph = messages.TrackableObjectGraph()
    for name in ("net", "w", None):
        node = graph.nodes.add()
        node.has_checkpoint_values.value = True
        if name is not None:
            node.children.add(local_name=name, node_id=len(graph.nodes))
    graph.nodes[2].attributes.add(name="VARIABLE_VALUE", checkpoint_key=KEY)
    return graph


def problems(graph, *keys):
    return list(graph_problems(parse_object_graph(graph.SerializeToString()), set(keys)))


@pytest.mark.parametrize("program", [name for name in PROGRAMS if name != "keras_lost_list"])
def test_nothing_is_wrong_with_what_tensorflow_writes(program):
    graph, truth = golden(program)
    assert list(graph_problems(graph, {key for key, _, _ in truth})) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_nothing_is_wrong_with_checkpoints_of_tensorflow(case):
    with load_checkpoint(case.prefix) as reader:
        assert list(graph_problems(reader.object_graph, set(reader))) == []
        assert reader.verify().findings == ()


def test_layers_that_keras_has_lost_are_told():
    graph, truth = golden("keras_lost_list")
    [problem] = graph_problems(graph, {key for key, _, _ in truth})
    assert problem.text.startswith("the optimizer net/optimizer knows 6 weights, the layers hold 2: Keras 3 does not")
    assert not problem.is_loss


def test_an_optimizer_alone_has_lost_no_layers():
    graph = messages.TrackableObjectGraph()
    graph.nodes.add().children.add(local_name="optimizer", node_id=1)
    graph.nodes.add().children.add(local_name="_trainable_variables", node_id=2)
    graph.nodes.add().children.add(local_name="0", node_id=3)
    graph.nodes.add().attributes.add(name="VARIABLE_VALUE", checkpoint_key=KEY)
    assert problems(graph, KEY) == []


def test_a_value_that_is_not_stored_is_lost():
    [problem] = problems(net())
    assert (problem.key, problem.is_loss) == (KEY, True)


def test_tensors_of_no_object_are_told():
    [problem] = problems(net(), KEY, "_CHECKPOINTABLE_OBJECT_GRAPH", "a", "b")
    assert problem.text == "2 tensors belong to no object and cannot be restored by TensorFlow: a, b"
    assert not problem.is_loss


def test_tensors_of_a_registered_saver_are_its_own():
    graph = net()
    graph.nodes[1].registered_saver.name = "package.Saver"
    assert problems(graph, KEY, "a") == []


def test_wrong_words_about_values_are_told():
    graph = net()
    graph.nodes[1].has_checkpoint_values.value = False
    graph.nodes.add().has_checkpoint_values.value = True
    denied, empty = problems(graph, KEY)
    assert "of 1 object with values, such as node 1, that there are none" in denied.text
    assert "of 1 object without values, such as node 3, that there are some" in empty.text


def test_what_an_older_tensorflow_leaves_untold_is_not_wrong():
    graph = net()
    for node in graph.nodes:
        node.ClearField("has_checkpoint_values")
    assert problems(graph, KEY) == []
