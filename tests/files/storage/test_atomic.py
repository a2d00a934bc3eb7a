"""Files appear together or not at all, and leftovers of dead processes are swept, others not."""

import errno
import os
import subprocess
import sys

import pytest

from ckpt_magics.errors import (
    CheckpointError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PermissionDeniedError,
    ResourceExhaustedError,
)
from ckpt_magics.files.storage import atomic, disk
from ckpt_magics.files.storage.atomic import (
    StagedFiles,
    is_temporary_name,
    remove_leftovers,
    temporary_name,
)
from tests.files.faults import faulty_disk


def _dead_process():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def write_file(path, data, role, *, durable=True):
    with StagedFiles(os.path.dirname(path), durable=durable) as stage:
        stage.commit(stage.add(path, data), path, role)


def test_nothing_is_visible_before_the_commit(tmp_path):
    with StagedFiles(str(tmp_path)) as stage:
        file = stage.create(str(tmp_path / "a"))
        file.write(b"x" * 3_000_000)
        file.write(b"tail")
        assert all(map(is_temporary_name, os.listdir(tmp_path)))
        stage.commit(file, str(tmp_path / "a"), "index")
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"x" * 3_000_000 + b"tail"
    assert stage.written == [(str(tmp_path / "a"), "index", 3_000_004)]


def test_leaving_without_a_commit_undoes_all(tmp_path):
    (tmp_path / "old").write_bytes(b"old")

    def fail():
        with StagedFiles(str(tmp_path)) as stage:
            _replace_two(stage, tmp_path)

    with pytest.raises(RuntimeError):
        fail()
    assert os.listdir(tmp_path) == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"


def _replace_two(stage, tmp_path):
    stage.publish(stage.add(str(tmp_path / "old"), b"new"), str(tmp_path / "old"), "meta graph")
    stage.publish(stage.add(str(tmp_path / "other"), b"new"), str(tmp_path / "other"), "data")
    stage.create(str(tmp_path / "third")).write(b"x")
    assert (tmp_path / "old").read_bytes() == b"new"
    raise RuntimeError


def test_a_created_directory_goes_with_a_failed_save(tmp_path):
    def fail():
        with StagedFiles(str(tmp_path / "new")):
            assert (tmp_path / "new").is_dir()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert not (tmp_path / "new").exists()


def test_one_missing_directory_is_created_and_no_more(tmp_path):
    write_file(str(tmp_path / "new" / "a"), b"x", "state")
    with pytest.raises(NotFoundError, match=r"No such file or directory.*create the ones above"):
        write_file(str(tmp_path / "x" / "y" / "a"), b"x", "state")


@pytest.mark.parametrize("size", [0, 230, 255])
def test_temporary_names_fit_any_name_that_fits(tmp_path, size):
    path = tmp_path / ("n" * size or "n")
    write_file(str(path), b"x", "state")
    assert path.read_bytes() == b"x"


def test_files_get_the_usual_permissions(tmp_path):
    write_file(str(tmp_path / "a"), b"x", "state")
    umask = os.umask(0)
    os.umask(umask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~umask


def test_a_link_in_place_of_a_file_is_replaced_and_its_target_kept(tmp_path):
    (tmp_path / "target").write_bytes(b"precious")
    (tmp_path / "a").symlink_to(tmp_path / "target")
    write_file(str(tmp_path / "a"), b"x", "state")
    assert (tmp_path / "target").read_bytes() == b"precious"
    assert not (tmp_path / "a").is_symlink()


def test_only_leftovers_of_dead_processes_are_swept(tmp_path):
    mine = temporary_name()
    process, machine, boot = f"-{os.getpid()}-", atomic._machine(), atomic._boot()
    of_dead = mine.replace(process, f"-{_dead_process()}-")
    of_parent = mine.replace(process, f"-{os.getppid()}-")
    elsewhere = of_dead.replace(f"-{machine}-", "-00000000-")
    last_boot = of_parent.replace(f"-{boot}-", "-00000001-")
    own_past = mine[:-16] + "0" * 12 + ".tmp"
    others = ["m.index.tempstate123", ".ckpt_magics-notes.tmp", "x" + of_dead, of_dead + "x"]
    for name in (mine, of_dead, of_parent, elsewhere, last_boot, own_past, *others):
        (tmp_path / name).touch()
    assert sorted(remove_leftovers(str(tmp_path))) == sorted([of_dead, last_boot, own_past])
    assert set(os.listdir(tmp_path)) == {mine, of_parent, elsewhere, *others}


def test_the_next_save_sweeps(tmp_path):
    name = temporary_name().replace(f"-{os.getpid()}-", f"-{_dead_process()}-")
    (tmp_path / name).touch()
    write_file(str(tmp_path / "a"), b"x", "state")
    assert os.listdir(tmp_path) == ["a"]


def test_everything_is_synced_before_and_after_the_renames(tmp_path):
    with faulty_disk() as fake, StagedFiles(str(tmp_path)) as stage:
        stage.publish(stage.add(str(tmp_path / "a"), b"x"), str(tmp_path / "a"), "data")
        stage.commit(stage.add(str(tmp_path / "b"), b"x"), str(tmp_path / "b"), "index")
    calls = [call for call in fake.calls if call in {"write", "fsync", "replace"}]
    assert calls == ["write", "fsync", "replace", "write", "fsync", "fsync", "replace", "fsync"]


def test_not_durable_leaves_out_the_syncs_and_nothing_else(tmp_path):
    calls = {}
    for durable in (True, False):
        with faulty_disk() as fake:
            write_file(str(tmp_path / "a"), b"x", "state", durable=durable)
        calls[durable] = [call for call in fake.calls if call not in {"open", "close"}]
    assert "fsync" not in calls[False]
    assert [call for call in calls[True] if call != "fsync"] == calls[False]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, ResourceExhaustedError),
        (errno.EDQUOT, ResourceExhaustedError),
        (errno.EROFS, PermissionDeniedError),
        (errno.EACCES, PermissionDeniedError),
        (errno.ENAMETOOLONG, InvalidArgumentError),
        (errno.EISDIR, FailedPreconditionError),
        (errno.EIO, CheckpointError),
        (errno.ESTALE, CheckpointError),
        (errno.EXDEV, CheckpointError),
    ],
)
def test_what_the_system_says_becomes_our_error(tmp_path, number, kind):
    with faulty_disk(0, number, only={"write"}), pytest.raises(kind, match=os.strerror(number)) as caught:
        write_file(str(tmp_path / "a"), b"12345", "state")
    assert not os.listdir(tmp_path)
    if kind is ResourceExhaustedError:
        assert "5 bytes are needed" in str(caught.value)


