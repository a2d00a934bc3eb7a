"""Runs in several parts: every operation runs once, as soon as what it needs is fed."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.errors import InvalidArgumentError, UnimplementedError


@pytest.fixture
def session():
    tf.reset_default_graph()
    with tf.Session() as session:
        yield session


def inputs(count):
    return [tf.placeholder(tf.float32, [], name=name) for name in "abc"[:count]]


def test_each_part_takes_up_where_the_last_one_ended(session):
    a, b, c = inputs(3)
    first = a + b
    second = first * c
    handle = session.partial_run_setup([first, second], [a, b, c])
    assert session.partial_run(handle, first, {a: 1, b: 2}) == 3
    assert session.partial_run(handle, {"end": second}, {c: 17 * 1.0}) == {"end": 51}


def test_an_operation_runs_once(session):
    a, b = inputs(2)
    count = tf.get_variable("n", initializer=0.0)
    counted = tf.assign_add(count, a)
    drawn = tf.random_uniform([])
    with tf.control_dependencies([counted]):
        later = drawn * 1.0 + b * 0.0
    session.run(count.initializer)
    handle = session.partial_run_setup([counted.op, drawn, later], [a, b])
    assert session.partial_run(handle, counted.op, {a: 2}) is None
    number = session.partial_run(handle, drawn)
    assert session.partial_run(handle, later, {b: 0}) == number
    assert session.run(count) == 2


def test_who_waits_for_what_leaves_nothing_behind_waits_for_its_inputs(session):
    a, b = inputs(2)
    count = tf.get_variable("n", initializer=0.0)
    with tf.control_dependencies([tf.identity(b)]):
        counted = tf.assign_add(count, a)
    session.run(count.initializer)
    handle = session.partial_run_setup([counted, a * 1.0], [a, b])
    with pytest.raises(InvalidArgumentError, match="have not been fed"):
        session.partial_run(handle, counted, {a: 2})
    assert session.run(count) == 0
    assert session.partial_run(handle, counted, {b: 1}) == 2


def test_results_are_the_callers_own(session):
    (a,) = inputs(1)
    b = tf.placeholder(tf.float32, [2])
    doubled = b * 2.0
    last = doubled + a
    handle = session.partial_run_setup([doubled, last], [a, b])
    session.partial_run(handle, doubled, {b: [1, 2]})[:] = 0
    np.testing.assert_array_equal(session.partial_run(handle, last, {a: 1}), [3, 5])


def test_what_was_not_prepared_or_comes_twice_is_refused(session):
    a, b, c = inputs(3)
    first = a + b
    second = first * c
    handle = session.partial_run_setup([first], [a, b])
    with pytest.raises(InvalidArgumentError, match=r"was not specified in partial_run_setup\.$"):
        session.partial_run(handle, first, {a: 1, b: 2, c: 3})
    with pytest.raises(InvalidArgumentError, match=r"was not specified in partial_run_setup\.$"):
        session.partial_run(handle, second, {a: 1, b: 2})
    with pytest.raises(InvalidArgumentError, match="have not been fed"):
        session.partial_run(handle, first, {a: 1})
    with pytest.raises(InvalidArgumentError, match=r"has already been fed\.$"):
        session.partial_run(handle, first, {a: 1})
    assert session.partial_run(handle, first, {b: 2}) == 3
    with pytest.raises(InvalidArgumentError, match=r"has already been fetched\.$"):
        session.partial_run(handle, first)
    with pytest.raises(InvalidArgumentError, match="Must run setup"):
        session.partial_run("handle", first)
    with pytest.raises(InvalidArgumentError, match=r"specify at least one target to fetch or execute\.$"):
        session.partial_run_setup([], [a])


def test_a_placeholder_that_nobody_feeds_is_missed(session):
    (a,) = inputs(1)
    handle = session.partial_run_setup([a * 2], [])
    with pytest.raises(InvalidArgumentError, match="You must feed a value for placeholder"):
        session.partial_run(handle, [])


def test_conditionals_run_whole(session):
    (a,) = inputs(1)
    chosen = tf.cond(a > 0, lambda: a, lambda: -a)
    with pytest.raises(UnimplementedError, match=r"session\.run"):
        session.partial_run_setup([chosen], [a])
