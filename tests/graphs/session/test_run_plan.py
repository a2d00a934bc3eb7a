"""A plan works out once what is the same in every run, and updates work in a variable's memory."""

import gc

import numpy as np
import pytest

from ckpt_magics.compat import v1 as tf
from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.ops.rows import find_op
from ckpt_magics.graphs.session.run_plan import collecting_later


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def count_calls(monkeypatch, op_type):
    """Return a list that grows with every call of an op's kernel."""
    row, calls = find_op(op_type), []
    kernel = row.kernel

    def counted(*arguments):
        calls.append(arguments)
        return kernel(*arguments)

    monkeypatch.setitem(row.__dict__, "kernel", counted)
    return calls


def test_what_is_made_of_constants_is_computed_once(monkeypatch):
    calls = count_calls(monkeypatch, "AddV2")
    total = tf.add(tf.add(tf.constant([1.0, 2.0]), 3.0), 4.0)
    session = tf.Session()
    for _ in range(3):
        np.testing.assert_array_equal(session.run(total), [8.0, 9.0])
    assert len(calls) == 2


def test_whoever_fetches_it_may_write_to_it():
    total = tf.add(tf.constant([1.0, 2.0]), 3.0)
    session = tf.Session()
    session.run(total)[:] = 0
    np.testing.assert_array_equal(session.run(total), [4.0, 5.0])


def test_a_fed_constant_is_none():
    three = tf.constant(3.0)
    total = three + 4.0
    session = tf.Session()
    assert session.run(total) == 7.0
    assert session.run(total, {three: 5.0}) == 9.0
    assert session.run(total) == 7.0


def test_large_outputs_are_computed_in_each_run(monkeypatch):
    calls = count_calls(monkeypatch, "Fill")
    session = tf.Session()
    zeros = tf.fill([1 << 15], 0.0)
    for _ in range(2):
        assert session.run(zeros).shape == (1 << 15,)
    assert len(calls) == 2


def test_random_numbers_are_drawn_in_each_run():
    drawn = tf.random_uniform([4])
    session = tf.Session()
    assert not np.array_equal(session.run(drawn), session.run(drawn))


def test_a_constant_that_cannot_be_computed_fails_in_each_run():
    part = tf.gather(tf.constant([1, 2]), tf.constant([7]))
    session = tf.Session()
    for _ in range(2):
        with pytest.raises(InvalidArgumentError, match="is not in"):
            session.run(part)


def test_a_step_of_an_optimizer_needs_no_second_array(monkeypatch):
    weights = tf.Variable([1.0, 2.0])
    train = tf.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(weights * weights))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    for _ in range(2):
        session.run(train)
    gc.disable()  # what only a collection frees must not count
    try:
        before = session.variable_values()["Variable"].ctypes.data
        session.run(train)
        assert session.variable_values()["Variable"].ctypes.data == before
    finally:
        gc.enable()


@pytest.mark.parametrize("enabled", [False, True])
def test_collections_are_as_they_were(enabled):
    (gc.enable if enabled else gc.disable)()
    try:
        with collecting_later():
            assert not gc.isenabled()
        assert gc.isenabled() == enabled
    finally:
        gc.enable()


def test_what_others_only_wait_for_is_not_computed(monkeypatch):
    calls = count_calls(monkeypatch, "MatMul")
    images = tf.placeholder(tf.float32, [None, 2])
    weights = tf.Variable([[1.0], [2.0]])
    loss = tf.reduce_sum(tf.matmul(images, weights))
    train = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(train, {images: [[1.0, 3.0]]})
    assert len(calls) == 2  # the product, for its shape, and the gradient of the weights, not that of the images
    np.testing.assert_array_equal(session.run(weights), [[0.5], [0.5]])


def test_what_is_waited_for_runs_where_it_checks_or_changes_something():
    number = tf.placeholder(tf.float32)
    count = tf.Variable(0.0)
    with tf.control_dependencies([tf.Assert(number < 3.0, ["too large"]), tf.assign_add(count, number)]):
        done = tf.no_op()
    session = tf.Session()
    session.run(count.initializer)
    session.run(done, {number: 2.0})
    assert session.run(count) == 2.0
    with pytest.raises(InvalidArgumentError, match="too large"):
        session.run(done, {number: 4.0})


def test_a_descent_of_many_elements_is_that_of_each():
    values = np.arange(70_000, dtype=np.float32).reshape(7, 10_000)
    weights = tf.Variable(values)
    train = tf.train.GradientDescentOptimizer(0.5).minimize(tf.reduce_sum(weights * weights) / 2.0)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(train)
    np.testing.assert_array_equal(session.run(weights), values / 2)
