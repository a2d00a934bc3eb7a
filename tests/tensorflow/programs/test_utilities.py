"""Graphs cut, frozen and read by functions: the same as TensorFlow's."""

import operator

import numpy as np
import pytest

from ckpt_magics.compat import v1
from ckpt_magics.proto.messages import GraphDef
from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow


def message(theirs):
    return GraphDef.FromString(theirs.SerializeToString())


def net(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    w = tf.get_variable("w", initializer=np.arange(6, dtype=np.float32).reshape(3, 2))
    kept = tf.get_variable("kept", initializer=np.ones(2, np.float32))
    y = tf.identity(tf.matmul(x, w) + kept, name="y")
    tf.identity(tf.stop_gradient(y), name="z")
    with tf.control_dependencies([y]):
        tf.square(y, name="other")


def both(old_tf, function):
    """Return what a function of the names gives with TensorFlow's and with ours."""
    results = []
    for tf in (old_tf, v1):
        with tf.Graph().as_default():
            net(tf)
            results.append(message(function(tf, tf.get_default_graph().as_graph_def())))
    return results


CUTS = {
    "extract_sub_graph": lambda tf, graph: tf.graph_util.extract_sub_graph(graph, ["z", "kept/Assign"]),
    "remove_training_nodes": lambda tf, graph: tf.graph_util.remove_training_nodes(graph),
    "remove_training_nodes but some": lambda tf, graph: tf.graph_util.remove_training_nodes(graph, ["z", "y"]),
}


@pytest.mark.parametrize("name", CUTS)
def test_parts_of_graphs(old_tf, name):
    wanted, own = both(old_tf, CUTS[name])
    assert [node.name for node in own.node] == [node.name for node in wanted.node]
    assert [list(node.input) for node in own.node] == [list(node.input) for node in wanted.node]


@pytest.mark.parametrize("options", [{}, {"variable_names_blacklist": ["kept"]}, {"variable_names_whitelist": ["w"]}])
def test_frozen_graphs_give_the_same(old_tf, options):
    def frozen(tf, graph):
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            return tf.graph_util.convert_variables_to_constants(session, graph, ["y"], **options)

    for tf, graph in zip((old_tf, v1), both(old_tf, frozen), strict=True):
        with tf.Graph().as_default(), tf.Session() as session:
            made = tf.GraphDef.FromString(graph.SerializeToString())
            found = tf.import_graph_def(made, name="", return_elements=["y:0"])[0]
            kept = tf.get_default_graph().get_tensor_by_name("kept:0")
            assert kept.op.type == ("VariableV2" if options else "Const")
            feeds = {"x:0": [[1, 2, 3]]} | ({"kept/read:0": [1, 1]} if options else {})
            np.testing.assert_array_equal(session.run(found, feeds), [[17, 23]])


STATIC = {
    "constant": lambda tf: tf.constant([1, 2]),
    "shape": lambda tf: tf.shape(tf.zeros([2, 3])),
    "unknown": lambda tf: tf.placeholder(tf.int32, []),
    "stack": lambda tf: tf.stack([tf.constant(1), tf.shape(tf.zeros([4]))[0], tf.rank(tf.zeros([1, 1]))]),
    "partial": lambda tf: tf.stack([tf.constant(1), tf.placeholder(tf.int32, [])]),
    "range": lambda tf: tf.range(2, 9, 3),
    "cast": lambda tf: tf.cast(tf.constant([1.7]), tf.int32),
    "concat": lambda tf: tf.concat([[1], [2, 3]], 0),
    "fill": lambda tf: tf.fill([2, 2], 5),
    "equal": lambda tf: tf.equal(tf.constant(2), 2),
    "unstack": lambda tf: tf.unstack(tf.constant([3, 4]))[1],
}


@pytest.mark.parametrize("partial", [False, True])
@pytest.mark.parametrize("name", STATIC)
def test_static_values(old_tf, name, partial):
    values = []
    for tf in (old_tf, v1):
        with tf.Graph().as_default():
            values.append(tf.get_static_value(STATIC[name](tf), partial))
    assert str(values[1]) == str(values[0])


@pytest.mark.parametrize("value", [1, 2.5, [[1, 2]], "a", [b"a", b"bc"], True, np.float64(3), np.arange(3)])
def test_tensor_protos(old_tf, value):
    own = v1.make_tensor_proto(value)
    assert own.SerializeToString() == old_tf.make_tensor_proto(value).SerializeToString()
    np.testing.assert_array_equal(v1.make_ndarray(own), old_tf.make_ndarray(old_tf.make_tensor_proto(value)))


OPERATORS = [getattr(operator, name) for name in ("add", "sub", "mul", "floordiv", "mod", "lt", "le", "gt", "ge", "eq")]


@pytest.mark.parametrize("operation", OPERATORS)
@pytest.mark.parametrize("operands", [(13, 4), (4, 4), (3, None), (None, 3), (None, None)])
def test_arithmetic_of_dimensions(old_tf, operation, operands):
    own, wanted = [], []
    for tf, results in ((v1, own), (old_tf, wanted)):
        first, second = (tf.Dimension(size) for size in operands)
        for left, right in ((first, second), (first, operands[1]), (operands[0], second)):
            try:
                results.append(str(operation(left, right)))
            except (TypeError, ValueError) as error:
                results.append(type(error).__name__)
    assert own == wanted


def test_what_is_printed(old_tf):
    def program(tf):
        x = tf.constant([1.0, 2.0])
        return {}, tf.Print(x, [x, tf.shape(x)], "values: ", summarize=5)

    compare(old_tf, program)
