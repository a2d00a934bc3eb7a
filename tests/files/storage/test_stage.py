"""What every store promises of files that appear together, asked of each of them in the same words."""

import pytest

from ckpt_magics.errors import FailedPreconditionError, NotFoundError
from ckpt_magics.files.storage.local_store import LocalStore
from ckpt_magics.files.storage.memory_store import MemoryStore
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.storage.store import EntryKind


@pytest.fixture(params=["local", "memory"])
def runs(request, tmp_path):
    store = MemoryStore() if request.param == "memory" else LocalStore(str(tmp_path))
    return Place(store, "runs")


def contents(place):
    return {name: (place / name).read_start(100) for name in place.names()}


def stage_three(stage):
    data = stage.create("runs/m.data", 3)
    data.write(b"da")
    data.write(memoryview(b"t"))
    index = stage.add("runs/m.index", b"new")
    assert (data.size, index.size) == (3, 3)
    stage.publish(data, "runs/m.data", "data")
    stage.adopt("runs/part", "runs/m.more")
    return index


def test_what_is_committed_is_there_and_told(runs):
    (runs / "part").put(b"more", durable=False)
    with runs.stage(durable=False) as stage:
        stage.commit(stage_three(stage), "runs/m.index", "index")
    assert contents(runs) == {"m.data": b"dat", "m.index": b"new", "m.more": b"more"}
    assert stage.written == [("runs/m.data", "data", 3), ("runs/m.index", "index", 3)]
    assert not stage.durable


def test_without_a_commit_all_is_as_before(runs):
    before = {"m.data": b"old data", "m.index": b"old", "part": b"more"}
    for name, data in before.items():
        (runs / name).put(data, durable=False)

    def fail():
        with runs.stage(durable=False) as stage:
            stage_three(stage)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert contents(runs) == before


def test_a_file_that_was_not_put_in_place_goes(runs):
    with runs.stage(durable=False) as stage:
        stage.check_space("runs/m", 10)
        stage.add("runs/other", b"x")
        stage.commit(stage.add("runs/m", b"y"), "runs/m", "values")
    assert contents(runs) == {"m": b"y"}


def test_a_directory_takes_the_place_of_another_as_a_whole(runs):
    runs.store.make_directory("runs", parents=True)
    (runs / "a" / "old").put(b"old", durable=False)
    target = runs / "a"
    with runs.store.stage_directory(target.name, durable=False) as stage:
        stage.check_space(target.name, 6)
        for name, data in (("one", b"1"), ("below/two", b"22")):
            file = stage.create(name, len(data))
            file.write(data)
            stage.finish(name, file)
        assert target.names() == ["old"]
        stage.commit()
    found = {"/".join([*inner.within(target), name]): inner / name for inner, names in target.walk() for name in names}
    assert {name: place.read_start(9) for name, place in found.items()} == {"below/two": b"22", "one": b"1"}
    assert [(one.path, one.bytes) for one in stage.written] == [("runs/a/one", 1), ("runs/a/below/two", 2)]
    assert target.scan() == {"one": EntryKind.FILE, "below": EntryKind.DIRECTORY}


def test_a_directory_that_is_not_committed_leaves_the_other(runs):
    runs.store.make_directory("runs", parents=True)
    (runs / "a" / "old").put(b"old", durable=False)
    with runs.store.stage_directory("runs/a", durable=False) as stage:
        stage.finish("one", stage.create("one", 0))
    assert contents(runs / "a") == {"old": b"old"}
    assert runs.names() == ["a"]


def test_those_who_change_a_directory_take_turns(runs):
    (runs / "m").put(b"", durable=False)
    with runs.lock() as is_held:
        assert is_held
        (runs / "m").put(b"x", durable=False)
    with runs.lock() as is_held:
        assert is_held


def test_a_name_is_free_or_taken(runs):
    runs.store.make_directory("runs", parents=True)
    place = runs / "m"
    assert not place.is_taken
    assert place.entry() is None
    place.put(b"x", durable=False)
    assert place.is_taken
    assert place.entry().size == 1
    assert place.resolved == (runs / "." / "m").resolved
    runs.sync()
    runs.store.remove_empty("runs")
    assert place.exists
    with pytest.raises(FailedPreconditionError):
        runs.remove()
    place.remove()
    runs.store.remove_empty("runs")
    with pytest.raises(NotFoundError):
        runs.names()
