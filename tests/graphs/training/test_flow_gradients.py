"""Gradients through conditionals, loops and recurrent nets agree with finite differences."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf

RNG = np.random.default_rng(3)
START = RNG.uniform(0.4, 0.9, (2, 3))
FACTOR = RNG.uniform(0.4, 0.9, (2, 3))


def looped(x, w):
    return tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, tf.sin(v * w)), [0, x])[1]


def nested(x, w):
    def step(i, v):
        return i + 1, tf.while_loop(lambda j, _: j < i, lambda j, u: (j + 1, tf.tanh(u) * w), [0, v])[1] + v

    return tf.while_loop(lambda i, _: i < 4, step, [0, x])[1]


def branched(x, w):
    def step(i, v):
        return i + 1, tf.cond(
            tf.equal(i % 2, 0), lambda: v * w, lambda: tf.exp(-v) + tf.cond(i < 2, lambda: x, lambda: w)
        )

    return tf.while_loop(lambda i, _: i < 4, step, [0, x])[1]


def chosen(x, w):
    return tf.case([(tf.reduce_sum(x) < 0, lambda: x), (tf.reduce_sum(w) > 0, lambda: looped(w, x))], lambda: x * w)


def looked_up(x, w):
    def step(i, total):
        return i + 1, total + tf.reduce_sum(tf.gather(x, [i % 2, 1]) * w)

    return tf.while_loop(lambda i, _: i < 3, step, [0, tf.constant(0.0, tf.float64)])[1]


def mapped(x, w):
    return tf.map_fn(lambda row: tf.square(row) * w[0], x) + tf.scan(lambda before, row: before * row, x + w)


def recurrent(x, w):
    cell = tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(2), tf.nn.rnn_cell.GRUCell(3)])
    sequences = tf.stack([x, w, x * w, x + w])
    with tf.variable_scope("rnn", initializer=tf.constant_initializer(0.3), dtype=tf.float64):
        outputs, state = tf.nn.dynamic_rnn(cell, sequences, sequence_length=[4, 2], time_major=True, dtype=tf.float64)
    return tf.reduce_sum(outputs) + tf.reduce_sum(tf.square(state[1]))


@pytest.mark.parametrize("function", [looped, nested, branched, chosen, looked_up, mapped, recurrent])
def test_agrees_with_differences(function):
    step = 1e-6
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        x, w = (tf.placeholder(tf.float64, [2, 3]) for _ in range(2))
        loss = tf.reduce_sum(function(x, w) * 1.5)
        grads = [tf.convert_to_tensor(grad) for grad in tf.gradients(loss, [x, w])]
        session.run(tf.global_variables_initializer())
        ways = [RNG.normal(size=(2, 3)) for _ in range(2)]
        ends = [
            session.run(loss, {x: START + sign * step * ways[0], w: FACTOR + sign * step * ways[1]}) for sign in (1, -1)
        ]
        found = session.run(grads, {x: START, w: FACTOR})
    expected = (ends[0] - ends[1]) / (2 * step)
    np.testing.assert_allclose(sum(np.sum(a * b) for a, b in zip(found, ways, strict=True)), expected, rtol=1e-6)


def test_stops_where_it_is_told_to():
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        x, w = tf.constant(START), tf.constant(FACTOR)
        [grad] = tf.gradients(looped(x, w), x, stop_gradients=[w])
        [other] = tf.gradients(looped(x, tf.stop_gradient(w)), x)
        np.testing.assert_array_equal(*session.run([grad, other]))


def test_a_loop_has_no_second_derivative():
    with tf.Graph().as_default():
        x, w = tf.constant(START), tf.constant(FACTOR)
        [grad] = tf.gradients(looped(x, w), x)
        with pytest.raises(TypeError, match="Second-order"):
            tf.gradients(grad, w)


def test_a_variable_of_a_loop_has_no_gradient_inside_of_it():
    with tf.Graph().as_default():
        x = tf.constant(START)
        with pytest.raises(ValueError, match="is in the loop that the gradients are asked for in"):
            tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, tf.gradients(v * v, x)[0]), [0, x])


def test_gradients_inside_of_a_loop():
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        x = tf.constant(START)
        _, result = tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, v - 0.1 * tf.gradients(v**2, v)[0]), [0, x])
        np.testing.assert_allclose(session.run(result), START * 0.8**3)
