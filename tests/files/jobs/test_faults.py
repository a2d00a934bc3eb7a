"""Whatever call fails, and wherever a save is killed: the old version loads or the new one, with nothing left over."""

import errno
import os
import shutil
import warnings
from itertools import product

import numpy as np
import pytest

from ckpt_magics.errors import CheckpointError, PermissionDeniedError, ResourceExhaustedError
from ckpt_magics.files.directory.inventory import take_inventory
from ckpt_magics.files.directory.state import latest_checkpoint
from ckpt_magics.files.storage import disk
from ckpt_magics.files.storage.atomic import is_temporary_name
from ckpt_magics.files.storage.place import Place
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.faults import FaultyStore, Killed, faulty_disk
from tests.files.saved import write_checkpoint
from tests.safety.scale import scaled

OLD, NEW, NEXT = 1.0, 2.0, 3.0


def _tensors(value):
    return {
        "weight": np.full((40, 50), value, np.float32),
        "biases": np.full(3, value),
        "name": np.array([b"x"], object),
    }


def _save(folder, value, *, step=None, **options):
    return write_checkpoint(
        folder / "m", _tensors(value), global_step=step, max_to_keep=2, meta_graph=b"%f" % value, **options
    )


def _value(prefix):
    with load_checkpoint(prefix) as reader:
        assert set(reader) == {"weight", "biases", "name"}
        values = {float(v) for name in ("weight", "biases") for v in np.unique(reader[name])}
    assert len(values) == 1
    return values.pop()


def _litter(folder):
    return [name for name in os.listdir(folder) if is_temporary_name(name)]


CASES = {
    "V2": {},
    "V2 in shards": {"num_shards": 2},
    "V1": {"write_version": 1},
    "not durable": {"durable": False},
}


# What is common to all of them is tried in memory; the disk has its own way of putting files in place, once per format.
ON_DISK = scaled({name: CASES[name] for name in ("V2", "V1")}, CASES)


@pytest.fixture(params=ON_DISK.values(), ids=ON_DISK)
def options(request):
    return request.param


@pytest.fixture(params=["same prefix", "next step"])
def steps(request):
    """Steps of an old and a new save: the same prefix is overwritten, or the new one gets its own."""
    return (None, None, None) if request.param == "same prefix" else (1, 2, 3)


def _each_call(tmp_path, options, steps, *, links=True):
    """Yield a directory with an old checkpoint for each call that the next save makes."""
    old = tmp_path / "old"
    _save(old, OLD, step=steps[0], **{**options, "durable": False})
    counted = tmp_path / "counted"
    shutil.copytree(old, counted)
    with faulty_disk(links=links) as faulty:
        _save(counted, NEW, step=steps[1], **options)
    assert len(faulty.calls) > 8
    for at in range(len(faulty.calls)):
        folder = tmp_path / str(at)
        shutil.copytree(old, folder)
        yield at, folder
        shutil.rmtree(folder)


FAULTS = (errno.EIO, errno.ENOSPC, errno.EROFS, KeyboardInterrupt)
# Which fault it is makes no difference to what a file system without hard links is left with.
FAULTS_AND_LINKS = scaled([*((fault, True) for fault in FAULTS), (errno.EIO, False)], [*product(FAULTS, (True, False))])


@pytest.mark.parametrize(("fault", "links"), FAULTS_AND_LINKS, ids=str)
def test_every_call_may_fail(tmp_path, options, steps, links, fault):
    for at, folder in _each_call(tmp_path, options, steps, links=links):
        before = set(os.listdir(folder))
        saved = True
        with faulty_disk(at, fault, cut=True, links=links) as faulty:
            try:
                # Old data that cannot be removed is a warning: the save itself has succeeded.
                with warnings.catch_warnings(action="ignore"):
                    _save(folder, NEW, step=steps[1], **options)
            except (CheckpointError, KeyboardInterrupt) as error:
                saved = False
                _check_kind(error, fault)
        failed = faulty.calls[at]
        value = _value(latest_checkpoint(folder))
        assert value == NEW if saved else value in {OLD, NEW}, failed
        if failed != "unlink":
            assert not _litter(folder), failed
            if value == OLD and not saved and steps[0] is None:
                assert set(os.listdir(folder)) == before, failed
                assert (folder / "m.meta").read_bytes() == b"%f" % OLD, failed
        _save(folder, NEXT, step=steps[2], **{**options, "durable": False})
        assert _value(latest_checkpoint(folder)) == NEXT
        assert not _litter(folder), failed


def _check_kind(error, fault):
    if fault is KeyboardInterrupt:
        assert isinstance(error, KeyboardInterrupt)
    elif fault == errno.ENOSPC:
        assert isinstance(error, ResourceExhaustedError)
        assert "bytes are free" in str(error)
        assert error.errno == errno.ENOSPC
    elif fault == errno.EROFS:
        assert isinstance(error, PermissionDeniedError)


