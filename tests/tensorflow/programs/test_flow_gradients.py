"""Gradients through conditionals, loops and arrays of tensors: TensorFlow's nodes and values."""

import numpy as np
import pytest

from tests.tensorflow.programs.side_by_side import compare

pytestmark = pytest.mark.tensorflow

VALUES = np.array([0.5, -1.25, 2.0], np.float32)
MATRIX = np.array([[0.5, -0.25, 0.125], [0.25, 0.5, -0.5], [-0.125, 0.25, 0.5]], np.float32)


def fed(tf, known, *arrays):
    """Return placeholders for arrays whose shapes are known or not, and what to feed."""
    tensors = [tf.placeholder(tf.as_dtype(array.dtype), array.shape if known else None) for array in arrays]
    return dict(zip(tensors, arrays, strict=True)), tensors


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("holds", [True, False])
def test_branches(old_tf, known, holds):
    def program(tf):
        feeds, (x, y) = fed(tf, known, VALUES, VALUES + 1)
        pred = tf.placeholder(tf.bool, [])
        feeds[pred] = holds
        chosen = tf.cond(pred, lambda: x * x * y, lambda: tf.sin(x))
        return feeds, [chosen, *tf.gradients(chosen, [x, y])]

    compare(old_tf, program)


@pytest.mark.parametrize("holds", [True, False])
def test_a_lookup_in_one_branch(old_tf, holds):
    def program(tf):
        table = tf.get_variable("table", initializer=MATRIX)
        feeds, (rows,) = fed(tf, True, np.array([2, 0, 2], np.int32))
        pred = tf.placeholder(tf.bool, [])
        feeds[pred] = holds
        loss = tf.cond(pred, lambda: tf.reduce_sum(tf.gather(table, rows) ** 2), lambda: tf.reduce_sum(table))
        [grad] = tf.gradients(loss, [table])
        return feeds, [loss, tf.convert_to_tensor(grad)]

    # TensorFlow gives other names to what adds slices to a tensor.
    compare(old_tf, program, same_graph=False)


@pytest.mark.parametrize("holds", [True, False])
def test_branches_in_branches(old_tf, holds):
    def program(tf):
        feeds, (x,) = fed(tf, True, VALUES)
        pred = tf.placeholder(tf.bool, [])
        feeds[pred] = holds

        def inner():
            return tf.cond(tf.reduce_sum(x) > 1, lambda: x**3, lambda: -x)

        chosen = tf.cond(pred, inner, lambda: x)
        return feeds, tf.gradients(chosen, x)

    compare(old_tf, program)


@pytest.mark.parametrize("known", [True, False])
def test_a_loop(old_tf, known):
    def program(tf):
        feeds, (x, w) = fed(tf, known, VALUES, VALUES / 2)
        _, result = tf.while_loop(
            lambda i, _: i < 3,
            lambda i, v: (i + 1, tf.tanh(v * w)),
            [0, x],
            shape_invariants=[tf.TensorShape([]), x.shape],
        )
        return feeds, [result, *tf.gradients(result, [x, w])]

    compare(old_tf, program)


def test_a_loop_without_an_iteration(old_tf):
    def program(tf):
        feeds, (x, w, times) = fed(tf, True, VALUES, VALUES / 2, np.array(0, np.int32))
        _, result = tf.while_loop(lambda i, _: i < times, lambda i, v: (i + 1, v * w), [0, x])
        return feeds, [result, *tf.gradients(result, [x, w])]

    compare(old_tf, program)


@pytest.mark.parametrize("known", [True, False])
def test_variables_of_which_one_is_used(old_tf, known):
    def program(tf):
        feeds, (x, y) = fed(tf, known, VALUES, VALUES + 1)
        _, first, _ = tf.while_loop(
            lambda i, *_: i < 4,
            lambda i, a, b: (i + 1, a * b, b + tf.sin(a)),
            [0, x, y],
            shape_invariants=[tf.TensorShape([]), x.shape, y.shape],
        )
        return feeds, tf.gradients(first, [x, y])

    compare(old_tf, program)


