"""Elements in another order, on diagonals and grids; products by labels; rows of tables that sparse matrices name."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf

ROWS = np.arange(12.0).reshape(3, 4)


@pytest.fixture
def run():
    with tf.Graph().as_default(), tf.Session() as session:
        yield session.run


def test_orders(run):
    mixed = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])
    for axis in (-1, 0):
        assert run(tf.sort(mixed, axis)).tolist() == np.sort(mixed, axis).tolist()
        assert run(tf.argsort(mixed, axis)).tolist() == np.argsort(mixed, axis).tolist()
    assert run(tf.sort(mixed, direction="DESCENDING")).tolist() == [[3, 2, 1], [5, 4, 0]]
    with pytest.raises(ValueError, match="should be one of"):
        tf.sort(mixed, direction="UP")
    assert run(tf.reverse_sequence([[1, 2, 3], [4, 5, 6]], [2, 3], seq_axis=1)).tolist() == [[2, 1, 3], [6, 5, 4]]
    assert run(tf.roll([1, 2, 3], 1, 0)).tolist() == [3, 1, 2]
    assert [part.tolist() for part in run(tf.unique([3, 1, 3]))] == [[3, 1], [0, 1, 0]]
    assert [part.tolist() for part in run(tf.setdiff1d([1, 2, 3], [2]))] == [[1, 3], [0, 2]]


def test_parts_and_blocks(run):
    assert run(tf.strided_slice(ROWS, [0, 1], [3, 4], [2, 2])).tolist() == ROWS[0:3:2, 1:4:2].tolist()
    assert run(tf.strided_slice(ROWS, [1], [2])).tolist() == ROWS[1:2].tolist()
    picture = np.arange(16.0).reshape(1, 4, 4, 1)
    assert run(tf.depth_to_space(tf.space_to_depth(picture, 2), 2)).tolist() == picture.tolist()
    none = [[0, 0], [0, 0]]
    assert run(tf.batch_to_space(tf.space_to_batch(picture, none, 2), none, 2)).tolist() == picture.tolist()
    there = tf.space_to_batch_nd(picture, [2, 2], none)
    assert run(tf.batch_to_space_nd(there, [2, 2], none)).tolist() == picture.tolist()


def test_matrices(run):
    square = np.arange(9.0).reshape(3, 3)
    assert run(tf.eye(2)).tolist() == np.eye(2).tolist()
    assert run(tf.eye(2, 3, [2])).tolist() == [np.eye(2, 3).tolist()] * 2
    assert run(tf.eye(2, batch_shape=np.array([1, 3]))).shape == (1, 3, 2, 2)
    assert run(tf.eye(2, 3, ())).tolist() == np.eye(2, 3).tolist()
    assert run(tf.matrix_diag([1, 2])).tolist() == run(tf.diag([1, 2])).tolist() == [[1, 0], [0, 2]]
    assert run(tf.matrix_diag_part(square)).tolist() == run(tf.diag_part(square)).tolist() == [0, 4, 8]
    assert run(tf.matrix_set_diag(square, [9.0, 9.0, 9.0])).diagonal().tolist() == [9, 9, 9]
    assert run(tf.matrix_band_part(square, 0, -1)).tolist() == np.triu(square).tolist()
    assert run(tf.linalg.transpose([ROWS, ROWS])).tolist() == [ROWS.T.tolist()] * 2
    for indexing in ("xy", "ij"):
        grids = np.meshgrid([1, 2], [3, 4, 5], indexing=indexing)
        assert [grid.tolist() for grid in run(tf.meshgrid([1, 2], [3, 4, 5], indexing=indexing))] == [
            grid.tolist() for grid in grids
        ]
    assert run(tf.linspace(0.0, 1.0, 3)).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("equation", ["ij,jk->ik", "ij,jk", "ij->ji", "ij,kj->", "ij,jk,kl->il", "ij,jk,k,il->lj"])
def test_products_by_labels(run, equation):
    rng = np.random.default_rng(0)
    sizes = {"i": 2, "j": 3, "k": 4, "l": 5}
    arrays = [rng.random([sizes[label] for label in term]) for term in equation.partition("->")[0].split(",")]
    np.testing.assert_allclose(run(tf.einsum(equation, *arrays)), np.einsum(equation, *arrays))


@pytest.mark.parametrize("order", ["euclidean", 1, 3, np.inf])
def test_lengths(run, order):
    numpys = 2 if order == "euclidean" else order
    np.testing.assert_allclose(run(tf.norm(ROWS, order, 1)), np.linalg.norm(ROWS, numpys, 1))
    assert run(tf.norm(ROWS, order, 1, keepdims=True)).shape == (3, 1)


def test_rows_that_a_sparse_matrix_names_are_put_together(run):
    ids = tf.SparseTensor([[0, 0], [0, 1], [2, 0]], [0, 2, 1], [3, 2])
    weights = tf.SparseTensor([[0, 0], [0, 1], [2, 0]], [1.0, 3.0, 2.0], [3, 2])
    zeros = [0.0] * 4
    sums = [ROWS[0] + ROWS[2], zeros, ROWS[1]]
    assert run(tf.nn.embedding_lookup_sparse(ROWS, ids, None, combiner="sum")).tolist() == np.array(sums).tolist()
    means = run(tf.nn.safe_embedding_lookup_sparse(ROWS, ids, weights))
    np.testing.assert_allclose(means, [(ROWS[0] + 3 * ROWS[2]) / 4, zeros, ROWS[1]])
    roots = run(tf.nn.safe_embedding_lookup_sparse(ROWS, ids, weights, "sqrtn", default_id=1))
    np.testing.assert_allclose(roots, [(ROWS[0] + 3 * ROWS[2]) / 10**0.5, ROWS[1], ROWS[1]])
    with pytest.raises(ValueError, match="combiner must be one of"):
        tf.nn.embedding_lookup_sparse(ROWS, ids, None, combiner="max")


def test_tables_are_filled_by_one_operation(run):
    filled = tf.Variable(1)
    tf.add_to_collection(tf.GraphKeys.TABLE_INITIALIZERS, filled.initializer)
    run(tf.tables_initializer())
    assert run(filled) == 1
