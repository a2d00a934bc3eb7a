"""Checkpoints of objects hold the variables of graphs too, with the values that a session has."""

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.graphs.trackable.checkpoint import Checkpoint
from tests.graphs.saver.programs import fresh_session


def built():
    weight = tf.get_variable("net/w", [2], tf.float32, tf.zeros_initializer())
    step = tf.get_variable("step", [], tf.int64, tf.zeros_initializer(), use_resource=True)
    return tf.train.Checkpoint(net={"w": weight}, steps=[step]), weight, step


@pytest.fixture
def saved(tmp_path):
    with fresh_session() as session:
        checkpoint, weight, step = built()
        checkpoint.restore(None).initialize_or_restore(session)
        session.run([weight.assign([1.0, 2.0]), step.assign(7)])
        return checkpoint.save(tmp_path / "m", session)


def test_a_session_gets_the_values_that_another_had(saved):
    with fresh_session() as session:
        checkpoint, weight, step = built()
        new = tf.get_variable("new", [1], tf.float32, tf.ones_initializer())
        status = checkpoint.restore(saved).assert_consumed()
        checkpoint.new = new
        status.initialize_or_restore(session)
        assert session.run([weight, step, new])[0].tolist() == [1.0, 2.0]
        assert session.run([step, new])[0] == 7
        session.run(weight.assign([0.0, 0.0]))
        status.run_restore_ops()
        assert session.run(weight).tolist() == [1.0, 2.0]
        with pytest.raises(AssertionError, match="Found 1 Python objects"):
            status.assert_existing_objects_matched()


def test_arrays_get_them_too(saved):
    checkpoint = Checkpoint(net={"w": np.zeros(2, np.float32)}, steps=[np.array(0)])
    checkpoint.restore(saved).assert_consumed()
    assert checkpoint.net["w"].tolist() == [1.0, 2.0]


def test_checkpoints_of_a_saver_are_restored_by_name(tmp_path):
    with fresh_session() as session:
        _, weight, step = built()
        session.run([weight.assign([3.0, 4.0]), step.initializer])
        path = tf.train.Saver().save(session, str(tmp_path / "m"))
    with fresh_session() as session:
        checkpoint, weight, _ = built()
        status = checkpoint.restore(path).assert_consumed()
        status.run_restore_ops(session)
        assert session.run(weight).tolist() == [3.0, 4.0]


def test_a_manager_saves_what_the_default_session_has(tmp_path):
    with fresh_session() as session:
        checkpoint, weight, step = built()
        session.run([weight.initializer, step.initializer])
        manager = tf.train.CheckpointManager(checkpoint, tmp_path, 1)
        assert manager.save() == str(tmp_path / "ckpt-1")
        assert manager.save() == manager.latest_checkpoint