@pytest.mark.parametrize("known", [True, False])
def test_a_variable_that_begins_anew_each_time(old_tf, known):
    def program(tf):
        feeds, (x, w) = fed(tf, known, VALUES, VALUES / 2)
        _, result = tf.while_loop(
            lambda i, _: i < 3,
            lambda i, _: (i + 1, w * w),
            [0, x],
            shape_invariants=[tf.TensorShape([]), x.shape],
        )
        return feeds, [grad for grad in tf.gradients(result * 2, [x, w]) if grad is not None]

    compare(old_tf, program)


@pytest.mark.parametrize("known", [True, False])
def test_a_loop_in_a_loop(old_tf, known):
    def program(tf):
        feeds, (x, w) = fed(tf, known, VALUES, VALUES / 2)
        shapes = [tf.TensorShape([]), x.shape]

        def outer(i, v):
            _, inside = tf.while_loop(
                lambda j, _: j < i + 1, lambda j, u: (j + 1, tf.sin(u) * w), [0, v], shape_invariants=shapes
            )
            return i + 1, inside + v

        _, result = tf.while_loop(lambda i, _: i < 3, outer, [0, x], shape_invariants=shapes)
        return feeds, [result, *tf.gradients(result, [x, w])]

    compare(old_tf, program)


@pytest.mark.parametrize("known", [True, False])
def test_branches_in_a_loop(old_tf, known):
    def program(tf):
        feeds, (x, w) = fed(tf, known, VALUES, VALUES / 2)
        _, result = tf.while_loop(
            lambda i, _: i < 4,
            lambda i, v: (i + 1, tf.cond(i < 2, lambda: tf.square(v) * w, lambda: tf.sin(v))),
            [0, x],
            shape_invariants=[tf.TensorShape([]), x.shape],
        )
        return feeds, [result, *tf.gradients(result, [x, w])]

    compare(old_tf, program)


@pytest.mark.parametrize("holds", [True, False])
def test_a_loop_in_a_branch(old_tf, holds):
    def program(tf):
        feeds, (x, w) = fed(tf, True, VALUES, VALUES / 2)
        pred = tf.placeholder(tf.bool, [])
        feeds[pred] = holds

        def looped():
            return tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, v * w), [0, x])[1]

        chosen = tf.cond(pred, looped, lambda: x + w)
        return feeds, tf.gradients(chosen, [x, w])

    compare(old_tf, program)


def test_lookups_in_a_loop(old_tf):
    def program(tf):
        table = tf.get_variable("table", initializer=MATRIX)
        feeds, (rows,) = fed(tf, True, np.array([2, 0, 2], np.int32))
        _, total = tf.while_loop(
            lambda i, _: i < 3,
            lambda i, total: (i + 1, total + tf.reduce_sum(tf.gather(table, [rows[i]]) ** 2)),
            [0, 0.0],
        )
        [grad] = tf.gradients(total, [table])
        return feeds, [total, grad.values, grad.indices, tf.convert_to_tensor(grad)]

    # TensorFlow knows the shape of what is reshaped, if that is told by a sequence of constants.
    compare(old_tf, program, same_graph=False)


def test_what_no_gradient_goes_through(old_tf):
    def program(tf):
        feeds, (x,) = fed(tf, True, VALUES)
        _, result = tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, v * x), [0, x], back_prop=False)
        return feeds, [grad for grad in tf.gradients(result + x, x) if grad is not None]

    compare(old_tf, program)


def test_map_and_scan(old_tf):
    def program(tf):
        feeds, (x, w) = fed(tf, True, MATRIX, VALUES)
        mapped = tf.map_fn(lambda row: tf.tanh(row * w), x)
        scanned = tf.scan(lambda before, row: before * row + w, x, initializer=tf.ones([3]))
        return feeds, tf.gradients([mapped, scanned], [x, w])

    compare(old_tf, program)


