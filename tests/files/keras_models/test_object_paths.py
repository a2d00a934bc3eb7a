"""Checkpoints of Keras 2 models become those of the same Keras 3 models, and back: tensors, keys and objects."""

from pathlib import Path

import numpy as np
import pytest

from ckpt_magics import convert_checkpoint, load_checkpoint
from ckpt_magics.errors import InvalidArgumentError, UnimplementedError

GOLDEN = Path(__file__).with_name("golden")
INNER = "*layer_with_weights-1/layer_with_weights-2"
SAID = {
    "recurrent": {"model": "Functional"},
    "nested": {"model": "Functional", "layer-1": "Sequential", INNER: "Functional"},
}


def arrays(path):
    """Return the weights in a checkpoint by their keys."""
    with load_checkpoint(path) as reader:
        names = [name for name in reader if not name.startswith("_CHECK") and "seed_generator" not in name]
        return {name: reader[name] for name in names}


def assert_same(expected, found):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.parametrize("name", ["convolutions", "recurrent", "nested"])
def test_weights_of_keras_2_are_where_keras_3_has_them(tmp_path, name):
    convert_checkpoint(GOLDEN / name, tmp_path / "m", [("keras-3-objects", SAID.get(name, True))])
    assert_same(arrays(GOLDEN / f"{name}-3"), arrays(tmp_path / "m"))


@pytest.mark.parametrize("name", ["convolutions", "recurrent", "nested"])
def test_weights_of_keras_3_are_where_keras_2_has_them(tmp_path, name):
    convert_checkpoint(GOLDEN / f"{name}-3", tmp_path / "m", ["keras-2-objects"])
    expected = {f"model/{key}": array for key, array in arrays(GOLDEN / name).items() if "save_counter" not in key}
    assert_same(expected, arrays(tmp_path / "m"))


def test_the_objects_are_those_of_the_names(tmp_path):
    convert_checkpoint(GOLDEN / "convolutions", tmp_path / "m", ["keras-3-objects"])
    with load_checkpoint(tmp_path / "m") as reader:
        node = reader.object_graph.node("model/_functional/_operations/21")
        assert set(node.children) == {"_kernel", "bias"}


def test_what_makes_a_difference_has_to_be_said(tmp_path):
    with pytest.raises(InvalidArgumentError, match=r"class of model\. .*'model=functional' \(or sequential\)"):
        convert_checkpoint(GOLDEN / "recurrent", tmp_path / "m", ["keras-3-objects"])


def test_layers_in_lists_are_refused(tmp_path):
    said = {"re:blocks/[01]": "Block", "table": "dict"}
    with pytest.raises(UnimplementedError, match=r"sees no layers in lists of a Keras 3 model.* blocks.*table"):
        convert_checkpoint(GOLDEN / "subclass", tmp_path / "m", [("keras-3-objects", said)])
