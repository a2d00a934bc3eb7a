"""Saving over a checkpoint of another kind: the prefix gives the new values, and nothing of the old stays."""

import errno
import itertools
import os
import shutil
import threading

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError, CheckpointNotFoundError, PermissionDeniedError
from ckpt_magics.files.directory import finding
from ckpt_magics.files.directory.state import get_checkpoint_state
from ckpt_magics.files.kinds.former_files import is_v1_file
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.place import Place, place_of
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.faults import Killed, faulty_disk
from tests.files.saved import write_checkpoint

KINDS = {
    "V2": {},
    "V2 in shards": {"num_shards": 2},
    "V1": {"write_version": 1},
    "V1 in shards": {"write_version": 1, "num_shards": 2},
}


def save(folder, value, kind, **options):
    tensors = {"a": np.full(3, value), "b": np.full(3, value)}
    return write_checkpoint(folder / "m", tensors, **{"durable": False, **KINDS[kind], **options})


def value_of(prefix):
    with load_checkpoint(prefix) as reader:
        assert set(reader) == {"a", "b"}
        (value,) = {float(value) for name in reader for value in reader[name]}
    return value


@pytest.mark.parametrize(("old", "new"), list(itertools.product(KINDS, KINDS)))
def test_the_prefix_gives_the_new_values_and_the_old_files_are_gone(tmp_path, old, new):
    fresh = tmp_path / "fresh"
    save(fresh, 2, new)
    folder = tmp_path / "d"
    save(folder, 1, old)
    saved = save(folder, 2, new)
    assert value_of(saved) == value_of(folder / "m") == value_of(folder) == 2
    assert get_checkpoint_state(folder).all_model_checkpoint_paths == [saved]
    if old != new:
        assert {name.split("-of-")[0] for name in os.listdir(folder)} <= {
            name.split("-of-")[0] for name in (*os.listdir(fresh), "m.data-00001")
        }


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_are_no_checkpoints_of_the_prefix_stay(tmp_path, kind):
    others = {
        "m.txt": b"text",
        "mm": b"text",
        "m-00000-of-2": b"x",
        "m-1": b"x",
        "m.data-00000-of-1": b"x",
        "x-00000-of-00002": b"x",
    }
    if kind != "V1":
        others["m"] = b"a text of the prefix's name"
    for name, contents in others.items():
        (tmp_path / name).write_bytes(contents)
    save(tmp_path, 1, kind)
    assert {name: (tmp_path / name).read_bytes() for name in others} == others


def test_a_directory_of_the_prefixs_name_stays(tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "x").touch()
    save(tmp_path, 1, "V2")
    assert os.listdir(tmp_path / "m") == ["x"]
    assert value_of(tmp_path / "m") == 1


def test_a_prefix_of_an_indexs_name_does_not_take_the_index_for_its_former_self(tmp_path):
    save(tmp_path, 1, "V2")
    assert not is_v1_file(place_of(tmp_path / "m.index"))
    write_checkpoint(tmp_path / "m.index", {"c": np.zeros(2)}, durable=False)
    assert value_of(tmp_path / "m") == 1


def test_an_index_under_another_name_is_no_former_version(tmp_path):
    save(tmp_path, 1, "V2")
    shutil.copy(tmp_path / "m.index", tmp_path / "copy")
    write_checkpoint(tmp_path / "copy", {"c": np.zeros(2)}, durable=False)
    assert (tmp_path / "copy").exists()


def test_meta_graphs_stay_when_none_is_written(tmp_path):
    save(tmp_path, 1, "V2", meta_graph=b"graph")
    for kind in KINDS:
        save(tmp_path, 2, kind)
        assert (tmp_path / "m.meta").read_bytes() == b"graph"


CHANGES = [("V2", "V1"), ("V2", "V1 in shards"), ("V1", "V2"), ("V1", "V1 in shards"), ("V1 in shards", "V1")]


