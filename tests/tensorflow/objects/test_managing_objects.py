"""A manager of checkpoints keeps, deletes and lists what TensorFlow's does, and each takes over from the other."""

import time

import pytest

import ckpt_magics
import ckpt_magics.compat.v2 as stand_in
from tests.tensorflow.objects.manager_programs import PROGRAMS, Clock, made, saves, seen

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def tf():
    import tensorflow

    return tensorflow


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_outcome_is_that_of_tensorflow(tf, program, tmp_path, monkeypatch):
    results = []
    for module, folder in ((tf, tmp_path / "theirs"), (stand_in, tmp_path / "ours")):
        clock = Clock()
        monkeypatch.setattr(time, "time", clock)
        results.append(program(module, folder, clock))
    assert results[1] == results[0]


@pytest.mark.parametrize("first", ["theirs", "ours"])
def test_each_goes_on_where_the_other_ended(tf, first, tmp_path, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    one, other = (tf, stand_in) if first == "theirs" else (stand_in, tf)
    saves(made(one, tmp_path, max_to_keep=3), clock, 3, 10)
    manager = made(other, tmp_path, max_to_keep=2)
    assert seen(manager)[2:] == [["ckpt-1", "ckpt-2", "ckpt-3"], "ckpt-3"]
    manager.restore_or_initialize()
    saves(manager, clock, 1, 10)
    assert seen(manager)[2:] == [["ckpt-3", "ckpt-4"], "ckpt-4"]


def test_tensorflow_manages_what_save_checkpoint_lists(tf, tmp_path):
    for step in range(1, 4):
        ckpt_magics.save_checkpoint(tmp_path / "runs" / "ckpt", {"v": 1.0}, global_step=step, durable=False)
    manager = made(tf, tmp_path, max_to_keep=2)
    assert seen(manager)[2] == ["ckpt-1", "ckpt-2", "ckpt-3"]
    manager.save(checkpoint_number=4)
    assert seen(manager)[2] == ["ckpt-3", "ckpt-4"]
