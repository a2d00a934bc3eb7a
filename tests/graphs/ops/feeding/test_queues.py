"""Queues of one session: who waits, who goes on, and who is refused."""

import threading

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.files.formats.dtypes import INT32
from ckpt_magics.graphs.ops.feeding.queue_states import QueueState
from ckpt_magics.graphs.ops.variable_values import SessionVariables


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as session:
        yield session


def in_thread(action):
    """Start an action; returns what waits for its end and gives the error or the result."""
    outcome = []

    def run():
        try:
            outcome.append(action())
        except (tf.errors.OpError, RuntimeError) as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def end():
        thread.join(20)
        assert not thread.is_alive()
        return outcome[0]

    return end


def test_elements_come_out_in_their_order(session):
    queue = tf.FIFOQueue(10, [tf.int32, tf.string], [[], []])
    session.run(queue.enqueue((1, "a")))
    session.run(queue.enqueue_many(([2, 3, 4], ["b", "c", "d"])))
    assert session.run(queue.size()) == 4
    assert session.run(queue.dequeue()) == [1, b"a"]
    numbers, texts = session.run(queue.dequeue_many(2))
    assert (numbers.tolist(), texts.tolist()) == ([2, 3], [b"b", b"c"])
    session.run(queue.close())
    assert session.run(queue.is_closed())
    assert [part.tolist() for part in session.run(queue.dequeue_up_to(5))] == [[4], [b"d"]]
    with pytest.raises(tf.errors.OutOfRangeError, match=r"requested 1, current size 0"):
        session.run(queue.dequeue())
    with pytest.raises(tf.errors.CancelledError, match="is closed"):
        session.run(queue.enqueue((1, "a")))


def test_components_may_have_names(session):
    queue = tf.FIFOQueue(10, [tf.int32, tf.string], [[], []], names=["number", "text"])
    session.run(queue.enqueue({"number": 1, "text": "a"}))
    assert session.run(queue.dequeue()) == {"number": 1, "text": b"a"}
    with pytest.raises(ValueError, match="takes dictionaries"):
        queue.enqueue((1, "a"))


def test_too_few_elements_stay_in_a_closed_queue(session):
    queue = tf.FIFOQueue(10, tf.int32, [])
    session.run(queue.enqueue_many([[1, 2]]))
    session.run(queue.close())
    with pytest.raises(tf.errors.OutOfRangeError):
        session.run(queue.dequeue_many(3))
    assert session.run(queue.dequeue_many(2)).tolist() == [1, 2]


def test_who_puts_in_waits_for_room(session):
    queue = tf.FIFOQueue(2, tf.int32, [])
    fill, take, two = queue.enqueue_many([[1, 2, 3, 4, 5]]), queue.dequeue(), queue.dequeue_many(4)
    end = in_thread(lambda: session.run(fill))
    assert session.run(take) == 1
    assert session.run(two).tolist() == [2, 3, 4, 5]
    assert end() is None


def test_closing_lets_those_that_wait_in_or_refuses_them(session):
    for cancels in (False, True):
        queue = tf.FIFOQueue(1, tf.int32, [])
        put, take = queue.enqueue([1]), queue.dequeue()
        close = queue.close(cancel_pending_enqueues=cancels)
        session.run(put)
        end = in_thread(lambda put=put: session.run(put))
        if not cancels:
            assert [session.run(take), session.run(take)] == [1, 1]
        session.run(close)
        assert isinstance(end(), tf.errors.CancelledError) == cancels


def test_a_closed_session_lets_everybody_go():
    with tf.Graph().as_default():
        session = tf.Session()
        queue = tf.FIFOQueue(1, tf.int32, [])
        take, many = queue.dequeue(), queue.dequeue_many(3)
        ends = [in_thread(lambda: session.run(take)), in_thread(lambda: session.run(many))]
        session.run(queue.size())
        session.close()
        assert all(isinstance(end(), (tf.errors.CancelledError, RuntimeError)) for end in ends)


def test_a_queue_that_is_made_after_its_session_was_closed_keeps_nobody_waiting():
    store = SessionVariables()
    store.clear()
    queue = store.resource(("queue", "", "q"), lambda: QueueState("q", [INT32], [()], 1))
    with pytest.raises(tf.errors.CancelledError):
        queue.take()


def test_drawn_elements_leave_some_behind(session):
    queue = tf.RandomShuffleQueue(100, 20, tf.int32, [], seed=5)
    session.run(queue.enqueue_many([np.arange(60)]))
    found = session.run(queue.dequeue_many(40)).tolist()
    assert sorted(found) != found
    assert len(set(found)) == 40
    session.run(queue.close())
    assert sorted(found + session.run(queue.dequeue_many(20)).tolist()) == list(range(60))


def test_padding_fills_batches_up(session):
    queue = tf.PaddingFIFOQueue(10, [tf.float32], [[None, 2]])
    for size in (1, 3, 0):
        session.run(queue.enqueue([np.full([size, 2], size, np.float32)]))
    rows = session.run(queue.dequeue_many(3))
    assert rows[:, :, 0].tolist() == [[1, 0, 0], [3, 3, 3], [0, 0, 0]]


def test_what_does_not_fit_is_refused(session):
    queue = tf.FIFOQueue(10, tf.int32, [2])
    placeholder = tf.placeholder(tf.int32)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Shape mismatch in tuple component 0. Expected \[2\]"):
        session.run(queue.enqueue([placeholder]), {placeholder: [1, 2, 3]})
    with pytest.raises(ValueError, match=r"not compatible|are incompatible"):
        queue.enqueue([tf.constant([1, 2, 3])])
    free = tf.FIFOQueue(10, tf.int32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="to have specified shapes"):
        session.run(free.dequeue_many(2))
    with pytest.raises(tf.errors.InvalidArgumentError, match="none of a queue"):
        session.run(tf.TextLineReader().read(tf.TextLineReader().reader_ref))


def test_counting_ends_at_its_limit(session):
    for resource in (False, True):
        variable = tf.get_variable(f"count{resource}", initializer=tf.constant(0, tf.int64), use_resource=resource)
        session.run(variable.initializer)
        count = variable.count_up_to(2)
        assert [session.run(count) for _ in range(2)] == [0, 1]
        with pytest.raises(tf.errors.OutOfRangeError, match="Reached limit of 2"):
            session.run(count)
