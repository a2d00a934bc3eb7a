"""The state file: paths by TensorFlow's rules, and never a silent "no checkpoint"."""

import os
import warnings

import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.directory.state import (
    CheckpointState,
    checkpoint_exists,
    get_checkpoint_mtimes,
    get_checkpoint_state,
    latest_checkpoint,
    update_checkpoint_state,
)
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from ckpt_magics.notebook.train_readers import latest_checkpoint as tensorflows_latest_checkpoint
from tests.files.saved import write_bundle, write_slice_shards, write_slice_table

_TENSORS = [PartToSave(b"w", np.zeros(3, np.float32), FLOAT), PartToSave(b"x", np.zeros(3, np.float32), FLOAT)]


def _save(folder, *names, time=1_000_000_000):
    for number, name in enumerate(names):
        write_bundle(folder / name, _TENSORS, durable=False)
        os.utime(folder / f"{name}.index", (time + number, time + number))


def _text(folder):
    return (folder / "checkpoint").read_text()


class TestPaths:
    """saving ``m-2`` in the directory ``del`` of the current one, as TensorFlow stores it."""

    @pytest.fixture(autouse=True)
    def _inside(self, tmp_path, monkeypatch):
        (tmp_path / "del").mkdir()
        monkeypatch.chdir(tmp_path)

    def test_under_a_relative_directory_paths_are_relative_to_it(self, tmp_path):
        update_checkpoint_state("del", "del/m-2", ["del/m-1", "/abs/m-0", "del/m-2"])
        assert _text(tmp_path / "del") == (
            'model_checkpoint_path: "m-2"\nall_model_checkpoint_paths: "m-1"\n'
            'all_model_checkpoint_paths: "/abs/m-0"\nall_model_checkpoint_paths: "m-2"\n'
        )

    def test_under_an_absolute_directory_they_stand_as_given(self, tmp_path):
        folder = str(tmp_path / "del")
        update_checkpoint_state(folder, f"{folder}/m-2")
        assert _text(tmp_path / "del").startswith(f'model_checkpoint_path: "{folder}/m-2"\n')

    def test_unless_relative_ones_are_asked_for(self, tmp_path):
        folder = str(tmp_path / "del")
        update_checkpoint_state(folder, f"{folder}/m-2", save_relative_paths=True)
        assert _text(tmp_path / "del") == 'model_checkpoint_path: "m-2"\nall_model_checkpoint_paths: "m-2"\n'

    def test_in_the_current_directory(self, tmp_path):
        update_checkpoint_state("", "cw")
        assert _text(tmp_path).startswith('model_checkpoint_path: "cw"\n')
        update_checkpoint_state(".", "./cw2")
        assert _text(tmp_path).startswith('model_checkpoint_path: "cw2"\n')

    def test_the_latest_is_appended_once(self, tmp_path):
        for given in (None, [], ["del/a"]):
            update_checkpoint_state("del", "del/a", given)
            assert _text(tmp_path / "del").count("all_model") == 1
        update_checkpoint_state("del", "del/a", ["del/a", "del/b"])
        state = get_checkpoint_state("del")
        assert state.all_model_checkpoint_paths == ["del/a", "del/b", "del/a"]

    def test_timestamps_are_as_many_as_paths(self):
        with pytest.raises(InvalidArgumentError, match=r"must match checkpoint paths \(got paths \['del/a'\]"):
            update_checkpoint_state("del", "del/a", ["del/a"], all_model_checkpoint_timestamps=[1.0, 2.0])
        update_checkpoint_state("del", "del/a", None, "state", [1.5], 0.25)
        assert get_checkpoint_state("del", "state") == CheckpointState("del/a", ["del/a"], [1.5], 0.25)

    def test_a_checkpoint_with_the_state_files_name_is_refused(self, tmp_path):
        folder = str(tmp_path / "del")
        with pytest.raises(InvalidArgumentError, match="conflicts with path used for checkpoint state"):
            update_checkpoint_state(folder, f"{folder}/checkpoint")

    def test_reading_joins_relative_paths(self):
        update_checkpoint_state("del", "del/m-2", ["/abs/m", "del/m-2"])
        assert get_checkpoint_state("del").all_model_checkpoint_paths == ["/abs/m", "del/m-2"]


