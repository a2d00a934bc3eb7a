"""Sparse tensors in programs: made, fed, fetched, and what they are made into."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.graphs.nodes.indexed_slices import IndexedSlicesValue


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


@pytest.fixture
def sparse(session):
    return tf.SparseTensor([[0, 1], [2, 0], [2, 3]], [1.0, 2.0, 3.0], [3, 4])


WHOLE = [[0, 1, 0, 0], [0, 0, 0, 0], [2, 0, 0, 3]]


def whole(session, sparse):
    return session.run(tf.sparse_tensor_to_dense(sparse)).tolist()


def test_a_run_gives_the_three_arrays(session, sparse):
    value = session.run(sparse)
    assert isinstance(value, tf.SparseTensorValue)
    assert [part.tolist() for part in value] == [[[0, 1], [2, 0], [2, 3]], [1, 2, 3], [3, 4]]
    assert sparse.get_shape().as_list() == [3, 4]
    assert (sparse.dtype, sparse.indices.dtype, sparse.graph) == (tf.float32, tf.int64, session.graph)
    assert session.run({"a": [sparse]})["a"][0].values.tolist() == sparse.eval().values.tolist()


def test_a_placeholder_takes_a_value_or_three_arrays(session):
    free, known = tf.sparse_placeholder(tf.float32), tf.sparse_placeholder(tf.float32, [None, 4], name="known")
    assert (free.shape.ndims, known.shape.as_list()) == (None, [None, 4])
    assert [part.op.name for part in known.component_tensors] == ["known/indices", "known/values", "known/shape"]
    value = tf.SparseTensorValue([[0, 1]], [3.0], [2, 4])
    for given in (value, ([[0, 1]], [3.0], [2, 4])):
        for placeholder in (free, known):
            total = tf.sparse_reduce_sum(placeholder, axis=1)
            assert session.run(total, {placeholder: given}).tolist() == [3, 0]


def test_sparse_tensors_are_made_into_others(session, sparse):
    turned = np.array(WHOLE).T.tolist()
    assert whole(session, sparse) == WHOLE
    assert whole(session, tf.sparse_transpose(sparse)) == turned
    assert whole(session, tf.sparse_reorder(tf.SparseTensor([[1, 0], [0, 1]], [1, 2], [2, 2]))) == [[0, 2], [1, 0]]
    assert whole(session, tf.sparse_concat(0, [sparse, sparse])) == WHOLE + WHOLE
    assert whole(session, tf.sparse_add(sparse, sparse)) == (2 * np.array(WHOLE)).tolist()
    assert session.run(tf.sparse_add(sparse, tf.ones([3, 4]))).tolist() == (1 + np.array(WHOLE)).tolist()
    assert whole(session, tf.sparse_retain(sparse, [True, False, False])) == [WHOLE[0], [0] * 4, [0] * 4]
    assert whole(session, tf.sparse_reshape(sparse, [2, -1])) == np.reshape(WHOLE, (2, 6)).tolist()
    assert whole(session, sparse * [1.0, 2.0, 3.0, 4.0]) == (np.array(WHOLE) * [1, 2, 3, 4]).tolist()
    assert whole(session, tf.sparse.from_dense(WHOLE)) == WHOLE
    numbers = tf.SparseTensor([[0, 0], [0, 1], [1, 0]], [2, 0, 3], [2, 2])
    assert session.run(tf.sparse_to_indicator(numbers, 4)).tolist() == [
        [True, False, True, False],
        [False] * 3 + [True],
    ]
    filled, empty = tf.sparse_fill_empty_rows(sparse, 9.0)
    assert whole(session, filled) == [WHOLE[0], [9, 0, 0, 0], WHOLE[2]]
    assert session.run(empty).tolist() == [False, True, False]


def test_sums_and_products_follow_the_dense_ones(session, sparse):
    matrix = np.arange(8.0, dtype=np.float32).reshape(4, 2)
    assert session.run(tf.sparse_tensor_dense_matmul(sparse, matrix)).tolist() == (np.array(WHOLE) @ matrix).tolist()
    for axis in (None, 0, 1, [0, 1]):
        summed = np.sum(WHOLE, axis=None if axis == [0, 1] else axis)
        assert session.run(tf.sparse_reduce_sum(sparse, axis)).tolist() == summed.tolist()
        largest = np.max(WHOLE, axis=None if axis == [0, 1] else axis)
        assert session.run(tf.sparse_reduce_max(sparse, axis)).tolist() == largest.tolist()


def test_what_is_no_sparse_tensor_is_refused(session):
    with pytest.raises(TypeError, match=r"Input must be a SparseTensor."):
        tf.sparse_tensor_to_dense(3)
    with pytest.raises(ValueError, match="must have rank 2"):
        tf.SparseTensor([1], [2], [3])
    outside = tf.SparseTensor([[3, 0]], [1.0], tf.placeholder_with_default(np.array([2, 2]), [2]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[0\] = \[3,0\] is out of bounds"):
        session.run(tf.sparse_reduce_sum(outside))


def test_slices_of_a_gradient_are_fetched_and_fed(session):
    slices = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([2]))
    value = session.run(slices)
    assert isinstance(value, IndexedSlicesValue)
    assert (value.values.tolist(), value.indices.tolist(), value.dense_shape) == ([[1]], [2], None)
    full = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([2]), tf.constant([4, 1]))
    assert session.run(full, {full: ([[5.0]], [1], [3, 1])}).values.tolist() == [[5]]
