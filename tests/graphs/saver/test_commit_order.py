"""A Saver's files appear in the order of save_checkpoint's: a meta graph with its checkpoint, then the state file."""

import errno
import itertools
import os
import shutil

import pytest

import ckpt_magics as cm
import ckpt_magics.compat.v1 as tf
from ckpt_magics.errors import CheckpointError, UnimplementedError
from ckpt_magics.files.storage import disk
from tests.files.faults import faulty_disk
from tests.graphs.saver.programs import fresh_session

KINDS = list(itertools.product([1, 2], [False, True]))


@pytest.fixture(params=KINDS, ids=str)
def save(request):
    """Saves a value by a Saver of one kind."""
    version, sharded = request.param
    with fresh_session() as session:
        variable = tf.Variable(1.0, name="v")
        other = tf.Variable(1.0, name="w")
        saver = tf.train.Saver(write_version=version, sharded=sharded)

        def save(folder, value, **options):
            variable.load(value, session)
            other.load(value, session)
            return saver.save(session, str(folder / "m"), **options)

        yield save


class _Names:
    """Notes which files got their names, in order."""

    def __init__(self):
        self.names = []

    def __getattr__(self, name):
        return getattr(os, name)

    def replace(self, source, target):
        os.replace(source, target)
        self.names.append(os.path.basename(target))


def test_the_meta_graph_is_there_before_the_checkpoint_is(tmp_path, monkeypatch, save):
    recorder = _Names()
    monkeypatch.setattr(disk, "os", recorder)
    save(tmp_path, 1.0)
    names = [name for name in recorder.names if not name.startswith("part-")]
    if "m.index" in names:
        assert names[-3:] == ["m.meta", "m.index", "checkpoint"]
    else:
        assert [name.partition("-of-")[0] for name in names] in (
            ["m.meta", "m", "checkpoint"],
            ["m.meta", "m-00000", "checkpoint"],
        )


def test_save_checkpoint_has_the_same_order(tmp_path, monkeypatch):
    recorder = _Names()
    monkeypatch.setattr(disk, "os", recorder)
    cm.save_checkpoint(tmp_path / "m", {"v": 1.0})
    assert recorder.names[-3:] == ["m.meta", "m.index", "checkpoint"]


def test_whatever_call_fails_values_and_meta_graph_belong_together(tmp_path, save):
    old = tmp_path / "old"
    old.mkdir()
    save(old, 1.0)
    (old / "m.meta").write_bytes(b"old")
    for at in itertools.count():
        folder = tmp_path / str(at)
        shutil.copytree(old, folder)
        with faulty_disk(at, errno.EIO, only={"write", "replace", "open", "fsync"}) as faulty:
            try:
                save(folder, 2.0)
            except (CheckpointError, ValueError):
                pass
            else:
                break
        with cm.load_checkpoint(folder / "m") as reader:
            values = {float(reader[name]) for name in reader}
        assert values <= {1.0, 2.0}
        assert len(values) == 1
        assert ((folder / "m.meta").read_bytes() == b"old") == (values == {1.0}), faulty.calls[at]
        shutil.rmtree(folder)
    assert at > 8


def test_a_meta_graph_that_cannot_be_leaves_everything_as_it_was(tmp_path, save):
    with pytest.raises(UnimplementedError):
        save(tmp_path, 1.0, save_debug_info=True)
    assert os.listdir(tmp_path) == []


def test_without_a_meta_graph_an_old_one_stays(tmp_path, save):
    save(tmp_path, 1.0)
    before = (tmp_path / "m.meta").read_bytes()
    save(tmp_path, 2.0, write_meta_graph=False)
    assert (tmp_path / "m.meta").read_bytes() == before
