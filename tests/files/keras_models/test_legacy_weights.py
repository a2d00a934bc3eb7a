"""Weights are in the order in which Keras takes them out of the legacy layout, under the names of layers."""

from pathlib import Path

import h5py
import numpy as np
import pytest

from ckpt_magics import convert_checkpoint, load_checkpoint
from ckpt_magics.errors import InvalidArgumentError, UnimplementedError

GOLDEN = Path(__file__).with_name("golden")


def converted(source, folder, steps=()):
    """Return what Keras finds in a legacy file made of a model: layers with their weights, by their names."""
    target = folder / "m.h5"
    convert_checkpoint(source, target, steps)
    with h5py.File(target) as file:
        layers = [name.decode() for name in file.attrs["layer_names"]]
        return {layer: [name.decode() for name in file[layer].attrs["weight_names"]] for layer in layers}


def test_layers_have_their_names_and_weights_those_that_keras_2_gives_them(tmp_path):
    found = converted(GOLDEN / "recurrent", tmp_path)
    heads = ("query", "key", "value", "attention_output")
    assert list(found) == [
        "embedding",
        "multi_head_attention",
        "bidirectional",
        "time_distributed",
        "mine",
        "gru",
        "simple_rnn",
    ]
    assert found["multi_head_attention"] == [
        f"multi_head_attention/{head}/{weight}:0" for head in heads for weight in ("kernel", "bias")
    ]
    assert found["mine"] == [f"mine/gru_cell/{weight}:0" for weight in ("kernel", "recurrent_kernel", "bias")]


def test_a_model_in_a_model_is_one_layer_in_which_what_is_trained_comes_first(tmp_path):
    found = converted(GOLDEN / "nested", tmp_path)
    assert list(found) == ["first", "layer_with_weights-1", "dense_2"]
    untrained = [name for name in found["layer_with_weights-1"] if "moving_" in name]
    assert len(untrained) == 4
    assert found["layer_with_weights-1"][-4:] == untrained


@pytest.mark.parametrize("name", ["convolutions", "recurrent", "nested"])
def test_no_value_is_lost(tmp_path, name):
    layers = converted(GOLDEN / name, tmp_path)
    with load_checkpoint(GOLDEN / f"{name}.weights.h5") as reader:
        expected = sorted(reader[one].tobytes() for one in reader if "seed_generator" not in one)
    with h5py.File(tmp_path / "m.h5") as file:
        found = [file[layer][name][()].tobytes() for layer, names in layers.items() for name in names]
    assert sorted(found) == expected


def test_a_dictionary_of_layers_has_to_be_told_from_a_layer(tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"class of table.*'table=layer' \(or dict\)"):
        converted(GOLDEN / "subclass", tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_dictionary_that_both_kerases_order_otherwise_is_refused(tmp_path):
    with pytest.raises(UnimplementedError, match="takes the layers in table by the order of their keys"):
        converted(GOLDEN / "subclass", tmp_path, [("legacy-layers", {"table": "dict"})])
    assert not list(tmp_path.iterdir())


def test_names_that_are_so_already_stay(tmp_path):
    arrays = {"b/b/kernel:0": np.ones((2, 2)), "a/a/kernel:0": np.ones((2, 2))}
    assert converted(arrays, tmp_path) == {"b": ["b/kernel:0"], "a": ["a/kernel:0"]}
