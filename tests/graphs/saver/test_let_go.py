"""A checkpoint that a save lets go while somebody reads: of a directory the new latest is read, of a prefix none."""

import os

import numpy as np
import pytest

import ckpt_magics
import ckpt_magics.compat.v1 as tf
from ckpt_magics.errors import CheckpointNotFoundError, NotFoundError
from ckpt_magics.files.directory import finding, open_tensors
from ckpt_magics.notebook.reports import verification_report as verification
from tests.graphs.saver.programs import fresh_session


def _save(folder, step, **options):
    values = {"w": np.full(3, float(step))}
    return ckpt_magics.save_checkpoint(folder / "m", values, global_step=step, durable=False, **options)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A directory in which, between finding its latest checkpoint and opening it, the first two times another saves."""
    _save(tmp_path, 1)
    steps = iter((2, 3))

    def find_and_be_late(path):
        found = finding.find_checkpoint(path)
        step = next(steps, None)
        if step is not None:
            _save(tmp_path, step, max_to_keep=1)
        return found

    for module in (open_tensors, verification):
        monkeypatch.setattr(module, "find_checkpoint", find_and_be_late)
    return tmp_path


DOORS = {
    "load_checkpoint": lambda path: ckpt_magics.load_checkpoint(path)["w"][0],
    "load_variable": lambda path: ckpt_magics.load_variable(path, "w")[0],
    "restore_checkpoint": lambda path: ckpt_magics.restore_checkpoint(path).values["w"][0],
    "describe_checkpoint": lambda path: int(ckpt_magics.describe_checkpoint(path).prefix[-1]),
    "tf.train.load_variable": lambda path: tf.train.load_variable(path, "w")[0],
    "verify_checkpoint": lambda path: (
        (report := ckpt_magics.verify_checkpoint(path)).is_whole and int(report.prefix[-1])
    ),
}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_of_a_directory_the_latest_by_then_is_read(folder, door):
    assert door(str(folder)) == 3


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_of_a_prefix_none_is_read_and_the_latest_is_named(folder, door):
    with pytest.raises(CheckpointNotFoundError, match=r"the latest here is now .*m-2"):
        door(f"{folder}/m-1")


def test_a_reader_that_is_open_keeps_what_it_opened(tmp_path):
    _save(tmp_path, 1)
    with ckpt_magics.load_checkpoint(tmp_path) as opened:
        _save(tmp_path, 2, max_to_keep=1)
        assert not os.path.exists(f"{tmp_path}/m-1.index")
        assert opened["w"].tolist() == [1.0, 1.0, 1.0]


@pytest.mark.parametrize("error", [NotFoundError, ValueError, FileNotFoundError])
def test_a_saver_names_the_latest_and_restores_none(tmp_path, error):
    """TensorFlow's class is ValueError; programs that wait for a newer one look for NotFoundError."""
    with fresh_session() as session:
        variable = tf.get_variable("w", [3], tf.float64, tf.zeros_initializer())
        session.run(variable.initializer)
        prefix = _save(tmp_path, 1)
        _save(tmp_path, 2, max_to_keep=1)
        with pytest.raises(error, match=f"not a valid checkpoint: {prefix}.*is now {tmp_path}/m-2"):
            tf.train.Saver().restore(session, prefix)
        assert session.run(variable).tolist() == [0.0, 0.0, 0.0]


def test_one_that_goes_during_a_savers_restore_is_no_missing_variable(tmp_path, monkeypatch):
    with fresh_session() as session:
        variable = tf.get_variable("w", [3], tf.float64, tf.zeros_initializer())
        session.run(variable.initializer)
        prefix = _save(tmp_path, 1)
        saver = tf.train.Saver()
        run = session.run

        def run_late(*args, **options):
            _save(tmp_path, 2, max_to_keep=1)
            return run(*args, **options)

        monkeypatch.setattr(session, "run", run_late)
        with pytest.raises(NotFoundError, match=f"not a valid checkpoint: {prefix}.*is now {tmp_path}/m-2") as caught:
            saver.restore(session, prefix)
        assert "a Variable name" not in str(caught.value)
        assert run(variable).tolist() == [0.0, 0.0, 0.0]
