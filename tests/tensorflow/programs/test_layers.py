"""``tf.layers``: the variables, nodes and values of TensorFlow's."""

import numpy as np
import pytest

from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(4, 3)).astype(np.float32)
IMAGES = RNG.normal(size=(2, 7, 6, 3)).astype(np.float32)
SEQUENCES = RNG.normal(size=(2, 5, 3)).astype(np.float32)


def rows(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    return {x: ROWS}, x


def images(tf):
    x = tf.placeholder(tf.float32, [None, 7, 6, 3], name="x")
    return {x: IMAGES}, x


def sequences(tf):
    x = tf.placeholder(tf.float32, [None, None, 3], name="x")
    return {x: SEQUENCES}, x


def normal(tf):
    return tf.random_normal_initializer(seed=1)


def mlp(tf):
    feeds, x = rows(tf)
    x = tf.layers.dense(x, 4, activation=tf.nn.relu, kernel_initializer=normal(tf))
    x = tf.layers.dense(x, 5, tf.nn.tanh, use_bias=False, kernel_initializer=normal(tf))
    return feeds, tf.layers.dense(x, 2, name="logits", kernel_initializer=normal(tf))


def dense_of_sequences(tf):
    feeds, x = sequences(tf)
    return feeds, tf.layers.dense(x, 4, kernel_initializer=normal(tf))


def regularized(tf):
    feeds, x = rows(tf)
    x = tf.layers.dense(
        x, 4, kernel_initializer=normal(tf), kernel_regularizer=lambda w: 0.1 * tf.reduce_sum(tf.abs(w)), name="fc"
    )
    losses = tf.losses.get_regularization_loss() if hasattr(tf, "losses") else 0.0
    return feeds, (x, losses)


def shared(tf):
    feeds, x = rows(tf)
    layer = tf.layers.Dense(3, kernel_initializer=normal(tf), name="tied")
    with tf.variable_scope("net"):
        x = layer(layer(x))
    with tf.variable_scope("other"):
        y = tf.layers.dense(x, 2, name="fc", kernel_initializer=normal(tf))
    with tf.variable_scope("other", reuse=tf.AUTO_REUSE):
        z = tf.layers.dense(y, 2, name="fc2", kernel_initializer=normal(tf))
    with tf.variable_scope("other", reuse=True):
        return feeds, (z, tf.layers.dense(x, 2, name="fc"))


def convolutions(tf):
    feeds, x = images(tf)
    x = tf.layers.conv2d(x, 4, 3, padding="same", activation=tf.nn.relu, kernel_initializer=normal(tf))
    x = tf.layers.conv2d(x, 5, [2, 3], strides=(2, 1), kernel_initializer=normal(tf))
    x = tf.layers.max_pooling2d(x, 2, 2)
    x = tf.layers.average_pooling2d(x, (1, 2), (1, 1), padding="same")
    return feeds, tf.layers.flatten(x)


def convolutions_of_sequences(tf):
    feeds, x = sequences(tf)
    x = tf.layers.conv1d(x, 4, 3, padding="same", kernel_initializer=normal(tf))
    return feeds, tf.layers.max_pooling1d(x, 2, 2)


def flattened(tf):
    feeds, x = sequences(tf)
    return feeds, (tf.layers.flatten(x), tf.layers.flatten(x[:, 0, 0]))


def dropped(tf):
    feeds, x = rows(tf)
    training = tf.placeholder_with_default(False, [])
    x = tf.layers.dropout(x, 0.5, training=training)
    x = tf.layers.dropout(x, rate=0.25)
    y = tf.layers.dropout(tf.zeros_like(x), 0.5, training=True, seed=1)
    return feeds, (x, y)


def normalized(training, shape):
    def program(tf):
        feeds, x = rows(tf) if shape == "rows" else images(tf)
        flag = training
        if training is None:
            flag = tf.placeholder(tf.bool, [], name="training")
            feeds[flag] = True
        y = tf.layers.batch_normalization(x, momentum=0.9, training=flag)
        y = tf.layers.batch_normalization(y, scale=False, epsilon=0.01, name="second", training=flag)
        with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
            return feeds, tf.identity(y)

    return program


def normalized_channels_first(tf):
    feeds, x = images(tf)
    return feeds, tf.layers.batch_normalization(x[:, :, 0, :], axis=1, training=True)


PROGRAMS = [
    mlp,
    dense_of_sequences,
    shared,
    convolutions,
    convolutions_of_sequences,
    flattened,
    dropped,
    normalized_channels_first,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_layers(old_tf, program):
    compare(old_tf, program, rtol=1e-4)


@pytest.mark.parametrize("shape", ["rows", "images"])
@pytest.mark.parametrize("training", [True, False, None])
def test_batch_normalization(old_tf, training, shape):
    compare(old_tf, normalized(training, shape), runs=3, rtol=1e-4)


def test_default_first_values_have_other_nodes_but_the_same_variables(old_tf):
    def program(tf):
        feeds, x = images(tf)
        x = tf.layers.conv2d(x, 4, 3)
        return feeds, tf.layers.dense(tf.layers.flatten(x), 2)

    compare(old_tf, program, same_graph=False, rtol=1e-4)
