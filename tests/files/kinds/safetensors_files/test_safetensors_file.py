"""safetensors files: every door reads them, the library is the oracle, and any bytes give values or our errors."""

import copy
import json
import os
import pickle

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save, save_file

import ckpt_magics
from ckpt_magics.errors import (
    CheckpointError,
    DataLossError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnimplementedError,
)
from ckpt_magics.files.formats.safetensors_header import DTYPES, METADATA
from ckpt_magics.files.kinds.safetensors_files import safetensors_file
from ckpt_magics.files.kinds.safetensors_files.safetensors_kind import open_safetensors, recognise
from ckpt_magics.files.storage.place import place_of
from tests.files.saved import write_kind

TENSORS = {
    "net/kernel": np.arange(12, dtype=np.float32).reshape(3, 4),
    "net/bias": np.zeros(0, np.float64),
    "step": np.array(7, np.int64),
    "flags": np.array([True, False, True]),
    "名": np.ones((2, 1, 3), np.uint16),
}


def encode(entries, values=b""):
    """Return a file of a header, given as a dict or as bytes, and values."""
    header = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return len(header).to_bytes(8, "little") + header + values


def entry(dtype="U8", shape=(1,), start=0, end=1):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}


@pytest.fixture
def path(tmp_path):
    path = str(tmp_path / "m.safetensors")
    save_file(TENSORS, path)
    return path


def test_gives_what_the_library_saved(path):
    with ckpt_magics.load_checkpoint(path) as reader:
        assert (reader.prefix, reader.version, reader.files) == (path, 0, (path,))
        assert dict(reader).keys() == TENSORS.keys()
        for name, value in TENSORS.items():
            np.testing.assert_array_equal(reader[name], value)
            assert reader.get_variable_to_dtype_map()[name].numpy == value.dtype
        assert reader.get_slice("net/kernel", (slice(1, 3), 2)).tolist() == [6.0, 10.0]
        assert reader.named_tensors.source.in_file_order()[0] in map(str.encode, TENSORS)
        with pytest.raises(KeyError, match="net/kernel"):
            reader["net/kernels"]


