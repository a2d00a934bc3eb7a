"""Keeping the last few: a Saver's bookkeeping, and never a file deleted that it must not."""

import math
import os

import numpy as np
import pytest

from ckpt_magics.files.directory.retention import CheckpointHistory, remove_checkpoint
from ckpt_magics.files.directory.state import get_checkpoint_state, update_checkpoint_state
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from ckpt_magics.files.tensors.save_options import SaveOptions
from tests.files.saved import write_bundle, write_slice_shards, write_slice_table

_TENSORS = [PartToSave(b"w", np.zeros(3, np.float32), FLOAT), PartToSave(b"x", np.zeros(3, np.float32), FLOAT)]


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def save(tmp_path):
    """Save a checkpoint with its meta graph and record it."""

    def save_as(history, name, *, stem=None, **options):
        path = str(tmp_path / name)
        write_bundle(path, _TENSORS, durable=False, companions={path + ".meta": b""})
        history.record(
            place_of(path), SaveOptions(durable=False, **options), stem=None if stem is None else place_of(stem)
        )
        return path

    return save_as


def _prefixes(folder):
    return sorted(name.removesuffix(".index") for name in os.listdir(folder) if name.endswith(".index"))


def _listed(folder):
    return [os.path.basename(path) for path in get_checkpoint_state(folder).all_model_checkpoint_paths]


def _names(paths):
    return [os.path.basename(path) for path in paths]


class TestHistory:
    def test_the_oldest_goes_with_all_its_files(self, tmp_path, save):
        history = CheckpointHistory(max_to_keep=2)
        for name in ("s1", "s2", "s3"):
            save(history, name)
        assert _names(history.last_checkpoints) == _listed(tmp_path) == ["s2", "s3"]
        assert sorted(os.listdir(tmp_path)) == ["checkpoint"] + [
            f"{name}.{end}" for name in ("s2", "s3") for end in ("data-00000-of-00001", "index", "meta")
        ]

    def test_saving_one_again_makes_it_the_newest(self, tmp_path, save):
        history = CheckpointHistory(max_to_keep=2)
        for name in ("s1", "s2", "s1", "s3"):
            save(history, name)
        assert _names(history.last_checkpoints) == _listed(tmp_path) == ["s1", "s3"]
        assert _prefixes(tmp_path) == ["s1", "s3"]

    @pytest.mark.parametrize("keep", [None, 0])
    def test_without_a_limit_all_stay_and_the_newest_is_listed(self, tmp_path, save, keep):
        history = CheckpointHistory(max_to_keep=keep)
        for name in ("s1", "s2", "s3"):
            save(history, name)
        assert history.last_checkpoints == []
        assert _listed(tmp_path) == ["s3"]
        assert _prefixes(tmp_path) == ["s1", "s2", "s3"]

    def test_one_every_n_hours_stays_for_ever(self, tmp_path, save):
        clock = Clock()
        history = CheckpointHistory(max_to_keep=1, keep_checkpoint_every_n_hours=1, clock=clock)
        for number in range(8):
            clock.now += 1500
            save(history, f"s{number}")
        # Saved at 1500 s, 3000 s, 4500 s ... after the start: the first beyond 1 h, 2 h, 3 h.
        assert _prefixes(tmp_path) == ["s2", "s4", "s7"]
        assert _listed(tmp_path) == ["s7"]

    def test_at_most_one_goes_per_save(self, tmp_path, save):
        history = CheckpointHistory(max_to_keep=3)
        for number in range(3):
            save(history, f"s{number}")
        history.max_to_keep = 1
        save(history, "s3")
        assert _prefixes(tmp_path) == ["s1", "s2", "s3"]

    def test_paths_taken_over_without_times_are_never_deleted(self, tmp_path, save):
        first, second = CheckpointHistory(max_to_keep=1), CheckpointHistory(max_to_keep=1)
        second.set_last_checkpoints([save(first, "s1")])
        save(second, "s2")
        assert _prefixes(tmp_path) == ["s1", "s2"]
        assert _names(second.last_checkpoints) == ["s2"]
        with pytest.raises(AssertionError):
            second.set_last_checkpoints(("s1",))

    def test_paths_taken_over_with_times_are(self, tmp_path, save):
        first, second = CheckpointHistory(max_to_keep=1), CheckpointHistory(max_to_keep=1)
        second.set_last_checkpoints_with_time([(save(first, "s1"), 0.0)])
        save(second, "s2")
        assert _prefixes(tmp_path) == ["s2"]
        with pytest.raises(AssertionError):
            second.set_last_checkpoints_with_time(("s1", math.inf))

    def test_recovered_paths_are_those_that_exist(self, tmp_path, save):
        first, second = CheckpointHistory(), CheckpointHistory(max_to_keep=2)
        paths = [save(first, "s1"), str(tmp_path / "gone"), save(first, "s2")]
        second.recover_last_checkpoints(paths)
        assert _names(second.last_checkpoints) == ["s1", "s2"]
        save(second, "s3")
        assert _prefixes(tmp_path) == ["s2", "s3"]

    def test_another_savers_checkpoints_stay_listed_and_on_disk(self, tmp_path, save):
        first, second = CheckpointHistory(max_to_keep=2), CheckpointHistory(max_to_keep=2)
        for number in range(4):
            save(first, f"a{number}")
            save(second, f"b{number}")
        assert _listed(tmp_path) == ["b2", "a2", "a3", "b3"] or set(_listed(tmp_path)) == {"a2", "a3", "b2", "b3"}
        assert _listed(tmp_path)[-1] == "b3"
        assert _prefixes(tmp_path) == ["a2", "a3", "b2", "b3"]

    def test_a_damaged_state_file_forgets_nobody(self, tmp_path, save):
        save(CheckpointHistory(), "a1")
        (tmp_path / "checkpoint").write_bytes(b"?")
        save(CheckpointHistory(), "b1")
        assert _listed(tmp_path) == ["a1", "b1"]

    def test_relative_paths_in_an_absolute_directory(self, tmp_path, save, monkeypatch):
        monkeypatch.chdir(tmp_path)
        history = CheckpointHistory()
        write_bundle("s1", _TENSORS)
        history.record(place_of("s1"), SaveOptions(absolute_paths=True))
        assert (tmp_path / "checkpoint").read_text().startswith('model_checkpoint_path: "s1"\n')
        path = save(history, "s2")
        assert get_checkpoint_state(tmp_path).all_model_checkpoint_paths == [str(tmp_path / "s1"), path]

    def test_nothing_outside_the_directory_is_deleted(self, tmp_path, save):
        outside = tmp_path / "outside"
        outside.mkdir()
        write_bundle(outside / "m", _TENSORS)
        (tmp_path / "link").symlink_to(outside)
        inside = tmp_path / "inside"
        inside.mkdir()
        for path in (str(outside / "m"), f"{inside}/../outside/m", f"{tmp_path}/link/m"):
            history = CheckpointHistory(max_to_keep=1)
            history.set_last_checkpoints_with_time([(path, 0.0)])
            save(history, "inside/s")
            assert _prefixes(outside) == ["m"]

    def test_a_checkpoint_under_two_spellings_is_not_deleted(self, tmp_path, save):
        history = CheckpointHistory(max_to_keep=1)
        save(history, "s1")
        save(history, "./s1")
        assert _prefixes(tmp_path) == ["s1"]

    def test_what_cannot_be_deleted_is_a_warning(self, tmp_path, save):
        history = CheckpointHistory(max_to_keep=1)
        save(history, "s1")
        (tmp_path / "s1.index").unlink()
        (tmp_path / "s1.index").mkdir()
        with pytest.warns(UserWarning, match="Ignoring: .*s1.index"):
            save(history, "s2")


