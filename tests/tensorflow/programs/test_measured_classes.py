"""Measures of classes, of thresholds and of pairs: TensorFlow's numbers over several runs."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as ours

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(11)
CLASSES = RNG.integers(0, 3, size=(2, 3, 4))
SCORES = RNG.uniform(size=(2, 3, 4)).astype(np.float32)
WEIGHTS = RNG.uniform(size=(3, 4)).astype(np.float32)

METRICS = {
    "iou": lambda tf, c, s, w: tf.metrics.mean_iou(c, tf.cast(s * 4, tf.int64), 4),
    "iou weighted": lambda tf, c, s, w: tf.metrics.mean_iou(c, tf.cast(s * 3, tf.int64), 5, weights=w),
    "per class": lambda tf, c, s, w: tf.metrics.mean_per_class_accuracy(c, tf.cast(s * 3, tf.int64), 4),
    "per class weighted": lambda tf, c, s, w: tf.metrics.mean_per_class_accuracy(c, tf.cast(s * 3, tf.int64), 3, w),
    "relative": lambda tf, c, s, w: tf.metrics.mean_relative_error(tf.cast(c, tf.float32), s, tf.cast(c, tf.float32)),
    "cosine": lambda tf, c, s, w: tf.metrics.mean_cosine_distance(tf.cast(c, tf.float32), s, dim=1),
    "precision": lambda tf, c, s, w: tf.metrics.precision_at_thresholds(c > 1, s, [0.2, 0.5, 0.9], weights=w),
    "recall": lambda tf, c, s, w: tf.metrics.recall_at_thresholds(c > 1, s, [0.2, 0.5, 0.9]),
    "sensitivity": lambda tf, c, s, w: tf.metrics.sensitivity_at_specificity(c > 1, s, 0.7, num_thresholds=9),
    "specificity": lambda tf, c, s, w: tf.metrics.specificity_at_sensitivity(c > 0, s, sensitivity=0.6, weights=w),
}


def numbers(tf, make):
    """What each run's update gives, and the values and local variables after it."""
    with tf.Graph().as_default(), tf.Session() as session:
        classes = tf.placeholder(tf.int64, [3, 4])
        scores = tf.placeholder(tf.float32, [3, 4])
        value, update = make(tf, classes, scores, tf.constant(WEIGHTS))
        session.run(tf.local_variables_initializer())
        found = []
        for first, second in zip(CLASSES, SCORES, strict=True):
            found += [session.run(update, {classes: first, scores: second}), session.run(value)]
        state = {variable.name: session.run(variable) for variable in tf.local_variables()}
        return found, state


@pytest.mark.parametrize("name", METRICS)
def test_metrics_over_two_runs(old_tf, name):
    (our_numbers, our_state), (their_numbers, their_state) = (numbers(tf, METRICS[name]) for tf in (ours, old_tf))
    for own, other in zip(our_numbers, their_numbers, strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-5)
        assert np.asarray(own).dtype == np.asarray(other).dtype
    assert our_state.keys() == their_state.keys()
    for key, other in their_state.items():
        np.testing.assert_allclose(our_state[key], other, rtol=1e-5)


@pytest.mark.parametrize("weights", [1.0, [[1.0], [0.0], [0.5]]])
def test_pairs(old_tf, weights):
    found = []
    for tf in (ours, old_tf):
        with tf.Graph().as_default(), tf.Session() as session:
            loss = tf.losses.mean_pairwise_squared_error(CLASSES[0].astype(np.float32), SCORES[0], weights)
            assert tf.losses.get_losses() == [loss]
            found.append(session.run(loss))
    np.testing.assert_allclose(*found, rtol=1e-5)


def test_confusion(old_tf):
    found = []
    for tf in (ours, old_tf):
        with tf.Graph().as_default(), tf.Session() as session:
            plain = tf.confusion_matrix([0, 2, 2], [0, 1, 2])
            weighted = tf.math.confusion_matrix([0, 2, 2], [[0], [1], [2]], 4, tf.float32, weights=[0.5, 1, 2])
            found.append(session.run((plain, weighted)))
            with pytest.raises(tf.errors.InvalidArgumentError):
                session.run(tf.confusion_matrix(tf.identity([0, -1]), [0, 0]))
    for own, other in zip(*found, strict=True):
        np.testing.assert_array_equal(own, other)
        assert own.dtype == other.dtype