def test_arrays_of_tensors(old_tf):
    def program(tf):
        feeds, (x, y) = fed(tf, True, MATRIX, VALUES)
        array = tf.TensorArray(tf.float32, 4, clear_after_read=False).unstack(tf.concat([x, [y]], 0))
        lengths = tf.TensorArray(tf.float32, 2, infer_shape=False).split(tf.square(x), [1, 2])
        written = tf.TensorArray(tf.float32, 2).write(0, y * y).write(1, tf.sin(y))
        results = [array.read(1) * array.read(3), array.gather([0, 2, 2]), lengths.concat(), written.stack()]
        return feeds, tf.gradients(results, [x, y])

    compare(old_tf, program)


def test_colocated_and_gated(old_tf):
    def program(tf):
        feeds, (x, w) = fed(tf, True, VALUES, VALUES / 2)
        _, result = tf.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, v * w + x), [0, x])
        return feeds, tf.gradients(
            result, [x, w], colocate_gradients_with_ops=True, gate_gradients=True, aggregation_method=1
        )

    compare(old_tf, program)


CELLS = {
    "basic": lambda tf: tf.nn.rnn_cell.BasicRNNCell(4),
    "gru": lambda tf: tf.nn.rnn_cell.GRUCell(4),
    "lstm": lambda tf: tf.nn.rnn_cell.BasicLSTMCell(4),
    "peepholes": lambda tf: tf.nn.rnn_cell.LSTMCell(4, use_peepholes=True, num_proj=3, cell_clip=2.0),
    "several": lambda tf: tf.nn.rnn_cell.MultiRNNCell([tf.nn.rnn_cell.BasicLSTMCell(n) for n in (4, 3)]),
    "wrapped": lambda tf: tf.nn.rnn_cell.ResidualWrapper(
        tf.nn.rnn_cell.DropoutWrapper(tf.nn.rnn_cell.GRUCell(2), output_keep_prob=tf.placeholder_with_default(1.0, []))
    ),
}


@pytest.mark.parametrize("with_lengths", [False, True])
@pytest.mark.parametrize("name", CELLS)
def test_recurrent_nets_train(old_tf, name, with_lengths):
    sequences = np.random.default_rng(13).normal(size=(3, 5, 2)).astype(np.float32)

    def program(tf):
        x = tf.placeholder(tf.float32, [None, None, 2])
        feeds = {x: sequences}
        lengths = tf.constant([5, 2, 3]) if with_lengths else None
        with tf.variable_scope("net", initializer=tf.random_normal_initializer(seed=1)):
            outputs, state = tf.nn.dynamic_rnn(CELLS[name](tf), x, sequence_length=lengths, dtype=tf.float32)
        states = state if isinstance(state, tuple) else (state,)
        flat = [part for one in states for part in (one if isinstance(one, tuple) else (one,))]
        loss = tf.reduce_sum(outputs**2) + tf.add_n([tf.reduce_mean(part) for part in flat])
        train = tf.train.AdamOptimizer(0.01).minimize(loss)
        with tf.control_dependencies([train]):
            return feeds, tf.identity(loss)

    compare(old_tf, program, runs=3, rtol=1e-4)


def test_both_directions_train(old_tf):
    sequences = np.random.default_rng(13).normal(size=(3, 5, 2)).astype(np.float32)

    def program(tf):
        x = tf.placeholder(tf.float32, [None, None, 2])
        feeds = {x: sequences}
        cells = [tf.nn.rnn_cell.BasicLSTMCell(3), tf.nn.rnn_cell.GRUCell(2)]
        with tf.variable_scope("net", initializer=tf.random_normal_initializer(seed=1)):
            outputs, _ = tf.nn.bidirectional_dynamic_rnn(*cells, x, sequence_length=[5, 1, 3], dtype=tf.float32)
        loss = tf.reduce_sum(tf.concat(outputs, 2) ** 2)
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
        with tf.control_dependencies([train]):
            return feeds, tf.identity(loss)

    # TensorFlow knows the shape of zeros, if that is told by a sequence of constants.
    compare(old_tf, program, runs=3, same_graph=False, rtol=1e-4)
