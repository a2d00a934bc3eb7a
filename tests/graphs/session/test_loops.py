"""Loops run until their condition fails, in each branch and each loop that they stand in, and stop when asked to."""

from __future__ import annotations

import signal
import threading

import pytest

from ckpt_magics.compat import v1 as tf
from ckpt_magics.errors import InvalidArgumentError


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def op(kind, *inputs, name=None, **attrs):
    return tf.get_default_graph().create_op(kind, list(inputs), attrs=attrs, name=name).outputs


def loop(starts, proceeds, body, frame="loop"):
    """Add a loop as TensorFlow 1 does, the way back entered afterwards; returns what leaves it."""
    merges = []
    for start in starts:
        entered = op("Enter", start, frame_name=frame)[0]
        merges.append(op("Merge", [entered, entered])[0])
    goes_on = op("LoopCond", proceeds(*merges))[0]
    switches = [op("Switch", merge, goes_on) for merge in merges]
    results = body(*[op("Identity", switch[1])[0] for switch in switches])
    for merge, result in zip(merges, results, strict=True):
        merge.op.connect([merge.op.inputs[0], op("NextIteration", result)[0]], [])
    return [op("Exit", switch[0])[0] for switch in switches]


def constant_in(frame, value):
    return op("Enter", tf.constant(value), frame_name=frame, is_constant=True)[0]


def count(limit, frame="loop", step=1, start=0):
    """Return how far a loop counts, and the sum of all counts."""
    bound, one = constant_in(frame, limit), constant_in(frame, step)
    return loop([tf.constant(start), tf.constant(0)], lambda i, _: i < bound, lambda i, s: [i + one, s + i], frame)


@pytest.mark.parametrize(("limit", "expected"), [(5, [5, 10]), (0, [0, 0]), (1, [1, 0])])
def test_a_loop_runs_until_its_condition_fails(limit, expected):
    ends = count(limit)
    session = tf.Session()
    for _ in range(2):
        assert session.run(ends) == expected
    assert session.run(ends[1]) == expected[1]


def test_a_loop_on_a_branch_that_is_not_taken_gives_nothing():
    p = tf.placeholder(tf.bool, [])
    false, true = op("Switch", tf.constant(3), p)
    bound = op("Enter", true, frame_name="loop", is_constant=True)[0]
    ends = loop([true], lambda i: i < bound * 4, lambda i: [i + i])
    merged = op("Merge", [false, ends[0]])[0]
    with tf.Session() as session:
        assert [session.run(merged, {p: value}) for value in (True, False, True)] == [12, 3, 12]


def test_a_loop_inside_a_loop_starts_anew_each_time():
    bound, one = constant_in("outer", 4), constant_in("outer", 1)

    def body(i, total):
        limit = op("Enter", i, frame_name="inner", is_constant=True)[0]
        step = op("Enter", one, frame_name="inner", is_constant=True)[0]
        first = op("Enter", total, frame_name="inner")[0].op.inputs[0]
        zero = i - i
        inner = loop([zero, first], lambda j, _: j < limit, lambda j, s: [j + step, s + limit], "inner")
        return [i + one, inner[1]]

    ends = loop([tf.constant(0), tf.constant(0)], lambda i, _: i < bound, body, "outer")
    assert tf.Session().run(ends) == [4, 0 + 1 + 4 + 9]


def test_a_variable_read_in_a_loop_has_the_value_that_the_loop_gave_it():
    v = tf.Variable(1.0)
    entered = op("RefEnter", v.op.outputs[0], frame_name="loop", is_constant=True)[0]
    bound, two = constant_in("loop", 100.0), constant_in("loop", 2.0)
    ends = loop([tf.constant(0.0)], lambda x: x < bound, lambda x: [op("AssignAdd", entered, x + two)[0]])
    with tf.Session() as session:
        session.run(v.initializer)
        assert session.run(ends) == [158.0]
        assert session.run(v) == 158.0


def test_what_runs_in_a_loop_cannot_be_fetched():
    ends = count(3)
    with pytest.raises(InvalidArgumentError, match="every iteration of loop 'loop'"):
        tf.Session().run(ends[0].op.inputs[0])


def test_an_exit_without_a_loop_is_refused():
    with pytest.raises(InvalidArgumentError, match="leaves a loop"):
        tf.Session().run(op("Exit", tf.constant(1))[0])


def test_values_of_two_loops_are_not_mixed():
    first, second = constant_in("first", 1), constant_in("second", 2)
    with pytest.raises(InvalidArgumentError, match="inputs from different frames"):
        tf.Session().run(op("Exit", first + second)[0])


def test_more_loops_than_anyone_nests_are_refused():
    x = tf.constant(1)
    for depth in range(2000):
        x = op("Enter", x, frame_name=f"loop{depth}")[0]
    with pytest.raises(InvalidArgumentError, match="more than 100 loops are nested"):
        tf.Session().run(op("Exit", x)[0])


@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread")
def test_an_endless_loop_stops_at_an_interrupt():
    ends = loop([tf.constant(0)], lambda i: tf.equal(i, i), lambda i: [i * i])
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            tf.Session().run(ends)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert tf.Session().run(count(3, "other")) == [3, 3]
