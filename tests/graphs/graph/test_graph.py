"""The graph: finding things in it, scopes, and what it refuses."""

import numpy as np
import pytest

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.formats.dtypes import FLOAT, INT32
from ckpt_magics.graphs.graph.default import get_default_graph, reset_default_graph, session_as_default
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.variables.variable import Variable


@pytest.fixture
def graph():
    """A fresh graph, entered."""
    with Graph().as_default() as fresh:
        yield fresh


LOOKUPS = [
    ("a", {}, None, None),
    ("a:0", {}, None, None),
    ("b", {}, KeyError, "The name 'b' refers to an Operation not in the graph."),
    ("b:0", {}, KeyError, "The operation, 'b', does not exist in the graph."),
    ("a:1", {}, KeyError, "The operation, 'a', exists but only has 1 outputs."),
    ("a:x", {}, ValueError, "looks a like a Tensor name, but is not a valid one"),
    ("a:0", {"allow_tensor": False}, ValueError, "Name 'a:0' appears to refer to a Tensor, not a Operation."),
    ("a", {"allow_operation": False}, ValueError, "The name 'a' refers to an Operation, not a Tensor."),
    ("b", {"allow_operation": False}, ValueError, "looks like an (invalid) Operation name, not a Tensor."),
    (5, {}, TypeError, "Can not convert a int into a Tensor or Operation."),
    ("a", {"allow_operation": False, "allow_tensor": False}, ValueError, "can't both be False"),
]


@pytest.mark.parametrize(("name", "options", "error", "message"), LOOKUPS)
def test_lookup_finds_or_says_what_tensorflow_says(graph, name, options, error, message):
    a = constant(1, name="a")
    if error is None:
        assert graph.as_graph_element(name, **options) in (a, a.op)
        return
    with pytest.raises(error) as caught:
        graph.as_graph_element(name, **options)
    assert message in str(caught.value)


def test_names_must_be_strings(graph):
    with pytest.raises(TypeError, match="Operation names are strings"):
        graph.get_operation_by_name(1)
    with pytest.raises(TypeError, match="Tensor names are strings"):
        graph.get_tensor_by_name(None)


def test_elements_of_another_graph_are_refused(graph):
    a = constant(1)
    with Graph().as_default() as other:
        b = constant(2)
        with pytest.raises(ValueError, match="is not an element of this graph"):
            other.as_graph_element(a)
        with pytest.raises(ValueError, match="is not an element of this graph"):
            other.as_graph_element(a.op)
        with pytest.raises(ValueError, match="must be from the same graph"):
            other.create_op("AddV2", [a, b])


def test_finalized_graph_refuses_every_change(graph):
    graph.finalize()
    assert graph.finalized
    for change in (
        lambda: constant(1),
        lambda: graph.add_to_collection("x", 1),
        lambda: graph.add_to_collections(["x"], 1),
        lambda: graph.clear_collection("x"),
    ):
        with pytest.raises(RuntimeError, match=r"Graph is finalized and cannot be modified\."):
            change()


def test_create_op_takes_attributes_and_control_inputs(graph):
    a = constant([1.0], name="a")
    op = graph.create_op("Mystery", [a], attrs={"k": 3, "t": FLOAT, "n": [1.5], "s": "x"}, control_inputs=[a.op])
    assert (op.get_attr("k"), op.get_attr("t"), op.get_attr("n"), op.get_attr("s")) == (3, FLOAT, [1.5], b"x")
    assert list(op.node_def.input) == ["a", "^a"]
    assert op.outputs == []
    assert a.consumers() == [op]
    with pytest.raises(ValueError, match="has no attr named 'zz'"):
        op.get_attr("zz")


