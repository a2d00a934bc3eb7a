"""What is done to files on a disk is done to files in memory in the same way."""

import os

import numpy as np
import pytest

from ckpt_magics.files.directory.finding import find_checkpoint
from ckpt_magics.files.directory.inventory import LISTED, take_inventory
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.directory.pinning import change_pins
from ckpt_magics.files.directory.repair import rewrite_state
from ckpt_magics.files.directory.state import get_checkpoint_state
from ckpt_magics.files.jobs.salvage import write_good_tensors
from ckpt_magics.files.jobs.verification import check_checkpoint
from ckpt_magics.files.kinds.known import WRITTEN_KINDS
from ckpt_magics.files.kinds.sinks import write_tensors
from ckpt_magics.files.storage.memory_store import MemoryStore
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.save_options import SaveOptions
from tests.files.saved import write_checkpoint

TENSORS = {"dense/kernel": np.arange(12, dtype=np.float32).reshape(3, 4), "step": np.array(7, np.int64)}


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A directory in memory; on the disk nothing may appear."""
    monkeypatch.chdir(tmp_path)
    yield Place(MemoryStore(), "runs")
    assert os.listdir(tmp_path) == []


def values(place, **options):
    with open_tensors(place, **options) as tensors:
        return {name: tensors.read(name) for name in tensors}


def assert_same(found, tensors=TENSORS):
    assert found.keys() == tensors.keys()
    for name, array in tensors.items():
        np.testing.assert_array_equal(found[name], array)


@pytest.mark.parametrize("kind", WRITTEN_KINDS, ids=lambda kind: kind.name)
def test_every_kind_is_written_found_and_read(runs, kind):
    tensors = {kind.name_form.format(name.rpartition("/")[2]): array for name, array in TENSORS.items()}
    source = ArraySource(tensors)
    place = runs / f"model{kind.suffixes[0] if kind.suffixes else ''}".removesuffix("/")
    specs = list(map(source.spec, source.in_file_order()))
    write_tensors(place, specs, source, SaveOptions(), kind=kind)
    assert_same(values(place), tensors)
    verification = check_checkpoint(find_checkpoint(place))
    assert verification.is_whole
    assert sum(file.size for file in kind.byte_map(find_checkpoint(place).place)) > 0


SAVES = [{}, {"num_shards": 2}, {"write_version": 1}, {"write_version": 1, "num_shards": 2}]


@pytest.mark.parametrize("options", SAVES, ids=str)
def test_a_save_over_another_leaves_nothing_of_it(runs, options):
    write_checkpoint(runs / "m", {"old": np.zeros(5)}, write_state=False)
    for _ in range(2):
        write_checkpoint(runs / "m", TENSORS, write_state=False, **options)
        assert_same(values(runs / "m"))
        inventory = take_inventory(runs)
        assert inventory.leftovers == ()
        assert sorted(inventory.checkpoints[0].files) == runs.names()


def test_a_directory_is_kept_listed_pinned_and_repaired(runs):
    for step in range(4):
        write_checkpoint(runs / "m", TENSORS, global_step=step, max_to_keep=2)
    assert [one.place.stem for one in take_inventory(runs).checkpoints] == ["m-2", "m-3"]
    assert find_checkpoint(runs).prefix == "runs/m-3"
    assert get_checkpoint_state(runs).all_model_checkpoint_paths == ["runs/m-2", "runs/m-3"]
    assert_same(values(runs))
    change_pins(runs, ["m-2"])
    write_checkpoint(runs / "m", TENSORS, global_step=4, max_to_keep=1)
    assert [one.place.stem for one in take_inventory(runs).checkpoints] == ["m-2", "m-4"]
    (runs / "checkpoint").remove()
    assert rewrite_state(runs).path == "runs/checkpoint"
    assert [one.status for one in take_inventory(runs).checkpoints if not one.is_pinned] == [LISTED]
    assert not any(name.startswith(".") for name in runs.names())


def test_what_is_good_of_a_damaged_one_is_salvaged(runs):
    write_checkpoint(runs / "m", TENSORS, write_state=False)
    data = runs / "m.data-00000-of-00001"
    with data.open() as file:
        contents = bytearray(file.read_at(0, file.size, "data"))
    contents[0] ^= 1
    data.put(bytes(contents))
    verification = check_checkpoint(find_checkpoint(runs / "m"))
    assert [tensor.entry.name for tensor in verification.tensors if tensor.error] == ["dense/kernel"]
    write_good_tensors(verification, runs / "good")
    assert_same(values(runs / "good"), {"step": TENSORS["step"]})


def test_values_are_read_as_views_of_memory(runs):
    write_checkpoint(runs / "m", TENSORS, write_state=False)
    assert_same(values(runs / "m", mmap=True))
