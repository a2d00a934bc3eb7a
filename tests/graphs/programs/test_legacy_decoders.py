"""Decoders that are written out, and the loss of sequences."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf

seq2seq = tf.contrib.legacy_seq2seq
RNG = np.random.default_rng(4)


@pytest.fixture
def session():
    with tf.Graph().as_default() as graph, tf.Session(graph=graph) as session:
        yield session


def steps(count, size=2):
    return [tf.constant(RNG.normal(size=(3, size)), tf.float32) for _ in range(count)]


def test_a_decoder_steps_over_its_inputs(session):
    cell, inputs = tf.nn.rnn_cell.BasicLSTMCell(4), steps(3)
    outputs, state = seq2seq.rnn_decoder(inputs, cell.zero_state(3, tf.float32), cell)
    with tf.variable_scope("rnn_decoder", reuse=True):
        expected, last = tf.nn.static_rnn(cell, inputs, dtype=tf.float32, scope=tf.get_variable_scope())
    session.run(tf.global_variables_initializer())
    for own, wanted in zip(session.run([*outputs, *state]), session.run([*expected, *last]), strict=True):
        np.testing.assert_array_equal(own, wanted)
    assert [one.op.name for one in tf.global_variables()] == [
        "rnn_decoder/basic_lstm_cell/kernel",
        "rnn_decoder/basic_lstm_cell/bias",
    ]


def test_a_decoder_takes_what_it_said_before(session):
    cell, seen = tf.nn.rnn_cell.GRUCell(2), []

    def follow(before, step):
        seen.append(step)
        return before * 2

    inputs, start = steps(3), cell.zero_state(3, tf.float32)
    outputs, _ = seq2seq.rnn_decoder(inputs, start, cell, follow)
    with tf.variable_scope("rnn_decoder", reuse=True) as scope:
        given = [inputs[0], outputs[0] * 2, outputs[1] * 2]
        expected, _ = tf.nn.static_rnn(cell, given, initial_state=start, scope=scope)
    session.run(tf.global_variables_initializer())
    np.testing.assert_array_equal(session.run(outputs), session.run(expected))
    assert seen == [1, 2]


@pytest.mark.parametrize(
    ("function", "names"),
    [
        ("basic_rnn_seq2seq", ["basic_rnn_seq2seq/rnn/gru_cell", "basic_rnn_seq2seq/rnn_decoder/gru_cell"]),
        ("tied_rnn_seq2seq", ["combined_tied_rnn_seq2seq/tied_rnn_seq2seq/gru_cell"]),
    ],
)
def test_a_net_of_two_sequences_trains(session, function, names):
    outputs, _ = getattr(seq2seq, function)(steps(2), steps(3), tf.nn.rnn_cell.GRUCell(4))
    targets = [tf.constant([0, 3, 1])] * 3
    loss = seq2seq.sequence_loss(outputs, targets, [tf.ones([3])] * 3)
    train = tf.train.AdamOptimizer(0.05).minimize(loss)
    gates = [one.op.name for one in tf.trainable_variables() if one.op.name.endswith("/gates/kernel")]
    assert [name.removesuffix("/gates/kernel") for name in gates] == names
    session.run(tf.global_variables_initializer())
    first = session.run(loss)
    for _ in range(20):
        session.run(train)
    assert session.run(loss) < first


def test_the_loss_is_the_weighted_mean_of_cross_entropies(session):
    logits = [RNG.normal(size=(3, 5)) for _ in range(2)]
    targets, weights = [[0, 4, 2], [1, 1, 3]], [[1.0, 0.5, 0.0], [2.0, 1.0, 1.0]]
    given = ([tf.constant(one) for one in lists] for lists in (logits, targets, np.array(weights)))
    found = session.run(seq2seq.sequence_loss_by_example(*given))
    entropies = [
        np.log(np.exp(one).sum(1)) - one[np.arange(3), target] for one, target in zip(logits, targets, strict=True)
    ]
    expected = sum(np.array(w) * e for w, e in zip(weights, entropies, strict=True)) / np.sum(weights, 0)
    np.testing.assert_allclose(found, expected)


def test_lists_of_other_lengths_are_refused(session):
    with pytest.raises(ValueError, match="must be the same 1, 2, 1"):
        seq2seq.sequence_loss([tf.ones([1, 2])], [tf.constant([0])], [tf.ones([1])] * 2)
