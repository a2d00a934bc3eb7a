"""One reader in many places: threads, forked processes, another working directory, a copy in another process."""

import copy
import gc
import operator
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import ckpt_magics
from ckpt_magics.errors import AbortedError, FailedPreconditionError, NotFoundError
from ckpt_magics.files.storage import local_store
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.notebook.reader import load_checkpoint
from tests.descriptors import needs_descriptors, open_files
from tests.files.saved import save_v1, save_v2
from tests.forking import fork

SAVERS = {1: save_v1, 2: save_v2}
ROWS, COLUMNS = 4000, 128
LARGE = np.arange(ROWS * COLUMNS, dtype=np.float32).reshape(ROWS, COLUMNS)
"""2 MB: regions of it are read by themselves."""


def contents(fill=1):
    return {"a": np.full(5, fill, np.float32), "b": np.array([b"x", b"long" * 99], object), "large": LARGE * fill}


def wrong_regions(reader, seed, count=60):
    """Read regions at places of chance; returns how many were not as written."""
    generator, wrong = np.random.default_rng(seed), 0
    for _ in range(count):
        row, column = int(generator.integers(ROWS - 300)), int(generator.integers(COLUMNS - 50))
        part = slice(row, row + 200), slice(column, column + 50)
        wrong += not np.array_equal(reader.get_slice("large", part), LARGE[part])
    return wrong


def forked(work):
    """Run a function in four forked processes at once; returns whether each said True."""
    pids = []
    for number in range(4):
        pid = fork()
        if not pid:
            try:
                os._exit(0 if work(number) else 1)
            finally:
                os._exit(2)
        pids.append(pid)
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0 for pid in pids]


@pytest.mark.parametrize("version", [1, 2])
def test_reads_move_no_position(tmp_path, version, monkeypatch):
    """The position of an open file belongs to all processes that have it, so that no read may use it."""
    handles = []
    opened = local_store.LocalHandle

    def open_handle(path):
        handles.append(opened(path))
        return handles[-1]

    monkeypatch.setattr(local_store, "LocalHandle", open_handle)
    prefix = SAVERS[version](tmp_path / "m", contents())
    with load_checkpoint(prefix) as reader:
        dict(reader)
        reader.get_slice("large", (slice(5, 900), slice(1, 3)))
        reader.get_tensors()
        positions = [os.lseek(handle.descriptor, 0, os.SEEK_CUR) for handle in handles]
    assert len(positions) >= (2 if version == 2 else 1)
    assert set(positions) == {0}


