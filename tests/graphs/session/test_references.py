"""A reference variable's readers have its memory: they see an assignment that they wait for, and later ones too."""

import numpy as np
import pytest

from ckpt_magics.compat import v1 as tf
from ckpt_magics.errors import FailedPreconditionError
from ckpt_magics.graphs.nodes.build import output


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def start():
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    return session


READS = {
    "identity": tf.identity,
    "product": lambda v: v * 1.0,
    "sum": lambda v: tf.reduce_sum([v, v]) / 2.0,
    "read_value": lambda v: v.read_value(),
    "cast": lambda v: tf.cast(v, tf.float64),
    "reshape": lambda v: tf.reshape(tf.reshape(v, [1]), []),
}


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_read_that_waits_for_an_assignment_gives_the_new_value(read, use_resource):
    v = tf.Variable(1.0, use_resource=use_resource)
    with tf.control_dependencies([tf.assign(v, v * 2.0)]):
        r = read(v)
    session = start()
    assert [session.run(r) for _ in range(3)] == [2.0, 4.0, 8.0]


def test_a_learning_rate_follows_the_step_that_it_waits_for():
    step = tf.Variable(0)
    with tf.control_dependencies([tf.assign_add(step, 1)]):
        rate = tf.cast(step, tf.float32) * 0.5
    session = start()
    assert [session.run(rate) for _ in range(2)] == [0.5, 1.0]


def test_a_moving_average_follows_the_weights_that_were_trained():
    w, average = tf.Variable(1.0), tf.Variable(0.0)
    with tf.control_dependencies([w.assign_sub(0.5 * w)]):
        update = average.assign_sub((average - w) * 0.5)
    session = start()
    assert [session.run(update) for _ in range(3)] == [0.25, 0.25, 0.1875]


@pytest.mark.parametrize(("keep", "expected"), [(tf.identity, [2.0, 2.0]), (lambda v: v + 0.0, [2.0, 1.0])])
def test_variables_are_swapped_through_a_copy_but_not_through_identity(keep, expected):
    a, b = tf.Variable(1.0), tf.Variable(2.0)
    kept = keep(a)
    with tf.control_dependencies([kept]):
        first = a.assign(b)
    with tf.control_dependencies([first]):
        second = b.assign(kept)
    session = start()
    session.run(second)
    assert session.run([a, b]) == expected


def test_fetched_references_show_the_value_at_the_end_of_the_run():
    v = tf.Variable([1.0, 2.0])
    read, doubled = v.read_value(), v.assign(v * 2.0)
    session = start()
    for value in session.run([v, read, doubled]):
        assert value.tolist() == [2.0, 4.0]


def test_fetched_values_do_not_change_with_later_runs():
    v = tf.Variable([1.0, 2.0])
    doubled = v.assign(v * 2.0).op
    session = start()
    value = session.run(v)
    session.run(doubled)
    assert value.tolist() == [1.0, 2.0]


def test_parts_change_with_the_variable_where_they_have_its_memory():
    v = tf.Variable(np.arange(32, dtype=np.float32).reshape(2, 16))
    row, column, flat = v[1], v[:, 1], tf.reshape(v, [-1])
    with tf.control_dependencies([row, column, flat]):
        negative = v.assign(-v).op
    _, rows, columns, all_of_it = start().run([negative, row, column, flat])
    assert rows.tolist() == list(range(-16, -32, -1))
    assert columns.tolist() == [1, 17]
    assert all_of_it.tolist() == list(range(0, -32, -1))


def test_another_shape_of_as_many_elements_goes_into_the_same_memory():
    v = tf.Variable([[1.0, 2.0]], validate_shape=False)
    before = tf.identity(v)
    with tf.control_dependencies([before]):
        change = tf.assign(v, [[3.0], [4.0]], validate_shape=False)
    kept, changed = start().run([before, change])
    assert kept.tolist() == [[3.0, 4.0]]
    assert changed.tolist() == [[3.0], [4.0]]


def test_more_elements_get_memory_of_their_own():
    v = tf.Variable([1.0, 2.0], validate_shape=False)
    before = tf.identity(v)
    with tf.control_dependencies([before]):
        change = tf.assign(v, [3.0, 4.0, 5.0], validate_shape=False)
    kept, changed = start().run([before, change])
    assert kept.tolist() == [1.0, 2.0]
    assert changed.tolist() == [3.0, 4.0, 5.0]


def test_a_printed_value_is_printed_once(caplog):
    v = tf.Variable(1.0)
    shown = output("Print", v, [v], message=b"v is ")
    with tf.control_dependencies([shown]):
        change = v.assign(2.0).op
    assert start().run([change, shown])[1] == 2.0
    assert caplog.text.count("v is ") == 1


def test_reading_a_variable_without_a_value_is_refused_where_it_is_read():
    v = tf.Variable(1.0, name="v")
    r = tf.reshape(v, [1], name="r")
    with tf.Session() as session, pytest.raises(FailedPreconditionError, match="uninitialized value v") as caught:
        session.run(r)
    assert caught.value.op.name == "v/read"


def test_a_long_row_of_reshapes_follows_the_variable():
    v = tf.Variable([1.0])
    x = v
    for _ in range(1500):
        x = tf.reshape(tf.reshape(x, [1, 1]), [1])
    with tf.control_dependencies([x]):
        change = v.assign([2.0]).op
    assert start().run([change, x])[1].tolist() == [2.0]
