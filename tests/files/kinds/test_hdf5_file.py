"""HDF5 files: every door reads them, h5py and Keras are the oracles; nothing but the file is read, and none is run."""

import copy
import os
import pickle
import sys

import h5py
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import ckpt_magics
from ckpt_magics.errors import CheckpointError, DataLossError, FailedPreconditionError, UnimplementedError
from ckpt_magics.files.formats.dtypes import DTYPES, as_dtype
from ckpt_magics.files.formats.maps.byte_range import TENSOR
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds import hdf5_file
from ckpt_magics.files.kinds.hdf5_file import is_hdf5, open_hdf5
from ckpt_magics.files.kinds.known import kind_named
from ckpt_magics.files.storage.place import place_of
from tests.descriptors import needs_descriptors, open_files

TENSORS = {
    "layers/dense/vars/0": np.arange(12, dtype=np.float32).reshape(3, 4),
    "layers/dense/vars/1": np.zeros(0, np.float64),
    "step": np.array(7, np.int64),
    "flags": np.array([True, False, True]),
    "big": np.arange(5, dtype=">i4"),
    "waves": np.array([1 + 2j], np.complex64),
    "名": np.ones((2, 1, 3), np.uint16),
}


@pytest.fixture(params=["earliest", "latest"])
def path(request, tmp_path):
    path = str(tmp_path / "m.hdf5")
    with h5py.File(path, "w", libver=request.param) as file:
        for name, value in TENSORS.items():
            file[name] = value
    return path


def test_gives_what_the_library_saved(path):
    with ckpt_magics.load_checkpoint(path) as reader:
        assert (reader.prefix, reader.version, reader.files) == (path, 0, (path,))
        assert dict(reader).keys() == TENSORS.keys()
        for name, value in TENSORS.items():
            np.testing.assert_array_equal(reader[name], value)
            assert np.asarray(reader[name]).dtype == value.dtype.newbyteorder("=")
        assert reader.get_slice("layers/dense/vars/0", (slice(1, 3), 2)).tolist() == [6.0, 10.0]


def test_every_door_takes_one(path, tmp_path):
    place = np.zeros((3, 4), np.float32)
    ckpt_magics.restore_checkpoint(path, {"layers/dense/vars/0": place})
    np.testing.assert_array_equal(place, TENSORS["layers/dense/vars/0"])
    assert set(ckpt_magics.compare_checkpoints(path, TENSORS)["status"]) == {"same"}
    assert ckpt_magics.verify_checkpoint(path).is_whole
    assert ckpt_magics.show_checkpoint(path).contents.format == "hdf5"
    ckpt_magics.save_checkpoint(tmp_path / "m", ckpt_magics.load_checkpoint(path))
    assert set(ckpt_magics.compare_checkpoints(tmp_path / "m", path)["status"]) == {"same"}


def test_copies_and_views_read_the_same_version_or_say_so(path):
    with ckpt_magics.load_checkpoint(path) as reader:
        twins = [copy.copy(reader), pickle.loads(pickle.dumps(reader)), reader.on_demand()]
        for twin in twins:
            np.testing.assert_array_equal(twin["step"], TENSORS["step"])
    with h5py.File(path, "w") as file:
        file["step"] = np.int64(8)
    with pytest.raises(FailedPreconditionError, match="replaced"):
        twins[2]["step"]


