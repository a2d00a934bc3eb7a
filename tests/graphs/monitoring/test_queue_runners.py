"""Queues that threads fill: the threads end with the data, by the coordinator and with the session."""

import threading
from collections import Counter

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf


@pytest.fixture(autouse=True)
def _own_graph():
    before = set(threading.enumerate())
    with tf.Graph().as_default():
        yield
    for thread in set(threading.enumerate()) - before:
        thread.join(20)
        assert not thread.is_alive(), thread.name


def started(session, coord=None):
    session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    return tf.train.start_queue_runners(session, coord)


def all_runs(session, fetches):
    found = []
    try:
        while True:
            found.append(session.run(fetches))
    except tf.errors.OutOfRangeError as error:
        end = str(error)
    assert "is closed and has insufficient elements" in end
    return found


def test_slices_come_in_turn_until_the_epochs_are_over():
    row, name = tf.train.slice_input_producer([np.arange(6).reshape(3, 2), ["a", "b", "c"]], 2, shuffle=False)
    with tf.Session() as session:
        coord = tf.train.Coordinator()
        threads = started(session, coord)
        found = all_runs(session, [row, name])
        coord.request_stop()
        coord.join(threads)
    assert [(one.tolist(), text) for one, text in found] == [([0, 1], b"a"), ([2, 3], b"b"), ([4, 5], b"c")] * 2


def test_shuffled_strings_come_each_once_an_epoch():
    name = tf.train.string_input_producer(["a", "b", "c"], num_epochs=4, seed=3).dequeue()
    with tf.Session() as session:
        started(session)
        assert Counter(all_runs(session, name)) == {b"a": 4, b"b": 4, b"c": 4}


@pytest.mark.parametrize("smaller", [False, True])
def test_batches_are_collected_by_threads(smaller):
    number = tf.train.range_input_producer(10, num_epochs=1, shuffle=False).dequeue()
    numbers, doubles = tf.train.batch([number, number * 2], 4, allow_smaller_final_batch=smaller)
    assert numbers.shape.as_list() == [None if smaller else 4]
    with tf.Session() as session:
        started(session)
        found = all_runs(session, [numbers, doubles])
    expected = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] if smaller else [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert [one.tolist() for one, _ in found] == expected
    assert all((double == 2 * one).all() for one, double in found)


def test_several_threads_collect_every_example_once():
    number = tf.train.range_input_producer(40, num_epochs=1).dequeue()
    batch = tf.train.shuffle_batch({"n": number, "square": number * number}, 8, 20, 4, num_threads=3)
    with tf.Session() as session:
        coord = tf.train.Coordinator()
        started(session, coord)
        found = all_runs(session, batch)
        coord.request_stop()
        coord.join()
    assert sorted(np.concatenate([one["n"] for one in found])) == list(range(40))
    assert all((one["square"] == one["n"] ** 2).all() for one in found)


def test_examples_of_several_sizes_are_filled_up():
    number = tf.train.range_input_producer(5, num_epochs=1, shuffle=False).dequeue()
    rows = tf.train.batch([tf.fill([number], number), tf.fill([number], "x")], 3, dynamic_pad=True)
    with tf.Session() as session:
        started(session)
        numbers, texts = session.run(rows)
    assert numbers.tolist() == [[0, 0], [1, 0], [2, 2]]
    assert texts.tolist() == [[b"", b""], [b"x", b""], [b"x", b"x"]]


def test_joined_examples_come_from_every_list():
    batch = tf.train.batch_join([[tf.constant(1)], [tf.constant(2)]], 2, capacity=4)
    with tf.Session() as session:
        started(session)
        found = np.concatenate([session.run(batch) for _ in range(100)])
    assert set(found) == {1, 2}


def test_rows_of_examples_are_batched():
    batch = tf.train.batch([np.arange(5)], 3, enqueue_many=True)
    with tf.Session() as session:
        started(session)
        assert [session.run(batch).tolist() for _ in range(3)] == [[0, 1, 2], [3, 4, 0], [1, 2, 3]]


def test_threads_end_with_their_session():
    tf.train.batch([tf.constant(1)], 2, capacity=3)
    session = tf.Session()
    threads = started(session, tf.train.Coordinator())
    assert len(threads) == 2
    session.close()  # the fixture waits for them


def test_a_monitored_session_starts_and_ends_them():
    batch = tf.train.batch([tf.constant(1)], 2, capacity=3)
    with tf.train.MonitoredSession() as session:
        assert session.run(batch).tolist() == [1, 1]


def test_what_goes_wrong_in_a_thread_is_raised_where_they_are_joined():
    number = tf.placeholder_with_default(0, [])
    batch = tf.train.batch([tf.div(1, number)], 2)
    with tf.Session() as session:
        coord = tf.train.Coordinator()
        started(session, coord)
        with pytest.raises(tf.errors.OutOfRangeError):
            session.run(batch)
        with pytest.raises(tf.errors.InvalidArgumentError, match="zero"):
            coord.join()


def test_an_exported_graph_knows_what_fills_its_queues():
    batch = tf.train.batch([tf.constant(3)], 2, name="numbers")
    meta_graph = tf.train.export_meta_graph()
    with tf.Graph().as_default(), tf.Session() as session:
        tf.train.import_meta_graph(meta_graph)
        tf.train.start_queue_runners(session)
        assert session.run(batch.name).tolist() == [3, 3]


def test_there_is_nothing_to_start_without_queues():
    with tf.Session() as session:
        assert tf.train.start_queue_runners(session) == []
    tf.train.batch([tf.constant(1)], 2)
    with pytest.raises(ValueError, match="No default session"):
        tf.train.start_queue_runners()


def test_readers_go_through_the_files_of_a_queue(tmp_path):
    (tmp_path / "a").write_bytes(b"head\n1,x\n2,y\n")
    (tmp_path / "b").write_bytes(b"head\n3,z\n")
    names = tf.train.string_input_producer([str(tmp_path / "a"), str(tmp_path / "b")], num_epochs=1, shuffle=False)
    reader = tf.TextLineReader(skip_header_lines=1)
    key, line = reader.read(names)
    with tf.Session() as session:
        started(session)
        found = all_runs(session, [key, line])
        assert session.run([reader.num_records_produced(), reader.num_work_units_completed()]) == [3, 2]
    assert [(where.rpartition(b"/")[2], what) for where, what in found] == [
        (b"a:2", b"1,x"), (b"a:3", b"2,y"), (b"b:2", b"3,z")
    ]  # fmt: skip
