"""``tf.contrib.layers`` and slim: the variables, nodes and values of tf_slim, which is what became of them."""

import sys
import warnings
from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest

from ckpt_magics.compat import v1
from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow

RNG = np.random.default_rng(7)
ROWS = RNG.normal(size=(6, 3)).astype(np.float32)
IMAGES = RNG.normal(size=(2, 8, 7, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def slim_of_tensorflow(names_of_tensorflow):
    """TensorFlow's names with slim, which asks for layers and for a class where TensorFlow 2.21 has none."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for module in ("", ".base", ".convolutional", ".core", ".normalization", ".pooling"):
            found = import_module(f"tf_keras.src.legacy_tf_layers{module}")
            for package in ("keras", "tf_keras"):
                sys.modules.setdefault(f"{package}.legacy_tf_layers{module}", found)
        slim = import_module("tf_slim")
        import_module("tensorflow.python.framework.ops").Tensor = names_of_tensorflow.Tensor
    return SimpleNamespace(**vars(names_of_tensorflow), contrib=SimpleNamespace(slim=slim, layers=slim.layers))


@pytest.fixture
def slim(old_tf, slim_of_tensorflow):
    return slim_of_tensorflow


def _rows(tf):
    x = tf.placeholder(tf.float32, [None, 3], name="x")
    return {x: ROWS}, x


def _images(tf):
    x = tf.placeholder(tf.float32, [None, 8, 7, 3], name="x")
    return {x: IMAGES}, x


def _updates(tf):
    return tf.group(*tf.get_collection(tf.GraphKeys.UPDATE_OPS))


def connected(tf):
    feeds, x = _rows(tf)
    x = tf.contrib.layers.fully_connected(x, 4)
    x = tf.contrib.layers.fully_connected(x, 5, activation_fn=tf.nn.tanh, scope="hidden", biases_initializer=None)
    return feeds, tf.contrib.layers.fully_connected(x, 2, activation_fn=None, scope="logits")


def convolutions(tf):
    slim = tf.contrib.slim
    feeds, x = _images(tf)
    x = slim.conv2d(x, 4, 3, stride=2, padding="VALID")
    x = slim.conv2d(x, 5, [2, 1], scope="second")
    x = slim.conv2d_transpose(x, 3, 3, stride=2)
    return feeds, slim.separable_conv2d(x, 4, 3, depth_multiplier=2, scope="apart")


def pools_and_rows(tf):
    slim = tf.contrib.slim
    feeds, x = _images(tf)
    return feeds, slim.flatten(slim.avg_pool2d(slim.max_pool2d(x, 2), [3, 2], stride=1, padding="SAME"))


def scopes(tf):
    slim = tf.contrib.slim
    feeds, x = _images(tf)
    with slim.arg_scope(
        [slim.conv2d, slim.fully_connected],
        weights_regularizer=slim.l2_regularizer(0.01),
        normalizer_fn=slim.batch_norm,
        normalizer_params={"is_training": True, "decay": 0.9},
    ):
        with slim.arg_scope([slim.conv2d], padding="VALID", activation_fn=None) as kept:
            x = slim.repeat(x, 2, slim.conv2d, 4, [3, 3], scope="conv")
        with slim.arg_scope(kept):
            x = slim.conv2d(x, 2, 1, activation_fn=tf.nn.sigmoid)
        x = slim.stack(slim.flatten(x), slim.fully_connected, [5, 3], scope="fc")
    losses = tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)
    return feeds, [x, *losses, _updates(tf)]


def normalized_with_the_result(tf):
    feeds, x = _images(tf)
    return feeds, tf.contrib.layers.batch_norm(x, updates_collections=None, decay=0.8)


def normalized_rows(tf):
    feeds, x = _rows(tf)
    x = tf.contrib.layers.batch_norm(x, decay=0.9, activation_fn=tf.nn.relu)
    return feeds, [x, _updates(tf)]


def normalized_while_training(tf):
    feeds, x = _images(tf)
    training = tf.placeholder(tf.bool, (), name="training")
    x = tf.contrib.layers.batch_norm(x, is_training=training)
    return feeds | {training: True}, [x, _updates(tf)]


def not_training(tf):
    feeds, x = _images(tf)
    return feeds, tf.contrib.slim.dropout(tf.contrib.layers.batch_norm(x, is_training=False), is_training=False)


def layers_of_examples(tf):
    feeds, x = _images(tf)
    return feeds, tf.contrib.layers.layer_norm(x, begin_norm_axis=2, begin_params_axis=-2)


def regularized(tf):
    slim = tf.contrib.slim
    with tf.variable_scope("a", regularizer=slim.l1_l2_regularizer(0.1, 0.2)):
        tf.get_variable("w", (3,), initializer=tf.ones_initializer())
    tf.get_variable("v", (2,), initializer=tf.ones_initializer(), regularizer=slim.l1_regularizer(0.5))
    return {}, tf.get_collection(tf.GraphKeys.REGULARIZATION_LOSSES)


def reused(tf):
    feeds, x = _rows(tf)
    first = tf.contrib.layers.fully_connected(x, 3, scope="shared")
    return feeds, [first, tf.contrib.layers.fully_connected(first, 3, scope="shared", reuse=True)]


def encoded(tf):
    slim = tf.contrib.slim
    return {}, slim.softmax(slim.one_hot_encoding(tf.constant([[2, 0]]), 3))


PROGRAMS = (
    connected,
    pools_and_rows,
    not_training,
    layers_of_examples,
    reused,
    encoded,
)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_same_graph(slim, program):
    compare(slim, program)


@pytest.mark.parametrize(
    "program",
    [convolutions, scopes, regularized, normalized_with_the_result, normalized_rows, normalized_while_training],
)
def test_the_same_values_over_several_runs(slim, program):
    """In other nodes: TensorFlow 2.21 makes some without use, each regularizer twice; slim normalizes rows itself."""
    compare(slim, program, runs=3, same_graph=False, rtol=1e-4)


def test_the_same_collections(slim):
    found = []
    for tf in (v1, slim):
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [None, 8, 7, 3])
            with tf.variable_scope("net"):
                tf.contrib.slim.conv2d(
                    x,
                    2,
                    3,
                    normalizer_fn=tf.contrib.slim.batch_norm,
                    variables_collections={"weights": ["kernels"]},
                    outputs_collections="outputs",
                )
                tf.contrib.slim.model_variable("extra", (2,), collections=["mine"])
            keys = ("kernels", "mine", *(getattr(tf.GraphKeys, key) for key in ("MODEL_VARIABLES", "GLOBAL_VARIABLES")))
            names = {key: [one.name for one in tf.get_collection(key)] for key in keys}
            names["outputs"] = [one.op.type for one in tf.get_collection("outputs")]
            for function in ("get_variables_by_name", "get_variables_by_suffix"):
                names[function] = [one.name for one in getattr(tf.contrib.slim, function)("weights")]
            restored = tf.contrib.slim.get_variables_to_restore(exclude=["net/Conv/BatchNorm"])
            found.append(names | {"restored": [one.name for one in restored]})
    assert found[0] == found[1]


def test_values_from_a_checkpoint_by_a_function_of_the_session(slim, tmp_path):
    with v1.Graph().as_default(), v1.Session() as sess:
        saved = [v1.get_variable(name, initializer=np.full((4,), number, "f")) for number, name in enumerate("ab")]
        sess.run(v1.global_variables_initializer())
        path = v1.train.Saver(saved).save(sess, str(tmp_path / "m"))
    for tf in (v1, slim):
        with tf.Graph().as_default(), tf.Session() as sess:
            b, c = (tf.get_variable(name, (4,), initializer=tf.zeros_initializer()) for name in "bc")
            sess.run(tf.global_variables_initializer())
            tf.contrib.slim.assign_from_checkpoint_fn(path, {"b": b, "missing": c}, ignore_missing_vars=True)(sess)
            tf.contrib.slim.assign_from_values_fn({"c": np.arange(4, dtype=np.float32)})(sess)
            assert sess.run([b, c])[0].tolist() == [1] * 4
            assert sess.run(c).tolist() == [0, 1, 2, 3]
            with pytest.raises(ValueError, match="missing"):
                tf.contrib.slim.assign_from_checkpoint(path, {"missing": c})
