"""Several PyTorch files with an index, as Hugging Face's libraries wrote large models before safetensors."""

import numpy as np
import pytest

import ckpt_magics
from ckpt_magics.errors import CheckpointError, DataLossError
from ckpt_magics.files.formats.maps.byte_range import TENSOR
from ckpt_magics.files.formats.shard_index import encode_index
from ckpt_magics.files.kinds.known import kind_of
from ckpt_magics.files.kinds.torch_files.torch_kind import TORCH
from ckpt_magics.files.storage.place import place_of
from tests.files.saved import write_kind

SHARDS = {
    "pytorch_model-00001-of-00002.bin": {"embed.weight": np.arange(12, dtype=np.float32).reshape(4, 3)},
    "pytorch_model-00002-of-00002.bin": {"head.bias": np.ones(2, np.float16), "head.weight": np.eye(2, 3, dtype="f")},
}
INDEX = "pytorch_model.bin.index.json"
TENSORS = {name: array for arrays in SHARDS.values() for name, array in arrays.items()}


@pytest.fixture
def model(tmp_path):
    for name, arrays in SHARDS.items():
        write_kind(tmp_path / name, arrays, TORCH)
    where = {tensor: name for name, arrays in SHARDS.items() for tensor in arrays}
    (tmp_path / INDEX).write_bytes(encode_index(where, sum(array.nbytes for array in TENSORS.values())))
    return tmp_path


@pytest.mark.parametrize("name", [INDEX, "", "pytorch_model", "pytorch_model.bin"])
def test_every_name_opens_the_whole_model(model, name):
    with ckpt_magics.load_checkpoint(model / name) as reader:
        assert dict(reader).keys() == TENSORS.keys()
        for tensor, array in TENSORS.items():
            np.testing.assert_array_equal(reader[tensor], array)


def test_a_lost_file_loses_its_own_tensors_only(model):
    (model / "pytorch_model-00001-of-00002.bin").unlink()
    with ckpt_magics.load_checkpoint(model) as reader:
        np.testing.assert_array_equal(reader["head.bias"], TENSORS["head.bias"])
        with pytest.raises(CheckpointError, match="00001-of-00002"):
            reader["embed.weight"]


def test_a_tensor_that_its_file_lacks(model):
    (model / INDEX).write_bytes(encode_index(dict.fromkeys(TENSORS, "pytorch_model-00002-of-00002.bin"), 0))
    with ckpt_magics.load_checkpoint(model) as reader, pytest.raises(DataLossError, match="it is not"):
        reader["embed.weight"]


def test_each_byte_of_the_files_belongs_to_something(model):
    ranges = [one for file in TORCH.byte_map(place_of(model / INDEX)) for one in file.ranges]
    values = [one for one in ranges if one.what == TENSOR]
    assert {one.key for one in values} == {name.encode() for name in TENSORS}
    sizes = {path.name: path.stat().st_size for path in model.iterdir()}
    assert sum(one.size for one in ranges) == sum(sizes.values())


def test_an_index_is_that_of_the_files_that_it_names():
    assert kind_of(encode_index({"w": "model-00001-of-00001.bin"}, 4)).name == "torch"
    assert kind_of(encode_index({"w": "model-00001-of-00001.safetensors"}, 4)).name == "safetensors"