class TestRemoval:
    def test_v2(self, tmp_path):
        write_bundle(tmp_path / "m", _TENSORS, num_shards=2, companions={str(tmp_path / "m.meta"): b""})
        stay = ["m", "m.data-0-of-1", "m.meta2", "m2.index", "m.index.tempstate1", "xm.data-00000-of-00002"]
        for name in stay:
            (tmp_path / name).touch()
        remove_checkpoint(str(tmp_path / "m"))
        assert sorted(os.listdir(tmp_path)) == sorted(stay)
        remove_checkpoint(str(tmp_path / "m"))

    def test_v1(self, tmp_path):
        write_slice_table(tmp_path / "m", _TENSORS)
        pattern, _ = write_slice_shards(tmp_path / "s", _TENSORS, 2)
        (tmp_path / "s-00000-of-00003").touch()
        remove_checkpoint(str(tmp_path / "m"), 1)
        remove_checkpoint(pattern, 1)
        assert os.listdir(tmp_path) == ["s-00000-of-00003"]

    @pytest.mark.parametrize("name", ["*", "m[12]", "?1", "m.", "", ".", ".."])
    @pytest.mark.parametrize("version", [1, 2])
    def test_names_are_never_patterns(self, tmp_path, name, version):
        write_bundle(tmp_path / "m1", _TENSORS)
        write_slice_table(tmp_path / "v1", _TENSORS)
        before = sorted(os.listdir(tmp_path))
        remove_checkpoint(f"{tmp_path}/{name}", version)
        assert sorted(os.listdir(tmp_path)) == before

    def test_links_go_and_their_targets_stay(self, tmp_path):
        (tmp_path / "store").mkdir()
        write_bundle(tmp_path / "store" / "m", _TENSORS)
        for name in os.listdir(tmp_path / "store"):
            (tmp_path / name).symlink_to(tmp_path / "store" / name)
        remove_checkpoint(str(tmp_path / "m"))
        assert os.listdir(tmp_path) == ["store"]
        assert len(os.listdir(tmp_path / "store")) == 2


def test_a_state_file_that_lists_foreign_paths_deletes_nothing(tmp_path, save):
    """The list may have been edited by anyone."""
    (tmp_path / "other").mkdir()
    write_bundle(tmp_path / "other" / "m", _TENSORS)
    save(CheckpointHistory(), "m1")
    listed = ["../" + tmp_path.name + "/other/m", "other/m", str(tmp_path / "other" / "m"), "*", "m1"]
    update_checkpoint_state(tmp_path, "m1", listed)
    history = CheckpointHistory(max_to_keep=1)
    history.recover_last_checkpoints(get_checkpoint_state(tmp_path).all_model_checkpoint_paths)
    for number in range(2, 9):
        save(history, f"m{number}")
    assert _prefixes(tmp_path / "other") == ["m"]
