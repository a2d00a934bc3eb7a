"""tf.gradients: what it gives, what it refuses, and how gradients add up."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.proto.messages import AttrValue


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def values(tensors, feeds=None):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(tensors, feeds)


def test_gives_none_or_zeros_where_nothing_is_connected():
    x, other = tf.constant([1.0, 2.0]), tf.constant([3.0])
    y = tf.reduce_sum(x * x)
    assert tf.gradients(y, [other]) == [None]
    assert values(tf.gradients(y, [x, other], unconnected_gradients="zero"))[1].tolist() == [0.0]
    assert tf.gradients(tf.cast(tf.floor(x), tf.int32), x) == [None]
    with pytest.raises(ValueError, match="unconnected"):
        tf.gradients(y, x, unconnected_gradients="none of these")


def test_weights_of_the_outputs_multiply():
    x = tf.constant([1.0, 2.0])
    (gradient,) = tf.gradients([x * 3.0, x], x, grad_ys=[tf.constant([1.0, 10.0]), None])
    assert values(gradient).tolist() == [4.0, 31.0]
    with pytest.raises(ValueError, match="Length mismatch"):
        tf.gradients([x, x], x, grad_ys=[None])


def test_takes_stopped_tensors_for_constants():
    x = tf.constant(2.0)
    square = x * x
    assert values(tf.gradients(square * x, [x, square], stop_gradients=[square])) == [4.0, 2.0]
    assert values(tf.gradients(tf.stop_gradient(square) * x, x)) == [4.0]


@pytest.mark.parametrize("method", [None, tf.AggregationMethod.EXPERIMENTAL_TREE])
def test_adds_up_what_reaches_a_tensor(method, graph):
    x = tf.constant(3.0)
    (gradient,) = tf.gradients(x * x + x * 5.0, x, aggregation_method=method)
    assert gradient.op.type == "AddN"
    assert values(gradient) == 11.0
    with pytest.raises(ValueError, match="aggregation_method"):
        tf.gradients(x * x, x, aggregation_method=7)


def test_a_lookup_gives_slices():
    table = tf.get_variable("table", initializer=np.ones((5, 2), np.float32))
    rows = tf.gather(table, [3, 1, 3])
    (gradient,) = tf.gradients(rows, table)
    assert isinstance(gradient, tf.IndexedSlices)
    assert gradient.shape.as_list() == [5, 2]
    assert values([gradient.indices, tf.convert_to_tensor(gradient)])[1][:, 0].tolist() == [0, 1, 0, 2, 0]
    (both,) = tf.gradients([rows, tf.gather(table, [0])], table)
    assert values(both.indices).tolist() == [3, 1, 3, 0]
    (whole,) = tf.gradients([rows, table * 2.0], table)
    assert values(whole)[:, 0].tolist() == [2, 3, 2, 4, 2]


def test_differentiates_again():
    x = tf.placeholder(tf.float32, [])
    (first,) = tf.gradients(x**3.0, x)
    (second,) = tf.gradients(first, x)
    assert values([first, second], {x: 2.0}) == pytest.approx([12.0, 12.0])


def test_names_all_ops_without_a_gradient():
    x = tf.constant([1.0, 2.0])
    graph = tf.get_default_graph()
    bits = graph.create_op("Bitcast", [x], attrs={"type": tf.float32}).outputs[0]
    rest = graph.create_op("TruncateMod", [bits, bits]).outputs[0]
    with pytest.raises(LookupError, match="Bitcast, TruncateMod"):
        tf.gradients(rest, x)


def test_gated_gradients_wait_for_each_other(graph):
    x, y = tf.constant(2.0), tf.constant(3.0)
    first, _ = tf.gradients(x * y, [x, y], gate_gradients=True)
    gate = graph.get_operation_by_name("gradients/mul_grad/tuple/group_deps")
    assert gate in first.op.control_inputs
    assert {op.name for op in gate.control_inputs} == {"gradients/mul_grad/Mul", "gradients/mul_grad/Mul_1"}


def test_long_graphs_are_no_matter_of_depth():
    x = tf.constant(1.0)
    y = x
    for _ in range(2000):
        y = tf.identity(y)
    assert values(tf.gradients(y, x)) == [1.0]


@pytest.mark.parametrize(
    ("op_type", "settings", "attrs"),
    [
        ("Erf", [], {}),
        ("Erfc", [], {}),
        ("Sinh", [], {}),
        ("Cosh", [], {}),
        ("ReverseSequence", [[2, 1]], {"seq_dim": 1}),
        ("SpaceToBatchND", [[2], [[1, 1]]], {}),
        ("BatchToSpaceND", [[2], [[0, 1]]], {}),
        ("MatrixBandPart", [1, 0], {}),
    ],
)
def test_agrees_with_differences(op_type, settings, attrs, graph):
    rng = np.random.default_rng(2)
    value, direction = rng.standard_normal((2, 2, 2, 3))
    x = tf.placeholder(tf.float64, value.shape)
    inputs = [x, *(tf.constant(np.array(setting, np.int32)) for setting in settings)]
    y = graph.create_op(op_type, inputs, attrs=attrs).outputs[0]
    weights = tf.constant(rng.standard_normal(y.shape.as_list()))
    total = tf.reduce_sum(y * weights)
    (gradient,) = tf.gradients(total, x)
    high, low = values(total, {x: value + 1e-6 * direction}), values(total, {x: value - 1e-6 * direction})
    assert np.sum(values(gradient, {x: value}) * direction) == pytest.approx((high - low) / 2e-6, rel=1e-6)


def test_takes_the_rule_that_a_node_asks_for():
    x = tf.constant([1.0, 2.0])
    kept = tf.identity(x)
    kept.op.set_attr("_gradient_op_type", AttrValue(s=b"Neg"))
    assert values(tf.gradients(kept * 3.0, x))[0].tolist() == [-3.0, -3.0]
    kept.op.set_attr("_gradient_op_type", AttrValue(s=b"CustomGradient-7"))
    with pytest.raises(LookupError, match=r"op type: CustomGradient-7"):
        tf.gradients(kept * 3.0, x)
