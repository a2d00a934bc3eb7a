"""Checkpoints of Keras 2 models are consumed by Keras 3 models and back, with the optimizer that goes on as before."""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # as other tests here have it

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from ckpt_magics import convert_checkpoint
from tests.files.recipes.references import keras_zoo as zoo

MODELS = {
    zoo.convolutions: True,
    zoo.recurrent: {"model": "Functional"},
    zoo.nested: {
        "model": "Functional",
        "*layer-1": "Sequential",
        "*layer_with_weights-1/layer_with_weights-2": "Functional",
    },
    zoo.deferred: {"model": "Sequential"},
    zoo.mixed: True,
    zoo.branched: {"model": "Functional"},
}
every_model = pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
INPUTS, TARGETS = np.ones((4, 4), np.float32), np.ones((4, 2), np.float32)


@every_model
def test_keras_3_consumes_weights_of_keras_2(make, tmp_path):
    old = zoo.made(make, tf_keras)
    old.save_weights(str(tmp_path / "old"), save_format="tf")
    convert_checkpoint(tmp_path / "old", tmp_path / "new", [("keras-3-objects", MODELS[make])])
    new = zoo.made(make, keras)
    new.set_weights([array * 0 for array in new.get_weights()])
    tf.train.Checkpoint(model=new).read(str(tmp_path / "new")).assert_consumed()
    zoo.assert_same_answers(old, new)


@every_model
def test_keras_2_consumes_weights_of_keras_3(make, tmp_path):
    old = zoo.made(make, keras)
    tf.train.Checkpoint(model=old).write(str(tmp_path / "old"))
    convert_checkpoint(tmp_path / "old", tmp_path / "new", ["keras-2-objects"])
    new = zoo.made(make, tf_keras)
    new.set_weights([array * 0 for array in new.get_weights()])
    tf.train.Checkpoint(model=new).read(str(tmp_path / "new")).assert_consumed()
    zoo.assert_same_answers(old, new)


OPTIMIZERS = {
    "legacy Adam": (tf_keras.optimizers.legacy.Adam, keras.optimizers.Adam, {"learning_rate": 0.01}),
    "Adam": (tf_keras.optimizers.Adam, keras.optimizers.Adam, {"learning_rate": 0.01}),
    "legacy SGD": (tf_keras.optimizers.legacy.SGD, keras.optimizers.SGD, {"learning_rate": 0.01, "momentum": 0.9}),
    "legacy RMSprop": (tf_keras.optimizers.legacy.RMSprop, keras.optimizers.RMSprop, {"learning_rate": 0.01}),
    "legacy Adagrad": (tf_keras.optimizers.legacy.Adagrad, keras.optimizers.Adagrad, {"learning_rate": 0.01}),
}


def trained(library, optimizer):
    model = zoo.made(zoo.trained, library)
    model.compile(optimizer, "mse")
    return model


@pytest.mark.parametrize("target", ["new", "new.weights.h5"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_as_before(name, target, tmp_path):
    make_old, make_new, options = OPTIMIZERS[name]
    old, new = trained(tf_keras, make_old(**options)), trained(keras, make_new(**options | {"learning_rate": 1.0}))
    for _ in range(3):
        old.train_on_batch(INPUTS, TARGETS)
    tf.train.Checkpoint(model=old, optimizer=old.optimizer).write(str(tmp_path / "old"))
    convert_checkpoint(tmp_path / "old", tmp_path / target, [] if "." in target else ["keras-3-objects"])
    new.optimizer.build(new.trainable_variables)
    if "." in target:
        new.load_weights(tmp_path / target)
    else:
        status = tf.train.Checkpoint(model=new, optimizer=new.optimizer).read(str(tmp_path / target))
        status.assert_consumed()
    for _ in range(3):
        old.train_on_batch(INPUTS, TARGETS)
        new.train_on_batch(INPUTS, TARGETS)
    assert int(new.optimizer.iterations) == 6
    for expected, found in zip(old.get_weights(), new.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