@pytest.mark.parametrize("missing", [("preadv",), ("preadv", "pread")])
def test_systems_that_read_otherwise_read_the_same(tmp_path, monkeypatch, missing):
    """As on old macOS, which has no preadv, and on Windows, which has neither."""
    for name in missing:
        monkeypatch.delattr(os, name)
    prefix = save_v2(tmp_path / "m", contents())
    with load_checkpoint(prefix) as reader, ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda seed: wrong_regions(reader, seed), range(4))) == 0
        np.testing.assert_array_equal(reader["b"], contents()["b"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.parametrize("version", [1, 2])
def test_forked_processes_read_side_by_side(tmp_path, version):
    prefix = SAVERS[version](tmp_path / "m", contents())
    with load_checkpoint(prefix) as reader:
        assert all(forked(lambda seed: wrong_regions(reader, seed, 40 if version == 2 else 4) == 0))
        assert wrong_regions(reader, 9, 4) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_processes_look_names_up_side_by_side(tmp_path):
    names = {f"v{number:05d}_{'x' * 60}": np.full(1, number) for number in range(8000)}
    with load_checkpoint(save_v2(tmp_path / "m", names)) as reader:

        def look(seed):
            chosen = np.random.default_rng(seed).choice(sorted(names), 100).tolist()
            return all(reader[name] == names[name] for name in chosen)

        assert all(forked(look))


@pytest.mark.parametrize("version", [1, 2])
def test_threads_read_side_by_side(tmp_path, version):
    with load_checkpoint(SAVERS[version](tmp_path / "m", contents())) as reader, ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(lambda seed: wrong_regions(reader, seed, 30 if version == 2 else 3), range(8))) == 0


def test_threads_go_on_while_another_one_opens_the_next_version(tmp_path):
    """What one thread has begun to read stays open, though the reader has turned to another version."""
    prefix = save_v2(tmp_path / "m", contents(), num_shards=2)
    with load_checkpoint(prefix) as reader:
        former = reader.named_tensors.source.file
        reader.named_tensors.source._open()
        assert reader.named_tensors.source.file is not former
        np.testing.assert_array_equal(former.read(b"a"), contents()["a"])
        assert reader.named_tensors.source._read(lambda store: store) is reader.named_tensors.source.file


def test_closing_in_one_thread_is_an_error_in_the_others(tmp_path):
    reader = load_checkpoint(save_v2(tmp_path / "m", contents()))

    def close_then_read(store):
        reader.close()
        return store.read(b"a")

    with pytest.raises(FailedPreconditionError, match="closed"):
        reader.named_tensors.source._read(close_then_read)
    with pytest.raises(FailedPreconditionError, match="closed"):
        reader["a"]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("given", ["m", "./m", "sub/../m"])
def test_relative_prefix_outlives_a_chdir(tmp_path, monkeypatch, version, given):
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    SAVERS[version](tmp_path / "m", contents())
    with load_checkpoint(given) as reader:
        assert reader.prefix == given
        monkeypatch.chdir("sub")
        np.testing.assert_array_equal(reader["a"], contents()["a"])
        assert not reader.named_tensors.source.file.replaced()
        assert reader.verify().is_whole
        assert all(map(os.path.exists, reader.files))
        assert reader.show().reader is reader
        assert repr(reader) == f"CheckpointReader({given!r}, version={version})"
        # A path that meant another place by now is given so that it means the same.
        with load_checkpoint(reader.prefix) as again:
            assert list(again) == list(reader)
        SAVERS[version](tmp_path / "m", {"new": np.ones(2, np.float32)})
        assert reader.named_tensors.source.file.replaced()
        monkeypatch.chdir(tmp_path)
        assert reader.prefix == given


def test_data_files_that_are_opened_late_are_found_after_a_chdir(tmp_path, monkeypatch):
    """Of many data files none is open before it is needed."""
    monkeypatch.chdir(tmp_path)
    tensors = {f"t{number:02d}": np.full(3, number) for number in range(20)}
    save_v2("m", tensors, num_shards=20)
    (tmp_path / "sub").mkdir()
    with load_checkpoint("m") as reader:
        monkeypatch.chdir("sub")
        assert all(np.array_equal(reader[name], value) for name, value in tensors.items())
        os.remove(tmp_path / "m.data-00003-of-00020")
    with load_checkpoint(tmp_path / "m") as reader, pytest.raises(NotFoundError, match="has 20 data files, and 19"):
        dict(reader)


def test_reader_of_a_directory_that_went_says_so(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    save_v2(tmp_path / "m", contents())
    os.rmdir(tmp_path / "gone")
    with load_checkpoint(tmp_path / "m") as reader:
        np.testing.assert_array_equal(reader["a"], contents()["a"])
    with pytest.raises(NotFoundError):
        load_checkpoint("m")


def test_data_of_another_version_is_not_taken_for_this_one(tmp_path):
    """A save over many data files reuses their names from the second time on."""
    first = {f"t{number:02d}": np.full(1 << 19, 1, np.float32) for number in range(20)}
    prefix = save_v2(tmp_path / "m", first, num_shards=20)
    with load_checkpoint(prefix) as reader:
        store = reader.named_tensors.source.file
        for fill in (2, 3):
            save_v2(tmp_path / "m", {name: value * fill for name, value in first.items()}, num_shards=20)
        with pytest.raises(AbortedError, match="Open the checkpoint again"):
            store.read(b"t05")
        assert reader.get_slice("t05", slice(0, 2)).tolist() == [3, 3]


# Copies


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("mmap", [False, True])
@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda reader: pickle.loads(pickle.dumps(reader))])
def test_copies_read_the_same(tmp_path, version, mmap, make):
    prefix = SAVERS[version](tmp_path / "m", contents())
    with load_checkpoint(prefix, mmap=mmap) as reader:
        twin = make(reader)
        reader.close()
        assert (twin.prefix, twin.version, repr(twin)) == (reader.prefix, version, repr(reader))
        np.testing.assert_array_equal(twin["large"], LARGE)
        assert list(twin) == sorted(contents())
        assert twin["large"].flags.writeable is not (mmap and version == 2)
        twin.close()


@needs_descriptors
def test_pickle_is_small_and_holds_no_file(tmp_path):
    with load_checkpoint(save_v2(tmp_path / "m", contents())) as reader:
        data = pickle.dumps(reader)
        assert len(data) < 1000 + 3 * len(str(tmp_path))
        before = open_files(tmp_path)
        twin = pickle.loads(data)
        assert open_files(tmp_path) == before
        assert twin["a"][0] == 1


@pytest.mark.parametrize("version", [1, 2])
def test_copy_of_a_version_that_was_replaced_says_so(tmp_path, version):
    """Whether it was saved over before or after the pickle was made, and though names and shapes are the same."""
    prefix = SAVERS[version](tmp_path / "m", contents())
    with load_checkpoint(prefix) as reader:
        before = pickle.dumps(reader)
        SAVERS[version](tmp_path / "m", contents(2))
        after = pickle.dumps(reader)
        for data in (before, after):
            twin = pickle.loads(data)
            for ask in (dict, list, operator.attrgetter("files"), operator.methodcaller("get", "a"), read_sum):
                with pytest.raises(FailedPreconditionError, match=r"replaced meanwhile.*Open it again"):
                    ask(twin)
            assert twin.prefix == prefix
        assert reader["a"][0] == 1


