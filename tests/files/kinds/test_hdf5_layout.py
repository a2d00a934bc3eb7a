"""HDF5 files that are written: h5py is the oracle, values are streamed, equal tensors make equal files."""

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_magics.files.formats.dtypes import FLOAT, as_dtype
from ckpt_magics.files.formats.pieces import array_pieces
from ckpt_magics.files.formats.tensor_slice import TensorSlice
from ckpt_magics.files.kinds.hdf5_layout import Hdf5Layout
from ckpt_magics.files.kinds.holding import Unheld
from ckpt_magics.files.kinds.known import kind_named, kind_to_write
from ckpt_magics.files.kinds.sinks import open_sink, write_tensors
from ckpt_magics.files.storage.place import place_of
from ckpt_magics.files.tensors.array_source import ArraySource
from ckpt_magics.files.tensors.records import records_of
from ckpt_magics.files.tensors.save_options import SaveOptions
from ckpt_magics.files.tensors.source import TensorSpec

HDF5 = kind_named("hdf5")
QUICK = SaveOptions(durable=False)
TENSORS = {
    "net/kernel": np.arange(1200, dtype=np.float32).reshape(30, 40),
    "net/bias": np.zeros((0, 3), np.float64),
    "step": np.array(7, np.int64),
    "flags": np.array([True, False]),
    "waves": np.array([1 + 2j], np.complex64),
    "half": np.ones(5, np.float16),
    "名": np.ones((2, 1, 3), np.uint16),
}


def write(path, arrays):
    source = ArraySource(arrays)
    return write_tensors(path, list(map(source.spec, source.keys())), source, QUICK, kind=HDF5)


def test_the_library_reads_what_is_written(tmp_path):
    write(tmp_path / "m.hdf5", TENSORS)
    with h5py.File(tmp_path / "m.hdf5") as file:
        found = {}
        file.visititems(lambda name, item: found.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    assert found.keys() == TENSORS.keys()
    for name, value in TENSORS.items():
        assert found[name].dtype == value.dtype
        np.testing.assert_array_equal(found[name], value)


def test_types_that_hdf5_has_not_are_written_as_keras_does(tmp_path):
    value = np.arange(4).astype(as_dtype("bfloat16").numpy)
    write(tmp_path / "m.hdf5", {"w": value})
    with h5py.File(tmp_path / "m.hdf5") as file:
        assert file["w"].attrs["dtype"] == "bfloat16"
        assert np.array_equal(np.array(file["w"], dtype=value.dtype), value)


def test_equal_tensors_make_equal_files(tmp_path):
    for name in "ab":
        write(tmp_path / name, TENSORS)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@given(sizes=st.lists(st.integers(0, 5000), min_size=1, max_size=40))
def test_values_of_any_sizes_lie_apart_and_in_order(tmp_path_factory, sizes):
    arrays = {f"g{number % 3}/w{number}": np.full(size, number, np.uint8) for number, size in enumerate(sizes)}
    path = tmp_path_factory.mktemp("h") / "m"
    write(path, arrays)
    with h5py.File(path) as file:
        for name, value in arrays.items():
            np.testing.assert_array_equal(file[name], value)


def test_a_layout_of_huge_values_takes_no_memory_for_them():
    layout = Hdf5Layout(records_of([TensorSpec(b"a/w", FLOAT, (1 << 40,)), TensorSpec(b"b", FLOAT, (1 << 41,))]))
    assert layout.pages.end > 12 << 40
    assert len(layout.pages._pages) < 20


def test_a_value_in_pieces_is_the_value(tmp_path):
    value = TENSORS["net/kernel"]
    with open_sink(tmp_path / "m", [TensorSpec(b"w", FLOAT, value.shape)], QUICK, kind=HDF5) as sink:
        sink.write(b"w", array_pieces(value, 64))
    with h5py.File(tmp_path / "m") as file:
        np.testing.assert_array_equal(file["w"], value)


NO_PATHS = [b"/w", b"w/", b"a//w", b".", b"a/./w", b"a\0w"]


@pytest.mark.parametrize("name", NO_PATHS)
def test_a_name_that_is_no_path_is_refused(name):
    assert HDF5.can_hold([TensorSpec(name, FLOAT, ())]) == [Unheld(name, "names that are no paths", "map")]


def test_what_a_file_cannot_hold_is_refused_by_name():
    halves = (TensorSlice.parse("0,2:-"), TensorSlice.parse("2,2:-"))
    specs = [
        TensorSpec(b"a", FLOAT, ()),
        TensorSpec(b"a/w", FLOAT, ()),
        TensorSpec(b"\xff", FLOAT, ()),
        TensorSpec(b"deep", FLOAT, (1,) * 33),
        TensorSpec(b"part", FLOAT, (4, 3), halves),
        TensorSpec(b"/".join([b"d"] * 101), FLOAT, ()),
        TensorSpec(b"x" * 5000, FLOAT, ()),
        *(TensorSpec(b"many/%d" % number, FLOAT, ()) for number in range(10_001)),
    ]
    found = {one.name: one.why for one in HDF5.can_hold(specs)}
    assert found.pop(b"a") == "names that others begin with"
    assert found.pop(b"\xff") == "names that are no UTF-8"
    assert found.pop(b"deep") == "more than 32 dimensions"
    assert found.pop(b"part") == "slices"
    assert found.pop(b"many/0") == "more than 10000 names in one group"
    assert sum(why == "names of more than 100 parts or 4096 bytes" for why in found.values()) == 2
    assert not HDF5.can_hold(
        [TensorSpec(b"/".join([b"d"] * 100), FLOAT, (1,) * 32), TensorSpec(b"x" * 4096, FLOAT, ())]
    )


def test_what_is_just_held_is_read_back(tmp_path):
    arrays = {"/".join("d" * 100): np.ones((1,) * 32), "x" * 4096: np.ones(2)}
    write(tmp_path / "m", arrays)
    tensors = HDF5.open(place_of(tmp_path / "m"))
    first, second = tensors.keys()
    assert [first.decode(), second.decode()] == sorted(arrays)
    assert not tensors.damage
    assert tensors.read(first).shape == (1,) * 32


def test_the_suffix_says_it():
    assert kind_to_write("m.hdf5") is HDF5


@pytest.mark.tensorflow
@pytest.mark.filterwarnings("ignore")  # of Keras about itself
def test_keras_loads_weights_whose_names_are_its_own(tmp_path):
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.BatchNormalization()])
    weights = [np.random.default_rng(0).random(weight.shape, np.float32) for weight in model.get_weights()]
    names = [f"layers/dense/vars/{number}" for number in range(2)]
    names += [f"layers/batch_normalization/vars/{number}" for number in range(4)]
    write(tmp_path / "m.weights.h5", dict(zip(names, weights, strict=True)))
    model.load_weights(tmp_path / "m.weights.h5")
    for found, expected in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(found, expected)
