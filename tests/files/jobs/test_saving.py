"""write_checkpoint: names, state file, what is kept, what is refused; and two savers in one directory."""

import contextlib
import copy
import os
import pickle
import subprocess
import sys

import ml_dtypes
import numpy as np
import pytest

from ckpt_magics.errors import ChecksumError, InvalidArgumentError, NotFoundError, UnimplementedError
from ckpt_magics.files.directory.recording import record_checkpoint
from ckpt_magics.files.directory.state import get_checkpoint_state, latest_checkpoint
from ckpt_magics.files.storage.atomic import is_temporary_name
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_checkpoint

_TENSORS = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "biases": np.zeros(3, np.float32)}


def _save(prefix, **options):
    return write_checkpoint(prefix, _TENSORS, **{"durable": False, **options})


def _prefixes(folder):
    return sorted(name.removesuffix(".index") for name in os.listdir(folder) if name.endswith(".index"))


def _listed(folder):
    return [os.path.basename(path) for path in get_checkpoint_state(folder).all_model_checkpoint_paths]


def test_the_four_files_of_a_checkpoint(tmp_path):
    saved = _save(tmp_path / "model.ckpt", meta_graph=b"graph")
    assert saved == str(tmp_path / "model.ckpt")
    assert [(os.path.basename(file.path), file.role) for file in saved.files] == [
        ("model.ckpt.data-00000-of-00001", "data"),
        ("model.ckpt.meta", "meta graph"),
        ("model.ckpt.index", "index"),
        ("checkpoint", "state"),
    ]
    assert all(os.path.getsize(file.path) == file.bytes for file in saved.files)
    assert saved.bytes == sum(file.bytes for file in saved.files)
    assert saved.tensors == 2
    assert saved.seconds > 0
    for other in (copy.copy(saved), pickle.loads(pickle.dumps(saved))):
        assert (other, other.files) == (saved, saved.files)


def test_arrays_by_name_are_stored_sorted(tmp_path):
    _save(tmp_path / "m")
    data = (tmp_path / "m.data-00000-of-00001").read_bytes()
    assert data == _TENSORS["biases"].tobytes() + _TENSORS["weight"].tobytes()


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "m"),
        ({"global_step": 7}, "m-7"),
        ({"global_step": np.int64(7)}, "m-7"),
        ({"global_step": np.array(7)}, "m-7"),
        ({"write_version": 1}, "m"),
        ({"write_version": 1, "num_shards": 2, "global_step": 7}, "m-7-?????-of-00002"),
        ({"num_shards": 2}, "m"),
    ],
)
def test_what_was_saved_loads_under_the_name_returned(tmp_path, options, name):
    saved = _save(tmp_path / "m", **options)
    assert saved == str(tmp_path / name) == latest_checkpoint(tmp_path)
    with load_checkpoint(saved) as reader:
        assert set(reader) == set(_TENSORS)


def test_paths_in_the_state_file_are_relative_unless_asked_for(tmp_path):
    _save(tmp_path / "m")
    assert (tmp_path / "checkpoint").read_text().startswith('model_checkpoint_path: "m"\n')
    _save(tmp_path / "m", absolute_paths=True)
    assert (tmp_path / "checkpoint").read_text().startswith(f'model_checkpoint_path: "{tmp_path}/m"\n')


def test_seven_saves_of_which_five_are_kept(tmp_path):
    for step in range(1, 8):
        _save(tmp_path / "m", global_step=step, meta_graph=b"")
    assert _listed(tmp_path) == _prefixes(tmp_path) == [f"m-{step}" for step in range(3, 8)]
    assert not (tmp_path / "m-2.meta").exists()


def test_a_smaller_limit_applies_at_once(tmp_path):
    for step in range(1, 5):
        _save(tmp_path / "m", global_step=step)
    _save(tmp_path / "m", global_step=5, max_to_keep=2)
    assert _listed(tmp_path) == _prefixes(tmp_path) == ["m-4", "m-5"]


def test_other_names_are_not_predecessors(tmp_path):
    _save(tmp_path / "best")
    for step in range(3):
        _save(tmp_path / "m", global_step=step, max_to_keep=1)
    assert _prefixes(tmp_path) == ["best", "m-2"]
    assert _listed(tmp_path) == ["best", "m-2"]


@pytest.mark.parametrize("names", [[f"resnet{n}" for n in (18, 34, 50, 101, 152, 200)], [f"m-{n}" for n in range(7)]])
def test_a_save_without_a_step_deletes_nothing(tmp_path, names):
    for name in names:
        assert _save(tmp_path / name, max_to_keep=1).removed == ()
    assert _listed(tmp_path) == names
    assert _prefixes(tmp_path) == sorted(names)


