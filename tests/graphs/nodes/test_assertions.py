"""Checks of signs, nearness, ranks, types and order: refused at once where it is known, else when the graph runs."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.errors import InvalidArgumentError

debugging = tf.debugging


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()


def runs(check, feeds=None):
    """Whether what waits for a check can be computed."""
    with tf.control_dependencies([check]):
        passed = tf.identity(1)
    with tf.Session() as session:
        try:
            session.run(passed, feeds)
        except InvalidArgumentError:
            return False
    return True


SIGNS = {
    "assert_negative": [True, False, False],
    "assert_positive": [False, False, True],
    "assert_non_negative": [False, True, True],
    "assert_non_positive": [True, True, False],
}


@pytest.mark.parametrize(("name", "expected"), SIGNS.items())
def test_signs_are_checked_at_once_or_by_a_run(name, expected):
    check = getattr(debugging, name)
    fed = tf.placeholder(tf.float32, [None])
    later = check(fed, message="fail")
    assert [runs(later, {fed: [value, value]}) for value in (-1, 0, 1)] == expected
    assert runs(later, {fed: []})
    for value, holds in zip((-1, 0, 1), expected, strict=True):
        if holds:
            assert runs(check([value]))
        else:
            with pytest.raises(InvalidArgumentError, match="fail"):
                check([value], message="fail")


def test_near_is_within_both_tolerances():
    fed = tf.placeholder(tf.float64)
    check = debugging.assert_near(fed, [1.0, 1.0], rtol=0.1, atol=0.1)
    assert runs(check, {fed: [1.19, 0.81]})
    assert not runs(check, {fed: [1.21, 1.0]})
    for dtype in (tf.float16, tf.float32, tf.bfloat16):
        eps = float(np.finfo(np.float16).eps) if dtype is tf.float16 else 2.0**-7 if dtype is tf.bfloat16 else 2.0**-23
        one = tf.constant(1.0, dtype)
        assert runs(debugging.assert_near(one + tf.cast(8 * eps, dtype), one))
        assert not runs(debugging.assert_near(one + tf.cast(32 * eps, dtype), one))


RANKS = [("assert_rank", 1, [1]), ("assert_rank_at_least", 1, [1, 2]), ("assert_rank_in", (0, 2), [0, 2])]


@pytest.mark.parametrize(("name", "wanted", "fitting"), RANKS)
def test_ranks_are_checked_at_once_or_by_a_run(name, wanted, fitting):
    check = getattr(debugging, name)
    fed = tf.placeholder(tf.float32, name="x")
    later = check(fed, wanted, message="fail")
    for rank in range(3):
        value = np.zeros([2] * rank, np.float32)
        assert runs(later, {fed: value}) == (rank in fitting)
        if rank in fitting:
            assert check(value, wanted).type == "NoOp"
        else:
            with pytest.raises(ValueError, match=f"fail.*must have rank.*Received rank {rank}"):
                check(value, wanted, message="fail")


def test_a_wanted_rank_is_an_int32_scalar():
    fed, rank = tf.placeholder(tf.float32), tf.placeholder(tf.int32)
    with pytest.raises(ValueError, match=r"Rank must be a scalar\."):
        debugging.assert_rank(fed, np.zeros([0], np.int32))
    with pytest.raises(TypeError, match="must be of type <dtype: 'int32'>"):
        debugging.assert_rank_in(fed, (1, 0.5))
    later = debugging.assert_rank(fed, rank)
    assert runs(later, {fed: [1], rank: 1})
    assert not runs(later, {fed: [1], rank: 2})
    assert not runs(later, {fed: [1], rank: [1]})


def test_a_scalar_is_known_to_be_one():
    assert debugging.assert_scalar(3).shape.as_list() == []
    for wrong in ([3], tf.placeholder(tf.float32)):
        with pytest.raises(ValueError, match="Expected scalar shape"):
            debugging.assert_scalar(wrong)


def test_types_are_checked_while_the_graph_is_made():
    assert debugging.assert_integer([1]).type == "NoOp"
    assert debugging.assert_type([1.0], tf.float32).type == "NoOp"
    for check in (lambda: debugging.assert_integer([1.0]), lambda: debugging.assert_type([1], tf.float32)):
        with pytest.raises(TypeError):
            check()
    assert debugging.assert_same_float_dtype() is tf.float32
    half = tf.constant(1, tf.float16)
    assert debugging.assert_same_float_dtype([half, None]) is tf.float16
    for tensors, dtype in (([half, tf.constant(1.0)], None), ([half], tf.float32), ([tf.constant(1)], None)):
        with pytest.raises(ValueError, match="type"):
            debugging.assert_same_float_dtype(tensors, dtype)
    assert tf.is_numeric_tensor(half)
    assert not any(map(tf.is_numeric_tensor, (1.0, tf.constant("a"), tf.constant(True))))
    assert tf.is_tensor(half)
    assert not tf.is_tensor(1.0)


def test_what_only_looks_like_several_values_is_refused():
    debugging.assert_proper_iterable([1])
    debugging.assert_proper_iterable(each for each in (1,))
    for wrong in (tf.constant([1]), np.zeros(2), "ab", b"ab"):
        with pytest.raises(TypeError, match="proper iterable"):
            debugging.assert_proper_iterable(wrong)
    with pytest.raises(TypeError, match="to be iterable"):
        debugging.assert_proper_iterable(3)


@pytest.mark.parametrize(
    ("values", "not_less", "greater"),
    [
        ([], True, True),
        ([3], True, True),
        ([1, 1], True, False),
        ([[1, 2], [3, 4]], True, True),
        ([2, 1], False, False),
    ],
)
def test_order_is_told_over_all_rows(values, not_less, greater):
    with tf.Session() as session:
        assert session.run(tf.debugging.is_non_decreasing(values)) == not_less
        assert session.run(tf.is_strictly_increasing(values)) == greater
    with pytest.raises(TypeError, match="numeric"):
        tf.is_non_decreasing(["a"])


def test_errors_are_raised_as_programs_of_tensorflow_do():
    error = tf.errors.OutOfRangeError(None, None, "the end")
    assert (error.message, str(error), error.node_def, error.op) == ("the end", "the end", None, None)
    op = tf.no_op()
    assert tf.errors.AbortedError(op.node_def, op, "again").op is op


def test_variables_without_a_value_are_noticed():
    assert tf.assert_variables_initialized() is None
    first = tf.get_variable("a", [2])
    check = tf.assert_variables_initialized([first, tf.get_variable("b", [], use_resource=True)])
    with tf.Session() as session:
        with pytest.raises(tf.errors.FailedPreconditionError):
            session.run(check)
        session.run(tf.global_variables_initializer())
        session.run(check)
        assert session.run(tf.is_variable_initialized(first.handle))


def test_a_loss_may_be_a_function_that_adds_it():
    weight = tf.get_variable("w", initializer=3.0)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(lambda: weight * weight)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        session.run(step)
        assert session.run(weight) == 0
