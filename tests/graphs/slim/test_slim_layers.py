"""Layers of slim: what is refused, and what needs no TensorFlow to compare with."""

import numpy as np
import pytest

from ckpt_magics.compat import v1 as tf
from ckpt_magics.errors import InvalidArgumentError, TensorMismatchError, UnimplementedError

slim = tf.contrib.slim


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def test_contrib_has_the_same_functions_under_all_its_names():
    assert slim.conv2d is tf.contrib.layers.conv2d is tf.contrib.layers.convolution2d
    assert slim.arg_scope is tf.contrib.framework.arg_scope


def test_a_net_has_model_variables_apart_from_the_step():
    tf.train.get_or_create_global_step()
    x = tf.placeholder(tf.float32, [None, 4, 4, 1])
    slim.fully_connected(slim.flatten(slim.conv2d(x, 2, 3)), 3)
    names = ["Conv/weights", "Conv/biases", "fully_connected/weights", "fully_connected/biases"]
    assert [one.op.name for one in slim.get_model_variables()] == names
    assert [one.op.name for one in slim.get_variables_by_name("weights")] == [names[0], names[2]]


@pytest.mark.parametrize("rank", [2, 6])
def test_a_convolution_of_another_rank(rank):
    with pytest.raises(ValueError, match=f"got {rank}"):
        slim.convolution(tf.zeros([2] * rank), 2, 3)


def test_a_convolution_of_images_alone():
    with pytest.raises(ValueError, match="rank 4, got 3"):
        slim.conv2d(tf.zeros([2, 2, 2]), 2, 3)


@pytest.mark.parametrize("option", [{"renorm": True}, {"zero_debias_moving_mean": True}, {"batch_weights": [1.0]}])
def test_what_batch_norm_does_not_take(option):
    with pytest.raises(UnimplementedError, match="takes no"):
        slim.batch_norm(tf.zeros([2, 3]), **option)


@pytest.mark.parametrize("make", [slim.l1_regularizer, slim.l2_regularizer])
def test_scales_of_regularizers(make):
    assert make(0.0)(tf.ones([2])) is None
    with pytest.raises(ValueError, match="integer"):
        make(1)
    with pytest.raises(ValueError, match="less than 0"):
        make(-0.5)


def test_a_shape_that_does_not_fit(tmp_path):
    w = tf.get_variable("w", (4,), initializer=tf.zeros_initializer())
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(sess, str(tmp_path / "m"))
    with tf.Graph().as_default(), tf.Session() as sess:
        w = tf.get_variable("w", (2, 2))
        with pytest.raises(TensorMismatchError, match="w"):
            slim.assign_from_checkpoint(path, [w])
        slim.assign_from_checkpoint_fn(path, [w], reshape_variables=True)(sess)
        assert not sess.run(w).any()
        assert slim.assign_from_checkpoint_fn(path, {"x": w}, ignore_missing_vars=True) is None


def test_values_for_a_variable_that_is_not_there():
    with pytest.raises(InvalidArgumentError, match="Variable x not found"):
        slim.assign_from_values({"x": np.zeros(2)})


def test_parts_of_a_variable_take_their_parts(tmp_path):
    whole = np.arange(10, dtype=np.float32)
    tf.get_variable("w", initializer=whole)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        path = tf.train.Saver().save(sess, str(tmp_path / "m"))
    with tf.Graph().as_default(), tf.Session() as sess:
        parts = tf.get_variable("w", (10,), partitioner=tf.fixed_size_partitioner(3))
        slim.assign_from_checkpoint_fn(path, {"w": parts})(sess)
        np.testing.assert_array_equal(np.concatenate(sess.run(list(parts))), whole)