@given(
    value=hnp.arrays(np.int16, hnp.array_shapes(min_dims=1, max_dims=3, max_side=6)),
    chunked=st.booleans(),
    packed=st.booleans(),
    block=st.sampled_from([0, 512, 1024, 2048]),
    at_most=st.integers(1, 100),
    data=st.data(),
)
def test_pieces_and_regions_are_those_of_the_whole_in_any_layout(
    tmp_path_factory, value, chunked, packed, block, at_most, data
):
    path = str(tmp_path_factory.mktemp("h") / "m.h5")
    layout = {"chunks": tuple(max(1, size // 2) for size in value.shape)} if chunked or packed else {}
    layout |= {"compression": "gzip", "shuffle": True} if packed else {}
    with h5py.File(path, "w", userblock_size=block) as file:
        file.create_dataset("a/w", data=value, **layout)
    with open(path, "rb") as file:
        assert is_hdf5(file.read(4096))
    filled = np.empty_like(value)
    tensors = open_hdf5(place_of(path))
    for region, piece in tensors.pieces(b"a/w", at_most):
        assert piece.nbytes <= max(at_most, 2)
        filled[region] = piece
    np.testing.assert_array_equal(filled, value)
    starts = [data.draw(st.integers(0, size - 1)) for size in value.shape]
    box = tuple(
        slice(start, data.draw(st.integers(start + 1, size))) for start, size in zip(starts, value.shape, strict=True)
    )
    np.testing.assert_array_equal(tensors.read(b"a/w", TensorSlice.of(box)), value[box])
    (mapped,) = (file.ranges for file in kind_named("hdf5").byte_map(place_of(path)))
    assert sum(one.size for one in mapped) == os.stat(path).st_size
    if not layout:
        (one,) = (one for one in mapped if one.what == TENSOR)
        with open(path, "rb") as file:
            assert file.read()[one.offset : one.offset + one.size] == value.tobytes()
    tensors.close()


def test_text_is_read_whatever_its_length_is_said_to_be(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["free"] = ["ab", "名"]
        file["fixed"] = np.array([b"ab", b"c"])
        file["one"] = "text"
    with ckpt_magics.load_checkpoint(tmp_path / "m.h5") as reader:
        assert reader["free"].tolist() == [b"ab", "名".encode()]
        assert reader["fixed"].tolist() == [b"ab", b"c"]
        assert reader["one"] == b"text"


NAMED = [dtype.name for dtype in DTYPES if dtype.itemsize and not dtype.is_quantized and dtype.numpy.isbuiltin != 1]


@pytest.mark.parametrize("name", NAMED)
def test_types_that_numpy_has_not_are_told_by_their_attribute(tmp_path, name):
    value = np.ones(3, as_dtype(name).numpy)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file.create_dataset("w", data=value.view(f"V{value.itemsize}")).attrs["dtype"] = name
        file["x"] = value.view(f"V{value.itemsize}")
    tensors = open_hdf5(place_of(tmp_path / "m.h5"))
    assert tensors.spec(b"w").dtype.name == name
    assert tensors.read(b"w").tobytes() == value.tobytes()
    with pytest.raises(UnimplementedError, match="opaque bytes"):
        tensors.read(b"x")


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore")  # of Keras about itself
def test_files_of_keras_are_read_as_keras_reads_them(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization()])
    for name, save in {"m.weights.h5": model.save_weights, "m.h5": model.save}.items():
        save(tmp_path / name)
        with ckpt_magics.load_checkpoint(tmp_path / name) as reader:
            stored = [np.asarray(reader[key]) for key in reader]
        for weight in model.get_weights():
            assert any(np.array_equal(weight, one) for one in stored)
    small = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="bfloat16")])
    small.save_weights(tmp_path / "s.weights.h5")
    with ckpt_magics.load_checkpoint(tmp_path / "s.weights.h5") as reader:
        kernel = reader["layers/dense/vars/0"]
    assert kernel.dtype == ml_dtypes.bfloat16
    assert np.array_equal(kernel, small.get_weights()[0])


def refused(tmp_path, make):
    """Return the words for what ``make`` puts into a file beside a sound dataset, which is still read."""
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file["sound"] = np.float32(1)
        make(file)
    tensors = open_hdf5(place_of(path))
    assert tensors.read(b"sound") == 1
    (damage,) = tensors.damage
    with pytest.raises(type(damage)):
        tensors.read(b"bad")
    tensors.close()
    return str(damage)


