"""The functions of ``tf.nn``: the same nodes and values as TensorFlow's."""

import numpy as np
import pytest

from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(3)
IMAGES = RNG.normal(size=(2, 7, 6, 3)).astype(np.float32)
KERNELS = RNG.normal(size=(3, 2, 3, 4)).astype(np.float32)
SCORES = RNG.normal(size=(4, 5)).astype(np.float32)
LABELS = RNG.dirichlet(np.ones(5), 4).astype(np.float32)
CLASSES = np.array([0, 4, 2, 2], np.int32)


def images(tf, shape=(None, 7, 6, 3)):
    placeholder = tf.placeholder(tf.float32, shape, name="images")
    return placeholder, {placeholder: IMAGES}


def with_images(function, shape=(None, 7, 6, 3)):
    """Return a program of one function of images."""

    def program(tf):
        placeholder, feeds = images(tf, shape)
        return feeds, function(tf, placeholder)

    return program


WINDOWS = {
    "conv2d": lambda tf, x: tf.nn.conv2d(x, KERNELS, strides=[1, 2, 2, 1], padding="SAME"),
    "conv2d with one stride": lambda tf, x: tf.nn.conv2d(x, filters=KERNELS, strides=2, padding="VALID", name="c"),
    "conv2d explicit": lambda tf, x: tf.nn.conv2d(
        x, KERNELS, strides=(1, 1, 1, 1), padding=[[0, 0], [1, 2], [0, 1], [0, 0]]
    ),
    "convolution": lambda tf, x: tf.nn.convolution(x, tf.constant(KERNELS), "SAME"),
    "conv1d": lambda tf, x: tf.nn.conv1d(x[:, :, 0, :], tf.constant(KERNELS[0]), 2, "SAME"),
    "max_pool": lambda tf, x: tf.nn.max_pool(x, [1, 3, 2, 1], [1, 2, 2, 1], "SAME", name="pool"),
    "max_pool2d": lambda tf, x: tf.nn.max_pool2d(x, 2, 2, "VALID"),
    "avg_pool": lambda tf, x: tf.nn.avg_pool(x, [1, 3, 2, 1], [1, 2, 2, 1], "SAME"),
    "avg_pool2d": lambda tf, x: tf.nn.avg_pool2d(x, [2, 2], [1, 2], "VALID"),
    "fused": lambda tf, x: tf.nn.fused_batch_norm(x, [1.0, 2.0, 3.0], [0.0, 1.0, 2.0]),
    "moments": lambda tf, x: tf.nn.moments(x, [0, 1, 2]),
    "batch_normalization": lambda tf, x: tf.nn.batch_normalization(
        x, tf.constant([0.0, 1.0, 2.0]), tf.constant([1.0, 1.0, 2.0]), None, None, 0.01
    ),
    "batch_normalization with both": lambda tf, x: tf.nn.batch_normalization(
        x, tf.constant([0.0, 1.0, 2.0]), tf.constant([1.0, 1.0, 2.0]), tf.constant([3.0] * 3), tf.constant(2.0), 0.01
    ),
    "l2_normalize": lambda tf, x: tf.nn.l2_normalize(x, 3),
    "crelu": lambda tf, x: tf.nn.crelu(x),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_functions_of_images(old_tf, name):
    compare(old_tf, with_images(WINDOWS[name]))


UNKNOWN = [(None, None), None, (4, None), (4, 5)]


@pytest.mark.parametrize("shape", UNKNOWN)
@pytest.mark.parametrize("version", ["", "_v2"])
def test_softmax_cross_entropy_whatever_is_known_of_the_classes(old_tf, shape, version):
    def program(tf):
        logits, labels = tf.placeholder(tf.float32, shape), tf.placeholder(tf.float32, shape)
        function = getattr(tf.nn, f"softmax_cross_entropy_with_logits{version}")
        return {logits: SCORES, labels: LABELS}, function(labels=labels, logits=logits)

    compare(old_tf, program)


def test_softmax_cross_entropy_of_other_dimensions(old_tf):
    def program(tf):
        logits, labels = tf.placeholder(tf.float32, [5, None]), tf.placeholder(tf.float32, [5, None])
        losses = tf.nn.softmax_cross_entropy_with_logits(labels=labels, logits=logits, dim=0)
        return {logits: SCORES.T, labels: LABELS.T}, losses

    compare(old_tf, program)


@pytest.mark.parametrize("shape", [(None, None), (4, 5), (None, 5)])
def test_sparse_softmax_cross_entropy_whatever_is_known_of_the_classes(old_tf, shape):
    def program(tf):
        logits, labels = tf.placeholder(tf.float32, shape), tf.placeholder(tf.int32, [None])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
        return {logits: SCORES, labels: CLASSES}, losses

    compare(old_tf, program)


@pytest.mark.parametrize("shape", [(None, None, 5), None, (2, 2, 5)])
def test_sparse_softmax_cross_entropy_of_sequences(old_tf, shape):
    def program(tf):
        logits = tf.placeholder(tf.float32, shape)
        labels = tf.placeholder(tf.int32, shape and shape[:2])
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name="losses")
        return {logits: SCORES.reshape(2, 2, 5), labels: CLASSES.reshape(2, 2)}, losses

    compare(old_tf, program)


@pytest.mark.parametrize("weighted", [False, True])
def test_sigmoid_cross_entropy(old_tf, weighted):
    def program(tf):
        logits, labels = tf.placeholder(tf.float32, [None, 5]), tf.placeholder(tf.float32, [None, 5])
        if weighted:
            return {logits: SCORES, labels: LABELS}, tf.nn.weighted_cross_entropy_with_logits(labels, logits, 3.0)
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits)
        return {logits: SCORES, labels: LABELS}, losses

    compare(old_tf, program)


DROPOUTS = {
    "keep_prob": lambda tf, x, p: tf.nn.dropout(x, keep_prob=0.5, seed=3),
    "placeholder": lambda tf, x, p: tf.nn.dropout(x, p, seed=3),
    "rate": lambda tf, x, p: tf.nn.dropout(x, rate=1 - p, seed=3),
    "none": lambda tf, x, p: tf.nn.dropout(x, rate=0.0),
    "noise_shape": lambda tf, x, p: tf.nn.dropout(x, 0.5, noise_shape=[3, 1], seed=3),
    "noise_shape of a tensor": lambda tf, x, p: tf.nn.dropout(x, 0.5, noise_shape=tf.stack([tf.shape(x)[0], 1])),
}


@pytest.mark.parametrize("name", DROPOUTS)
def test_dropout_makes_the_nodes_and_knows_the_shape(old_tf, name):
    def program(tf):
        x = tf.placeholder(tf.float32, [None, 5])
        dropped = DROPOUTS[name](tf, x, tf.placeholder_with_default(1.0, []))
        return {x: np.zeros((3, 5), np.float32)}, dropped

    compare(old_tf, program)


def test_embedding_lookup(old_tf):
    def program(tf):
        table = tf.get_variable("table", [6, 2])
        ids = tf.placeholder(tf.int64, [None, None])
        return {ids: [[1, 2], [5, 0]]}, tf.nn.embedding_lookup(table, ids)

    compare(old_tf, program)
