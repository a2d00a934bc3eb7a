"""Checkpoints of objects in programs of TensorFlow 1: the same files, and the same values in sessions."""

from pathlib import Path

import pytest

import ckpt_magics.compat.v1 as stand_in

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf():
    import tensorflow.compat.v1 as tf

    return tf


def program(tf, folder):
    """Save, and restore in another graph; return the files and the values."""
    with tf.Graph().as_default(), tf.Session() as session:
        weight = tf.get_variable("net/w", [2], tf.float32, tf.ones_initializer(), use_resource=True)
        step = tf.get_variable("step", [], tf.int64, tf.zeros_initializer(), use_resource=True)
        checkpoint = tf.train.Checkpoint(net={"w": weight}, steps=[step])
        checkpoint.restore(tf.train.latest_checkpoint(str(folder))).initialize_or_restore(session)
        session.run(step.assign(7))
        paths = [checkpoint.write(str(folder / "w"), session), checkpoint.save(str(folder / "m"), session=session)]
    with tf.Graph().as_default(), tf.Session() as session:
        weight = tf.get_variable("other", [2], tf.float32, tf.zeros_initializer(), use_resource=True)
        step = tf.get_variable("step", [], tf.int64, tf.zeros_initializer(), use_resource=True)
        more = tf.get_variable("more", [1], tf.float32, tf.ones_initializer(), use_resource=True)
        checkpoint = tf.train.Checkpoint(net={"w": weight}, steps=[step])
        status = checkpoint.restore(paths[1])
        status.assert_consumed()
        checkpoint.more = more
        status.initialize_or_restore(session)
        values = [value.tolist() for value in session.run([weight, step, more])]
    names = [f"{path}{ending}" for path in paths for ending in (".index", ".data-00000-of-00001")]
    return [Path(name).read_bytes() for name in names], values


def test_files_and_values_are_those_of_tensorflow(tf, tmp_path):
    results = []
    for module, folder in ((tf, tmp_path / "theirs"), (stand_in, tmp_path / "ours")):
        folder.mkdir()
        results.append(program(module, folder))
    assert results[1] == results[0]
    assert results[1][1] == [[1.0, 1.0], 7, [1.0]]
