"""npz files: what NumPy saved, in any layout; nothing of them is run, and any bytes give values or our errors."""

import contextlib
import copy
import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ckpt_magics
from ckpt_magics.errors import CheckpointError, DataLossError, FailedPreconditionError, UnimplementedError
from ckpt_magics.files.formats.dtypes import FLOAT
from ckpt_magics.files.kinds.known import kind_named
from ckpt_magics.files.kinds.numpy_files.npz_file import open_npz
from ckpt_magics.files.kinds.numpy_files.npz_kind import NUMPY_DTYPES
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.source import TensorSpec
from tests.files.saved import write_kind

TENSORS = {
    "net/kernel": np.arange(12, dtype=np.float32).reshape(3, 4),
    "fortran": np.asfortranarray(np.arange(24.0).reshape(2, 3, 4)),
    "big": np.arange(5, dtype=">i4"),
    "step": np.array(7, np.int64),
    "none": np.zeros((0, 3), np.complex64),
    "words": np.array([["a", "bcd"], ["名", ""]]),
    "flags": np.array([True, False]),
}


@pytest.fixture(params=[np.savez, np.savez_compressed], ids=["stored", "packed"])
def path(request, tmp_path):
    path = str(tmp_path / "m.npz")
    request.param(path, **TENSORS)
    return path


def expected(name):
    value = TENSORS[name]
    return np.array([text.encode() for text in value.flat], object).reshape(value.shape) if name == "words" else value


def test_gives_what_numpy_saved(path):
    with ckpt_magics.load_checkpoint(path) as reader:
        assert sorted(reader) == sorted(TENSORS)
        for name in TENSORS:
            np.testing.assert_array_equal(reader[name], expected(name))
            assert np.asarray(reader[name]).dtype.isnative
        assert reader.get_slice("fortran", (1, slice(0, 2))).tolist() == TENSORS["fortran"][1, :2].tolist()


def test_every_door_takes_one(path, tmp_path):
    place = np.zeros((3, 4), np.float32)
    ckpt_magics.restore_checkpoint(path, {"net/kernel": place})
    np.testing.assert_array_equal(place, TENSORS["net/kernel"])
    assert set(ckpt_magics.compare_checkpoints(path, TENSORS)["status"]) == {"same"}
    assert ckpt_magics.verify_checkpoint(path).is_whole
    assert "format npz" in str(ckpt_magics.describe_checkpoint(path))
    ckpt_magics.save_checkpoint(tmp_path / "m", ckpt_magics.load_checkpoint(path))
    assert set(ckpt_magics.compare_checkpoints(tmp_path / "m", path)["status"]) == {"same"}


def test_pieces_are_the_whole(path):
    with ckpt_magics.load_checkpoint(path) as reader:
        for name in ("net/kernel", "fortran", "big", "step", "none"):
            filled = np.zeros_like(TENSORS[name], order="C")
            for region, piece in reader.pieces(name, 16):
                filled[region] = piece
            np.testing.assert_array_equal(filled, TENSORS[name])


def test_a_copy_reads_the_same_version_or_says_so(path):
    with ckpt_magics.load_checkpoint(path) as reader:
        twin, view = copy.copy(reader), reader.on_demand()
        np.testing.assert_array_equal(twin["net/kernel"], TENSORS["net/kernel"])
        np.testing.assert_array_equal(view["net/kernel"], TENSORS["net/kernel"])
    np.savez(path, other=np.ones(3))
    with pytest.raises(FailedPreconditionError, match="replaced"):
        view["net/kernel"]


class Trap:
    def __reduce__(self):
        return exec, ("raise AssertionError('a pickle was loaded')",)


def test_objects_are_named_and_never_loaded(tmp_path):
    path = tmp_path / "m.npz"
    np.savez(path, trap=np.array([Trap()], object), w=np.ones(2))
    reader = ckpt_magics.load_checkpoint(path)
    with pytest.warns(UserWarning, match="pickle"):
        assert list(reader) == ["w"]
    with pytest.raises(UnimplementedError, match="run any code"):
        reader["trap"]


@pytest.mark.parametrize("value", [np.zeros(2, "M8[s]"), np.zeros(2, [("a", "i4")])], ids=["dates", "records"])
def test_a_dtype_without_a_counterpart_is_named(tmp_path, value):
    path = tmp_path / "m.npz"
    np.savez(path, odd=value, w=np.ones(2))
    reader = ckpt_magics.load_checkpoint(path)
    with pytest.raises(UnimplementedError, match="odd"):
        reader["odd"]
    assert reader["w"].tolist() == [1, 1]


