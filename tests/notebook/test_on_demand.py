"""Readers that have files open only while they read, as views use them."""

import copy
import gc
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from ckpt_magics.errors import DataLossError, FailedPreconditionError, NotFoundError, TensorNotFoundError
from ckpt_magics.notebook.reader import load_checkpoint
from tests.descriptors import needs_descriptors, open_files
from tests.files.saved import save_v1, save_v2

SAVERS = {1: save_v1, 2: save_v2}
LARGE = np.arange(1 << 19, dtype=np.float32).reshape(-1, 8)
"""2 MB: regions of it are read by themselves."""


def contents(fill=1):
    return {"a": np.full(5, fill, np.float32), "b": np.array([b"x"], object), "large": LARGE * fill}


def saved(tmp_path, version, fill=1, **options):
    return SAVERS[version](tmp_path / "m", contents(fill), **(options if version == 2 else {}))


def on_demand(prefix):
    with load_checkpoint(prefix) as reader:
        return reader.on_demand()


ASK = {
    "value": lambda reader: reader["a"],
    "strings": lambda reader: reader["b"],
    "region": lambda reader: reader.get_slice("large", (slice(5, 9), slice(2, 3))),
    "all": dict,
    "items": lambda reader: dict(reader.items()),
    "several": lambda reader: reader.get_tensors(["a", "b"]),
    "names": list,
    "columns": lambda reader: reader.columns(),
    "files": lambda reader: reader.files,
    "damage": lambda reader: reader.damage,
    "objects": lambda reader: reader.object_graph,
    "short name": lambda reader: "none" in reader,
    "frame": lambda reader: reader.frame("large", rows=slice(2, 5)),
    "text": lambda reader: reader.debug_string(),
    "pieces": lambda reader: sum(piece.sum() for _, piece in reader.pieces("large", 1 << 16)),
    "verification": lambda reader: reader.verify().is_whole,
}


@needs_descriptors
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("ask", ASK.values(), ids=list(ASK))
def test_no_file_is_open_between_reads(tmp_path, version, ask):
    prefix = saved(tmp_path, version)
    gc.collect()
    gc.disable()
    try:
        reader = on_demand(prefix)
        assert open_files(tmp_path) == []
        ask(reader)
        assert open_files(tmp_path) == []
        with pytest.raises(TensorNotFoundError):
            reader["nothing"]
        assert open_files(tmp_path) == []
    finally:
        gc.enable()


@needs_descriptors
@pytest.mark.parametrize("version", [1, 2])
def test_dropped_reader_closes_its_files_without_a_collection(tmp_path, version):
    prefix = saved(tmp_path, version)
    gc.collect()
    gc.disable()
    try:
        reader = load_checkpoint(prefix)
        assert open_files(tmp_path)
        del reader
        assert open_files(tmp_path) == []
    finally:
        gc.enable()


@needs_descriptors
@pytest.mark.parametrize("version", [1, 2])
def test_files_stay_open_for_a_walk_over_pieces_and_not_longer(tmp_path, version):
    reader = on_demand(saved(tmp_path, version))
    whole = reader.pieces("large", 1 << 16)
    assert open_files(tmp_path) == []
    next(whole)
    assert open_files(tmp_path)
    reader["a"]
    assert open_files(tmp_path)
    given_up = reader.pieces("large", 1 << 16)
    next(given_up)
    given_up.close()
    assert sum(1 for _ in whole) == LARGE.nbytes // (1 << 16) - 1
    assert open_files(tmp_path) == []


@needs_descriptors
@pytest.mark.parametrize("version", [1, 2])
def test_threads_share_one(tmp_path, version):
    """One lets go while others read: none fails, and in the end nothing is open."""
    reader = on_demand(saved(tmp_path, version))
    start = threading.Barrier(8)

    def work(seed):
        start.wait()
        rows = np.random.default_rng(seed).integers(0, len(LARGE) - 9, 40 if version == 2 else 4)
        parts = [slice(int(row), int(row) + 7) for row in rows]
        walked = np.concatenate([piece.ravel() for _, piece in reader.pieces("large", 1 << 17)])
        same = [np.array_equal(reader.get_slice("large", part), LARGE[part]) for part in parts]
        return all(same) and np.array_equal(walked, LARGE.ravel())

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(work, range(8)))
    assert open_files(tmp_path) == []


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("listed", [False, True])
def test_replaced_checkpoint_is_said_and_not_mixed(tmp_path, version, listed):
    reader = on_demand(saved(tmp_path, version))
    if listed:
        assert len(reader) == len(reader.columns().keys) == 3
        reader["large"]
    # A record of a V1 file may be known by heart: what it gives then is all of the former version.
    walk = reader.pieces("large", 1 << 16) if listed and version == 2 else None
    saved(tmp_path, version, 2)
    for name in ("value", "strings", "region", "all", "several", "pieces"):
        with pytest.raises(FailedPreconditionError, match="replaced meanwhile: run the cell again"):
            ASK[name](reader)
    if walk is not None:
        with pytest.raises(FailedPreconditionError, match="replaced meanwhile: run the cell again"):
            next(walk)
    # What it was told before stays.
    assert not listed or list(reader) == sorted(contents())


