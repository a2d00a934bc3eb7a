"""Several safetensors files with an index: every door reads them, one that is lost loses its own tensors only."""

import json
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import ckpt_magics
from ckpt_magics.errors import CheckpointError, DataLossError, InvalidArgumentError, NotFoundError
from ckpt_magics.files.formats.maps.byte_range import TENSOR
from ckpt_magics.files.formats.shard_index import encode_index, parse_index
from ckpt_magics.files.kinds.safetensors_files.safetensors_kind import SAFETENSORS
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from tests.files.saved import write_kind

TENSORS = {f"layer_{number}/kernel": np.full((8, 4), number, np.float32) for number in range(6)}
INDEX = "model.safetensors.index.json"


def write(path, arrays=TENSORS, **options):
    return write_kind(path, arrays, SAFETENSORS, **options)


def check(path, arrays=TENSORS):
    with ckpt_magics.load_checkpoint(path) as reader:
        assert dict(reader).keys() == arrays.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(reader[name], array)
            np.testing.assert_array_equal(reader.get_slice(name, (slice(2, 4),)), array[2:4])


def shard(number, count):
    return f"model-{number:05d}-of-{count:05d}.safetensors"


@pytest.fixture
def model(tmp_path):
    write(tmp_path / "model.safetensors", num_shards=3)
    return tmp_path


