"""Assignments to a part of a variable, and counters with a limit."""

import pytest

import ckpt_magics.compat.v1 as tf


@pytest.mark.parametrize("use_resource", [False, True])
def test_a_part_is_assigned_to(use_resource):
    with tf.Graph().as_default(), tf.Session() as session:
        rows = tf.Variable([[1, 2], [3, 4], [5, 6]], use_resource=use_resource)
        session.run(rows.initializer)
        assert session.run(rows[1].assign([8, 9])).tolist() == [[1, 2], [8, 9], [5, 6]]
        session.run(rows[::2, 0].assign([7, 7]))
        assert session.run(rows).tolist() == [[7, 2], [8, 9], [7, 6]]
        assert rows[2, :].assign([0, 0]).op.name.endswith("/_assign")
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"not the shape of the part .*, \[2\]"):
            session.run(rows[1].assign([1, 2, 3]))
        assert not hasattr(tf.constant([1, 2])[0], "assign")


def test_a_counter_stops_at_its_limit():
    with tf.Graph().as_default(), tf.Session() as session:
        counter = tf.Variable(0)
        session.run(counter.initializer)
        step = tf.count_up_to(counter, 2)
        assert [session.run(step), session.run(step)] == [0, 1]
        with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 2"):
            session.run(step)
