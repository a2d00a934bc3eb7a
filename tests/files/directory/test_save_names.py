"""Saves that could not be read back, or would overwrite another checkpoint, are refused before anything is written."""

import os

import numpy as np
import pytest

from ckpt_magics import save_checkpoint
from ckpt_magics.errors import CheckpointError, FailedPreconditionError, InvalidArgumentError, ResourceExhaustedError
from ckpt_magics.files.directory.state import latest_checkpoint, update_checkpoint_state
from ckpt_magics.files.formats.bundle_records import MAX_SHARDS
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.formats.tensor_slice import MAX_NAME_SIZE
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.faults import faulty_disk
from tests.files.saved import write_checkpoint

LATEST = ["m.index", "m.meta", "m.data-00000-of-00001", "x.index", "x.data-00000-of-00003", "s-00000-of-00002", "."]
LATEST += ["..", "a/b", "/b", ".ckpt_magics-x", "n" * 300, "a\0b", "v", 7, b"checkpoint", "\ud800"]


@pytest.fixture
def folder(tmp_path):
    """A directory with checkpoints of each kind."""
    for name, options in {"m": {}, "v": {"write_version": 1}, "s": {"write_version": 1, "num_shards": 2}}.items():
        write_checkpoint(tmp_path / name, {"a": np.ones(2)}, meta_graph=b"x", durable=False, **options)
    return tmp_path


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def refused(folder, name="m", tensors=None, kind=InvalidArgumentError, **options):
    before = contents(folder)
    with pytest.raises(kind) as caught:
        save_checkpoint(folder / name, tensors or {"a": np.zeros(2)}, durable=False, **options)
    assert contents(folder) == before
    return str(caught.value)


@pytest.mark.parametrize(
    "latest",
    LATEST,
    ids=ascii,
)
@pytest.mark.parametrize("version", [1, 2])
def test_state_files_that_cannot_be(folder, latest, version):
    assert refused(folder, latest_filename=latest, write_version=version) != ""


def test_a_state_file_may_have_any_other_name(folder):
    for name in ("latest", "m", "checkpoint.txt", "größe", "index"):
        saved = write_checkpoint(folder / "n", {"a": np.ones(2)}, latest_filename=name, durable=False)
        assert latest_checkpoint(folder, name) == saved


def test_a_state_file_over_a_directory(folder):
    (folder / "d").mkdir()
    assert "d; Is a directory" in refused(folder, latest_filename="d", kind=FailedPreconditionError)


def test_a_state_file_is_not_written_over_a_checkpoint_by_any_door(folder):
    for name in ("v", "m.index"):
        before = contents(folder)
        with pytest.raises(InvalidArgumentError, match="would overwrite a checkpoint"):
            update_checkpoint_state(folder, "m", latest_filename=name)
        assert contents(folder) == before


@pytest.mark.parametrize("name", ["m.index", "m.meta", "m.data-00000-of-00001", "s-00000-of-00002", "checkpoint"])
def test_v1_files_of_a_name_that_another_checkpoint_has(folder, name):
    refused(folder, name, write_version=1)
    refused(folder, name, write_version=1, latest_filename="other")


@pytest.mark.parametrize("name", ["\ud800", "x\udfff/m", "a\0b", "n" * 250, "v/m"], ids=ascii)
def test_prefixes_that_the_system_cannot_have(folder, name):
    refused(folder, name, kind=CheckpointError)
    refused(folder, name, kind=CheckpointError, write_version=1, num_shards=2)


def test_directories_in_the_way(folder):
    for name in ("d.index", "e.meta", "f"):
        (folder / name).mkdir()
    assert "Is a directory" in refused(folder, "d", kind=FailedPreconditionError)
    assert "Is a directory" in refused(folder, "e", kind=FailedPreconditionError)
    assert "Is a directory" in refused(folder, "f", kind=FailedPreconditionError, write_version=1)


