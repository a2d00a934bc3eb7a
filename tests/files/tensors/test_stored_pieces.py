"""Values that lie in a file as they are to be written: their bytes are copied, and what is there then counts."""

import errno
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from ckpt_magics import (
    ChecksumError,
    ConvertOptions,
    DataLossError,
    ResourceExhaustedError,
    TruncatedError,
    convert_checkpoint,
    load_checkpoint,
    save_checkpoint,
    verify_checkpoint,
)
from ckpt_magics.files.directory.open_tensors import open_tensors
from ckpt_magics.files.kinds.known import kind_named
from ckpt_magics.files.kinds.sinks import write_tensors
from ckpt_magics.files.storage import copying, progress
from ckpt_magics.files.storage.disk import OutputFile
from ckpt_magics.files.storage.memory_store import MemoryStore
from ckpt_magics.files.storage.place import Place
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.stored_pieces import StoredPieces
from tests.files.faults import faulty_disk

LARGE = 20_000
"""Elements of a tensor that is not written together with its neighbours."""
MODEL = {"a": np.arange(LARGE, dtype=np.float32).reshape(4, -1), "b": np.arange(LARGE, dtype=np.int64), "c": np.int8(1)}
QUICK = SaveOptions(durable=False)
FROM_OR_TO = ["v2", "safetensors", "npy"]


@pytest.fixture(autouse=True)
def small_steps(monkeypatch):
    """Bytes are copied in many pieces, most of which begin somewhere in a tensor."""
    monkeypatch.setattr(copying, "COPY_SIZE", 4096)
    monkeypatch.setattr(progress, "REPORT_STEP", 4096)


@pytest.fixture
def model(tmp_path):
    return save_checkpoint(tmp_path / "m.ckpt", MODEL, write_state=False)


def tensors(path):
    with load_checkpoint(path) as reader:
        return {name: reader[name] for name in reader}


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for name, array in wanted.items():
        np.testing.assert_array_equal(found[name], array, strict=True)


def copied(path, to, target, **options):
    """Return the keys of what was copied from one file to another."""
    with open_tensors(path) as opened:
        source = opened.source
        specs = list(map(source.spec, source.keys()))
        return sorted(write_tensors(target, specs, source, SaveOptions(**options), kind=kind_named(to)).copied)


@pytest.mark.parametrize("to", FROM_OR_TO)
@pytest.mark.parametrize("come_from", ["v2", "safetensors"])
def test_bytes_are_copied_from_files_to_files(tmp_path, come_from, to):
    convert_checkpoint(MODEL, tmp_path / "from", options=ConvertOptions(to=come_from))
    assert copied(tmp_path / "from", to, tmp_path / "new", durable=False) == [b"a", b"b", b"c"]
    assert_same(tensors(tmp_path / "new"), MODEL)
    assert verify_checkpoint(tmp_path / "new").is_whole


def test_files_in_memory_and_in_shards_take_copies_too(model):
    place = Place(MemoryStore(), "m.ckpt")
    assert copied(model, "v2", place, max_shard_size=LARGE) == [b"a", b"b", b"c"]
    assert_same(tensors(place), MODEL)
    place = Place(MemoryStore(), "m.safetensors")
    convert_checkpoint(model, place, options=ConvertOptions(save=SaveOptions(max_shard_size=LARGE * 5)))
    assert len(place.store.list("m.safetensors") + place.store.list("m-")) == 4
    assert_same(tensors(place), MODEL)


