"""A sink refuses before it writes, takes values in its order, and shows nothing before the end."""

import os
from types import SimpleNamespace

import numpy as np
import pytest

from ckpt_magics.errors import DataLossError, InternalError, InvalidArgumentError, ResourceExhaustedError
from ckpt_magics.files.formats.dtypes import FLOAT, STRING
from ckpt_magics.files.formats.pieces import array_pieces
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.sinks import open_sink
from ckpt_magics.files.storage import disk
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec
from ckpt_magics.notebook.reader import load_checkpoint
from tests.files.saved import write_sink

FLOATS = np.arange(12, dtype=np.float32).reshape(4, 3)
SPECS = [TensorSpec(b"b", FLOAT, (4, 3)), TensorSpec(b"a", FLOAT, (4, 3))]
HALVES = (TensorSlice.parse("0,2:-"), TensorSlice.parse("2,2:-"))

versions = pytest.mark.parametrize("version", [1, 2])


def options(version, **others):
    return SaveOptions(write_version=version, durable=False, **others)


@versions
def test_nothing_is_visible_before_the_end_and_everything_after(tmp_path, version):
    with open_sink(tmp_path / "m", SPECS, options(version)) as sink:
        for key in sink.order:
            sink.write(key, FLOATS)
        assert all(name.startswith(".") for name in os.listdir(tmp_path))
    assert sorted(file.path for file in sink.written) == sorted(map(str, tmp_path.iterdir()))
    with load_checkpoint(tmp_path / "m") as reader:
        assert list(reader) == ["a", "b"]


@versions
def test_pieces_make_the_bytes_of_the_array(tmp_path, version):
    write_sink(tmp_path / "whole", {"w": FLOATS}, write_version=version, durable=False)
    with open_sink(tmp_path / "cut", [TensorSpec(b"w", FLOAT, (4, 3))], options(version)) as sink:
        sink.write(b"w", array_pieces(FLOATS, 8))
    whole, cut = ([p.read_bytes() for p in sorted(tmp_path.glob(f"{name}*"))] for name in ("whole", "cut"))
    assert whole == cut


@versions
@pytest.mark.parametrize("shards", [1, 2])
def test_slices_are_asked_for_by_their_keys(tmp_path, version, shards):
    specs = [TensorSpec(b"v", FLOAT, (4, 3), HALVES), TensorSpec(b"w", FLOAT, (4, 3))]
    values = {b"w": FLOATS, **{part.encode_key(b"v"): FLOATS[part.resolve((4, 3))] for part in HALVES}}
    with open_sink(tmp_path / "m", specs, options(version, num_shards=shards)) as sink:
        assert sorted(sink.order) == sorted(values)
        for key in sink.order:
            sink.write(key, values[key])
    assert sink.tensors == 2
    with load_checkpoint(sink.path) as reader:
        assert np.array_equal(reader["v"], FLOATS)
        assert np.array_equal(reader["w"], FLOATS)


@versions
@pytest.mark.parametrize("array", [FLOATS[:3], np.zeros((5, 3), np.float32)], ids=["fewer", "more"])
@pytest.mark.parametrize("cut", [False, True], ids=["array", "pieces"])
def test_values_that_are_not_what_was_announced_end_the_save(tmp_path, version, array, cut):
    with (
        pytest.raises(DataLossError, match="elements, and the tensor has 12"),
        open_sink(tmp_path / "m", SPECS[:1], options(version)) as sink,
    ):
        sink.write(b"b", array_pieces(array, 8) if cut else array)
    assert not os.listdir(tmp_path)


@versions
def test_values_out_of_order_and_missing_ones_end_the_save(tmp_path, version):
    with (
        pytest.raises(InternalError, match="in the order of the sink"),
        open_sink(tmp_path / "m", SPECS, options(version)) as sink,
    ):
        sink.write(sink.order[1], FLOATS)
    with (
        pytest.raises(InternalError, match="values were written"),
        open_sink(tmp_path / "m", SPECS, options(version)) as sink,
    ):
        sink.write(sink.order[0], FLOATS)
    assert not os.listdir(tmp_path)


@versions
def test_a_disk_without_the_space_refuses_before_a_byte_is_written(tmp_path, monkeypatch, version):
    class Full:
        def __getattr__(self, name):
            return getattr(os, name)

        def statvfs(self, path):
            return SimpleNamespace(f_blocks=10, f_bavail=1, f_frsize=40)

        def write(self, descriptor, data):
            raise AssertionError

    monkeypatch.setattr(disk, "os", Full())
    with (
        pytest.raises(ResourceExhaustedError, match=r"96 bytes are needed.*40 bytes are free"),
        open_sink(tmp_path / "m", SPECS, options(version)),
    ):
        raise AssertionError
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("count", [3, 2000])
def test_small_neighbours_are_written_together_whatever_they_are(tmp_path, count):
    """Numbers as they are in the file, numbers to be turned around, strings, and large ones between them."""
    kinds = [np.float32(1), np.arange(3, dtype=">i4"), np.array([b"x", "yy"], object), np.ones((90, 90)), np.zeros(0)]
    tensors = {f"t{number:05}": kinds[number * 7 // 600 % 5 if count > 3 else number] for number in range(count)}
    tensors["large"] = np.ones((300, 300))
    sink = write_sink(tmp_path / "m", tensors, num_shards=2, durable=False)
    assert sink.tensors == count + 1
    with load_checkpoint(tmp_path / "m") as reader:
        for name, value in reader.get_tensors().items():
            expected = np.asarray(tensors[name])
            if expected.dtype == object:
                assert list(value) == [b"x", b"yy"]
            else:
                assert np.array_equal(value, expected)


def test_a_value_of_another_type_than_announced_is_refused(tmp_path):
    with (
        pytest.raises(InvalidArgumentError, match="array of float64 cannot be stored as float32"),
        open_sink(tmp_path / "m", SPECS, options(2)) as sink,
    ):
        sink.write_many({b"b": FLOATS.astype(float), b"a": FLOATS})
    assert not os.listdir(tmp_path)


def test_strings_come_in_one_piece(tmp_path):
    texts = np.array([[b"a", b"bb"], [b"", "é"]], object)
    with open_sink(tmp_path / "m", [TensorSpec(b"s", STRING, (2, 2))], options(2)) as sink:
        sink.write(b"s", array_pieces(texts, 1))
    with load_checkpoint(tmp_path / "m") as reader:
        assert reader["s"].tolist() == [[b"a", b"bb"], [b"", "é".encode()]]