class TestReading:
    def test_without_state_file_there_is_no_state_and_the_newest_is_the_latest(self, tmp_path):
        assert latest_checkpoint(tmp_path) is latest_checkpoint(tmp_path / "nowhere") is None
        _save(tmp_path, "m-1", "m-2")
        assert get_checkpoint_state(tmp_path) is None
        assert latest_checkpoint(tmp_path) == str(tmp_path / "m-2")
        assert tensorflows_latest_checkpoint(tmp_path) is None

    def test_the_latest(self, tmp_path):
        _save(tmp_path, "m-1", "m-2")
        update_checkpoint_state(tmp_path, str(tmp_path / "m-2"))
        assert latest_checkpoint(tmp_path) == str(tmp_path / "m-2")
        assert latest_checkpoint(tmp_path, "other") is None

    @pytest.mark.parametrize("text", [b"", b"\x00", b'model_checkpoint_path: "m-', b"model_checkpoint_path: 1"])
    def test_a_damaged_one_is_replaced_by_the_directory_with_a_warning(self, tmp_path, text):
        _save(tmp_path, "m-1", "m-2")
        write_slice_table(tmp_path / "v1", _TENSORS)
        os.utime(tmp_path / "v1", (1, 1))
        (tmp_path / "checkpoint").write_bytes(text)
        with pytest.warns(UserWarning, match="the newest whole checkpoint in the directory is used instead: .*m-2"):
            state = get_checkpoint_state(tmp_path)
        assert state.all_model_checkpoint_paths == [str(tmp_path / name) for name in ("v1", "m-1", "m-2")]

    def test_an_empty_one_without_checkpoints_is_tensorflows_error(self, tmp_path):
        (tmp_path / "checkpoint").touch()
        with pytest.raises(ValueError, match="Invalid checkpoint state loaded from"):
            get_checkpoint_state(tmp_path)

    def test_a_damaged_one_without_checkpoints_is_none_with_a_warning(self, tmp_path):
        (tmp_path / "checkpoint").write_bytes(b"!")
        with pytest.warns(UserWarning, match="no whole checkpoint in the directory either"):
            assert get_checkpoint_state(tmp_path) is None

    def test_a_stale_one_gives_the_newest_whole(self, tmp_path):
        _save(tmp_path, "m-1", "m-2", "m-3")
        (tmp_path / "m-3.data-00000-of-00001").unlink()
        (tmp_path / "m-2.data-00000-of-00001").write_bytes(b"short")
        update_checkpoint_state(tmp_path, str(tmp_path / "m-4"))
        with pytest.warns(UserWarning, match="m-4, which is not whole; the newest whole one is used: .*m-1"):
            assert latest_checkpoint(tmp_path) == str(tmp_path / "m-1")

    def test_with_nothing_left_it_is_none_with_a_warning(self, tmp_path):
        update_checkpoint_state(tmp_path, str(tmp_path / "m-4"))
        with pytest.warns(UserWarning, match="which is not there"):
            assert latest_checkpoint(tmp_path) is None

    def test_a_moved_directory_with_absolute_paths(self, tmp_path):
        (tmp_path / "before").mkdir()
        _save(tmp_path / "before", "m-1")
        update_checkpoint_state(tmp_path / "before", str(tmp_path / "before" / "m-1"))
        (tmp_path / "before").rename(tmp_path / "after")
        assert latest_checkpoint(tmp_path / "after") == str(tmp_path / "after" / "m-1")

    def test_no_flipped_bit_means_no_checkpoint_or_another_model_in_silence(self, tmp_path):
        _save(tmp_path, "m-1", "m-2", "m-3")
        update_checkpoint_state(tmp_path, str(tmp_path / "m-3"), [str(tmp_path / "m-2")], save_relative_paths=True)
        good = (tmp_path / "checkpoint").read_bytes()
        for bit in range(len(good) * 8):
            damaged = bytearray(good)
            damaged[bit // 8] ^= 1 << bit % 8
            (tmp_path / "checkpoint").write_bytes(damaged)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                latest = latest_checkpoint(tmp_path)
            assert latest == str(tmp_path / "m-3") or (latest and caught), (bit, latest)


class TestExistence:
    def test_prefixes_files_and_patterns(self, tmp_path):
        _save(tmp_path, "m[1]")
        write_slice_table(tmp_path / "v1", _TENSORS)
        pattern, _ = write_slice_shards(tmp_path / "s", _TENSORS, 2)
        for name in ("m[1]", "m[1].index", "v1", pattern, "."):
            assert checkpoint_exists(tmp_path / name)
        for name in ("m1", "m*", "s", "s-?????-of-00003", "m[1].data-00000-of-0000?"):
            assert not checkpoint_exists(tmp_path / name)

    def test_times_of_those_that_exist(self, tmp_path):
        _save(tmp_path, "a", "b")
        found = get_checkpoint_mtimes([tmp_path / "a", tmp_path / "gone", tmp_path / "b"])
        assert found == [1_000_000_000.0, 1_000_000_001.0]