@pytest.mark.parametrize("other", ["m7", "m-7b", "mm-7", "m-a-7", "m--7", "m-", "m", "m.-7", "m-7-8"])
def test_only_the_same_prefix_with_a_number_goes(tmp_path, other):
    _save(tmp_path / other)
    for step in (1, 2):
        _save(tmp_path / "m", global_step=step, max_to_keep=1)
    assert _prefixes(tmp_path) == sorted([other, "m-2"])


def test_what_the_state_file_does_not_list_stays(tmp_path):
    _save(tmp_path / "m", global_step=1, write_state=False)
    for step in (2, 3):
        _save(tmp_path / "m", global_step=step, max_to_keep=1)
    assert _prefixes(tmp_path) == ["m-1", "m-3"]
    (tmp_path / "checkpoint").write_bytes(b"?")
    assert _save(tmp_path / "m", global_step=4, max_to_keep=1).removed == ()
    assert _prefixes(tmp_path) == ["m-1", "m-3", "m-4"]


def test_says_what_it_deleted(tmp_path):
    first = [_save(tmp_path / "m", global_step=step, write_version=1, num_shards=2) for step in (1, 2)]
    saved = _save(tmp_path / "m", global_step=3, max_to_keep=1)
    assert saved.removed == tuple(first)
    assert pickle.loads(pickle.dumps(saved)).removed == saved.removed
    assert _save(tmp_path / "m", global_step=4).removed == ()


@pytest.mark.parametrize("step", [None, 2])
@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("max_to_keep", [-1, 1.5, "x", "5"]),
        ("keep_checkpoint_every_n_hours", [-1.0, float("nan"), "x", None]),
        ("num_shards", [0, -1, 1.5, "2", None]),
        ("write_version", [3, 1.5, "2", None]),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_written(tmp_path, step, option, values):
    _save(tmp_path / "m", global_step=1)
    before = sorted(os.listdir(tmp_path))
    for value in values:
        with pytest.raises(InvalidArgumentError, match=f"{option} is {value!r}"):
            _save(tmp_path / "m", global_step=step, **{option: value})
    assert sorted(os.listdir(tmp_path)) == before


def test_both_versions_go(tmp_path):
    _save(tmp_path / "m", global_step=1, write_version=1, num_shards=2)
    _save(tmp_path / "m", global_step=2, write_version=1)
    _save(tmp_path / "m", global_step=3)
    _save(tmp_path / "m", global_step=4, max_to_keep=1)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint", "m-4.data-00000-of-00001", "m-4.index"]


def test_without_state_nothing_is_listed_or_deleted(tmp_path):
    for step in range(3):
        _save(tmp_path / "m", global_step=step, max_to_keep=1, write_state=False)
    assert not (tmp_path / "checkpoint").exists()
    assert len(_prefixes(tmp_path)) == 3


def test_one_every_n_hours_is_kept_from_call_to_call(tmp_path):
    now = 1_000_000.0
    for step in range(8):
        path = _save(tmp_path / "m", global_step=step, write_state=False)
        record_checkpoint(
            place_of(path),
            SaveOptions(max_to_keep=1, keep_checkpoint_every_n_hours=1, durable=False),
            stem=place_of(tmp_path / "m"),
            clock=lambda time=now: time,
        )
        now += 1500
    assert _prefixes(tmp_path) == ["m-3", "m-6", "m-7"]
    state = get_checkpoint_state(tmp_path)
    assert state.all_model_checkpoint_timestamps == [now - 1500]
    assert state.last_preserved_timestamp == 1_000_000.0 + 6 * 1500


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("checkpoint", {}, "'latest_filename' collides with 'save_path': 'checkpoint' and '.*checkpoint'"),
        ("m", {"latest_filename": "a/b"}, "'latest_filename' must not contain path components"),
        ("m", {"write_version": 3}, "there are versions 1 and 2"),
        ("m", {"num_shards": 0}, "at least 1 is needed"),
        ("m", {"global_step": 1.5}, "global_step is a whole number, not 1.5"),
        ("m", {"global_step": "1"}, "global_step is a whole number"),
        ("", {}, "names no file to save to.*Add the stem of the files, as in .*/model.ckpt"),
        (".", {}, "names no file"),
        ("..", {"global_step": 1}, "names no file"),
        (".", {"write_version": 1, "num_shards": 2}, "names no file"),
    ],
)
def test_refuses_what_cannot_be(tmp_path, name, options, message):
    with pytest.raises(InvalidArgumentError, match=message):
        _save(f"{tmp_path}/{name}", **options)
    assert not os.listdir(tmp_path)


