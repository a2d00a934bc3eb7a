"""A manager saves into one directory, keeps what it should and goes on where another one ended."""

import os

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError, NotFoundError
from ckpt_magics.files.directory.awaiting import checkpoints_iterator
from ckpt_magics.files.directory.managed import ManagedCheckpoints
from ckpt_magics.files.directory.pinning import change_pins
from ckpt_magics.files.directory.state import get_checkpoint_state
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.graphs.saver.array_saving import save_checkpoint
from ckpt_magics.graphs.trackable.checkpoint import Checkpoint
from ckpt_magics.graphs.trackable.checkpoint_manager import CheckpointManager
from ckpt_magics.notebook.reports.directory_listing import list_checkpoints


def manager(folder, *, max_to_keep=2, **options):
    return CheckpointManager(Checkpoint(w=np.zeros(2)), folder, max_to_keep, **options)


def prefixes(folder):
    return sorted(name.removesuffix(".index") for name in os.listdir(folder) if name.endswith(".index"))


def names(paths):
    return [os.path.basename(path) for path in paths]


def test_the_last_few_stay_and_the_latest_is_restored(tmp_path):
    one = manager(tmp_path / "a" / "runs")
    assert (one.latest_checkpoint, one.checkpoints, (tmp_path / "a").exists()) == (None, [], False)
    for value in range(4):
        one.checkpoint.w[:] = value
        saved = one.save()
    assert prefixes(one.directory) == names(one.checkpoints) == ["ckpt-3", "ckpt-4"]
    assert one.latest_checkpoint == saved == os.path.join(one.directory, "ckpt-4")
    assert names(file.path for file in saved.files)[-1] == "checkpoint"
    other = manager(tmp_path / "a" / "runs")
    assert other.restore_or_initialize() == saved
    assert other.checkpoint.w.tolist() == [3.0, 3.0]
    assert names(other.save() for _ in range(2)) == ["ckpt-5", "ckpt-6"]


def test_init_fn_is_for_the_first_time(tmp_path):
    called = []
    one = manager(tmp_path, init_fn=lambda: called.append(1))
    assert one.restore_or_initialize() is None
    one.save()
    assert one.restore_or_initialize() == one.latest_checkpoint
    assert called == [1]


def test_what_the_list_names_and_is_gone_is_not_found(tmp_path):
    one = manager(tmp_path)
    one.save()
    (tmp_path / "ckpt-1.index").unlink()
    with pytest.raises(NotFoundError):
        manager(tmp_path).restore_or_initialize()


def test_steps_between_saves(tmp_path):
    step = np.array(0)
    one = manager(tmp_path, step_counter=step, checkpoint_interval=10)
    results = []
    for at in (0, 5, 10, 10, 25):
        step[...] = at
        results.append(one.save() is not None)
    assert results == [True, False, True, False, True]
    assert one.save(check_interval=False) is None
    with pytest.raises(ValueError, match="`step_counter` should be passed"):
        manager(tmp_path, checkpoint_interval=10)
    with pytest.raises(ValueError, match=r"Expected a positive integer or `None` for `max_to_keep`, got 0\."):
        manager(tmp_path, max_to_keep=0)


def test_pinned_checkpoints_stay(tmp_path):
    one = manager(tmp_path, max_to_keep=1)
    one.save()
    change_pins(place_of(tmp_path), ["ckpt-1"], [])
    one.save()
    one.save()
    assert prefixes(tmp_path) == ["ckpt-1", "ckpt-3"]


def test_what_others_list_meanwhile_stays_listed(tmp_path):
    one = manager(tmp_path, max_to_keep=1)
    one.save()
    save_checkpoint(tmp_path / "other", {"v": 1.0}, durable=False)
    one.save()
    state = get_checkpoint_state(tmp_path)
    assert names(state.all_model_checkpoint_paths) == ["other", "ckpt-2"]
    assert len(state.all_model_checkpoint_timestamps) == 2
    assert prefixes(tmp_path) == ["ckpt-2", "other"]