def test_a_prefix_that_no_state_file_can_list(folder):
    name = os.fsdecode(b"\xff")
    assert "not UTF-8" in refused(folder, name)
    saved = save_checkpoint(folder / name, {"a": np.ones(2)}, write_state=False, durable=False)
    with load_checkpoint(saved) as reader:
        assert list(reader["a"]) == [1, 1]


@pytest.mark.parametrize("suffix", ["index", "data-00000-of-00001", "a/b", "data-00000-of-00009"])
def test_meta_graphs_under_the_name_of_another_file(folder, suffix):
    before = contents(folder)
    with pytest.raises(InvalidArgumentError, match="meta_graph_suffix"):
        write_checkpoint(folder / "m", {"a": np.zeros(2)}, meta_graph=b"x", meta_graph_suffix=suffix)
    assert contents(folder) == before


@pytest.mark.parametrize("version", [1, 2])
def test_names_of_tensors(folder, version):
    long = "x" * (MAX_NAME_SIZE + 1)
    for name in (long, "é" * (MAX_NAME_SIZE // 2) + "x"):
        text = refused(folder, tensors={name: np.ones(1), "b": np.ones(1)}, write_version=version)
        assert f"{MAX_NAME_SIZE + 1} bytes" in text
        assert len(text) < 400
    for name in ("\ud800", "a\udc00b", "\udcff\ud800"):
        assert "surrogate" in refused(folder, tensors={name: np.ones(1)}, write_version=version)
    name = long[:-1]
    saved = save_checkpoint(folder / "n", {name: np.ones(1)}, write_version=version, durable=False)
    with load_checkpoint(saved) as reader:
        assert list(reader) == [name]


def test_slices_of_a_name_that_is_too_long_with_them(folder):
    """The name would do, and the key that holds it would not."""
    name = b"x" * MAX_NAME_SIZE
    tensors = [PartToSave(name, np.ones(1, np.float32), FLOAT, f"2 {i},1") for i in range(2)]
    with pytest.raises(InvalidArgumentError, match="a reader takes more than"):
        write_checkpoint(folder / "m", tensors)


def test_too_many_slices(folder):
    tensors = [PartToSave(b"x", np.ones(1, np.float32), FLOAT, f"20001 {i},1") for i in range(20_001)]
    with pytest.raises(InvalidArgumentError, match="20001 slices; a reader takes more than 20000"):
        write_checkpoint(folder / "m", tensors)


@pytest.mark.parametrize("count", [MAX_SHARDS + 1, 10**30, 10**5000], ids=["one too many", "many", "very many"])
def test_too_many_shards(folder, count):
    assert "num_shards" in refused(folder, num_shards=count)
    assert "num_shards" in refused(folder, num_shards=count, write_version=1)


@pytest.mark.parametrize("step", [10**300, -(10**300), 10**5000], ids=["long", "negative", "very long"])
def test_steps_too_long_for_a_name(folder, step):
    assert "global_step" in refused(folder, global_step=step)


@pytest.mark.parametrize("hours", [10**400, -(10**400), 1j, float("nan")], ids=["long", "negative", "complex", "nan"])
def test_hours_that_cannot_be(folder, hours):
    assert "keep_checkpoint_every_n_hours" in refused(folder, keep_checkpoint_every_n_hours=hours)


def test_text_with_lone_surrogates(folder):
    text = np.array(["\ud800"], object)
    for version in (1, 2):
        assert "surrogate" in refused(folder, tensors={"a": text}, write_version=version)


@pytest.mark.parametrize("call", ["open", "write", "replace"])
@pytest.mark.parametrize("version", [1, 2])
def test_a_lack_of_memory_is_our_error_and_nothing_has_changed(folder, call, version):
    before = contents(folder)
    with faulty_disk(0, MemoryError, only={call}), pytest.raises(ResourceExhaustedError, match="not enough memory"):
        save_checkpoint(folder / "n", {"a": np.zeros(300_000)}, write_version=version)
    assert contents(folder) == before
