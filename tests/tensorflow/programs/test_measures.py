"""``tf.losses`` and ``tf.metrics``: the nodes, variables and values of TensorFlow's."""

import numpy as np
import pytest

from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(7)
SCORES = RNG.normal(size=(4, 3)).astype(np.float32)
PARTS = RNG.uniform(size=(4, 3)).astype(np.float32)
TRUTHS = np.array([[1, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]], np.float32)

LOSSES = {
    "mean_squared_error": lambda tf, y, x: tf.losses.mean_squared_error(y, x),
    "absolute_difference": lambda tf, y, x: tf.losses.absolute_difference(labels=y, predictions=x, weights=0.5),
    "huber_loss": lambda tf, y, x: tf.losses.huber_loss(y, x, 1.0, 0.7, scope="huber"),
    "hinge_loss": lambda tf, y, x: tf.losses.hinge_loss(labels=y, logits=x),
    "log_loss": lambda tf, y, x: tf.losses.log_loss(y, tf.sigmoid(x)),
    "cosine_distance": lambda tf, y, x: tf.losses.cosine_distance(y, x, axis=1),
    "sigmoid": lambda tf, y, x: tf.losses.sigmoid_cross_entropy(y, x, label_smoothing=0.1),
    "softmax": lambda tf, y, x: tf.losses.softmax_cross_entropy(y, x),
    "softmax smoothed": lambda tf, y, x: tf.losses.softmax_cross_entropy(y, x, label_smoothing=0.1),
    "sum": lambda tf, y, x: tf.losses.mean_squared_error(y, x, reduction=tf.losses.Reduction.SUM),
    "none": lambda tf, y, x: tf.losses.mean_squared_error(y, x, reduction=tf.losses.Reduction.NONE),
    "mean": lambda tf, y, x: tf.losses.mean_squared_error(y, x, 2.0, reduction=tf.losses.Reduction.MEAN),
    "batch": lambda tf, y, x: tf.losses.mean_squared_error(y, x, reduction=tf.losses.Reduction.SUM_OVER_BATCH_SIZE),
    "sparse": lambda tf, y, x: tf.losses.sparse_softmax_cross_entropy(tf.argmax(y, 1), x),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(old_tf, name):
    def program(tf):
        y, x = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 3])
        loss = LOSSES[name](tf, y, x)
        return {y: TRUTHS, x: SCORES}, (loss, tf.losses.get_total_loss())

    compare(old_tf, program)


@pytest.mark.parametrize("shape", [[None, 3], [4, 3], None])
@pytest.mark.parametrize("weights", [[[1.0], [0.0], [2.0], [1.0]], [[1.0, 0.0, 1.0]] * 4])
def test_losses_with_weights(old_tf, shape, weights):
    def program(tf):
        y, x = tf.placeholder(tf.float32, shape), tf.placeholder(tf.float32, shape)
        w = tf.placeholder(tf.float32, None if shape is None else [shape[0], None])
        return {y: TRUTHS, x: SCORES, w: weights}, tf.losses.mean_squared_error(y, x, w)

    # How TensorFlow checks shapes that it does not know takes operations on sets.
    compare(old_tf, program, same_graph=False)


METRICS = {
    "mean": lambda tf, y, x: tf.metrics.mean(x),
    "mean with weights": lambda tf, y, x: tf.metrics.mean(x, weights=2.0),
    "mean_tensor": lambda tf, y, x: tf.metrics.mean_tensor(x[0]),
    "accuracy": lambda tf, y, x: tf.metrics.accuracy(tf.argmax(y, 1), tf.argmax(x, 1), name="acc"),
    "mean_squared_error": lambda tf, y, x: tf.metrics.mean_squared_error(y, x),
    "mean_absolute_error": lambda tf, y, x: tf.metrics.mean_absolute_error(y, x),
    "root_mean_squared_error": lambda tf, y, x: tf.metrics.root_mean_squared_error(y, x),
    "percentage_below": lambda tf, y, x: tf.metrics.percentage_below(x, 0.5),
    "precision": lambda tf, y, x: tf.metrics.precision(y, tf.round(x)),
    "recall": lambda tf, y, x: tf.metrics.recall(y, tf.round(x)),
    "true_positives": lambda tf, y, x: tf.metrics.true_positives(y, tf.round(x)),
    "false_negatives": lambda tf, y, x: tf.metrics.false_negatives(y, tf.round(x)),
}


@pytest.mark.parametrize("name", METRICS)
def test_metrics(old_tf, name):
    def program(tf):
        y, x = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 3])
        update = METRICS[name](tf, y, x)[1]
        with tf.control_dependencies([update]):
            return {y: TRUTHS, x: PARTS}, (tf.identity(update), tf.add_n(tf.local_variables()[:1]))

    compare(old_tf, program, runs=2)


@pytest.mark.parametrize("curve", ["ROC", "PR"])
def test_area_under_the_curve(old_tf, curve):
    def program(tf):
        y, x = tf.placeholder(tf.float32, [None, 3]), tf.placeholder(tf.float32, [None, 3])
        return {y: TRUTHS, x: PARTS}, tf.metrics.auc(y, x, curve=curve)[1]

    compare(old_tf, program, runs=2, same_graph=False)