@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
def test_a_kill_at_every_call_leaves_old_or_new(tmp_path, options, steps, after):
    for at, folder in _each_call(tmp_path, options, steps):
        with faulty_disk(at, Killed, after=after, cut=True) as faulty, pytest.raises(Killed):
            _save(folder, NEW, step=steps[1], **options)
        assert _value(latest_checkpoint(folder)) in {OLD, NEW}, faulty.calls[at]
        _save(folder, NEXT, step=steps[2], **{**options, "durable": False})
        assert _value(latest_checkpoint(folder)) == NEXT
        assert not _litter(folder), faulty.calls[at]


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_an_interrupt_right_after_every_call_leaves_old_or_new(tmp_path, options, steps, links):
    for at, folder in _each_call(tmp_path, options, steps, links=links):
        with faulty_disk(at, KeyboardInterrupt, after=True, links=links) as faulty, pytest.raises(KeyboardInterrupt):
            _save(folder, NEW, step=steps[1], **options)
        value = _value(latest_checkpoint(folder))
        assert value in {OLD, NEW}, faulty.calls[at]
        if steps[0] is None:
            assert (folder / "m.meta").read_bytes() == b"%f" % value, faulty.calls[at]
        assert not _litter(folder), faulty.calls[at]


def _each_change(options, steps):
    """Yield a directory in memory with an old checkpoint for each call by which the next save changes it."""
    old = FaultyStore()
    _save(Place(old, "runs"), OLD, step=steps[0], **options)
    counted = old.copy()
    _save(Place(counted, "runs"), NEW, step=steps[1], **options)
    assert len(counted.calls) >= 4
    for at in range(len(counted.calls)):
        yield at, Place(old.copy(), "runs")


IN_MEMORY = {name: case for name, case in CASES.items() if case.get("durable", True)}
REFUSALS = scaled([ResourceExhaustedError], [ResourceExhaustedError, PermissionDeniedError])


@pytest.mark.parametrize("options", IN_MEMORY.values(), ids=IN_MEMORY)
@pytest.mark.parametrize("after", [False, True], ids=["before the call", "after the call"])
@pytest.mark.parametrize("fault", [*REFUSALS, KeyboardInterrupt, Killed])
def test_every_change_of_a_store_may_fail(options, steps, fault, after):
    for at, folder in _each_change(options, steps):
        before = folder.names()
        folder.store.arm(at, fault, after=after)
        saved = True
        try:
            with warnings.catch_warnings(action="ignore"):
                _save(folder, NEW, step=steps[1], **options)
        except (fault, CheckpointError):
            saved = False
        failed = folder.store.calls[at]
        folder.store.arm(None)
        value = _value(folder.at(latest_checkpoint(folder)))
        assert value == NEW if saved else value in {OLD, NEW}, failed
        if value == OLD and not saved and steps[0] is None and fault is not Killed:
            assert folder.names() == before, failed
            assert (folder / "m.meta").read_start(100) == b"%f" % OLD, failed
        _save(folder, NEXT, step=steps[2], **options)
        assert _value(folder.at(latest_checkpoint(folder))) == NEXT
        assert take_inventory(folder).leftovers == (), failed


def test_a_full_disk_counts_what_the_save_itself_gives_back(tmp_path, monkeypatch):
    """The part that was written is removed, so its bytes are as free as the others."""
    big = np.zeros(3 << 20, np.uint8)
    # Somebody else took the space after the save began.
    free = iter([big.nbytes, 10])
    monkeypatch.setattr(disk, "_free_bytes", lambda path: next(free))
    with faulty_disk(1, errno.ENOSPC, only={"write"}), pytest.raises(ResourceExhaustedError) as caught:
        write_checkpoint(tmp_path / "m", {"big": big}, durable=False)
    assert f"{big.nbytes} bytes are needed for this file, {10 + (2 << 20)} bytes are free" in str(caught.value)


def test_a_refused_path_is_shown_without_its_control_characters(tmp_path):
    with faulty_disk(0, errno.EACCES, only={"open"}), pytest.raises(PermissionDeniedError) as caught:
        write_checkpoint(tmp_path / "m\x1b[31m", {"a": np.zeros(2)})
    assert "\x1b" not in str(caught.value)
    assert "you may write to" in str(caught.value)


class _Recorder:
    """Stands in for the ``os`` module: short counts for writes, advice written down and refused."""

    def __init__(self):
        self.advice = []

    def __getattr__(self, name):
        return getattr(os, name)

    def write(self, descriptor, data):
        return os.write(descriptor, data[: 3 << 14])

    def posix_fadvise(self, descriptor, offset, size, advice):
        self.advice.append((offset, size))
        raise OSError(errno.EINVAL, "no advice taken")


@pytest.mark.parametrize("write_version", [1, 2])
def test_the_disk_begins_with_a_durable_file_before_its_end(tmp_path, monkeypatch, write_version):
    recorder = _Recorder()
    monkeypatch.setattr(disk, "os", recorder)
    monkeypatch.setattr(disk, "WRITEBACK_SIZE", 1 << 16)
    array = np.random.default_rng(0).random(200_000, np.float32)
    for durable in (False, True):
        prefix = tmp_path / f"m{durable}"
        write_checkpoint(prefix, {"a": array}, durable=durable, write_version=write_version)
        with load_checkpoint(prefix) as reader:
            np.testing.assert_array_equal(reader["a"], array)
        if not durable:
            assert not recorder.advice
    starts = [start for start, _ in recorder.advice]
    assert len(starts) >= 8
    assert starts == [0, *np.cumsum([size for _, size in recorder.advice])[:-1]]
    assert min(size for _, size in recorder.advice) >= 1 << 16
