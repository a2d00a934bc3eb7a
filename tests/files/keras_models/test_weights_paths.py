"""Weights are where Keras 3 has them: models of both Kerases beside what Keras 3 saves, and what has to be said."""

from pathlib import Path

import numpy as np
import pytest

from ckpt_magics import ConvertOptions, convert_checkpoint, load_checkpoint
from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.notebook.commands.command_line import main

GOLDEN = Path(__file__).with_name("golden")
INNER = "*layer_with_weights-1/layer_with_weights-2"
SAID = {
    "nested": {"*layer-1": "Sequential", INNER: "Functional"},
    "subclass": {"re:blocks/[01]": "Block", "table": "dict"},
}


def arrays(path):
    with load_checkpoint(path) as reader:
        return {name: reader[name] for name in reader}


def without_seeds(found):
    """Leave out what makes random numbers, which Keras 2 does not save and Keras 3 does not need."""
    return {path: array for path, array in found.items() if "seed_generator" not in path}


def converted(source, folder, said=None):
    """Return what stands in a file for Keras 3, made of a model of this folder."""
    target = folder / "m.weights.h5"
    convert_checkpoint(source, target, [("layers", said)] if said else [])
    return arrays(target)


@pytest.mark.parametrize("made_by", ["Keras 2", "Keras 3"])
@pytest.mark.parametrize("name", ["convolutions", "recurrent", "nested"])
def test_every_weight_is_where_keras_3_has_it(tmp_path, name, made_by):
    source, said = (name, SAID.get(name)) if made_by == "Keras 2" else (f"{name}-3", None)
    found = converted(GOLDEN / source, tmp_path, said)
    expected = {
        path: one for path, one in arrays(GOLDEN / f"{name}.weights.h5").items() if "seed_generator" not in path
    }
    assert {path: one for path, one in found.items() if "seed_generator" not in path}.keys() == expected.keys()
    for path, array in expected.items():
        np.testing.assert_array_equal(found[path], array, err_msg=path)


def test_a_subclass_has_its_attributes_and_lists_their_classes(tmp_path):
    found = converted(GOLDEN / "subclass", tmp_path, SAID["subclass"])
    layers = {path.partition("/vars")[0] for path in found}
    blocks = [
        f"{block}{inner}" for block in ("alone", "blocks/block", "blocks/block_1") for inner in ("", "/norm", "/z")
    ]
    dense = ["blocks/dense", "blocks/container/dense", "table/dense", "table/dense_1", "zeroth"]
    assert layers == {*blocks, *dense, "vars/0"}


class TestWhatIsNotClear:
    def test_is_named_with_what_helps(self, tmp_path):
        with pytest.raises(InvalidArgumentError) as caught:
            converted(GOLDEN / "subclass", tmp_path)
        assert str(caught.value) == (
            "the weights do not tell the class of blocks/0, blocks/1, table. It is --layers that asks for it. "
            "Say it behind that, if it is so: 'blocks/0=block' 'blocks/1=block' 'table=layer' (or dict)"
        )
        assert not list(tmp_path.iterdir())

    def test_may_be_one_of_several(self, tmp_path):
        with pytest.raises(InvalidArgumentError, match=r"layer_with_weights-2=functional' \(or sequential"):
            converted(GOLDEN / "nested", tmp_path, {"layer-1": "Sequential"})

    def test_is_taken_as_it_is_said(self, tmp_path):
        found = converted(GOLDEN / "nested", tmp_path, {"layer-1": "Sequential", INNER: "My2DNet"})
        assert "layers/sequential_1/layers/my2d_net/layers/dense/vars/0" in found

    def test_has_to_be_a_layer(self, tmp_path):
        with pytest.raises(InvalidArgumentError, match="stem matches no layer"):
            converted(GOLDEN / "nested", tmp_path, {"stem": "Dense"})


def named(**shapes):
    """Return weights of layers by names of TensorFlow's format: ``layer_with_weights-0`` has the first's."""
    return {
        f"layer_with_weights-{at}/{name}/.ATTRIBUTES/VARIABLE_VALUE": np.zeros(shape, np.float32)
        for at, weights in enumerate(shapes.values())
        for name, shape in weights.items()
    }


