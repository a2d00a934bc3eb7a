"""Supervisor: a session that goes on from the latest checkpoint, and what is done beside it."""

import threading

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf


@pytest.fixture(autouse=True)
def graph():
    """A graph with a global step and a training step that counts it."""
    with tf.Graph().as_default() as made:
        step = tf.Variable(0, name="global_step", trainable=False)
        weight = tf.get_variable("weight", [2], initializer=tf.zeros_initializer())
        tf.summary.scalar("first", weight[0])
        with tf.control_dependencies([tf.assign_add(weight, [1.0, 2.0])]):
            tf.assign_add(step, 1, name="train")
        yield made


def test_goes_on_from_the_latest_checkpoint(tmp_path, graph):
    supervisor = tf.train.Supervisor(logdir=tmp_path)
    assert graph.finalized
    with supervisor.managed_session() as session:
        for _ in range(3):
            session.run("train:0")
        supervisor.saver.save(session, supervisor.save_path, global_step=supervisor.global_step)
    assert supervisor.should_stop()
    assert (tmp_path / "graph.pbtxt").is_file()
    with tf.train.Supervisor(graph, logdir=tmp_path).managed_session() as session:
        np.testing.assert_array_equal(session.run("weight:0"), [3, 6])


def test_threads_save_and_note_summaries(tmp_path):
    supervisor = tf.train.Supervisor(logdir=tmp_path, save_model_secs=0.01, save_summaries_secs=0.01)
    saved, noted = threading.Event(), threading.Event()
    save, note = supervisor.saver.save, supervisor.summary_writer.add_summary
    supervisor.saver.save = lambda *args, **options: (save(*args, **options), saved.set())
    supervisor.summary_writer.add_summary = lambda *args: (note(*args), noted.set())
    with supervisor.managed_session() as session:
        session.run("train:0")
        assert saved.wait(60)
        assert noted.wait(60)
    assert tf.train.latest_checkpoint(tmp_path).startswith(str(tmp_path / "model.ckpt-"))


def test_errors_stop_all_and_the_end_of_data_is_none(tmp_path):
    supervisor = tf.train.Supervisor(logdir=tmp_path)
    with pytest.raises(KeyError, match="mine"), supervisor.managed_session():
        raise KeyError("mine")
    with supervisor.managed_session():
        raise tf.errors.OutOfRangeError("no more")


def test_without_a_directory_nothing_is_written():
    supervisor = tf.train.Supervisor(summary_op=None)
    with supervisor.managed_session() as session:
        assert session.run("train:0") == 1
        with pytest.raises(RuntimeError, match="requires a summary writer"):
            supervisor.summary_computed(session, b"")
