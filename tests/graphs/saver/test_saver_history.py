"""Which checkpoints a Saver keeps, lists and deletes."""

import os
import shutil

import pytest

import ckpt_magics.compat.v1 as tf
from tests.graphs.saver.programs import fresh_session


@pytest.fixture
def session():
    with fresh_session() as session:
        tf.Variable(1.0, name="v")
        session.run(tf.global_variables_initializer())
        yield session


@pytest.fixture
def prefix(tmp_path):
    return str(tmp_path / "m")


def listed(prefix):
    state = tf.train.get_checkpoint_state(os.path.dirname(prefix))
    assert state.model_checkpoint_path == state.all_model_checkpoint_paths[-1]
    return state.all_model_checkpoint_paths


def files(prefix):
    return sorted(name for name in os.listdir(os.path.dirname(prefix)) if name != "checkpoint")


def paths(prefix, *steps):
    return [f"{prefix}-{step}" for step in steps]


def test_keeps_the_last_ones_and_lists_them(session, prefix):
    saver = tf.train.Saver(max_to_keep=2)
    for step in range(4):
        saver.save(session, prefix, global_step=step)
    assert saver.last_checkpoints == listed(prefix) == paths(prefix, 2, 3)
    assert files(prefix) == [
        f"m-{step}.{ending}" for step in (2, 3) for ending in ("data-00000-of-00001", "index", "meta")
    ]


@pytest.mark.parametrize("version", [1, 2])
def test_deletes_all_shards(session, prefix, version):
    saver = tf.train.Saver(max_to_keep=1, sharded=True, write_version=version)
    for step in range(3):
        saver.save(session, prefix, global_step=step)
    shards = {1: ["m-2-00000-of-00001", "m-2.meta"], 2: ["m-2.data-00000-of-00001", "m-2.index", "m-2.meta"]}
    assert files(prefix) == shards[version]


def test_deletes_single_files_of_version_1(session, prefix):
    saver = tf.train.Saver(max_to_keep=1, write_version=1)
    for step in range(3):
        saver.save(session, prefix, global_step=step)
    assert files(prefix) == ["m-2", "m-2.meta"]


def test_one_saved_again_is_the_newest(session, prefix):
    saver = tf.train.Saver(max_to_keep=2)
    for step in (1, 2, 1, 3):
        saver.save(session, prefix, global_step=step)
    assert saver.last_checkpoints == listed(prefix) == paths(prefix, 1, 3)
    assert not tf.train.checkpoint_exists(f"{prefix}-2")


@pytest.mark.parametrize("max_to_keep", [None, 0])
def test_without_a_limit_keeps_all_and_remembers_none(session, prefix, max_to_keep):
    saver = tf.train.Saver(max_to_keep=max_to_keep)
    for step in range(7):
        saver.save(session, prefix, global_step=step, write_meta_graph=False)
    assert saver.last_checkpoints == []
    assert all(map(tf.train.checkpoint_exists, paths(prefix, *range(7))))
    assert tf.train.latest_checkpoint(os.path.dirname(prefix)) == f"{prefix}-6"


def test_deletes_meta_graphs_of_the_ending_in_use(session, prefix):
    saver = tf.train.Saver(max_to_keep=1)
    for step in range(2):
        saver.save(session, prefix, global_step=step, meta_graph_suffix="graph")
    assert files(prefix) == ["m-1.data-00000-of-00001", "m-1.graph", "m-1.index"]


def test_a_save_that_is_not_listed_deletes_nothing(session, prefix):
    saver = tf.train.Saver(max_to_keep=1)
    saver.save(session, prefix, global_step=1)
    saver.save(session, prefix, global_step=2, write_state=False)
    assert saver.last_checkpoints == paths(prefix, 1)
    assert all(map(tf.train.checkpoint_exists, paths(prefix, 1, 2)))


def test_second_saver_continues_with_the_list_it_is_given(session, prefix):
    first = tf.train.Saver(max_to_keep=2)
    for step in (1, 2):
        first.save(session, prefix, global_step=step)
    second = tf.train.Saver(max_to_keep=2)
    second.set_last_checkpoints_with_time([(path, 0.0) for path in first.last_checkpoints])
    second.save(session, prefix, global_step=3)
    assert second.last_checkpoints == listed(prefix) == paths(prefix, 2, 3)
    assert not tf.train.checkpoint_exists(f"{prefix}-1")


def test_checkpoints_of_unknown_time_are_never_deleted(session, prefix):
    first = tf.train.Saver()
    first.save(session, prefix, global_step=1)
    second = tf.train.Saver(max_to_keep=1)
    second.set_last_checkpoints(first.last_checkpoints)
    second.save(session, prefix, global_step=2)
    assert second.last_checkpoints == paths(prefix, 2)
    assert tf.train.checkpoint_exists(f"{prefix}-1")


@pytest.mark.parametrize("method", ["set_last_checkpoints", "set_last_checkpoints_with_time"])
def test_lists_are_lists(session, method):
    with pytest.raises(AssertionError):
        getattr(tf.train.Saver(), method)(("m-1",))


def test_saver_without_knowledge_deletes_nothing_of_others(session, prefix):
    first = tf.train.Saver(max_to_keep=1)
    first.save(session, prefix, global_step=1)
    second = tf.train.Saver(max_to_keep=1)
    for step in (2, 3):
        second.save(session, prefix, global_step=step)
    assert tf.train.checkpoint_exists(f"{prefix}-1")
    assert not tf.train.checkpoint_exists(f"{prefix}-2")


def test_recovers_the_checkpoints_that_are_still_there(session, prefix):
    first = tf.train.Saver()
    for step in (1, 2, 3):
        first.save(session, prefix, global_step=step)
    os.remove(f"{prefix}-2.index")
    second = tf.train.Saver(max_to_keep=2)
    second.recover_last_checkpoints(first.last_checkpoints)
    assert second.last_checkpoints == paths(prefix, 1, 3)
    second.save(session, prefix, global_step=4)
    assert second.last_checkpoints == paths(prefix, 3, 4)
    assert not tf.train.checkpoint_exists(f"{prefix}-1")


def test_keeps_one_of_every_n_hours(session, prefix):
    saver = tf.train.Saver(max_to_keep=1, keep_checkpoint_every_n_hours=1.0)
    saver.save(session, prefix, global_step=1)
    # As if the first had been saved in the second hour, the next two in the third.
    hour = 3600.0
    [(path, now)] = saver._history._kept
    saver.set_last_checkpoints_with_time([(path, now + 1.5 * hour)])
    saver.save(session, prefix, global_step=2)
    saver.save(session, prefix, global_step=3)
    assert tf.train.checkpoint_exists(f"{prefix}-1"), "kept for good"
    assert not tf.train.checkpoint_exists(f"{prefix}-2")
    assert saver.last_checkpoints == listed(prefix) == paths(prefix, 3)


def test_directory_that_vanished_is_made_again(session, tmp_path):
    folder = tmp_path / "runs"
    saver = tf.train.Saver(max_to_keep=1)
    saver.save(session, str(folder / "m"), global_step=1)
    shutil.rmtree(folder)
    saver.save(session, str(folder / "m"), global_step=2)
    assert tf.train.latest_checkpoint(str(folder)) == str(folder / "m-2")