@pytest.mark.parametrize(
    ("weights", "layer"),
    [
        ({"bias": (3,), "kernel": (2, 3)}, "dense"),
        ({"bias": (5,), "kernel": (1, 1, 3, 5)}, "conv2d"),
        ({"bias": (3,), "kernel": (1, 1, 3, 5)}, "conv2d_transpose"),
        ({"bias": (4,), "depthwise_kernel": (3, 3, 4, 1)}, "depthwise_conv2d"),
        ({"beta": (4,), "moving_mean": (4,), "moving_variance": (4,)}, "batch_normalization"),
        ({"embeddings": (9, 4)}, "embedding"),
        ({"cell/kernel": (2, 12), "cell/recurrent_kernel": (3, 12), "cell/bias": (12,)}, "lstm"),
        ({"cell/kernel": (2, 9), "cell/recurrent_kernel": (3, 9), "cell/bias": (2, 9)}, "gru"),
        ({"cell/kernel": (2, 3), "cell/recurrent_kernel": (3, 3)}, "simple_rnn"),
        ({"alpha": (3,)}, "p_re_lu"),
    ],
)
def test_names_and_shapes_tell_most_classes_without_a_graph(tmp_path, weights, layer):
    found = converted(named(first=weights, second=weights), tmp_path)
    assert {path.split("/")[1] for path in found} == {layer, f"{layer}_1"}


@pytest.mark.parametrize(
    "weights",
    [
        {"kernel": (1, 1, 5, 5), "bias": (5,)},
        {"scale": (4,)},
        {"gamma": (4,), "beta": (4,)},
        {"layer/kernel": (2, 3), "layer/bias": (3,)},
    ],
)
def test_what_several_classes_may_have_is_asked_for(tmp_path, weights):
    with pytest.raises(InvalidArgumentError, match="of layer_with_weights-0"):
        converted(named(first=weights), tmp_path)


def test_without_a_graph_an_order_that_only_it_tells_is_refused(tmp_path):
    with pytest.raises(InvalidArgumentError, match="which of a, b comes first"):
        converted(named(first={"a": (1,), "b": (1,)}), tmp_path, {"*": "Mine"})


@pytest.mark.parametrize("source", [{"w": np.ones(2)}, {"dense/kernel": np.ones((2, 2)), "dense/bias": np.ones(2)}])
def test_what_is_no_keras_model_is_refused(tmp_path, source):
    with pytest.raises(InvalidArgumentError, match="are no names of layers"):
        converted(source, tmp_path)
    assert not list(tmp_path.iterdir())


def test_names_of_a_file_for_keras_stay(tmp_path):
    expected = arrays(GOLDEN / "nested.weights.h5")
    assert converted(GOLDEN / "nested.weights.h5", tmp_path).keys() == expected.keys()


def test_weights_that_a_step_has_changed_are_still_those_of_the_model(tmp_path):
    """Of a compiled Keras 3 model, where the optimizer has the keys of all that is trained."""
    steps = [("dtype", {"*kernel": "float16"}), "weights-only"]
    convert_checkpoint(GOLDEN / "adam-3", tmp_path / "m.weights.h5", steps)
    found = arrays(tmp_path / "m.weights.h5")
    assert found["layers/dense/vars/0"].dtype == np.float16
    assert len(found) == 8


def test_a_line_says_the_class_of_layers(tmp_path, capsys):
    said = ["layer-1=Sequential", f"{INNER}=Functional"]
    assert main(["convert", str(GOLDEN / "nested"), str(tmp_path / "m.weights.h5"), "--layers", *said]) == 0
    assert "layers/sequential_1/layers/functional/layers/dense/vars/0" in capsys.readouterr().out
    assert main(["convert", str(GOLDEN / "recurrent"), str(tmp_path / "m"), "--keras-2-objects", "--quiet"]) == 0


def test_a_model_among_several_is_chosen_by_its_scope(tmp_path):
    with load_checkpoint(GOLDEN / "convolutions") as reader:
        one = {f"{model}/{name}": reader[name] for model in ("left", "right") for name in reader if "GRAPH" not in name}
    convert_checkpoint(one, tmp_path / "both", options=ConvertOptions(objects=True))
    with pytest.raises(InvalidArgumentError, match=r"several models or layers: left, right\..*--include left/"):
        converted(tmp_path / "both", tmp_path)
    convert_checkpoint(tmp_path / "both", tmp_path / "m.h5", [("include", "left/")])