@pytest.mark.parametrize(("old", "new"), CHANGES)
@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
def test_a_kill_at_every_call_leaves_old_or_new(tmp_path, old, new, after):
    for at in itertools.count():
        folder = tmp_path / str(at)
        save(folder, 1, old)
        with faulty_disk(at, Killed, after=after) as faulty:
            try:
                save(folder, 2, new, durable=True)
            except Killed:
                pass
            else:
                break
        assert value_of(folder / "m") in {1, 2}, faulty.calls[at]
        save(folder, 3, new)
        assert value_of(folder / "m") == value_of(folder) == 3, faulty.calls[at]
        shutil.rmtree(folder)
    assert at > 10


def test_an_old_index_that_cannot_be_removed_is_an_error_for_it_would_hide_the_new_version(tmp_path):
    for kind in ("V1", "V1 in shards"):
        save(tmp_path, 1, "V2")
        with faulty_disk(0, errno.EACCES, only={"unlink"}), pytest.raises(PermissionDeniedError, match=r"m\.index"):
            save(tmp_path, 2, kind)


def test_the_old_index_is_gone_for_good_before_its_data_goes(tmp_path):
    save(tmp_path, 1, "V2")
    with faulty_disk() as faulty:
        save(tmp_path, 2, "V1", durable=True)
    calls = [call for call in faulty.calls if call in {"fsync", "unlink", "replace"}]
    first = calls.index("unlink")
    assert calls[first - 2 : first + 3] == ["replace", "fsync", "unlink", "fsync", "unlink"]


def test_of_two_sets_of_v1_files_the_complete_one_counts(tmp_path):
    """As they lie there while the newer one is being put in place."""
    save(tmp_path, 1, "V1 in shards")
    save(tmp_path / "new", 2, "V1 in shards", num_shards=3)
    shutil.copy(tmp_path / "new" / "m-00001-of-00003", tmp_path)
    assert value_of(tmp_path / "m") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_appears_while_it_is_looked_for_is_seen_whole_or_not_at_all(tmp_path, monkeypatch, kind):
    real, times = Place.exists.fget, []

    def exists(place):
        if not times:
            times.append(1)
            save(tmp_path, 1, kind)
        return real(place)

    monkeypatch.setattr(Place, "exists", property(exists))
    try:
        value = value_of(tmp_path / "m")
    except CheckpointNotFoundError:
        value = 1
    assert value == 1
    assert times


@pytest.mark.parametrize("kind", KINDS)
def test_a_latest_that_goes_before_it_is_opened_gives_way_to_the_next(tmp_path, monkeypatch, kind):
    save(tmp_path, 1, kind, global_step=1)
    real, times = finding.find_latest, []

    def find_latest(directory, *arguments):
        latest = real(directory, *arguments)
        if len(times) < 3:
            times.append(1)
            save(tmp_path, 1 + len(times), kind, global_step=1 + len(times), max_to_keep=1)
        return latest

    monkeypatch.setattr(finding, "find_latest", find_latest)
    assert value_of(tmp_path) == 4


@pytest.mark.parametrize("given", ["m", "m-?????-of-00003"])
def test_several_v1_files_are_read_together_while_they_are_put_in_place(tmp_path, monkeypatch, given):
    found, readers = [], []

    def read():
        try:
            found.append(value_of(tmp_path / given))
        except CheckpointNotFoundError:
            found.append(None)
        except CheckpointError as error:
            found.append(error)

    class Reading:
        """Begins to read after each rename."""

        def __getattr__(self, name):
            return getattr(os, name)

        def replace(self, source, target):
            os.replace(source, target)
            readers.append(threading.Thread(target=read))
            readers[-1].start()

    monkeypatch.setattr(disk, "os", Reading())
    save(tmp_path, 1, "V1 in shards", num_shards=3, write_state=False)
    for reader in readers:
        reader.join()
    assert len(found) == 3
    assert set(found) <= {1.0, None}
