"""Odd names of directories and prefixes: what is saved there is found there, and nothing else is touched."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, PermissionDeniedError
from ckpt_magics.files.directory.state import latest_checkpoint
from ckpt_magics.files.storage import disk
from ckpt_magics.notebook.reader import load_checkpoint
from ckpt_magics.notebook.reports.directory_listing import list_checkpoints
from ckpt_magics.notebook.reports.verification_report import verify_checkpoint
from tests.files.saved import write_checkpoint

VALUES = {"W": np.arange(3, dtype=np.float32), "w": np.arange(4, dtype=np.float32)}
PREFIXES = [
    "run[1]/m", "m[1]", "a*b", "a?b", "{a,b}", "a\\b", "dir\\x/m", " leading", "trailing ", "two words/m ckpt", "~/m",
    "~user", "$HOME", "%h", "ünï/çødé", "日本語", "🙂", "a\nb", "tab\t", "m.index", "m.data-00000-of-00001", "m.meta",
    "m-?????-of-00002x", "-dash", "--flag", ".hidden", "...", "CON", "dot.", "a:b", "x" * 230, "a'b\"c", "#1",
    "a;b&c|d", "checkpoint2", "model.ckpt-5", "file:m",
]  # fmt: skip


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("prefix", PREFIXES, ids=lambda text: ascii(text)[:30])
def test_saved_is_found(tmp_path, monkeypatch, prefix, version):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    path = f"{tmp_path}/{prefix}"
    saved = write_checkpoint(path, VALUES, write_version=version, global_step=7, durable=False)
    folder = os.path.dirname(path)
    assert latest_checkpoint(folder) == saved
    for source in (saved, Path(saved), os.fsencode(saved), folder):
        with load_checkpoint(source) as reader:
            assert list(reader) == ["W", "w"]
            np.testing.assert_array_equal(reader["w"], VALUES["w"])
    assert verify_checkpoint(saved).is_whole
    assert [one.status for one in list_checkpoints(folder).checkpoints] == ["listed"]


def test_old_steps_of_a_prefix_with_brackets_go_and_others_stay(tmp_path):
    write_checkpoint(tmp_path / "m1", VALUES, write_state=False, durable=False)
    for step in range(4):
        write_checkpoint(tmp_path / "m[1]", VALUES, global_step=step, max_to_keep=2, durable=False)
    kept = {name for name in os.listdir(tmp_path) if name.endswith(".index")}
    assert kept == {"m1.index", "m[1]-2.index", "m[1]-3.index"}


def test_home_is_the_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_checkpoint("~/m", VALUES, durable=False)
    assert (tmp_path / "m.index").exists()
    with load_checkpoint("~/m") as reader:
        assert len(reader) == 2


def test_relative_prefix_survives_a_change_of_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_checkpoint("runs/m", VALUES, global_step=1, durable=False)
    monkeypatch.chdir(tmp_path / "runs")
    assert latest_checkpoint(".") == "./m-1"
    with load_checkpoint(".") as reader:
        assert len(reader) == 2
    write_checkpoint("m", VALUES, global_step=2, durable=False)
    assert latest_checkpoint(str(tmp_path / "runs")) == str(tmp_path / "runs" / "m-2")


def test_name_too_long_is_our_error(tmp_path):
    with pytest.raises(CheckpointError):
        write_checkpoint(tmp_path / ("x" * 300), VALUES, durable=False)
    assert os.listdir(tmp_path) == []
    with pytest.raises(CheckpointError):
        load_checkpoint(tmp_path / ("x" * 300))


def test_nul_is_our_error(tmp_path):
    for path in (f"{tmp_path}/a\0b", "a\0/b"):
        with pytest.raises(InvalidArgumentError):
            write_checkpoint(path, VALUES, durable=False)
        with pytest.raises(CheckpointError):
            load_checkpoint(path)


def test_no_file_name_is_made_of_a_tensors_name(tmp_path):
    """So names that differ in case only never meet, on any file system."""
    saved = write_checkpoint(tmp_path / "m", {"A": np.zeros(1), "a": np.ones(1), "CON": np.ones(1)}, durable=False)
    assert {name.casefold() for name in os.listdir(tmp_path)} == {"m.index", "m.data-00000-of-00001", "checkpoint"}
    with load_checkpoint(saved) as reader:
        assert (reader["A"], reader["a"]) == (0, 1)


class WindowsOs:
    """As Windows answers: no rename over an open file, no opening of directories, no syncs of them, no flock."""

    def __init__(self, refusals):
        self.name = "nt"
        self.refusals = refusals

    def __getattr__(self, name):
        if name in {"statvfs", "O_DIRECTORY"}:
            raise AttributeError(name)
        return getattr(os, name)

    def open(self, path, flags, *mode):
        if os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied")
        return os.open(path, flags, *mode)

    def link(self, *arguments, **options):
        raise OSError(errno.EINVAL, "Incorrect function")

    def replace(self, source, target):
        if self.refusals:
            self.refusals -= 1
            raise PermissionError(errno.EACCES, "The process cannot access the file")
        os.replace(source, target)


@pytest.mark.parametrize("version", [1, 2])
def test_file_that_somebody_holds_is_tried_again(tmp_path, monkeypatch, version):
    monkeypatch.setattr(disk.time, "sleep", lambda _seconds: None)
    write_checkpoint(tmp_path / "m", VALUES, write_version=version, durable=False)
    monkeypatch.setattr(disk, "os", WindowsOs(refusals=5))
    write_checkpoint(tmp_path / "m", {"w": np.full(2, 9.0)}, write_version=version)
    monkeypatch.undo()
    with load_checkpoint(tmp_path / "m") as reader:
        assert reader["w"].tolist() == [9, 9]


def test_file_that_is_never_let_go_is_an_error_and_the_old_one_stays(tmp_path, monkeypatch):
    monkeypatch.setattr(disk.time, "sleep", lambda _seconds: None)
    write_checkpoint(tmp_path / "m", VALUES, durable=False)
    before = set(os.listdir(tmp_path))
    monkeypatch.setattr(disk, "os", WindowsOs(refusals=10**6))
    with pytest.raises(PermissionDeniedError):
        write_checkpoint(tmp_path / "m", {"w": np.zeros(2)})
    monkeypatch.undo()
    assert set(os.listdir(tmp_path)) == before
    with load_checkpoint(tmp_path / "m") as reader:
        assert list(reader) == ["W", "w"]


@pytest.mark.parametrize("code", [errno.EXDEV, errno.ESTALE, errno.EIO])
def test_rename_that_a_network_refuses_is_our_error(tmp_path, monkeypatch, code):
    class Network(WindowsOs):
        def replace(self, source, target):
            raise OSError(code, os.strerror(code))

    write_checkpoint(tmp_path / "m", VALUES, durable=False)
    monkeypatch.setattr(disk, "os", Network(0))
    with pytest.raises(CheckpointError):
        write_checkpoint(tmp_path / "m", {"w": np.zeros(2)})
    monkeypatch.undo()
    with load_checkpoint(tmp_path / "m") as reader:
        assert list(reader) == ["W", "w"]
