"""What every store promises, asked of each of them in the same words."""

import os
import pickle

import pytest

from ckpt_magics.errors import (
    AbortedError,
    FailedPreconditionError,
    NotFoundError,
    TruncatedError,
)
from ckpt_magics.files.storage.local_store import LocalStore
from ckpt_magics.files.storage.memory_store import MemoryStore
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.store import ABSENT, Range, Suffix

DATA = bytes(range(100))


@pytest.fixture(params=["local", "memory"])
def store(request, tmp_path):
    if request.param == "memory":
        return MemoryStore()
    (tmp_path / "runs").mkdir()
    return LocalStore(str(tmp_path))


@pytest.fixture
def place(store):
    store.put("runs/m", DATA, durable=False)
    return Place(store, "runs/m")


def whole(store, name):
    return store.read(name, [Suffix(1 << 20)]).parts[0]


def test_what_was_put_is_read_by_ranges(store, place):
    contents = store.read("runs/m", [Range(90, 10), Suffix(3), Range(0, 0), Range(5, 2), Suffix(1000)])
    assert contents.parts == [DATA[90:], DATA[-3:], b"", DATA[5:7], DATA]
    assert contents.info == place.info()
    assert (contents.info.size, contents.info.is_file) == (100, True)


@pytest.mark.parametrize("wrong", [(99, 2), (101, 0), (-1, 1), (0, 1 << 62), (1 << 62, 1), (0, 1 << 70), (3, -1)])
def test_ranges_outside_of_a_file_are_refused(store, place, wrong):
    with pytest.raises(TruncatedError) as caught:
        store.read("runs/m", [Range(0, 1), Range(*wrong)])
    assert caught.value.file == "runs/m"


def test_what_is_no_file_is_not_read(store, place):
    for name in ("runs/none", "none/m", "runs/m/below", ""):
        assert store.info(name) is None or not store.info(name).is_file
        with pytest.raises((NotFoundError, FailedPreconditionError)):
            store.read(name, [])
    with pytest.raises(NotFoundError, match=r"^runs/none; No such file or directory"):
        store.open_read("runs/none")
    with pytest.raises(FailedPreconditionError, match=r"^runs; Is a directory"):
        store.open_read("runs")


def test_a_name_is_listed_with_those_that_begin_alike(store, place):
    for name in ("runs/m.index", "runs/n", "runs/m.data-00000-of-00001"):
        store.put(name, b"", durable=False)
    assert store.list("runs/m") == ["m", "m.data-00000-of-00001", "m.index"]
    assert store.list("runs/") == ["m", "m.data-00000-of-00001", "m.index", "n"]
    assert store.list("runs/x") == []
    assert "runs" in store.list("")
    for nothing in ("none/", "none/m", "runs/m/"):
        with pytest.raises(NotFoundError):
            store.list(nothing)


def test_a_version_is_told_from_every_other(store, place):
    first = store.info("runs/m").version
    assert store.read("runs/m", [Range(0, 1)], first).info.version == first
    with place.open() as file:
        assert not file.replaced()
        store.put("runs/m", DATA, durable=False)
        assert file.replaced()
        assert file.read_at(1, 2, "range") == DATA[1:3]
        file.release()
        with pytest.raises(FailedPreconditionError, match="replaced meanwhile"):
            file.read_at(1, 2, "range")
    with pytest.raises(FailedPreconditionError, match="replaced meanwhile"):
        store.read("runs/m", [], first)
    store.remove("runs/m")
    assert file.replaced()


def test_one_that_let_go_reads_on(store, place):
    with place.open() as file:
        file.release()
        buffer = bytearray(4)
        file.read_into(96, memoryview(buffer), "range")
        assert buffer == DATA[96:]
        view = file.map()
    assert bytes(view) == DATA
    with pytest.raises(FailedPreconditionError, match="closed"):
        file.read_at(0, 1, "range")


def test_a_put_is_refused_if_something_else_is_there(store, place):
    version = store.info("runs/m").version
    with pytest.raises(AbortedError):
        store.put("runs/m", b"new", if_match=ABSENT)
    assert whole(store, "runs/m") == DATA
    store.put("runs/m", b"new", if_match=version)
    with pytest.raises(AbortedError):
        store.put("runs/m", b"newer", if_match=version)
    assert whole(store, "runs/m") == b"new"
    store.put("runs/other", b"", if_match=ABSENT)
    with pytest.raises(AbortedError):
        store.put("runs/third", b"", if_match=version)
    assert store.list("runs/") == ["m", "other"]
    assert store.can_swap


def test_what_was_removed_is_gone(store, place):
    assert store.remove("runs/m")
    assert not store.remove("runs/m")
    assert not place.exists
    assert place.modified == float("-inf")


def test_names_that_lead_to_one_place_are_told_as_one(store):
    runs = Place(store, "runs")
    names = [runs / "m", runs / "./m", Place(store, "runs//m"), Place(store, store.absolute("runs/m"))]
    assert len({one.identity for one in names}) == 1
    assert names[0] / store.absolute("x") == Place(store, store.absolute("x"))
    assert [str(names[2]), names[2].stem, names[2].directory.name] == ["runs//m", "m", "runs"]
    assert (runs / "").stem == ""


def test_a_store_that_was_pickled_reaches_the_same_files(store, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path.parent)
    copy = pickle.loads(pickle.dumps(place))
    with copy.open() as file:
        assert file.read_at(0, 100, "file") == DATA
    assert copy.name == "runs/m"


def test_names_of_the_disk_lead_to_the_same_place_after_a_chdir(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = LocalStore()
    assert store.spelled("m") == "m"
    monkeypatch.chdir(tmp_path.parent)
    store.put("m", b"x", durable=False)
    assert (tmp_path / "m").read_bytes() == b"x"
    assert store.spelled("m") == os.fspath(Place(store, "m")) == str(tmp_path / "m")
    assert store.remove("m")