@settings(max_examples=10)
@given(data=st.data())
def test_every_dtype_and_shape_comes_out_as_it_was(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("any")
    dtype = data.draw(st.sampled_from(["bool", "int8", "float16", "complex64", "float64"]))
    shape = data.draw(st.sampled_from([(LARGE * 3,), (3, LARGE), (0, LARGE), (1, LARGE, 2, 1)]))
    values = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    source = save_checkpoint(folder / "m.ckpt", {"x": values, "y": values}, durable=False)
    convert_checkpoint(source, folder / "n.safetensors", options=ConvertOptions(save=QUICK))
    assert_same(load_file(folder / "n.safetensors"), {"x": values, "y": values})


def test_a_shape_is_no_reason_to_make_values_anew_and_a_dtype_is(model, tmp_path, monkeypatch):
    made = []
    iterate = StoredPieces.__next__
    monkeypatch.setattr(StoredPieces, "__next__", lambda self: made.append(self.place.offset) or iterate(self))
    steps = [("shape", ["a=2,-1"])]
    convert_checkpoint(model, tmp_path / "x.safetensors", steps, options=ConvertOptions(verify=False))
    assert tensors(tmp_path / "x.safetensors")["a"].tolist() == MODEL["a"].reshape(2, -1).tolist()
    assert not made
    convert_checkpoint(model, tmp_path / "y.safetensors", [*steps, ("dtype", {"a": "float64"})])
    assert tensors(tmp_path / "y.safetensors")["a"].dtype == np.float64


class TestNothingHalf:
    @pytest.fixture
    def target(self, tmp_path):
        path = tmp_path / "there.safetensors"
        convert_checkpoint({"old": np.ones(2)}, path)
        return path

    def kept(self, target):
        assert_same(tensors(target), {"old": np.ones(2)})
        assert not [name for name in os.listdir(target.parent) if name.startswith(".ckpt_magics")]

    def test_a_damaged_tensor(self, model, target):
        data = f"{model}.data-00000-of-00001"
        with open(data, "r+b") as file:
            file.seek(LARGE)
            file.write(b"\xff")
        with pytest.raises(ChecksumError, match=r"Checksum does not match: stored.*tensor 'a'") as caught:
            convert_checkpoint(model, target)
        assert caught.value.file == data
        self.kept(target)

    @pytest.mark.parametrize("is_cut", [True, False])
    def test_a_file_that_changes_meanwhile(self, model, target, is_cut):
        data = f"{model}.data-00000-of-00001"

        def change(done, total):
            with open(data, "r+b") as file:
                if is_cut:
                    file.truncate(LARGE)
                file.seek(LARGE * 4 - 1)
                file.write(b"" if is_cut else b"\xff")

        options = ConvertOptions(save=SaveOptions(durable=False, progress=change))
        with pytest.raises(TruncatedError if is_cut else ChecksumError):
            convert_checkpoint(model, target, options=options)
        self.kept(target)

    def test_an_interrupt(self, model, target):
        def interrupt(done, total):
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            convert_checkpoint(model, target, options=ConvertOptions(save=SaveOptions(progress=interrupt)))
        self.kept(target)

    def test_a_full_disk(self, model, target):
        for at in range(3):
            full = pytest.raises(ResourceExhaustedError, match=r"there\.safetensors")
            with faulty_disk(at, errno.ENOSPC, cut=True, only={"write"}) as faulty, full:
                convert_checkpoint(model, target)
            assert len(faulty.calls) > at
            self.kept(target)

    def test_a_disk_that_has_something_else(self, model, target, monkeypatch):
        read_back = OutputFile._read_back

        def flipped(file, piece):
            read_back(file, piece)
            piece[-1] ^= 1

        monkeypatch.setattr(OutputFile, "_read_back", flipped)
        with pytest.raises(DataLossError, match=r"something else when it is read back.*tensor 'b'"):
            convert_checkpoint(model, target)
        self.kept(target)


def test_without_a_checksum_of_the_source_the_new_one_is_of_what_was_written(model, tmp_path):
    convert_checkpoint(model, tmp_path / "m.safetensors")
    size = os.path.getsize(tmp_path / "m.safetensors")

    def change(done, total):
        with open(tmp_path / "m.safetensors", "r+b") as file:
            file.seek(size - LARGE)
            file.write(b"\xff")

    options = ConvertOptions(save=SaveOptions(progress=change))
    convert_checkpoint(tmp_path / "m.safetensors", tmp_path / "n.ckpt", options=options)
    assert verify_checkpoint(tmp_path / "n.ckpt").is_whole
