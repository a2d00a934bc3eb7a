"""Conditionals of TensorFlow 1 graphs give, and change, what they do in TensorFlow's session."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.meta_graph.import_graph import import_graph_def
from ckpt_magics.graphs.session import Session
from ckpt_magics.proto.messages import GraphDef

pytestmark = pytest.mark.tensorflow


def choose(tf, p, q, v):
    return [tf.cond(p, lambda: v * 2.0, lambda: v + q), tf.cond(p, lambda: tf.constant(1.0), lambda: tf.constant(2.0))]


def nested(tf, p, q, v):
    return [tf.cond(p, lambda: tf.cond(q > 1.0, lambda: v, lambda: -v), lambda: q)]


def several_results(tf, p, q, v):
    return list(tf.cond(p, lambda: [v, q], lambda: [q * q, v / q]))


def cases(tf, p, q, v):
    return [tf.case([(q > 1.0, lambda: v), (p, lambda: v * 3.0)], default=lambda: tf.constant(0.0))]


def changes(tf, p, q, v):
    counted = tf.cond(p, lambda: tf.assign_add(v, 1.0), lambda: tf.identity(v))
    with tf.control_dependencies([counted]):
        return [counted, v * 1.0]


def ordered(tf, p, q, v):
    with tf.control_dependencies([tf.cond(p, lambda: tf.group(v.assign(q)), tf.no_op)]):
        return [v * 1.0]


def parts(tf, p, q, v):
    false, true = tf.raw_ops.Switch(data=v * 1.0, pred=p)
    merged = tf.raw_ops.Merge(inputs=[true * 3.0, false + q])
    return [merged.output, merged.value_index]


def normalized(tf, p, q, v):
    means = tf.cond(p, lambda: tf.reduce_mean(tf.stack([q, v])), lambda: v * 1.0)
    with tf.control_dependencies([tf.cond(p, lambda: tf.group(v.assign_sub((v - means) * 0.5)), tf.no_op)]):
        return [q - means]


BUILDERS = [choose, nested, several_results, cases, changes, ordered, parts, normalized]


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("build", BUILDERS)
def test_conditionals_of_tensorflow_give_what_they_give_there(tf, build, use_resource):
    tf1 = tf.compat.v1
    control_flow_v2 = tf1.control_flow_v2_enabled()
    tf1.disable_control_flow_v2()
    try:
        theirs, ours = tf.Graph(), Graph()
        with theirs.as_default():
            p, q = tf1.placeholder(tf.bool, [], "p"), tf1.placeholder(tf.float32, [], "q")
            v = tf1.Variable(5.0, name="v", use_resource=use_resource)
            fetches = [tensor.name for tensor in build(tf1, p, q, v)]
            read, initializer = v.value().name, v.initializer.name
    finally:
        if control_flow_v2:
            tf1.enable_control_flow_v2()
    with ours.as_default():
        import_graph_def(GraphDef.FromString(theirs.as_graph_def().SerializeToString()), name="")
    sessions = [tf1.Session(graph=theirs), Session(graph=ours)]
    for session in sessions:
        session.run(initializer)
    for p, q in itertools.product([True, False, True], [3.0, 0.5]):
        expected, actual = ([session.run(fetches, {"p:0": p, "q:0": q}), session.run(read)] for session in sessions)
        np.testing.assert_array_equal(actual[0], expected[0])
        assert actual[1] == expected[1]
    for name in fetches:
        expected = theirs.get_tensor_by_name(name).shape
        assert str(ours.get_tensor_by_name(name).shape) == str(expected)


def test_what_a_conditional_did_not_take_cannot_be_fetched(tf):
    theirs, ours = tf.Graph(), Graph()
    with theirs.as_default():
        false, true = tf.raw_ops.Switch(data=1.0, pred=True, name="s")
        tf.identity(false * 2.0, "x")
    with ours.as_default():
        import_graph_def(GraphDef.FromString(theirs.as_graph_def().SerializeToString()), name="")
    with pytest.raises(tf.errors.InvalidArgumentError):
        tf.compat.v1.Session(graph=theirs).run("x:0")
    with pytest.raises(InvalidArgumentError):
        Session(graph=ours).run("x:0")
    assert Session(graph=ours).run(["x", true.name]) == [None, 1.0]
