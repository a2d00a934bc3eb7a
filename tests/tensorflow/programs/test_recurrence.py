"""Recurrent nets: the variables, nodes and values of TensorFlow's."""

import numpy as np
import pytest

from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(13)
SEQUENCES = RNG.normal(size=(3, 5, 2)).astype(np.float32)
LENGTHS = [5, 2, 3]

CELLS = {
    "basic": lambda tf: tf.nn.rnn_cell.BasicRNNCell(4),
    "gru": lambda tf: tf.nn.rnn_cell.GRUCell(4),
    "lstm": lambda tf: tf.nn.rnn_cell.BasicLSTMCell(4, forget_bias=0.5),
    "lstm of one tensor": lambda tf: tf.nn.rnn_cell.BasicLSTMCell(4, state_is_tuple=False),
    "full lstm": lambda tf: tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True, num_proj=3, cell_clip=2.0),
    "named": lambda tf: tf.nn.rnn_cell.LSTMCell(4, name="mine"),
    "several": lambda tf: tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(n) for n in (4, 3)]),
    "several of one tensor": lambda tf: tf.nn.rnn_cell.MultiRNNCell(
        [tf.nn.rnn_cell.GRUCell(n) for n in (4, 3)], state_is_tuple=False
    ),
    "wrapped": lambda tf: tf.nn.rnn_cell.DropoutWrapper(
        tf.nn.rnn_cell.GRUCell(4), output_keep_prob=tf.placeholder_with_default(1.0, [])
    ),
    "residual": lambda tf: tf.nn.rnn_cell.ResidualWrapper(tf.nn.rnn_cell.GRUCell(2)),
}


def sequences(tf, shape=(None, None, 2)):
    x = tf.placeholder(tf.float32, shape, name="x")
    return {x: SEQUENCES}, x


def initialized(tf):
    """Open a scope whose variables begin the same way in both."""
    return tf.variable_scope("net", initializer=tf.random_normal_initializer(seed=1))


@pytest.mark.parametrize("with_lengths", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_loops_over_sequences(old_tf, name, with_lengths):
    def program(tf):
        feeds, x = sequences(tf)
        lengths = None
        if with_lengths:
            lengths = tf.placeholder(tf.int64, [None])
            feeds[lengths] = LENGTHS
        with initialized(tf):
            return feeds, tf.nn.dynamic_rnn(CELLS[name](tf), x, sequence_length=lengths, dtype=tf.float32)

    compare(old_tf, program, rtol=1e-4)


@pytest.mark.parametrize("with_lengths", [False, True])
@pytest.mark.parametrize("name", ["lstm", "several"])
def test_steps_written_out(old_tf, name, with_lengths):
    def program(tf):
        feeds, x = sequences(tf, (3, 5, 2))
        lengths = tf.constant(LENGTHS) if with_lengths else None
        with initialized(tf):
            return feeds, tf.nn.static_rnn(
                CELLS[name](tf), tf.unstack(x, axis=1), dtype=tf.float32, sequence_length=lengths
            )

    compare(old_tf, program, rtol=1e-4)


@pytest.mark.parametrize("with_lengths", [False, True])
def test_both_directions(old_tf, with_lengths):
    def program(tf):
        feeds, x = sequences(tf)
        lengths = tf.constant(LENGTHS) if with_lengths else None
        cells = [tf.nn.rnn_cell.BasicLSTMCell(3), tf.nn.rnn_cell.GRUCell(2)]
        with initialized(tf):
            return feeds, tf.nn.bidirectional_dynamic_rnn(*cells, x, sequence_length=lengths, dtype=tf.float32)

    compare(old_tf, program, rtol=1e-4)


def test_both_directions_written_out(old_tf):
    def program(tf):
        feeds, x = sequences(tf, (3, 5, 2))
        cells = [tf.nn.rnn_cell.BasicLSTMCell(3), tf.nn.rnn_cell.GRUCell(2)]
        with initialized(tf):
            return feeds, tf.nn.static_bidirectional_rnn(*cells, tf.unstack(x, axis=1), dtype=tf.float32)

    compare(old_tf, program, rtol=1e-4)


def test_time_first_and_a_given_state(old_tf):
    def program(tf):
        feeds, x = sequences(tf, (3, 5, 2))
        cell = tf.nn.rnn_cell.BasicLSTMCell(4)
        with initialized(tf):
            state = cell.zero_state(5, tf.float32)
            return feeds, tf.nn.dynamic_rnn(cell, x, initial_state=state, time_major=True, scope="mine")

    compare(old_tf, program, rtol=1e-4)