def test_a_failed_op_leaves_no_trace(graph):
    a, b = constant([1.0, 2.0]), constant([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"\S"):
        graph.create_op("AddV2", [a, b], name="bad")
    assert "bad" not in graph
    assert a.consumers() == []


def test_dtypes_have_to_agree(graph):
    with pytest.raises(TypeError, match=r"Input 'y' of 'AddV2' Op has type int32 that does not match type float32"):
        build.apply("AddV2", constant(1.0), constant(1))
    with pytest.raises(ValueError, match="Tensor conversion requested dtype int32"):
        build.convert_to_tensor(constant(1.0), INT32)
    with pytest.raises(TypeError, match="takes 2 inputs, but got 1"):
        build.apply("AddV2", constant(1.0))
    with pytest.raises(UnimplementedError, match="op Mystery"):
        build.apply("Mystery")
    with pytest.raises(TypeError, match="mutable tensor"):
        build.apply("Assign", constant(1.0), 2.0)


def test_tensors_refuse_what_only_values_can_do(graph):
    a = constant([1.0])
    for use in (len, bool, iter):
        with pytest.raises(TypeError, match="symbolic"):
            use(a)
    for use in (np.array, np.asarray, np.sum, np.exp, lambda tensor: np.array([tensor, tensor])):
        with pytest.raises(NotImplementedError, match=r"Cannot convert a symbolic tf\.Tensor"):
            use(a)
    with pytest.raises(TypeError, match="Expected any non-tensor type, but got a tensor instead"):
        constant([a, a])
    assert len(graph) == 1


def test_eval_needs_a_session_for_the_same_graph(graph):
    class Recorder:
        def __init__(self, graph):
            self.graph = graph

        def run(self, fetches, feed_dict=None):
            return fetches, feed_dict

    a = constant(1.0)
    with pytest.raises(ValueError, match="No default session is registered"):
        a.eval()
    with session_as_default(Recorder(graph)):
        assert a.eval({a: 2}) == (a, {a: 2})
        assert a.op.run() is None
        assert Variable(1.0).eval() is not None
    with pytest.raises(ValueError, match="different from the session's graph"):
        a.eval(session=Recorder(Graph()))


def test_default_graphs_nest_and_reset():
    bottom = get_default_graph()
    with Graph().as_default() as outer:
        assert get_default_graph() is outer
        with Graph().as_default() as inner:
            assert get_default_graph() is inner
        assert get_default_graph() is outer
        with pytest.raises(AssertionError, match="nested graphs"):
            reset_default_graph()
    assert get_default_graph() is bottom
    reset_default_graph()
    assert get_default_graph() is not bottom
    reset_default_graph()


def test_collections_are_lists_by_name(graph):
    a = constant(1.0, name="a")
    graph.add_to_collections(["x", "y", "x"], a)
    graph.add_to_collection("x", 5)
    assert graph.get_collection("x") == [a, 5]
    assert graph.get_collection("x", scope="a") == [a]
    graph.get_collection_ref("z").append(1)
    assert graph.get_all_collection_keys() == ["x", "y", "z"]
    graph.get_collection("x").clear()
    assert graph.get_collection("x") == [a, 5]
    graph.clear_collection("x")
    assert graph.get_collection("x") == []


def test_set_shape_adds_knowledge_and_refuses_contradiction(graph):
    x = build.placeholder(FLOAT, [None, 3])
    x.set_shape([2, None])
    assert x.get_shape().as_list() == [2, 3]
    with pytest.raises(ValueError, match="not compatible"):
        x.set_shape([4, 3])


def test_printed_forms_show_name_shape_and_dtype(graph):
    a = constant([1.0, 2.0], name="a")
    v = Variable([1, 2], name="v")
    assert repr(a) == "<tf.Tensor 'a:0' shape=(2,) dtype=float32>"
    assert str(a) == 'Tensor("a:0", shape=(2,), dtype=float32)'
    assert repr(a.op) == "<tf.Operation 'a' type=Const>"
    assert repr(v) == "<tf.Variable 'v:0' shape=(2,) dtype=int32_ref>"
    assert 'name: "a"' in str(a.op)


def test_mixed_lists_are_packed(graph):
    a = constant(1)
    packed = build.convert_to_tensor([a, 2, 3], name="p")
    assert packed.op.type == "Pack"
    assert packed.shape.as_list() == [3]
    with pytest.raises(TypeError, match="Can't convert Operation"):
        build.convert_to_tensor(a.op)
