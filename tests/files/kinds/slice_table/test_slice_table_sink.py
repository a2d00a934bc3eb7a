"""V1 checkpoints: one file, written in one step, with what the format cannot hold refused by name."""

import os

import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError
from ckpt_magics.files.formats import slice_records, slice_values
from ckpt_magics.files.formats.dtypes import DTYPES, FLOAT, INT64
from ckpt_magics.files.tensors.arrays_to_save import PartToSave
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_bundle, write_slice_shards, write_slice_table

_FLOATS = np.arange(6, dtype=np.float32).reshape(2, 3)


def _tensor(name=b"w", array=_FLOATS, dtype=FLOAT, spec=""):
    return PartToSave(name, array, dtype, spec)


def _read(prefix):
    with load_checkpoint(prefix) as reader:
        return {name: reader[name] for name in reader}


def test_the_file_has_the_bytes_of_the_format(tmp_path):
    write_slice_table(tmp_path / "m", [_tensor(b"weight"), _tensor(b"biases", _FLOATS[0])])
    data = (tmp_path / "m").read_bytes()
    assert len(data) == 260
    assert data.startswith(bytes.fromhex("000038 0a36 0a14 0a06") + b"biases")


def test_slices_of_one_tensor_are_listed_once_and_read_whole(tmp_path):
    tensors = [_tensor(b"v", spec="4 3 0,2:-"), _tensor(b"v", _FLOATS + 6, spec="4 3 2,2:-")]
    write_slice_table(tmp_path / "m", tensors)
    np.testing.assert_array_equal(_read(tmp_path / "m")["v"], np.arange(12).reshape(4, 3))


def test_every_type_that_v1_cannot_hold_is_refused_by_name_before_anything_is_written(tmp_path):
    for dtype in DTYPES:
        if dtype in slice_records.V1_DTYPES:
            continue
        array = np.zeros(2, dtype.numpy)
        with pytest.raises((UnimplementedError, InvalidArgumentError), match=rf"bad \({dtype.name}\)") as caught:
            write_slice_table(tmp_path / "sub" / "m", [_tensor(), _tensor(b"bad", array, dtype)])
        assert caught.value.tensor == b"bad"
        expected = f"dtype {dtype.number}" if dtype.name in {"uint32", "uint64"} else f"Saving data type {dtype.c_name}"
        assert expected in str(caught.value)
    assert not os.listdir(tmp_path)


def test_too_large_a_tensor_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(slice_values, "MAX_RECORD_SIZE", 2000)
    with pytest.raises(InvalidArgumentError, match="Tensor slice is too large to serialize") as caught:
        write_slice_table(tmp_path / "m", [_tensor(), _tensor(b"big", np.zeros(1000, np.float32))])
    assert caught.value.tensor == b"big"
    assert not os.listdir(tmp_path)


def test_a_v2_checkpoint_of_the_same_prefix_does_not_hide_the_new_one(tmp_path):
    write_bundle(tmp_path / "m", [_tensor()])
    (tmp_path / "m.data-00000-of-1").touch()
    write_slice_table(tmp_path / "m", [_tensor(array=_FLOATS + 1)])
    np.testing.assert_array_equal(_read(tmp_path / "m")["w"], _FLOATS + 1)
    assert sorted(os.listdir(tmp_path)) == ["m", "m.data-00000-of-1"]


def test_several_files_and_their_pattern(tmp_path):
    pattern, files = write_slice_shards(tmp_path / "m", [_tensor(b"a"), _tensor(b"b")], 2)
    assert pattern == str(tmp_path / "m-?????-of-00002")
    assert [os.path.basename(file.path) for file in files] == ["m-00000-of-00002", "m-00001-of-00002"]
    assert list(_read(pattern)) == ["a", "b"]


def test_several_files_over_several_files_take_other_names(tmp_path):
    for value in range(3):
        tensors = [_tensor(b"a", np.array(value), INT64), _tensor(b"b", np.array(value), INT64)]
        pattern, _ = write_slice_shards(tmp_path / "m", tensors, 2)
        assert _read(pattern) == {"a": value, "b": value}
    assert pattern.endswith("-of-00002")
    assert sorted(os.listdir(tmp_path)) == ["m-00000-of-00002", "m-00001-of-00002"]