def far_layout(file):
    layout = h5py.VirtualLayout((3,), "f8")
    layout[:] = h5py.VirtualSource("other.h5", "x", (3,))
    file.create_virtual_dataset("bad", layout)


def by_a_plugin(file):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_chunk((3,))
    properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())
    h5py.h5d.create(file.id, b"bad", h5py.h5t.NATIVE_INT8, h5py.h5s.create_simple((3,)), properties)


REFUSED = {
    "link to a place in the file": (lambda file: file.__setitem__("bad", h5py.SoftLink("/sound")), "not followed"),
    "link to another file": (lambda file: file.__setitem__("bad", h5py.ExternalLink("other.h5", "x")), "not followed"),
    "values of another file": (
        lambda file: file.create_dataset("bad", (3,), "f8", external=[("raw", 0, 24)]),
        "not opened",
    ),
    "values of other datasets": (far_layout, "not opened"),
    "filter of a plugin": (by_a_plugin, "filter 32015"),
    "records": (lambda file: file.__setitem__("bad", np.zeros(3, [("a", "i4"), ("b", "f4")])), "compound"),
    "references": (lambda file: file.create_dataset("bad", (1,), h5py.ref_dtype), "reference"),
    "lists": (lambda file: file.create_dataset("bad", (2,), h5py.vlen_dtype(np.int32)), "vlen"),
    "no values": (lambda file: file.__setitem__("bad", h5py.Empty("f4")), "no values"),
    "never filled": (lambda file: file.create_dataset("bad", (10**12,), "f4", chunks=(1024,)), "0 are stored"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_tensor_of_the_file_is_refused_by_name(tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    with h5py.File("other.h5", "w") as other:
        other["x"] = np.ones(3)
    (tmp_path / "raw").write_bytes(bytes(24))
    make, words = REFUSED[case]
    assert words in refused(tmp_path, make)


def test_groups_in_a_ring_and_deep_ones_come_to_an_end(tmp_path):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        file["ring/w"] = np.float32(1)
        file["ring/again"] = file["/"]
        file["/".join("d" * 150) + "/w"] = np.float32(2)
    tensors = open_hdf5(place_of(tmp_path / "m.h5"))
    assert tensors.keys() == [b"ring/w"]
    assert [type(error) for error in tensors.damage] == [DataLossError]


def test_a_group_of_more_than_can_be_counted_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(hdf5_file, "MAX_ENTRIES", 2)
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for name in "abc":
            file[name] = np.float32(1)
    with pytest.raises(UnimplementedError, match="3 entries; 2 are the most"):
        open_hdf5(place_of(tmp_path / "m.h5"))


@needs_descriptors
def test_what_is_let_go_keeps_no_file_open(path, tmp_path):
    tensors = open_hdf5(place_of(path))
    assert open_files(tmp_path) == [path]
    tensors.release()
    assert open_files(tmp_path) == []
    assert tensors.read(b"step") == 7
    tensors.close()
    with pytest.raises(FailedPreconditionError, match="closed"):
        tensors.read(b"step")


def test_every_truncation_is_damage(path):
    with open(path, "rb") as file:
        data = file.read()
    for size in [*range(8, 600, 7), *range(600, len(data), 211)]:
        with open(path, "wb") as file:
            file.write(data[:size])
        with pytest.raises(DataLossError):
            open_hdf5(place_of(path))


def test_nothing_behind_the_magic_is_damage(tmp_path):
    for size in (0, 70, 600):
        (tmp_path / "m.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(size))
        with pytest.raises(CheckpointError, match=r"the HDF5 file is damaged|Read less bytes"):
            ckpt_magics.load_checkpoint(tmp_path / "m.h5")


def test_without_the_library_the_error_says_how_to_get_it(path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(FailedPreconditionError, match=r"pip install 'ckpt_magics\[hdf5\]'"):
        hdf5_file.hdf5_library()
    with pytest.raises(FailedPreconditionError, match="h5py"):
        ckpt_magics.load_checkpoint(path)