@pytest.mark.parametrize("version", [1, 2])
def test_copy_that_is_open_never_turns_to_another_version(tmp_path, version):
    prefix = SAVERS[version](tmp_path / "m", contents())
    with load_checkpoint(prefix) as reader:
        twin = pickle.loads(pickle.dumps(reader))
    assert twin["a"][0] == 1
    SAVERS[version](tmp_path / "m", contents(2))
    for path in tmp_path.iterdir():
        os.truncate(path, 0)
    for name in ("a", "large"):
        try:
            assert twin[name].flat[-1] == contents()[name].flat[-1]
        except ckpt_magics.CheckpointError:
            continue
    twin.close()


@pytest.mark.parametrize("version", [1, 2])
def test_copy_of_files_that_moved_reads_them_in_their_place(tmp_path, version):
    """Identity is what the files hold: neither inode nor time, which a copy of the directory changes."""
    prefix = SAVERS[version](tmp_path / "m", contents())
    with load_checkpoint(prefix) as reader:
        data = pickle.dumps(reader)
    for path in sorted(tmp_path.iterdir()):
        held = path.read_bytes()
        path.unlink()
        path.write_bytes(held)
        os.utime(path, (1, 1))
    with pickle.loads(data) as twin:
        np.testing.assert_array_equal(twin["large"], LARGE)


def test_copy_of_a_checkpoint_that_went_says_which(tmp_path):
    with load_checkpoint(save_v2(tmp_path / "m", contents())) as reader:
        twin = pickle.loads(pickle.dumps(reader))
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(NotFoundError, match=r"m\.index"):
        twin["a"]


def test_closed_reader_is_not_pickled(tmp_path):
    reader = load_checkpoint(save_v2(tmp_path / "m", contents()))
    reader.close()
    with pytest.raises(FailedPreconditionError, match="closed"):
        pickle.dumps(reader)


def read_sum(reader):
    return float(reader["large"].sum(dtype=np.float64))


def test_readers_go_to_processes_of_their_own(tmp_path, monkeypatch):
    """Also of a relative prefix, to one that starts anew and elsewhere."""
    monkeypatch.chdir(tmp_path)
    save_v2(tmp_path / "m", contents())
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer)['a'].sum())"
    with load_checkpoint("m") as reader:
        data = pickle.dumps(reader)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    found = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, cwd="/", env=environment, check=True
    )
    assert float(found.stdout) == 5


# Ctrl-C


class Interrupt:
    """Raises KeyboardInterrupt at the k-th line that the package runs."""

    def __init__(self, line):
        self.left = line

    def __call__(self, frame, event, argument):
        if "ckpt_magics" not in frame.f_code.co_filename:
            return None
        if event == "line":
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
        return self


def interrupted(work, line):
    """Do some work, interrupted at a line; returns whether there were so many."""
    hook = Interrupt(line)
    sys.settrace(hook)
    try:
        work()
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(None)
    gc.collect()
    return hook.left <= 0


@pytest.fixture
def quick_collection():
    """Leave what was made before out of every collection of garbage."""
    gc.collect()
    gc.freeze()


def open_numbers():
    return {int(name) for name in os.listdir("/proc/self/fd")}


def read_file(path):
    with place_of(path).open() as file:
        file.read_at(0, 4, "start")
        file.read_into(1, memoryview(bytearray(3)), "rest")


def read_checkpoint(prefix):
    with load_checkpoint(prefix) as reader:
        reader["a"]


@needs_descriptors
@pytest.mark.parametrize(("work", "step"), [(read_file, 1), (read_checkpoint, 3)])
def test_ctrl_c_anywhere_closes_every_file_once(tmp_path, monkeypatch, quick_collection, work, step):
    """A number that is closed twice takes the file away from whoever has got it meanwhile."""
    # What is raised in a finalizer cannot be passed on, and is only shown.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    prefix = save_v2(tmp_path / "m", {"a": np.ones(3, np.float32)})
    path = f"{prefix}.index" if work is read_file else prefix
    work(path)
    gc.collect()
    before, line = open_numbers(), 1
    while interrupted(lambda: work(path), line):
        assert open_numbers() == before, line
        line += step
    assert line > 20


@needs_descriptors
def test_ctrl_c_while_closing_takes_nobody_elses_file(tmp_path, monkeypatch, quick_collection):
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    prefix = save_v2(tmp_path / "m", {"a": np.ones(3, np.float32)}, num_shards=3)
    before, line, going_on = open_numbers(), 1, True
    while going_on:
        reader = load_checkpoint(prefix)
        going_on = interrupted(reader.close, line)
        others = [os.open(prefix + ".index", os.O_RDONLY) for _ in range(6)]
        reader.close()
        del reader
        gc.collect()
        for number in others:
            os.fstat(number)
            os.close(number)
        assert open_numbers() == before, line
        line += 1
    assert line > 5
