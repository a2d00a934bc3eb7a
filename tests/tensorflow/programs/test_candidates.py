"""Losses over drawn classes: the same nodes and values as TensorFlow's, and the same training."""

import numpy as np
import pytest

from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(5)
INPUTS = RNG.normal(size=(6, 4)).astype(np.float32)
SAMPLERS = ("log_uniform", "uniform", "learned_unigram", "fixed_unigram")


def drawn(tf, num_true):
    """A draw that is the same here and there."""
    counts = tf.constant(RNG.random((6, num_true)).astype(np.float32) + 0.1)
    return tf.constant([3, 7, 1, 3], tf.int64), counts, tf.constant([0.5, 0.25, 0.75, 0.5])


def program(loss, num_true=1, parts=1, labels=np.int32, **arguments):
    """A program that trains by a loss over 11 classes."""
    names = RNG.integers(0, 11, (6, num_true)).astype(labels)
    rows = [RNG.normal(size=(11 // parts + (index < 11 % parts), 4)).astype(np.float32) for index in range(parts)]

    def build(tf):
        rng_state = RNG.bit_generator.state
        sampled = drawn(tf, num_true)
        RNG.bit_generator.state = rng_state
        weights = [tf.Variable(part, name="weights") for part in rows]
        biases = tf.Variable(np.zeros(11, np.float32), name="biases")
        inputs = tf.Variable(INPUTS, name="inputs")
        losses = getattr(tf.nn, loss)(
            weights if parts > 1 else weights[0],
            biases,
            tf.constant(names),
            inputs,
            4,
            11,
            num_true=num_true,
            sampled_values=sampled,
            **arguments,
        )
        mean = tf.reduce_mean(losses)
        return {}, [losses, mean, tf.train.GradientDescentOptimizer(0.5).minimize(mean)]

    return build


@pytest.mark.parametrize("loss", ["nce_loss", "sampled_softmax_loss"])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"num_true": 2, "labels": np.int64},
        {"remove_accidental_hits": True, "name": "mine"},
        {"remove_accidental_hits": False},
        {"parts": 2, "partition_strategy": "div"},
    ],
)
def test_losses_and_training_are_tensorflows(old_tf, loss, arguments):
    compare(old_tf, program(loss, **arguments), runs=3, same_graph=False)


@pytest.mark.parametrize("loss", ["nce_loss", "sampled_softmax_loss"])
def test_nodes_are_tensorflows(old_tf, loss):
    def build(tf):
        inputs = tf.placeholder(tf.float32, [None, 4])
        weights, biases = tf.get_variable("weights", [11, 4]), tf.get_variable("biases", [11])
        losses = getattr(tf.nn, loss)(weights, biases, tf.placeholder(tf.int32, [None, 1]), inputs, 4, 11)
        sampled = [
            getattr(tf.nn, f"{name}_candidate_sampler")(
                [[3]], 1, 5, True, 11, seed=4, **({"unigrams": [1.0] * 11} if name == "fixed_unigram" else {})
            )
            for name in SAMPLERS
        ]
        tf.nn.all_candidate_sampler([[3]], 1, 5, True)
        assert losses.shape.as_list() == [None]
        assert [list(part.shape) for part in sampled[0]] == [[5], [1, 1], [5]]
        return {}, []

    compare(old_tf, build)


def test_expected_counts_are_tensorflows(old_tf):
    def build(tf):
        found = []
        for name in SAMPLERS:
            more = {"unigrams": [1.0, 4.0, 2.0, 3.0, 0.5], "distortion": 0.75, "num_reserved_ids": 6}
            sampler = getattr(tf.nn, f"{name}_candidate_sampler")
            arguments = more if name == "fixed_unigram" else {}
            found.append(sampler([[3, 7], [0, 10]], 2, 5, False, 11, **arguments).true_expected_count)
        return {}, [
            *found,
            tf.nn.all_candidate_sampler([[3]], 1, 5, True),
            tf.nn.compute_accidental_hits(np.array([[3, 1], [5, 3], [8, 9]]), [9, 3, 3, 0], 2),
        ]

    compare(old_tf, build, runs=2, rtol=1e-6)