def test_a_nul_in_a_path_is_our_error(tmp_path):
    with pytest.raises(InvalidArgumentError, match="NUL"):
        write_file(str(tmp_path / "a\0b"), b"x", "state")


def test_short_writes_go_on(tmp_path, monkeypatch):
    class Short:
        def __getattr__(self, name):
            return getattr(os, name)

        def write(self, fd, data):
            return os.write(fd, data[:1000])

    monkeypatch.setattr(disk, "os", Short())
    data = os.urandom(100_000)
    write_file(str(tmp_path / "a"), data, "state")
    assert (tmp_path / "a").read_bytes() == data


def test_windows_lets_go_of_a_file_after_a_while(tmp_path, monkeypatch):
    class Windows:
        name = "nt"
        refusals = 2

        def __getattr__(self, name):
            return getattr(os, name)

        def replace(self, source, target):
            if self.refusals:
                self.refusals -= 1
                raise PermissionError(errno.EACCES, "Permission denied")
            os.replace(source, target)

    monkeypatch.setattr(disk, "os", Windows())
    monkeypatch.setattr(disk.time, "sleep", lambda seconds: None)
    write_file(str(tmp_path / "a"), b"x", "state")
    assert (tmp_path / "a").read_bytes() == b"x"


@pytest.mark.parametrize("kind", ["file", "link", "lost link", "nothing"])
def test_what_was_replaced_comes_back_where_there_are_no_hard_links(tmp_path, kind):
    old = tmp_path / "old"
    if kind == "file":
        old.write_bytes(os.urandom(3 << 20))
        old.chmod(0o640)
        os.utime(old, (1, 2))
    elif kind != "nothing":
        (tmp_path / "target").write_bytes(b"precious") if kind == "link" else None
        old.symlink_to("target")
    before = {path.name: (path.lstat().st_mtime, path.lstat().st_mode) for path in tmp_path.iterdir()}
    contents = old.read_bytes() if old.exists() else None

    def fail():
        with StagedFiles(str(tmp_path)) as stage:
            stage.publish(stage.add(str(old), b"new"), str(old), "meta graph")
            assert old.read_bytes() == b"new"
            raise RuntimeError

    with faulty_disk(links=False), pytest.raises(RuntimeError):
        fail()
    after = {path.name: (path.lstat().st_mtime, path.lstat().st_mode) for path in tmp_path.iterdir()}
    if "link" in kind:
        # The time of a link itself is nobody's.
        assert after.keys() == before.keys()
        assert old.is_symlink()
    else:
        assert after == before
    assert (old.read_bytes() if old.exists() else None) == contents


def test_no_room_for_a_copy_of_what_is_replaced_refuses_the_save(tmp_path):
    (tmp_path / "old").write_bytes(b"old")

    def publish():
        with StagedFiles(str(tmp_path)) as stage:
            new = stage.add(str(tmp_path / "old"), b"new")
            stage.publish(new, str(tmp_path / "old"), "meta graph")

    with faulty_disk(1, errno.ENOSPC, only={"write"}, links=False), pytest.raises(ResourceExhaustedError):
        publish()
    assert os.listdir(tmp_path) == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"