def test_a_checkpoint_may_be_named_checkpoint_with_a_step(tmp_path):
    _save(tmp_path / "checkpoint", global_step=1)
    assert latest_checkpoint(tmp_path) == str(tmp_path / "checkpoint-1")


def test_element_types_that_cannot_be_saved(tmp_path):
    with pytest.raises(InvalidArgumentError, match="datetime64") as caught:
        write_checkpoint(tmp_path / "m", {"when": np.zeros(2, "M8[s]")})
    assert caught.value.tensor == "when"
    with pytest.raises(UnimplementedError, match=r"V1 files cannot hold u \(bfloat16\)"):
        write_checkpoint(tmp_path / "m", {"u": np.zeros(2, ml_dtypes.bfloat16)}, write_version=1)


@pytest.mark.parametrize("version", [1, 2])
def test_several_missing_directories(tmp_path, monkeypatch, version):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    for prefix, text in [
        ("a/b/c/d/m", "a/b/c/d; No such file or directory: a/b is missing. "),
        ("x/y/m", "x/y; No such file or directory: x is missing. "),
        (tmp_path / "x\x1b/y/m", rf"{tmp_path}/x\x1b is missing. "),
    ]:
        with pytest.raises(NotFoundError) as caught:
            _save(prefix, write_version=version)
        assert text in str(caught.value)
        assert str(caught.value).endswith("One missing directory is created; create the ones above it first.")
    assert sorted(os.listdir()) == ["a"]
    assert os.listdir("a") == []


@pytest.mark.parametrize(
    "name",
    ["run[1]/m", "back\\slash/m", "m[1]", "a b", "größe-模型", "m*", "-m", "x" * 230, "m.index", "~", "m-1-of-2"],
)
def test_odd_paths(tmp_path, name):
    for _ in range(2):
        saved = _save(f"{tmp_path}/{name}", meta_graph=b"")
        folder = os.path.dirname(saved)
        assert latest_checkpoint(folder) == saved
        with load_checkpoint(saved) as reader:
            assert set(reader) == set(_TENSORS)


def test_the_home_directory_and_relative_paths(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert _save("~/m") == str(tmp_path / "m")
    assert _save("m2") == "m2"
    assert latest_checkpoint(".") == "./m2"


_WRITER = """
import sys, numpy as np
from tests.files.saved import write_checkpoint
folder, name, saves, keep = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for step in range(saves):
    tensors = {"value": np.full(1000, step)}
    write_checkpoint(f"{folder}/{name}", tensors, global_step=step, max_to_keep=keep, durable=False)
"""


def test_two_savers_in_one_directory_forget_nothing(tmp_path):
    writers = [subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path), name, "40", "3"]) for name in ("a", "b")]
    while any(writer.poll() is None for writer in writers):
        latest = latest_checkpoint(tmp_path)
        if latest is not None:
            assert os.path.basename(latest)[:2] in {"a-", "b-"}
    assert [writer.returncode for writer in writers] == [0, 0]
    expected = {f"{name}-{step}" for name in "ab" for step in (37, 38, 39)}
    assert set(_prefixes(tmp_path)) == set(_listed(tmp_path)) == expected
    assert not [name for name in os.listdir(tmp_path) if is_temporary_name(name)]


def _only_value(prefix):
    with load_checkpoint(prefix) as reader:
        (value,) = np.unique(reader["value"])
    return value


def test_two_savers_of_one_prefix_leave_one_whole_version(tmp_path):
    code = _WRITER.replace("global_step=step, ", "")
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), "m", "40", "3"]) for _ in range(2)]
    while any(writer.poll() is None for writer in writers):
        # A reader may come too late for the data of the index that it opened, twice in a row when saves take a
        # millisecond; it may say so, and must never mix two of them.
        with contextlib.suppress(NotFoundError, ChecksumError), load_checkpoint(tmp_path / "m") as reader:
            assert len(np.unique(reader["value"])) == 1
    assert [writer.returncode for writer in writers] == [0, 0]
    assert len(os.listdir(tmp_path)) in {3, 4}
    assert float(_only_value(tmp_path / "m")) == 39


def test_a_killed_saver_leaves_a_whole_checkpoint(tmp_path):
    for _ in range(3):
        code = _WRITER.replace("np.full(1000", "np.full(300_000")
        writer = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), "m", "1000000", "2"])
        while latest_checkpoint(tmp_path) is None and writer.poll() is None:
            pass
        writer.kill()
        writer.wait()
        assert _only_value(latest_checkpoint(tmp_path)) >= 0
    _save(tmp_path / "m", global_step=0)
    assert not [name for name in os.listdir(tmp_path) if is_temporary_name(name)]
