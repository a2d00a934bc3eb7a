"""Tensors as arrays of dask: right values, chunks that follow slices and files, tasks without files or secrets."""

import pickle

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ckpt_magics
from ckpt_magics.files.formats.dtypes import FLOAT, STRING
from ckpt_magics.files.parallel.lazy_arrays import chunk_sizes
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from ckpt_magics.files.tensors.source import TensorSpec
from tests.descriptors import needs_descriptors, open_files
from tests.files.saved import write_checkpoint

VALUES = {
    "w": np.arange(6000, dtype=np.float32).reshape(200, 30),
    "scalar": np.float64(3),
    "empty": np.zeros((0, 4), np.int32),
    "text": np.array([b"one", b""], object),
    "half": np.arange(20).astype(ml_dtypes.bfloat16),
}


@pytest.fixture
def prefix(tmp_path):
    return str(write_checkpoint(tmp_path / "m", {name: np.asarray(one) for name, one in VALUES.items()}, durable=False))


@given(st.lists(st.integers(0, 40), max_size=3), st.integers(1, 400))
def test_chunks_cover_a_tensor_and_are_small_enough(shape, most):
    chunks = chunk_sizes(TensorSpec(b"w", FLOAT, tuple(shape)), most)
    assert shape == [sum(lengths) for lengths in chunks]
    assert np.prod([max(lengths) for lengths in chunks], dtype=int) * 4 <= max(most, 4)


def test_strings_are_one_chunk():
    assert chunk_sizes(TensorSpec(b"s", STRING, (9,)), 1) == ((9,),)


@pytest.mark.parametrize("chunks", [4096, "1 KiB", "slices", "64MiB"])
def test_values(prefix, chunks):
    with ckpt_magics.load_checkpoint(prefix) as reader:
        found = reader.dask_arrays(chunks=chunks)
    assert sorted(VALUES) == list(found)
    for name, array in found.items():
        value = array.compute(scheduler="synchronous")
        assert value.dtype == array.dtype
        np.testing.assert_array_equal(value, VALUES[name])


def test_chunks_end_where_slices_end(tmp_path):
    whole = VALUES["w"]
    parts = [("0,50:-", whole[:50]), ("50,150:-", whole[50:])]
    prefix = write_checkpoint(
        tmp_path / "m", [PartToSave(b"w", part, FLOAT, f"200 30 {where}") for where, part in parts], durable=False
    )
    with ckpt_magics.load_checkpoint(prefix) as reader:
        array = reader.dask_arrays(["w"], chunks="slices")["w"]
        finer = reader.dask_arrays([b"w"], chunks=100 * 30 * 4)["w"]
    assert array.chunks == ((50, 150), (30,))
    assert finer.chunks == ((50, 100, 50), (30,))
    np.testing.assert_array_equal(array[40:60].compute(scheduler="threads"), whole[40:60])
    np.testing.assert_array_equal(finer.compute(scheduler="threads"), whole)


@needs_descriptors
def test_tasks_hold_no_files(prefix, tmp_path):
    with ckpt_magics.load_checkpoint(prefix) as reader:
        array = reader.dask_arrays()["w"]
    copy = pickle.loads(pickle.dumps(array))
    assert VALUES["w"].sum() == copy.sum().compute(scheduler="synchronous")
    assert open_files(tmp_path) == []


def test_a_checkpoint_saved_over_it_is_told(prefix):
    with ckpt_magics.load_checkpoint(prefix) as reader:
        array = reader.dask_arrays()["w"]
    write_checkpoint(prefix, {"w": VALUES["w"] + 1}, durable=False)
    with pytest.raises(ckpt_magics.FailedPreconditionError, match="replaced"):
        array.compute(scheduler="synchronous")


def test_names_tell_versions_apart(prefix):
    with ckpt_magics.load_checkpoint(prefix) as reader:
        first, again = (reader.dask_arrays()["w"] for _ in range(2))
    write_checkpoint(prefix, {"w": VALUES["w"] + 1}, durable=False)
    with ckpt_magics.load_checkpoint(prefix) as reader:
        other = reader.dask_arrays()["w"]
    assert first.name == again.name != other.name


@pytest.mark.parametrize("chunks", ["many", 0, -1])
def test_refuses_what_is_no_size(prefix, chunks):
    with ckpt_magics.load_checkpoint(prefix) as reader, pytest.raises(ckpt_magics.InvalidArgumentError):
        reader.dask_arrays(chunks=chunks)


@pytest.mark.filterwarnings("ignore:memory.* does not tell who")
def test_secrets_do_not_travel(tmp_path):
    options = {"anon": True, "secret": "hush-hush", "key": "hush-key"}
    with ckpt_magics.use_storage_options(options):
        ckpt_magics.save_checkpoint("memory://runs/m", {"w": VALUES["w"]}, write_meta_graph=False)
        with ckpt_magics.load_checkpoint("memory://runs/m") as reader:
            array = reader.dask_arrays()["w"]
    sent = pickle.dumps(array)
    assert b"hush" not in sent
    assert "hush" not in repr(dict(array.dask))
    np.testing.assert_array_equal(pickle.loads(sent).compute(scheduler="synchronous"), VALUES["w"])
