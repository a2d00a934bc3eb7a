"""Shapes that are asserted: sizes with equal symbols, and a choice by number."""

import pytest

import ckpt_magics.compat.v1 as tf


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


def test_known_sizes_are_compared_at_once(session):
    x, y, scalar = tf.ones([2, 3]), tf.ones([2, 5]), tf.constant(1.0)
    tf.debugging.assert_shapes([(x, ("N", "Q")), (y, ("N", None)), (scalar, ()), (scalar, (1,)), (y, ("*", 5))])
    tf.debugging.assert_shapes({x: tf.TensorShape([2, 3])})
    with pytest.raises(ValueError, match=r"Specified by tensor .* dimension 1\.  Tensor .* must have size 3"):
        tf.debugging.assert_shapes([(x, ("N", "Q")), (y, ("N", "Q"))], message="no")
    with pytest.raises(ValueError, match="Specified explicitly"):
        tf.debugging.assert_shapes([(x, (2, 4))])
    with pytest.raises(ValueError, match="only allowed as the first entry"):
        tf.debugging.assert_shapes([(x, (2, ...))])
    with pytest.raises(ValueError, match="must be an iterable"):
        tf.debugging.assert_shapes([(x, 2)])


def test_other_sizes_are_compared_by_a_run(session):
    x, y = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    check = tf.debugging.assert_shapes([(x, ("N", "M")), (y, ("M",))])
    session.run(check, {x: [[1, 2]], y: [1, 2]})
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have size"):
        session.run(check, {x: [[1, 2]], y: [1]})


def test_an_ensured_shape_is_known_and_kept_to(session):
    x = tf.placeholder(tf.float32)
    pairs = tf.ensure_shape(x, [None, 2])
    assert pairs.shape.as_list() == [None, 2]
    assert session.run(pairs, {x: [[1, 2]]}).tolist() == [[1, 2]]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"\[1\] is not compatible with expected shape \[\?,2\]"):
        session.run(pairs, {x: [1]})


def test_a_number_chooses_a_function(session):
    number = tf.placeholder(tf.int32, [])
    functions = [lambda: tf.constant(10), lambda: tf.constant(11)]
    for branches in (functions, list(enumerate(functions)), dict(enumerate(functions))):
        for default, other in ((None, 11), (lambda: tf.constant(-1), -1)):
            chosen = tf.switch_case(number, branches, default)
            found = [session.run(chosen, {number: each}) for each in (-5, 0, 1, 2)]
            assert found == [other, 10, 11, other]
    with pytest.raises(ValueError, match="must form contiguous range"):
        tf.switch_case(number, {1: functions[0]})
    with pytest.raises(TypeError, match="2-tuple"):
        tf.switch_case(number, [3])