@pytest.mark.parametrize("version", [1, 2])
def test_contents_that_came_back_are_read_on(tmp_path, version):
    """As a copy of a directory has them: other inodes and times, the same bytes."""
    reader = on_demand(saved(tmp_path, version))
    list(reader)
    for path in sorted(tmp_path.iterdir()):
        held = path.read_bytes()
        path.unlink()
        path.write_bytes(held)
        os.utime(path, (1, 1))
    elements = [piece.reshape(-1) for _, piece in reader.pieces("large", 1 << 16)]
    np.testing.assert_array_equal(np.concatenate(elements), LARGE.reshape(-1))
    np.testing.assert_array_equal(reader["large"], LARGE)


def test_data_file_that_was_swapped_alone_is_not_read(tmp_path):
    prefix = saved(tmp_path, 2, num_shards=2)
    reader = on_demand(prefix)
    reader["large"]
    for path in tmp_path.glob("m.data-*"):
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data[::-1] + b"x")
    with pytest.raises(FailedPreconditionError, match="replaced meanwhile"):
        reader["large"]


@pytest.mark.parametrize("version", [1, 2])
def test_deleted_checkpoint_is_said_and_its_names_are_known(tmp_path, version):
    reader = on_demand(saved(tmp_path, version))
    names = list(reader)
    for path in tmp_path.iterdir():
        path.unlink()
    gone = "No such file|any matching files"
    with pytest.raises(NotFoundError, match=gone):
        reader["large"]
    with pytest.raises(NotFoundError, match=gone):
        list(reader.pieces("large"))
    assert list(reader) == names
    assert reader.entry("large").shape == LARGE.shape


def test_files_that_become_pipes_or_directories_are_not_waited_for(tmp_path):
    reader = on_demand(saved(tmp_path, 2))
    list(reader)
    (data,) = tmp_path.glob("m.data-*")
    data.unlink()
    os.mkfifo(data)
    with pytest.raises((FailedPreconditionError, DataLossError)):
        reader["large"]


@needs_descriptors
def test_many_data_files_are_let_go_too(tmp_path):
    tensors = {f"t{number:02d}": np.full(3, number) for number in range(40)}
    reader = on_demand(save_v2(tmp_path / "m", tensors, num_shards=40))
    assert all(np.array_equal(value, tensors[name]) for name, value in reader.items())
    assert open_files(tmp_path) == []


@pytest.mark.parametrize("version", [1, 2])
def test_it_outlives_the_reader_that_it_came_from_and_closes_by_itself(tmp_path, version):
    with load_checkpoint(saved(tmp_path, version)) as reader:
        twin = reader.on_demand()
        assert twin.on_demand() is twin
        twin["a"]
        copied = copy.copy(twin)
    np.testing.assert_array_equal(twin["large"], LARGE)
    twin.close()
    with pytest.raises(FailedPreconditionError, match="closed"):
        twin["large"]
    np.testing.assert_array_equal(copied["large"], LARGE)
    assert (copied.named_tensors.source._hold, reader.named_tensors.source._hold) == (False, True)


def test_it_copies_what_another_reader_maps(tmp_path):
    with load_checkpoint(saved(tmp_path, 2), mmap=True) as reader:
        twin = reader.on_demand()
    assert twin["large"].flags.writeable


def test_it_stays_usable_after_a_chdir(tmp_path, monkeypatch):
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    save_v2("m", contents())
    reader = on_demand("m")
    monkeypatch.chdir("sub")
    np.testing.assert_array_equal(reader["large"], LARGE)
