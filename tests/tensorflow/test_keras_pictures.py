"""The layers of Keras' SavedModels are seen in their pictures, though they lie in functions that functions call."""

import importlib

import pytest

from ckpt_magics.notebook.pictures.graph_model import model_of_graph
from ckpt_magics.notebook.pictures.views.view import ViewOptions
from ckpt_magics.proto import messages

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore")]

LAYERS = ["stem", "norm", "body", "head"]


@pytest.mark.parametrize("library", ["keras", "tf_keras"])
def test_layers_are_in_the_first_picture(tf, library, tmp_path):
    keras = importlib.import_module(library)
    hidden = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(8, name="hidden")], name="body")
    layers = [keras.layers.Conv2D(4, 3, name="stem"), keras.layers.BatchNormalization(name="norm"), hidden]
    inputs = outputs = keras.Input((8, 8, 3))
    for layer in [*layers, keras.layers.Dense(3, name="head")]:
        outputs = layer(outputs)
    tf.saved_model.save(keras.Model(inputs, outputs, name="net"), str(tmp_path))
    saved = messages.SavedModel.FromString((tmp_path / "saved_model.pb").read_bytes())
    model = model_of_graph(saved.meta_graphs[0])
    view = model.cut(ViewOptions()).view
    drawn = {name for each in (*view.nodes, *view.clusters) for name in each.name.split("/")[1:]}
    assert [layer for layer in LAYERS if not {layer, f"{layer}_1"} & drawn] == []
    # What a layer does comes of the input, and of its weights outside.
    names = [item.name for item in model.hierarchy.items]
    edges = zip(model.hierarchy.sources.tolist(), model.hierarchy.targets.tolist(), strict=True)
    inside = [(names[source], names[target]) for source, target in edges if "Call/" in names[target]]
    first = {source for source, target in inside if "/stem" in target and "/stem" not in source}
    assert first == {next(name for name in names if name.startswith("serving_default_")), "stem/bias", "stem/kernel"}
