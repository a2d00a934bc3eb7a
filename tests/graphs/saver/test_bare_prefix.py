"""A prefix that ends in a separator names the files ``.index`` and so on, as in TensorFlow."""

import os

import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics import load_checkpoint


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as session:
        session.run(tf.get_variable("v", initializer=[1.0, 2.0], use_resource=False).initializer)
        yield session


@pytest.mark.parametrize("sharded", [False, True])
def test_saves_and_restores(session, tmp_path, monkeypatch, sharded):
    monkeypatch.chdir(tmp_path)
    saver = tf.train.Saver(sharded=sharded)
    if sharded:  # the parts of a sharded save lie one directory deeper, and one missing directory is made
        (tmp_path / "model5").mkdir()
    assert saver.save(session, "model5/") == "model5/"
    assert sorted(os.listdir("model5")) == [".data-00000-of-00001", ".index", ".meta", "checkpoint"]
    assert tf.train.latest_checkpoint("model5") == "model5/."
    session.run(tf.assign(session.graph.get_tensor_by_name("v:0"), [3.0, 4.0]))
    for prefix in ("model5/", "model5/.", str(tmp_path / "model5") + os.sep):
        saver.restore(session, prefix)
        assert session.run("v:0").tolist() == [1.0, 2.0]
    for place in ("model5/", "model5", "model5/."):
        with load_checkpoint(place) as reader:
            assert reader.get_tensor("v").tolist() == [1.0, 2.0]


def test_a_step_is_a_name_of_its_own(session, tmp_path):
    prefix = str(tmp_path / "model") + os.sep
    assert tf.train.Saver().save(session, prefix, global_step=3) == f"{prefix}-3"
    assert tf.train.latest_checkpoint(str(tmp_path / "model")) == f"{prefix}-3"


@pytest.mark.tensorflow
def test_tensorflow_reads_it_and_writes_the_same_files(tf, session, tmp_path):
    import ckpt_magics.compat.v1 as ours

    prefix = str(tmp_path / "ours") + os.sep
    ours.train.Saver().save(session, prefix)
    assert tf.compat.v1.train.NewCheckpointReader(prefix).get_tensor("v").tolist() == [1.0, 2.0]
    theirs = str(tmp_path / "theirs") + os.sep
    with tf.Graph().as_default(), tf.compat.v1.Session() as other:
        variable = tf.compat.v1.get_variable("v", initializer=[1.0, 2.0], use_resource=False)
        other.run(variable.initializer)
        assert tf.compat.v1.train.Saver().save(other, theirs) == theirs
    assert sorted(os.listdir(theirs)) == sorted(os.listdir(prefix))
    with load_checkpoint(theirs) as reader:
        assert reader.get_tensor("v").tolist() == [1.0, 2.0]