def write_member(path, data, **info):
    with zipfile.ZipFile(path, "w", **info) as archive:
        archive.writestr("w.npy", data)


def npy(value, shape=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, value)
    data = stream.getvalue()
    return data if shape is None else data.replace(str(value.shape).encode(), shape.encode())


@pytest.mark.parametrize(
    "data",
    [
        npy(np.ones(3)) + b"x",
        npy(np.ones(3))[:-1],
        npy(np.ones(3), "(9**9**9,)"),
        npy(np.ones(3), "(1<<60,)"),
        npy(np.ones(30), "(-1,)"),
        b"\x93NUMPY\x09\x00",
        b"none",
    ],
    ids=["longer", "shorter", "expression", "huge", "negative", "version", "no array"],
)
def test_a_damaged_member_is_said_by_name(tmp_path, data):
    path = str(tmp_path / "m.npz")
    write_member(path, data)
    with pytest.raises((DataLossError, UnimplementedError)) as caught:
        ckpt_magics.load_checkpoint(path)["w"]
    assert (caught.value.file, caught.value.tensor) == (path, b"w")


def test_a_flipped_bit_is_found_by_the_checksum(path):
    with open(path, "rb") as file:
        whole = bytearray(file.read())
    place = whole.index(TENSORS["net/kernel"][1].tobytes()) if b"\0\0\x80?" in whole else len(whole) // 2
    whole[place] ^= 1
    with open(path, "wb") as file:
        file.write(whole)
    assert not ckpt_magics.verify_checkpoint(path).is_whole


def read_all(path):
    opened = open_npz(place_of(path))
    for key in opened.keys():  # noqa: SIM118 - it is no mapping
        opened.read(key)
    opened.close()


def test_every_truncation_is_an_error_of_ours(path, tmp_path):
    with open(path, "rb") as file:
        whole = file.read()
    part = str(tmp_path / "part")
    for size in range(0, len(whole), 7):
        with open(part, "wb") as file:
            file.write(whole[:size])
        with pytest.raises(CheckpointError):
            read_all(part)


@given(st.data())
def test_changed_bytes_are_values_or_errors_of_ours(tmp_path_factory, data):
    stream = io.BytesIO()
    np.savez(stream, w=np.arange(6.0), v=np.ones((2, 2), "i1"))
    whole = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = str(tmp_path_factory.getbasetemp() / "changed.npz")
    with open(path, "wb") as file:
        file.write(whole)
    with contextlib.suppress(CheckpointError):
        read_all(path)


@given(
    tensors=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8),
        st.tuples(st.sampled_from([*NUMPY_DTYPES]), st.lists(st.integers(0, 3), max_size=3), st.binary(max_size=4)),
        max_size=8,
    )
)
def test_numpy_loads_what_is_written(tmp_path_factory, tensors):
    arrays = {}
    for name, (dtype, shape, seed) in tensors.items():
        size = int(np.prod(shape, dtype=int)) * dtype.itemsize
        data = (seed + bytes(range(256)) * 2)[:size] if dtype.name != "bool" else bytes(size)
        arrays[name] = np.frombuffer(data, dtype.numpy).reshape(shape)
    path = tmp_path_factory.mktemp("m") / "m.npz"
    write_kind(path, arrays)
    with np.load(path, allow_pickle=False) as found:
        assert found.files == list(arrays)
        for name, array in arrays.items():
            assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape)
            assert found[name].tobytes() == array.tobytes()
    with contextlib.closing(open_npz(place_of(path))) as file:
        for name, array in arrays.items():
            assert file.read(name.encode()).tobytes() == array.tobytes()


def test_the_bytes_of_equal_tensors_are_equal_whenever_they_are_written(tmp_path):
    for name in ("one.npz", "two.npz"):
        write_kind(tmp_path / name, {"a": np.arange(5)})
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert zipfile.ZipFile(tmp_path / "one.npz").infolist()[0].date_time[:3] == (1980, 1, 1)


def test_names_that_numpy_would_take_for_others_are_refused():
    keys = (b"a", b"a.npy", b"b.npy", b"c\0", b"d" * 65_532)
    found = kind_named("npz").can_hold([TensorSpec(key, FLOAT, ()) for key in keys])
    assert [(one.name[:5], one.why, one.step) for one in found] == [
        (b"a.npy", "names that are another's and .npy", "map"),
        (b"c\0", "names with a NUL", "map"),
        (b"ddddd", "names of more than 65531 bytes", "map"),
    ]
