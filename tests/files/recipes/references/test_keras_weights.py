"""Weights that tf_keras and Keras 3 save in TensorFlow's format are loaded by both out of the files that we write."""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"  # as other tests here have it

import keras
import pytest
import tensorflow as tf
import tf_keras

from ckpt_magics import convert_checkpoint
from ckpt_magics.errors import InvalidArgumentError
from tests.files.recipes.references import keras_zoo as zoo

MODELS = [zoo.convolutions, zoo.recurrent, zoo.nested, zoo.deferred, zoo.subclass, zoo.mixed, zoo.branched]
every_model = pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)


def weights_of(model, path):
    """Save a model as tf_keras does, or in a checkpoint."""
    if isinstance(model, tf_keras.Model):
        model.save_weights(path, save_format="tf")
    else:
        tf.train.Checkpoint(model=model).write(path)
    return path


def steps_for(make):
    said = [entry.rpartition("=") for entry in zoo.SAID.get(make, [])]
    return [("layers", {layer: name for layer, _, name in said})] if said else []


@every_model
def test_keras_3_loads_weights_of_keras_2(make, tmp_path):
    old = zoo.made(make, tf_keras)
    convert_checkpoint(weights_of(old, str(tmp_path / "m")), tmp_path / "m.weights.h5", steps_for(make))
    new = zoo.made(make, keras)
    new.set_weights([array * 0 for array in new.get_weights()])
    new.load_weights(tmp_path / "m.weights.h5")
    zoo.assert_same_answers(old, new)


@every_model
def test_keras_2_has_weights_of_keras_2_in_a_checkpoint_of_its_training(make, tmp_path):
    old = zoo.made(make, tf_keras)
    old.compile("adam", "mse")
    old.fit(zoo.inputs_of(old), old(zoo.inputs_of(old)), verbose=0)
    tf.train.Checkpoint(model=old, optimizer=old.optimizer).save(str(tmp_path / "m"))
    convert_checkpoint(tmp_path / "m-1", tmp_path / "m.weights.h5", steps_for(make))
    new = zoo.made(make, keras)
    new.load_weights(tmp_path / "m.weights.h5")
    zoo.assert_same_answers(old, new)


@pytest.mark.parametrize("make", [make for make in MODELS if make is not zoo.subclass], ids=lambda make: make.__name__)
def test_weights_of_keras_3_in_a_checkpoint_are_loaded_by_keras_3(make, tmp_path):
    old = zoo.made(make, keras)
    old.compile("adam", "mse")
    old.fit(zoo.inputs_of(old), old(zoo.inputs_of(old)), verbose=0)
    convert_checkpoint(weights_of(old, str(tmp_path / "m")), tmp_path / "m.weights.h5")
    new = zoo.made(make, keras)
    new.load_weights(tmp_path / "m.weights.h5")
    zoo.assert_same_answers(old, new)


@pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras", "tf_keras"])
@pytest.mark.parametrize("make", [make for make in MODELS if make is not zoo.subclass], ids=lambda make: make.__name__)
def test_both_load_the_legacy_layout_by_order(make, library, tmp_path):
    old = zoo.made(make, tf_keras)
    convert_checkpoint(weights_of(old, str(tmp_path / "m")), tmp_path / "m.h5")
    new = zoo.made(make, library)
    new.set_weights([array * 0 for array in new.get_weights()])
    new.load_weights(tmp_path / "m.h5")
    zoo.assert_same_answers(old, new)


@pytest.mark.parametrize("library", [keras, tf_keras], ids=["keras", "tf_keras"])
@pytest.mark.parametrize("make", [zoo.convolutions, zoo.recurrent, zoo.mixed], ids=lambda make: make.__name__)
def test_both_load_the_legacy_layout_by_name(make, library, tmp_path):
    old = zoo.made(make, tf_keras)
    convert_checkpoint(weights_of(old, str(tmp_path / "m")), tmp_path / "m.h5")
    new = zoo.made(make, library)
    new.set_weights([array * 0 for array in new.get_weights()])
    new.load_weights(tmp_path / "m.h5", by_name=True)
    zoo.assert_same_answers(old, new)


def test_what_the_weights_do_not_tell_has_to_be_said(tmp_path):
    old = zoo.made(zoo.subclass, tf_keras)
    with pytest.raises(InvalidArgumentError, match=r"class of blocks/0, blocks/1, table"):
        convert_checkpoint(weights_of(old, str(tmp_path / "m")), tmp_path / "m.weights.h5")
    assert not os.path.exists(tmp_path / "m.weights.h5")