def test_two_managers_in_one_directory_leave_each_other_alone(tmp_path):
    for _ in range(2):
        # The second time they take over what they find.
        one, other = manager(tmp_path), manager(tmp_path, max_to_keep=1, checkpoint_name="best")
        for _ in range(3):
            one.save()
            other.save()
        one.restore_or_initialize()
        other.restore_or_initialize()
    assert names(one.checkpoints) == ["ckpt-2", "ckpt-3"]
    assert names(other.checkpoints) == ["best-3"]
    assert prefixes(tmp_path) == ["best-3", "ckpt-2", "ckpt-3"]
    listed = get_checkpoint_state(tmp_path).all_model_checkpoint_paths
    assert sorted(names(listed)) == ["best-3", "ckpt-2", "ckpt-3"]


def test_a_checkpoint_saves_into_the_directory_of_a_manager(tmp_path):
    one = manager(tmp_path)
    one.save()
    saved = Checkpoint(w=np.zeros(2)).save(tmp_path / "best")
    assert [os.path.basename(file.path) for file in saved.files][-1] == "checkpoint"
    # As TensorFlow has it: the list is the new one alone.
    assert names(get_checkpoint_state(tmp_path).all_model_checkpoint_paths) == ["best-1"]
    one.save()
    assert names(get_checkpoint_state(tmp_path).all_model_checkpoint_paths) == ["best-1", "ckpt-1", "ckpt-2"]
    assert prefixes(tmp_path) == ["best-1", "ckpt-1", "ckpt-2"]


def test_nothing_outside_of_the_directory_is_deleted(tmp_path):
    outside = save_checkpoint(tmp_path / "precious", {"v": 1.0}, durable=False)
    runs = tmp_path / "runs"
    runs.mkdir()
    (runs / "checkpoint").write_text(
        f'model_checkpoint_path: "{outside}"\nall_model_checkpoint_paths: "{outside}"\n'
        "all_model_checkpoint_timestamps: 5.0\n"
    )
    one = manager(runs, max_to_keep=1)
    assert one.checkpoints == [outside]
    one.save()
    assert prefixes(tmp_path) == ["precious"]


def test_one_of_each_hour_is_kept_for_good_and_listed_as_such(tmp_path):
    checkpoint, now = Checkpoint(w=np.zeros(2)), 1_000.0
    managed = ManagedCheckpoints(place_of(tmp_path / "ckpt"), 2, 1, clock=lambda: now)
    for number in range(1, 9):
        now += 1500
        managed.record(checkpoint.write(tmp_path / f"ckpt-{number}"))
        os.utime(tmp_path / f"ckpt-{number}.index", (now, now))
        os.utime(tmp_path / f"ckpt-{number}.data-00000-of-00001", (now, now))
    assert prefixes(tmp_path) == ["ckpt-3", "ckpt-6", "ckpt-7", "ckpt-8"]
    assert names(managed.paths) == ["ckpt-7", "ckpt-8"]
    listing = list_checkpoints(tmp_path)
    assert [(os.path.basename(one.prefix), one.is_kept) for one in listing.checkpoints] == [
        ("ckpt-3", True),
        ("ckpt-6", True),
        ("ckpt-7", False),
        ("ckpt-8", False),
    ]
    assert "unlisted, kept" in str(listing)


def test_a_save_that_fails_changes_nothing(tmp_path, monkeypatch):
    one = manager(tmp_path, max_to_keep=1)
    one.save()
    before = sorted(os.listdir(tmp_path)), one.checkpoints

    def refuse(*_args, **_options):
        raise CheckpointError("no more")

    monkeypatch.setattr("ckpt_magics.graphs.trackable.checkpoint.write_checkpoint", refuse)
    with pytest.raises(CheckpointError, match="no more"):
        one.save()
    assert (sorted(os.listdir(tmp_path)), one.checkpoints) == before
    assert int(one.checkpoint.save_counter) == 1


def test_new_checkpoints_are_waited_for(tmp_path):
    one = manager(tmp_path)
    asked = []

    def is_over():
        asked.append(one.save())
        return len(asked) == 3

    found = list(checkpoints_iterator(tmp_path, timeout=0, timeout_fn=is_over))
    assert found == asked[:2]
    assert list(checkpoints_iterator(tmp_path / "none", timeout=0)) == []
