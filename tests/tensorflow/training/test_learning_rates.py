"""Decays of learning rates, limits of gradients and moving averages have TensorFlow's nodes and values."""

from __future__ import annotations

import numpy as np
import pytest

import ckpt_magics.compat.v1 as compat
from ckpt_magics.proto.messages import GraphDef

pytestmark = pytest.mark.tensorflow


@pytest.fixture(autouse=True)
def as_in_tensorflow_1(tf):
    """Conditionals and variables as TensorFlow 1 makes them."""
    tf1 = tf.compat.v1
    switched = [
        name
        for name, is_on in (
            ("control_flow_v2", tf1.control_flow_v2_enabled()),
            ("resource_variables", tf1.resource_variables_enabled()),
        )
        if is_on
    ]
    for name in switched:
        getattr(tf1, f"disable_{name}")()
    yield
    for name in switched:
        getattr(tf1, f"enable_{name}")()


DECAYS = {
    "exponential": lambda tf, step: tf.train.exponential_decay(0.1, step, 3, 0.9),
    "staircase": lambda tf, step: tf.train.exponential_decay(0.1, step, 3, 0.9, staircase=True, name="rate"),
    "natural": lambda tf, step: tf.train.natural_exp_decay(0.1, step, 3, 0.9),
    "inverse": lambda tf, step: tf.train.inverse_time_decay(0.1, step, 3, 0.9),
    "inverse staircase": lambda tf, step: tf.train.inverse_time_decay(0.1, step, 3, 0.9, True),
    "polynomial": lambda tf, step: tf.train.polynomial_decay(0.1, step, 5, power=2.0),
    "cycle": lambda tf, step: tf.train.polynomial_decay(0.1, step, 5, cycle=True),
    "piecewise": lambda tf, step: tf.train.piecewise_constant(step, [2, 4, 6], [1.0, 0.5, 0.25, 0.1]),
    "two pieces": lambda tf, step: tf.train.piecewise_constant_decay(step, [4], [1.0, 0.5]),
    "cosine": lambda tf, step: tf.train.cosine_decay(0.1, step, 5, alpha=0.1),
    "restarts": lambda tf, step: tf.train.cosine_decay_restarts(0.1, step, 2),
    "even restarts": lambda tf, step: tf.train.cosine_decay_restarts(0.1, step, 2, t_mul=1.0, m_mul=0.5),
    "linear cosine": lambda tf, step: tf.train.linear_cosine_decay(0.1, step, 5),
}

X = np.array([[1.0, -2.0], [0.0, 3.0]], np.float32)


def slices(tf):
    return tf.IndexedSlices(tf.constant(X), tf.constant([1, 0]), tf.constant([4, 2]))


CLIPS = {
    "norm": lambda tf: [tf.clip_by_norm(X, 2.0)],
    "norm by row": lambda tf: [tf.clip_by_norm(tf.constant(X), tf.constant(1.5), axes=[1], name="rows")],
    "norm of slices": lambda tf: [tf.clip_by_norm(slices(tf), 2.0).values],
    "short": lambda tf: [tf.clip_by_norm(tf.constant(X), 100.0)],
    "average": lambda tf: [tf.clip_by_average_norm(tf.constant(X), 0.5)],
    "global": lambda tf: [tf.global_norm([tf.constant(X), None, slices(tf)])],
    "together": lambda tf: clipped_together(tf, 2.0),
    "together, long": lambda tf: clipped_together(tf, 50.0),
    "known norm": lambda tf: [tf.clip_by_global_norm([tf.constant(X)], 2.0, use_norm=tf.constant(8.0))[0][0]],
}


def clipped_together(tf, limit):
    (first, nothing, last), norm = tf.clip_by_global_norm([tf.constant(X), None, slices(tf)], limit)
    assert nothing is None
    return [first, last.values, last.indices, norm]


def nodes(graph):
    message = GraphDef.FromString(graph.as_graph_def().SerializeToString())
    for node in message.node:
        node.ClearField("experimental_type")  # what TensorFlow infers, and tells nobody but itself
    return {node.name: node.SerializeToString(deterministic=True) for node in message.node}


def check_nodes(theirs, ours):
    want, got = nodes(theirs), nodes(ours)
    assert list(got) == list(want)
    assert got == want


@pytest.mark.parametrize("name", DECAYS)
def test_decays(tf, name):
    made = []
    for side in (tf.compat.v1, compat):
        with side.Graph().as_default() as graph:
            step = side.placeholder(side.int64, [], name="step")
            made.append((graph, step, DECAYS[name](side, step), side.Session()))
    check_nodes(made[0][0], made[1][0])
    for value in range(12):
        want, got = (session.run(rate, {step: value}) for _, step, rate, session in made)
        assert got == pytest.approx(want, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", CLIPS)
def test_clips(tf, name):
    results = []
    graphs = []
    for side in (tf.compat.v1, compat):
        with side.Graph().as_default() as graph, side.Session() as session:
            results.append(session.run(CLIPS[name](side)))
            graphs.append(graph)
    check_nodes(*graphs)
    for want, got in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5)


@pytest.mark.parametrize("resource", [False, True])
@pytest.mark.parametrize("counted", [False, True])
def test_moving_averages(tf, resource, counted):
    results = []
    graphs = []
    for side in (tf.compat.v1, compat):
        with side.Graph().as_default() as graph, side.Session() as session:
            with side.variable_scope("net", use_resource=resource):
                w = side.get_variable("w", initializer=X)
                step = side.get_variable("step", initializer=0, trainable=False)
            average = side.train.ExponentialMovingAverage(0.9, step if counted else None, zero_debias=not counted)
            train = side.train.GradientDescentOptimizer(0.1).minimize(side.reduce_sum(w * w), global_step=step)
            with side.control_dependencies([train]):
                doubled = side.identity(w.read_value() * 2.0)
                update = average.apply([w, doubled])
            assert average.average_name(w) == average.average(w).op.name == "net/w/ExponentialMovingAverage"
            session.run(side.global_variables_initializer())
            for _ in range(4):
                session.run(update)
            results.append(session.run([w, step, average.average(w), average.average(doubled)]))
            assert set(average.variables_to_restore()) >= {"net/w/ExponentialMovingAverage"}
            graphs.append(graph)
    if resource:
        # TensorFlow guards first values of references against other references that have none yet.
        check_nodes(*graphs)
    for want, got in zip(*results, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5)