def test_files_and_index_are_named_and_written_as_the_libraries_do(model):
    assert sorted(os.listdir(model)) == [*(shard(number, 3) for number in (1, 2, 3)), INDEX]
    assert json.loads((model / INDEX).read_text()) == {
        "metadata": {"total_size": 6 * 128},
        "weight_map": {name: shard(1 + number // 2, 3) for number, name in enumerate(TENSORS)},
    }
    assert (
        (model / INDEX).read_text().startswith('{\n  "metadata": {\n    "total_size": 768\n  },\n  "weight_map": {\n')
    )
    for number in (1, 2, 3):
        loaded = load_file(model / shard(number, 3))
        assert list(loaded) == [f"layer_{2 * number - 2}/kernel", f"layer_{2 * number - 1}/kernel"]


@pytest.mark.parametrize("name", [INDEX, "", "model", "model.safetensors"])
def test_index_directory_and_name_all_mean_the_whole(model, name):
    check(model / name)
    assert ckpt_magics.verify_checkpoint(model / name).is_whole
    assert "format safetensors" in str(ckpt_magics.describe_checkpoint(model / name))


def test_a_size_says_how_many_files_there_are(tmp_path):
    sink = write(tmp_path / "model.safetensors", max_shard_size=300)
    assert sink.path == str(tmp_path / INDEX)
    assert [os.path.basename(file.path) for file in sink.written] == [
        *(shard(number, 3) for number in (1, 2, 3)),
        INDEX,
    ]
    check(sink.path)
    write(tmp_path / "whole.safetensors", max_shard_size=1 << 20)
    assert (tmp_path / "whole.safetensors").exists()
    with pytest.raises(InvalidArgumentError, match="stands without num_shards"):
        SaveOptions(max_shard_size=5, num_shards=2)


def test_one_name_stands_for_one_version_whether_in_one_file_or_several(tmp_path):
    path = tmp_path / "model.safetensors"
    (tmp_path / "model-of-mine.safetensors").write_bytes(b"other")
    changed = {name: array + 1 for name, array in TENSORS.items()}
    for arrays, options in [
        (TENSORS, {"num_shards": 2}),
        (changed, {"num_shards": 2}),
        (TENSORS, {}),
        (changed, {"num_shards": 3}),
    ]:
        sink = write(path, arrays, **options)
        check(path, arrays)
        there = {file.path for file in sink.written} | {str(tmp_path / "model-of-mine.safetensors")}
        assert {str(one) for one in tmp_path.iterdir()} == there


def test_over_as_many_files_there_is_one_more_so_that_the_old_ones_stay_whole(model):
    write(model / "model.safetensors", num_shards=3)
    assert sorted(os.listdir(model)) == [*(shard(number, 4) for number in (1, 2, 3, 4)), INDEX]
    assert load_file(model / shard(4, 4)) == {}
    check(model)


def test_each_byte_of_each_file_belongs_to_something(model):
    ranges = [one for file in SAFETENSORS.byte_map(place_of(model / INDEX)) for one in file.ranges]
    assert sum(one.size for one in ranges) == sum(path.stat().st_size for path in model.iterdir())
    assert {one.key.decode() for one in ranges if one.what == TENSOR} == set(TENSORS)


def test_a_missing_file_loses_its_own_tensors_only(model):
    os.unlink(model / shard(2, 3))
    with ckpt_magics.load_checkpoint(model) as reader:
        with pytest.warns(UserWarning, match="not all tensors can be listed"):
            assert sorted(reader) == [f"layer_{number}/kernel" for number in (0, 1, 4, 5)]
        with pytest.raises(NotFoundError, match=r"model-00002-of-00003.safetensors; No such file"):
            reader.get_tensor("layer_2/kernel")
    report = ckpt_magics.verify_checkpoint(model)
    assert not report.is_whole
    assert "layer_2/kernel" in str(report)
    assert "layer_3/kernel" in str(report)


def test_a_damaged_file_loses_its_own_tensors_and_the_rest_is_salvaged(model, tmp_path):
    with open(model / shard(3, 3), "r+b") as file:
        file.truncate(200)
    report = ckpt_magics.verify_checkpoint(model)
    assert not report.is_whole
    saved = ckpt_magics.salvage_checkpoint(model, tmp_path / "rest")
    check(saved, {name: TENSORS[name] for name in list(TENSORS)[:4]})


def rewrite(model, change):
    index = json.loads((model / INDEX).read_text())
    change(index["weight_map"])
    (model / INDEX).write_text(json.dumps(index))


def test_names_and_files_that_do_not_agree_are_errors_of_those_names(model):
    save_file({"layer_0/kernel": np.zeros(1), "more": np.zeros(1)}, model / shard(2, 3))

    def change(files):
        files["layer_4/kernel"] = shard(1, 3)
        files["layer_5/kernel"] = "../elsewhere.safetensors"

    rewrite(model, change)
    wanted = {
        "layer_0/kernel": "it is in two files",
        "layer_2/kernel": "the index says that it is here, and it is not",
        "layer_3/kernel": "the index says that it is here, and it is not",
        "layer_4/kernel": "the index says that it is here, and it is not",
        "layer_5/kernel": "which is no file of its own directory",
        "more": "the index does not list it",
    }
    with ckpt_magics.load_checkpoint(model) as reader:
        with pytest.warns(UserWarning, match="not all tensors can be listed"):
            assert sorted(reader) == ["layer_1/kernel"]
        for name, text in wanted.items():
            with pytest.raises(DataLossError, match=text):
                reader.get_tensor(name)
    report = str(ckpt_magics.verify_checkpoint(model))
    assert all(name in report for name in wanted)


@pytest.mark.parametrize(
    "file", ["../m", "a/b", "/etc/passwd", "..", ".", "", "a\\b", "a\0b", "a\nb", 5, None, ["m"], {"m": 1}]
)
def test_an_index_names_files_of_its_own_directory_only(file):
    found = parse_index(json.dumps({"weight_map": {"w": file, "x": "m"}}).encode())
    assert (found.files, list(found.damage)) == ({"x": "m"}, ["w"])


def test_a_name_that_stands_twice_in_an_index_is_damage_unless_it_says_the_same():
    found = parse_index(b'{"weight_map": {"w": "a", "x": "a", "w": "b", "x": "a"}}')
    assert found.files == {"x": "a"}
    assert str(found.damage["w"]) == "the index says two files of it, a and 'b'"


@given(st.dictionaries(st.text(), st.from_regex(r"[a-z]+-[0-9]+", fullmatch=True)), st.integers(0, 1 << 50))
def test_an_index_is_read_as_it_was_written(files, size):
    assert parse_index(encode_index(files, size)) == (files, {})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["weight_map", "metadata", "w"]), inner)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=60) | json_values.map(json.dumps).map(str.encode))
def test_any_bytes_are_an_index_or_an_error(data):
    try:
        parse_index(data)
    except CheckpointError as error:
        assert isinstance(error, DataLossError)  # noqa: PT017 - nothing else may come


def test_a_file_of_another_kind_in_an_index_is_named_for_what_it_is(model):
    np.savez(model / "x.npz", a=np.zeros(2))
    os.replace(model / "x.npz", model / shard(2, 3))
    with (
        ckpt_magics.load_checkpoint(model) as reader,
        pytest.raises(DataLossError, match=r"It looks like a NumPy archive \(.npz\)"),
    ):
        reader.get_tensor("layer_2/kernel")
