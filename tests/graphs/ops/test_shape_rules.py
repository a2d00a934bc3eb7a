"""Shapes that are worked out while a graph is built are TensorFlow's, where little is known of the inputs too."""

import pytest

import ckpt_magics.compat.v1 as tf


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default():
        yield


@pytest.mark.parametrize("known", [[2.0, 3.0], 1.0])
def test_a_product_of_what_has_too_few_dimensions_is_refused_whatever_the_other_is(known):
    unknown = tf.placeholder(tf.float32)
    for pair in ((tf.constant(known), unknown), (unknown, tf.constant(known))):
        with pytest.raises(ValueError, match="at least rank 2"):
            tf.matmul(*pair)


@pytest.mark.parametrize(("batch_dims", "rank"), [(0, 4), (1, 3), (-1, 5)])
def test_the_rank_of_what_is_gathered_along_an_unknown_axis(batch_dims, rank):
    params, indices = tf.zeros([2, 3, 4]), tf.zeros([2, 2], tf.int32)
    gathered = tf.gather(params, indices, axis=tf.placeholder(tf.int32, []), batch_dims=batch_dims)
    assert gathered.shape.rank == rank


def test_a_slice_has_the_rank_that_any_of_its_inputs_tells():
    with tf.Graph().as_default():
        value, unknown = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
        for rank in (0, 1, 2):
            told = tf.placeholder(tf.int32, [rank])
            for begin, size in ((told, unknown), (unknown, told)):
                assert tf.slice(value, begin, size).shape.ndims == rank
