"""Files of weights for Keras: h5py, as Keras uses it, finds layers and weights in the order in which they came."""

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_magics.errors import UnimplementedError
from ckpt_magics.files.directory.open_tensors import open_tensors
from tests.files.saved import write_kind

WEIGHTS = {"b/b/kernel:0": np.ones((2, 3), np.float32), "b/b/bias:0": np.zeros(3), "a/a/é:0": np.float16(2)}


def listed(group, name):
    """As Keras reads a list: whole, or in numbered parts."""
    parts = [name] if name in group.attrs else sorted((at for at in group.attrs if at.startswith(name)), key=len)
    return [text.decode() for part in parts for text in group.attrs[part]]


def in_order(path):
    """Every array as Keras finds it in a legacy file."""
    with h5py.File(path) as file:
        layers = {layer: file[layer] for layer in listed(file, "layer_names")}
        return {
            f"{layer}/{name}": group[name][()]
            for layer, group in layers.items()
            for name in listed(group, "weight_names")
        }


def test_layers_and_weights_are_listed_as_they_come(tmp_path):
    write_kind(tmp_path / "m.h5", WEIGHTS)
    found = in_order(tmp_path / "m.h5")
    assert list(found) == list(WEIGHTS)
    for name, array in WEIGHTS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_a_legacy_file_says_by_what_it_was_written(tmp_path):
    write_kind(tmp_path / "m.h5", WEIGHTS)
    with h5py.File(tmp_path / "m.h5") as file:
        assert (file.attrs["backend"], file.attrs["keras_version"][0]) == ("tensorflow", "2")


def test_weights_of_the_model_itself_belong_to_no_layer(tmp_path):
    write_kind(tmp_path / "m.h5", {"top_level_model_weights/own:0": np.ones(2), **WEIGHTS})
    with h5py.File(tmp_path / "m.h5") as file:
        assert listed(file, "layer_names") == ["b", "a"]
        assert listed(file["top_level_model_weights"], "weight_names") == ["own:0"]


@pytest.mark.parametrize("group", ["", "model_weights/"])
def test_the_order_of_a_source_is_the_one_that_it_lists(tmp_path, group):
    with h5py.File(tmp_path / "m.h5", "w") as file:
        for name, array in {"top_level_model_weights/own:0": np.ones(2), **dict(reversed(WEIGHTS.items()))}.items():
            file[group + name] = array
        file.require_group(group or "/").attrs["layer_names"] = [b"b", b"a"]
        for at, name in enumerate([b"b/kernel:0", b"b/bias:0"]):
            file[f"{group}b"].attrs[f"weight_names{at}"] = [name]
        file[f"{group}a"].attrs["weight_names"] = ["a/\u00e9:0".encode()]
    with open_tensors(tmp_path / "m.h5") as opened:
        names = [key.decode().removeprefix(group) for key in opened.source.in_file_order()]
    assert names == [*WEIGHTS, "top_level_model_weights/own:0"]


@pytest.mark.parametrize("listed", [["b", "a"], [b"gone", b"b", b"b"], 7, [b"\xff/..", b""]])
def test_lists_that_lead_nowhere_are_no_order(tmp_path, listed):
    write_kind(tmp_path / "m.h5", WEIGHTS)
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        file.attrs["layer_names"] = listed
        file["a"].attrs["weight_names"] = [b"nothing"]
    with open_tensors(tmp_path / "m.h5") as opened:
        assert sorted(opened.source.in_file_order()) == sorted(name.encode() for name in WEIGHTS)


def test_long_lists_are_cut_where_hdf5_has_no_place_for_more(tmp_path):
    arrays = {f"{'long' * 16}_{at:04d}/kernel:0": np.float32(at) for at in range(1100)}
    write_kind(tmp_path / "m.h5", arrays)
    with h5py.File(tmp_path / "m.h5") as file:
        assert [len(file.attrs[f"layer_names{part}"]) for part in range(2)] == [550, 550]
    assert list(in_order(tmp_path / "m.h5")) == list(arrays)


parts = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=8).filter(
    lambda x: x != "."
)


@settings(max_examples=20)
@given(names=st.lists(st.tuples(parts, parts), min_size=1, max_size=6, unique=True))
def test_any_names_keep_their_order_within_layers(tmp_path_factory, names):
    arrays = {f"{layer}/{name}": np.float32(at) for at, (layer, name) in enumerate(names)}
    arrays = {name: one for name, one in arrays.items() if not name.startswith("top_level_model_weights/")}
    path = tmp_path_factory.mktemp("m") / "m.h5"
    write_kind(path, arrays)
    layers = list(dict.fromkeys(name.partition("/")[0] for name in arrays))
    assert list(in_order(path)) == sorted(arrays, key=lambda name: layers.index(name.partition("/")[0]))


@pytest.mark.parametrize("case", ["dense/kernel in m.weights.h5", "vars in m.weights.h5", "kernel in m.h5"])
def test_names_that_keras_would_not_find_are_refused_first(tmp_path, case):
    name, _, file = case.partition(" in ")
    with pytest.raises(UnimplementedError, match=r"cannot hold names that are not like .*--map NEW=NAME"):
        write_kind(tmp_path / file, {name: np.ones(2)})
    assert not list(tmp_path.iterdir())
