"""Weights that tf_keras saves in TensorFlow's format are loaded by Keras 3 out of a file in the legacy layout."""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # as other tests here have it

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from tests.files.recipes.converted import converted


def convolutions(library):
    layers = library.layers
    return library.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.SeparableConv2D(4, 3, depth_multiplier=2),
            layers.BatchNormalization(),
            *(layers.Conv2D(4, 1) for _ in range(11)),  # of equal shapes, and more than nine
            layers.DepthwiseConv2D(3),
            layers.Conv2DTranspose(4, 3),
            layers.LayerNormalization(),
            layers.Flatten(),
            layers.Dense(3),
        ]
    )


def recurrent(library):
    layers = library.layers
    words = library.Input((6,))
    found = layers.Embedding(11, 4)(words)
    found = layers.MultiHeadAttention(2, 2)(found, found)
    found = layers.Bidirectional(layers.LSTM(3, return_sequences=True))(found)
    found = layers.TimeDistributed(layers.Dense(4))(found)
    found = layers.GRU(4, return_sequences=True)(found)
    return library.Model(words, layers.SimpleRNN(4)(found))


def nested(library):
    layers = library.layers
    inner = library.Sequential([layers.Input((4,)), layers.Dense(4), layers.BatchNormalization(), layers.Dense(4)])
    numbers = library.Input((4,))
    return library.Model(numbers, layers.Dense(4)(inner(layers.Dense(4)(numbers))))


def written(arrays, path):
    """Write a file whose layers are the scopes of the names, as they come."""
    layers = {}
    for name in arrays:
        layers.setdefault(name.partition("/")[0], []).append(name)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.encode() for layer in layers]
        for layer, names in layers.items():
            group = file.create_group(layer)
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name in names:
                group[name] = arrays[name]


@pytest.mark.parametrize("make", [convolutions, recurrent, nested])
def test_keras_3_has_the_same_weights(make, tmp_path):
    old, new = make(tf_keras), make(keras)
    random = np.random.default_rng(0)
    old.set_weights([random.uniform(0.1, 1, array.shape) for array in old.get_weights()])
    old.save_weights(str(tmp_path / "model"), save_format="tf")
    reader = tf.train.load_checkpoint(str(tmp_path / "model"))
    names = [name for name in reader.get_variable_to_shape_map() if name != "_CHECKPOINTABLE_OBJECT_GRAPH"]
    written(converted("keras-2-h5", {name: reader.get_tensor(name) for name in names}), tmp_path / "model.h5")
    new.load_weights(tmp_path / "model.h5")
    inputs = random.integers(0, 11, (2, *old.input_shape[1:])).astype(np.float32)
    np.testing.assert_allclose(np.asarray(new(inputs)), np.asarray(old(inputs)), rtol=1e-4, atol=1e-5)
