"""Where a graph leaves the order of reads and changes open, the one that becomes ready first comes first."""

import pytest

from ckpt_magics.compat import v1 as tf
from ckpt_magics.graphs.session.accesses import settle_accesses
from ckpt_magics.graphs.session.order import order_operations


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


def run(fetches):
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        return session.run(fetches), session.run(tf.global_variables())


@pytest.mark.parametrize("use_resource", [False, True])
@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_a_loss_beside_a_training_step_is_the_loss_before_it(use_resource, order):
    w = tf.Variable(1.0, use_resource=use_resource)
    loss = tf.square(w)
    step = w.assign_sub(loss * 0.5)
    step = step if isinstance(step, tf.Operation) else step.op
    other_loss = tf.abs(w)
    results, values = run([step, loss, other_loss][order])
    assert [item for item in results if item is not None] == [1.0, 1.0]
    assert values == [0.5]


@pytest.mark.parametrize("use_resource", [False, True])
def test_a_read_that_is_ready_later_sees_the_change(use_resource):
    w = tf.Variable(1.0, use_resource=use_resource)
    x = tf.constant(1.0)
    for _ in range(9):
        x = tf.tanh(x)
    changed = w.assign(5.0)
    with tf.control_dependencies([x]):
        late = w * 1.0 if not use_resource else w.read_value() * 1.0
    assert run([late, changed.op])[0][0] == 5.0


def test_changes_that_are_ready_at_once_come_in_the_order_of_the_graph():
    w = tf.Variable(1.0)
    added, replaced = w.assign_add(1.0), w.assign(3.0)
    assert run([replaced.op, added.op])[1] == [3.0]


def test_nothing_waits_where_nothing_changes():
    w = tf.Variable(1.0)
    assert order_operations([w * 2.0, w.value()], frozenset())[0] is w.op
    assert not settle_accesses(order_operations([w * 2.0], frozenset()), lambda op: op.control_inputs)
