"""What a killed save published and did not list is listed by the next save of the prefix; nothing else ever is."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import ckpt_magics.compat.v1 as tf
from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.directory.recording import record_checkpoint
from ckpt_magics.files.directory.state import get_checkpoint_state
from ckpt_magics.files.storage.atomic import is_journal_name, journal_name
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.faults import Killed, faulty_disk
from tests.files.saved import write_checkpoint
from tests.graphs.saver.programs import fresh_session

VERSIONS = {"V2": {}, "V2 in shards": {"num_shards": 2}, "V1": {"write_version": 1}}
V1_SHARDS = {"write_version": 1, "num_shards": 2}


def _save(folder, step, name="m", **options):
    values = {"a": np.full(3, float(step)), "b": np.zeros(3)}
    return write_checkpoint(folder / name, values, global_step=step, **{"durable": False, **options})


def _kill_before_listing(folder, step, name="m", **options):
    """Save, and be killed when the files are there and the state file is not written yet."""
    with pytest.MonkeyPatch.context() as patch:

        def killed(*args, **kwargs):
            raise Killed

        patch.setattr("ckpt_magics.files.jobs.saving.record_checkpoint", killed)
        with pytest.raises(Killed):
            _save(folder, step, name, **options)


def _listed(folder):
    return [os.path.basename(path) for path in get_checkpoint_state(folder).all_model_checkpoint_paths]


def _steps(folder):
    """Steps of ``m`` with any file at all."""
    names = (name.partition(".")[0].removeprefix("m-") for name in os.listdir(folder) if name.startswith("m-"))
    return sorted({int(name.partition("-")[0]) for name in names})


def _entries(folder):
    return [name for name in os.listdir(folder) if is_journal_name(name)]


def _entry(folder, contents):
    """An entry that a process left that has ended."""
    path = folder / journal_name().replace(f"-{os.getpid()}-", "-2147483646-")
    path.write_bytes(contents)
    return path


@pytest.mark.parametrize("options", [*VERSIONS.values(), V1_SHARDS], ids=[*VERSIONS, "V1 in shards"])
def test_what_a_killed_save_left_is_listed_and_then_let_go(tmp_path, options):
    _save(tmp_path, 1, max_to_keep=2)
    for step in (2, 3):
        _kill_before_listing(tmp_path, step, **options)
    assert len(_entries(tmp_path)) == 2
    _save(tmp_path, 4, max_to_keep=3)
    pattern = "-?????-of-00002" * (options is V1_SHARDS)
    assert _listed(tmp_path) == [f"m-2{pattern}", f"m-3{pattern}", "m-4"]
    assert _steps(tmp_path) == [2, 3, 4]
    assert not _entries(tmp_path)
    _save(tmp_path, 5, max_to_keep=1)
    assert _steps(tmp_path) == [5]


def test_the_first_save_of_a_new_directory(tmp_path):
    _kill_before_listing(tmp_path / "new", 1)
    _save(tmp_path / "new", 2)
    assert _listed(tmp_path / "new") == ["m-1", "m-2"]


def test_a_save_leaves_no_entry(tmp_path):
    _save(tmp_path, 1)
    assert not _entries(tmp_path)
    with faulty_disk(1, only={"write"}), pytest.raises(CheckpointError):
        _save(tmp_path / "new", 2)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("options", VERSIONS.values(), ids=VERSIONS)
@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
def test_wherever_a_save_is_killed_nothing_of_it_stays_for_ever(tmp_path, options, after):
    _save(tmp_path / "counted", 1)
    with faulty_disk() as faulty:
        _save(tmp_path / "counted", 2, meta_graph=b"graph", **options)
    for at in range(len(faulty.calls)):
        folder = tmp_path / str(at)
        _save(folder, 1, max_to_keep=1)
        with faulty_disk(at, Killed, after=after), pytest.raises(Killed):
            _save(folder, 2, max_to_keep=1, meta_graph=b"graph", **options)
        _save(folder, 3, max_to_keep=1)
        assert _steps(folder) == [3], faulty.calls[at]
        assert _listed(folder) == ["m-3"]
        assert not _entries(folder)


def test_other_unlisted_checkpoints_are_never_touched(tmp_path):
    """Kept by somebody, pinned, or copied here: no entry names them."""
    for step in (1, 2):
        _save(tmp_path, step, write_state=False)
    _save(tmp_path, 7, name="other", write_state=False)
    _kill_before_listing(tmp_path, 3)
    # Saved again under the same step, and killed: it was there before, so nobody asked for it to be listed.
    _kill_before_listing(tmp_path, 2)
    for step in (4, 5):
        _save(tmp_path, step, max_to_keep=1)
    assert _listed(tmp_path) == ["m-5"]
    assert _steps(tmp_path) == [1, 2, 5]
    assert (tmp_path / "other-7.index").exists()


def test_an_entry_waits_for_a_save_of_its_own_prefix(tmp_path):
    _kill_before_listing(tmp_path, 1)
    _save(tmp_path, 1, name="other")
    write_checkpoint(tmp_path / "m", {"a": np.zeros(1)}, durable=False)
    assert _listed(tmp_path) == ["other-1", "m"]
    assert len(_entries(tmp_path)) == 1
    _save(tmp_path, 2)
    assert _listed(tmp_path) == ["other-1", "m", "m-1", "m-2"]


def test_a_listed_checkpoint_keeps_its_place(tmp_path):
    """Killed after the state file was written: the entry says nothing new."""
    for step in (1, 2, 3):
        _save(tmp_path, step)
    _entry(tmp_path, b"m-1")
    _save(tmp_path, 4)
    assert _listed(tmp_path) == ["m-1", "m-2", "m-3", "m-4"]
    assert not _entries(tmp_path)


def test_entries_of_saves_under_way_are_left_alone(tmp_path):
    name = journal_name()
    (tmp_path / name).write_bytes(b"m-1")
    _save(tmp_path, 1, write_state=False)
    _save(tmp_path, 2)
    assert _listed(tmp_path) == ["m-2"]
    assert _entries(tmp_path) == [name]


def test_without_a_limit_nothing_is_listed_but_the_latest(tmp_path):
    _kill_before_listing(tmp_path, 1)
    _save(tmp_path, 2, max_to_keep=None)
    assert _listed(tmp_path) == ["m-2"]
    assert _steps(tmp_path) == [1, 2]
    assert not _entries(tmp_path)


@pytest.mark.parametrize(
    "contents",
    [
        b"",
        b".",
        b"..",
        b"../outside/m-1",
        b"/etc/passwd",
        b"sub/m-1",
        b"m-1\0",
        b"m-*",
        b"notes.txt",
        b"m-9",
        b"\xff\xfe",
        b"m-1" * 10_000,
        b"checkpoint",
    ],
)
def test_hostile_entries_list_and_delete_nothing(tmp_path, contents):
    (tmp_path / "outside").mkdir()
    folder = tmp_path / "here"
    for place in (tmp_path / "outside", folder, folder / "sub"):
        _save(place, 1, write_state=False, meta_graph=b"graph")
    (folder / "notes.txt").write_bytes(b"mine")
    (folder / "m-9.meta").write_bytes(b"a graph that was here before")
    os.utime(folder / "m-9.meta", (1, 1))
    before = sorted(os.listdir(folder))
    _entry(folder, contents)
    _save(folder, 2, max_to_keep=1)
    assert sorted(os.listdir(folder)) == sorted([*before, "checkpoint", "m-2.data-00000-of-00001", "m-2.index"])
    assert _listed(folder) == ["m-2"]
    assert len(os.listdir(tmp_path / "outside")) == 3


def test_an_entry_that_is_no_file_is_not_opened(tmp_path):
    name = _entry(tmp_path, b"").name
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    _save(tmp_path, 1)
    assert not _entries(tmp_path)


def test_a_journal_that_cannot_be_written_stops_no_save(tmp_path):
    _save(tmp_path, 1)
    with faulty_disk(0, only={"open"}) as faulty:
        assert _save(tmp_path, 2).endswith("m-2")
    assert faulty.calls
    assert not _entries(tmp_path)


def test_a_state_file_that_cannot_be_written_leaves_the_checkpoint_to_the_next_save(tmp_path):
    _save(tmp_path, 1)
    # The entry, the data file and the index get their names, the state file does not.
    with faulty_disk(3, only={"replace"}), pytest.raises(CheckpointError, match="checkpoint;"):
        _save(tmp_path, 2)
    _save(tmp_path, 3)
    assert _listed(tmp_path) == ["m-1", "m-2", "m-3"]


def test_a_saver_takes_over_what_another_process_left(tmp_path):
    prefix = str(tmp_path / "m")
    for step in (1, 2):
        _kill_before_listing(tmp_path, step)
    with fresh_session() as session:
        tf.Variable(1.0, name="v")
        session.run(tf.global_variables_initializer())
        saver = tf.train.Saver(max_to_keep=2)
        saver.save(session, prefix, global_step=3)
        assert saver.last_checkpoints == [f"{prefix}-2", f"{prefix}-3"]
    assert _listed(tmp_path) == ["m-2", "m-3"]
    assert _steps(tmp_path) == [2, 3]
    assert not _entries(tmp_path)


def test_a_saver_that_is_killed_leaves_an_entry(tmp_path, monkeypatch):
    def killed(*args, **kwargs):
        raise Killed

    with fresh_session() as session:
        tf.Variable(1.0, name="v")
        session.run(tf.global_variables_initializer())
        with monkeypatch.context() as patch:
            patch.setattr("ckpt_magics.files.directory.retention.update_checkpoint_state", killed)
            with pytest.raises(Killed):
                tf.train.Saver().save(session, str(tmp_path / "m"), global_step=1)
        assert len(_entries(tmp_path)) == 1
        tf.train.Saver(max_to_keep=1).save(session, str(tmp_path / "m"), global_step=2)
    assert _steps(tmp_path) == [2]


_VICTIM = """
import sys, numpy as np
from ckpt_magics.files.jobs import saving
from tests.files.saved import write_checkpoint
saving.record_checkpoint = lambda *args, **options: (print("published", flush=True), sys.stdin.read())
write_checkpoint(sys.argv[1] + "/m", {"a": np.zeros(3)}, global_step=1, durable=False)
"""


def test_a_process_that_is_killed(tmp_path):
    victim = subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with victim:
        assert victim.stdout.readline() == "published\n"
        _save(tmp_path, 2)
        assert _listed(tmp_path) == ["m-2"], "it still runs"
        victim.send_signal(signal.SIGKILL)
    _save(tmp_path, 3)
    assert _listed(tmp_path) == ["m-2", "m-1", "m-3"]


def test_a_copy_without_its_hidden_files_reads_and_saves_as_before(tmp_path):
    _save(tmp_path, 1)
    _kill_before_listing(tmp_path, 2)
    for name in _entries(tmp_path):
        (tmp_path / name).unlink()
    with load_checkpoint(tmp_path) as reader:
        assert reader.prefix.endswith("m-1")
    _save(tmp_path, 3)
    assert _listed(tmp_path) == ["m-1", "m-3"]


def test_a_name_recorded_by_hand_is_taken_too(tmp_path):
    """Whoever writes files and list in two steps gets the same."""
    _kill_before_listing(tmp_path, 1)
    path = _save(tmp_path, 2, write_state=False)
    _, removed = record_checkpoint(
        place_of(path), SaveOptions(max_to_keep=1, durable=False), stem=place_of(tmp_path / "m")
    )
    assert [os.path.basename(old) for old in removed] == ["m-1"]
