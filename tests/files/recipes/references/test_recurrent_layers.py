"""Recurrent layers of TensorFlow and Keras compute the same in PyTorch."""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # as other tests here have it

import keras
import numpy as np
import pytest
import tensorflow as tf
import torch
from tf_keras.src.layers.rnn import legacy_cells

from tests.files.recipes.converted import converted

INPUTS, UNITS = 5, 4
SEQUENCES = np.random.default_rng(0).standard_normal((3, 7, INPUTS)).astype(np.float32)


def in_torch(layer, entries, prefix):
    """What a layer computes with its entries out of those of a model."""
    own = {name.removeprefix(prefix): torch.from_numpy(array) for name, array in entries.items()}
    layer.load_state_dict(own, strict=True)
    with torch.no_grad():
        return layer(torch.from_numpy(SEQUENCES))[0].numpy()


@pytest.mark.parametrize(
    ("layer", "recipe", "twin"),
    [(keras.layers.LSTM, "keras-lstm-torch", torch.nn.LSTM), (keras.layers.GRU, "keras-gru-torch", torch.nn.GRU)],
)
@pytest.mark.parametrize("both", [False, True])
def test_layers_of_keras(layer, recipe, twin, both):
    cells = layer(UNITS, return_sequences=True, name="layer")
    if both:
        cells = keras.layers.Bidirectional(cells, name="layer")
    model = keras.Sequential([keras.Input((None, INPUTS)), cells], name="model")
    random = np.random.default_rng(1)
    for one in model.weights:
        one.assign(random.standard_normal(one.shape))
    entries = converted(recipe, {one.path: np.asarray(one) for one in model.weights})
    found = in_torch(twin(INPUTS, UNITS, batch_first=True, bidirectional=both), entries, "model.layer.")
    np.testing.assert_allclose(found, np.asarray(model(SEQUENCES)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("cell", [legacy_cells.BasicLSTMCell, legacy_cells.LSTMCell])
@pytest.mark.parametrize("layers", [1, 2])
def test_cells_of_the_first_tensorflow(cell, layers):
    graph = tf.Graph()
    with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
        cells = [cell(UNITS) for _ in range(layers)]
        one = cells[0] if layers == 1 else legacy_cells.MultiRNNCell(cells)
        outputs, _ = tf.compat.v1.nn.dynamic_rnn(one, tf.constant(SEQUENCES), dtype=tf.float32)
        variables = tf.compat.v1.global_variables()
        random = np.random.default_rng(1)
        arrays = {one.op.name: random.standard_normal(one.shape).astype(np.float32) for one in variables}
        for variable in variables:
            variable.load(arrays[variable.op.name], session)
        expected = session.run(outputs)
    found = in_torch(
        torch.nn.LSTM(INPUTS, UNITS, layers, batch_first=True), converted("tf1-lstm-torch", arrays), "rnn."
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