def test_values_come_in_the_order_of_the_file(path):
    with ckpt_magics.load_checkpoint(path) as reader, safe_open(path, "np") as library:
        offsets = [reader.entry(key).offset for key in reader.named_tensors.source.in_file_order()]
        assert offsets == sorted(offsets)
        assert sorted(library.keys()) == sorted(reader)


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype_is_read_bit_for_bit(tmp_path, name):
    dtype = DTYPES[name].numpy
    data = bytes([1, 0, 1, 1]) if name == "BOOL" else os.urandom(6 * dtype.itemsize)
    shape = (len(data) // dtype.itemsize,)
    path = tmp_path / "m.safetensors"
    path.write_bytes(encode({"w": entry(name, shape, 0, len(data))}, data))
    with safe_open(str(path), "np"):
        pass  # the library takes it for sound
    with ckpt_magics.load_checkpoint(path) as reader:
        assert reader["w"].dtype == dtype
        assert reader["w"].tobytes() == data


def test_every_door_takes_one(path, tmp_path):
    places = {"net": {"kernel": np.zeros((3, 4), np.float32)}, "step": 0}
    report = ckpt_magics.restore_checkpoint(path, places)
    assert report.values["step"] == 7
    np.testing.assert_array_equal(places["net"]["kernel"], TENSORS["net/kernel"])
    assert set(ckpt_magics.compare_checkpoints(path, TENSORS)["status"]) == {"same"}
    assert ckpt_magics.verify_checkpoint(path).is_whole
    assert "format safetensors" in str(ckpt_magics.describe_checkpoint(path))
    assert ckpt_magics.show_checkpoint(path).contents.format == "safetensors"
    ckpt_magics.save_checkpoint(tmp_path / "m", ckpt_magics.load_checkpoint(path))
    assert set(ckpt_magics.compare_checkpoints(tmp_path / "m", path)["status"]) == {"same"}


def test_copies_and_views_read_the_same_version_or_say_so(path):
    with ckpt_magics.load_checkpoint(path) as reader:
        twins = [copy.copy(reader), pickle.loads(pickle.dumps(reader)), reader.on_demand()]
        for twin in twins:
            np.testing.assert_array_equal(twin["net/kernel"], TENSORS["net/kernel"])
    save_file({"net/kernel": TENSORS["net/kernel"] + 1}, path)
    with pytest.raises(FailedPreconditionError, match="replaced"):
        twins[2]["net/kernel"]


def test_pieces_are_the_whole(tmp_path):
    value = np.arange(1000, dtype=np.int16).reshape(10, 100)
    path = str(tmp_path / "m.safetensors")
    save_file({"w": value}, path)
    with ckpt_magics.load_checkpoint(path) as reader:
        filled = np.empty_like(value)
        for region, piece in reader.pieces("w", 77):
            assert piece.nbytes <= 77
            filled[region] = piece
    np.testing.assert_array_equal(filled, value)


ACCEPTED = {
    "no tensors": encode({}),
    "null metadata": encode({"__metadata__": None}),
    "metadata": encode({"__metadata__": {"format": "pt"}, "w": entry()}, b"\1"),
    "spaces behind": encode(b"{}     "),
    "spaces before": encode(b"  {}"),
    "a name twice": encode(
        b'{"w":{"dtype":"U8","shape":[9],"data_offsets":[0,9]},"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
        b"\1",
    ),
    "an empty name": encode({"": entry()}, b"\1"),
    "another field": encode({"w": {**entry(), "extra": 1}}, b"\1"),
    "any order": encode({"b": entry(start=1, end=2), "a": entry()}, b"\1\2"),
    "misaligned": encode({"a": entry(), "b": entry("F32", (1,), 1, 5)}, b"\1" + bytes(4)),
}
REFUSED = {
    "nothing": b"",
    "half of a size": b"\2\0\0",
    "a header that is not there": (50).to_bytes(8, "little") + b"{}",
    "a header too large": (100_000_001).to_bytes(8, "little") + b"{}",
    "no JSON": encode(b"{x}"),
    "deep JSON": encode(b'{"a":' + b"[" * 100_000),
    "no UTF-8": encode(b'{"\xff":1}'),
    "a list": encode(b"[]"),
    "metadata of numbers": encode({"__metadata__": {"a": 1}}),
    "zeros behind the header": encode(b"{}\0\0"),
    "a gap": encode({"a": entry(), "b": entry(start=2, end=3)}, bytes(3)),
    "a gap before": encode({"a": entry(start=1, end=2)}, bytes(2)),
    "an overlap": encode({"a": entry(), "b": entry("U8", (2,), 0, 2)}, bytes(2)),
    "bytes behind": encode({"a": entry()}, bytes(2)),
    "bytes missing": encode({"a": entry("U8", (2,), 0, 2)}, bytes(1)),
    "another size": encode({"a": entry("F32", (2,), 0, 4)}, bytes(4)),
    "a size over all numbers": encode({"a": entry("F32", (1 << 62, 1 << 62), 0, 4)}, bytes(4)),
    "an end before the start": encode({"a": entry("U8", (0,), 1, 0)}, bytes(1)),
    "a negative dimension": encode({"a": entry("U8", (-1,), 0, 1)}, bytes(1)),
    "a dimension that is none": encode({"a": entry("U8", (1.0,), 0, 1)}, bytes(1)),
    "a Boolean dimension": encode({"a": entry("U8", (True,), 0, 1)}, bytes(1)),
    "an unknown dtype": encode({"a": entry("I128", (1,), 0, 16)}, bytes(16)),
    "a dtype that is none": encode({"a": {**entry(), "dtype": []}}, bytes(1)),
    "a tensor that is none": encode({"a": 3}),
    "three offsets": encode({"a": {**entry(), "data_offsets": [0, 1, 2]}}, bytes(1)),
}


def is_sound(path):
    try:
        with safe_open(path, "np"):
            return True
    except (SafetensorError, OSError):
        return False


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepts_what_the_library_accepts(tmp_path, case):
    path = str(tmp_path / "m")
    with open(path, "wb") as file:
        file.write(ACCEPTED[case])
    assert is_sound(path)
    open_safetensors(place_of(path)).close()
    assert recognise(ACCEPTED[case])


@pytest.mark.parametrize("case", REFUSED)
def test_refuses_what_the_library_refuses(tmp_path, case):
    path = str(tmp_path / "m")
    with open(path, "wb") as file:
        file.write(REFUSED[case])
    assert not is_sound(path)
    with pytest.raises(DataLossError) as caught:
        open_safetensors(place_of(path))
    assert caught.value.file == path


def test_what_numpy_has_no_dtype_of_is_named_and_the_rest_is_read(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(encode({"odd": entry("F4", (2,), 0, 1), "w": entry(start=1, end=2)}, b"\x21\x07"))
    reader = ckpt_magics.load_checkpoint(path)
    with pytest.warns(UserWarning, match="F4"):
        assert list(reader) == ["w"]
    assert reader["w"].tolist() == [7]
    with pytest.raises(UnimplementedError, match="F4"):
        reader["odd"]
    assert not ckpt_magics.verify_checkpoint(path).is_whole


def test_every_truncation_and_flipped_byte_is_a_value_or_an_error_of_ours(tmp_path, path):
    with open(path, "rb") as file:
        whole = file.read()
    part = str(tmp_path / "part")
    for size in range(len(whole)):
        with open(part, "wb") as file:
            file.write(whole[:size])
        with pytest.raises(DataLossError):
            open_safetensors(place_of(part))
    for place in range(0, len(whole), 3):
        with open(part, "wb") as file:
            file.write(whole[:place] + bytes([whole[place] ^ 0x15]) + whole[place + 1 :])
        try_reading(part)


def try_reading(path):
    try:
        opened = open_safetensors(place_of(path))
    except CheckpointError:
        return
    for key in opened.keys():  # noqa: SIM118 - it is no mapping
        opened.read(key)
    opened.close()


_VALUES = st.recursive(
    st.none() | st.integers(-1, 9) | st.sampled_from(["U8", "F4", "dtype"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(entry())), inner, max_size=3),
    max_leaves=8,
)
_HEADERS = st.dictionaries(st.text(max_size=3), _VALUES, max_size=3)


@given(st.binary(max_size=200) | st.binary(max_size=120).map(encode) | _HEADERS.map(encode))
def test_any_bytes_are_a_file_or_an_error_of_ours(tmp_path_factory, data):
    path = str(tmp_path_factory.getbasetemp() / "any.safetensors")
    with open(path, "wb") as file:
        file.write(data)
    assert is_sound(path) == opens(path)


def opens(path):
    try:
        opened = open_safetensors(place_of(path))
    except CheckpointError:
        return False
    opened.close()
    return True


def test_bfloat16_survives_the_way_back(tmp_path):
    """The library's NumPy side has no bfloat16; its bytes are taken as they are."""
    value = np.arange(6).astype(ml_dtypes.bfloat16)
    path = tmp_path / "m.safetensors"
    path.write_bytes(encode({"w": entry("BF16", (2, 3), 0, 12)}, value.tobytes()))
    place = np.zeros((2, 3), ml_dtypes.bfloat16)
    ckpt_magics.restore_checkpoint(path, {"w": place})
    assert place.reshape(-1).tolist() == value.tolist()


def test_the_limit_of_headers_is_the_librarys():
    assert safetensors_file.MAX_HEADER == 100_000_000


def test_what_is_good_in_one_is_salvaged_into_a_checkpoint(tmp_path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(encode({"odd": entry("F4", (2,), 0, 1), "w": entry(start=1, end=2)}, b"\x21\x07"))
    assert ckpt_magics.salvage_checkpoint(path, tmp_path / "good").tensors == 1
    with ckpt_magics.load_checkpoint(tmp_path / "good") as reader:
        assert (reader.version, reader["w"].tolist()) == (2, [7])


@given(
    tensors=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(lambda name: name != METADATA),
        st.tuples(st.sampled_from([*DTYPES.values()]), st.lists(st.integers(0, 3), max_size=3), st.binary(max_size=4)),
        max_size=8,
    )
)
def test_writes_the_bytes_of_the_library(tmp_path_factory, tensors):
    arrays = {}
    for name, (dtype, shape, seed) in tensors.items():
        size = int(np.prod(shape, dtype=int)) * dtype.itemsize
        data = (seed + bytes(range(256)))[:size] if dtype.name != "bool" else bytes(byte & 1 for byte in range(size))
        arrays[name] = np.frombuffer(data, dtype.numpy).reshape(shape)
    path = tmp_path_factory.mktemp("m") / "m.safetensors"
    write_kind(path, arrays)
    assert path.read_bytes() == save(arrays, {"format": "pt"})
    if arrays:
        with ckpt_magics.load_checkpoint(path) as reader:
            for name, array in arrays.items():
                assert reader.get_tensor(name.encode()).tobytes() == array.tobytes()


def test_a_header_that_readers_refuse_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(safetensors_file, "MAX_HEADER", 100)
    arrays = {f"t{number}": np.zeros(3) for number in range(5)}
    path = tmp_path / "m.safetensors"
    with pytest.raises(InvalidArgumentError, match="the header would have 312 bytes"):
        write_kind(path, arrays)
    assert not os.listdir(tmp_path)
