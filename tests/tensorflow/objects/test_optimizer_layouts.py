"""The state of optimizers of every age goes on in those of Keras 3."""

import numpy as np
import pytest

from ckpt_magics import convert_checkpoint

pytestmark = [pytest.mark.tensorflow, pytest.mark.filterwarnings("ignore")]

KINDS = {
    "amsgrad": ("Adam", {"amsgrad": True}, [["m", "v"], ["vhat"]]),
    "momentum": ("SGD", {"momentum": 0.9}, [["momentum"]]),
    "rmsprop": ("RMSprop", {"momentum": 0.9, "centered": True}, [["rms"], ["momentum"], ["mg"]]),
    "centered": ("RMSprop", {"centered": True}, [["rms"], ["mg"]]),
    "adadelta": ("Adadelta", {}, [["accum_grad", "accum_var"]]),
    "ftrl": ("Ftrl", {}, [["accumulator", "linear"]]),
}


@pytest.fixture(scope="module")
def libraries(tf):
    """Keras 2 and Keras 3."""
    import keras
    import tf_keras

    return tf_keras, keras


def trained(library, optimizer, seed):
    """A model whose optimizer has a state."""
    model = library.Sequential([library.layers.Dense(3), library.layers.BatchNormalization(), library.layers.Dense(2)])
    model.build((None, 4))
    model.compile(optimizer, "mse")
    random = np.random.default_rng(seed)
    model.fit(random.random((8, 4), np.float32), random.random((8, 2), np.float32), batch_size=4, verbose=0)
    return model


def restored(tf, keras, make, path, tmp_path):
    """Optimizers of Keras 3 that have the state of a checkpoint, each by another kind of file."""
    convert_checkpoint(path, tmp_path / "objects", ["keras-3-objects"])
    by_objects = trained(keras, make(), 2)
    checkpoint = tf.train.Checkpoint(model=by_objects, optimizer=by_objects.optimizer)
    checkpoint.read(str(tmp_path / "objects")).expect_partial()
    convert_checkpoint(path, tmp_path / "m.weights.h5", ["layers"])
    by_layers = trained(keras, make(), 3)
    by_layers.load_weights(tmp_path / "m.weights.h5")
    return [by_objects.optimizer, by_layers.optimizer]


@pytest.mark.parametrize("kind", KINDS)
def test_the_state_of_a_legacy_optimizer_goes_on(tf, libraries, tmp_path, kind):
    tf_keras, keras = libraries
    name, options, slots = KINDS[kind]
    old = trained(tf_keras, getattr(tf_keras.optimizers.legacy, name)(**options), 1)
    optimizer = old.optimizer
    expected = [optimizer.iterations, optimizer.learning_rate]
    for together in slots:
        expected += [optimizer.get_slot(weight, slot) for weight in old.trainable_weights for slot in together]
    path = tf.train.Checkpoint(model=old, optimizer=optimizer).write(str(tmp_path / "old"))
    for found in restored(tf, keras, lambda: getattr(keras.optimizers, name)(**options), path, tmp_path):
        assert len(found.variables) == len(expected)
        for variable, wanted in zip(found.variables, expected, strict=True):
            np.testing.assert_array_equal(variable.numpy(), wanted.numpy(), err_msg=variable.path)


def test_the_state_of_an_optimizer_that_scales_losses_goes_on(tf, libraries, tmp_path):
    _, keras = libraries

    def make():
        return keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())

    old = trained(keras, make(), 1)
    old.optimizer.dynamic_scale.assign(512.0)
    path = tf.train.Checkpoint(model=old, optimizer=old.optimizer).write(str(tmp_path / "old"))
    for found in restored(tf, keras, make, path, tmp_path):
        assert len(found.variables) == 4 + 2 + 2 * 6
        for variable, wanted in zip(found.variables, old.optimizer.variables, strict=True):
            np.testing.assert_array_equal(variable.numpy(), wanted.numpy(), err_msg=variable.path)


@pytest.mark.parametrize("is_legacy", [False, True], ids=["today's", "legacy"])
def test_the_state_of_one_of_keras_2_that_scales_losses_goes_on(tf, libraries, tmp_path, is_legacy):
    tf_keras, keras = libraries
    adam = (tf_keras.optimizers.legacy if is_legacy else tf_keras.optimizers).Adam()
    old = trained(tf_keras, tf_keras.mixed_precision.LossScaleOptimizer(adam, initial_scale=512.0), 1)
    path = tf.train.Checkpoint(model=old, optimizer=old.optimizer).write(str(tmp_path / "old"))
    if is_legacy:
        slots = [adam.get_slot(weight, slot) for weight in old.trainable_weights for slot in ("m", "v")]
    else:
        slots = adam.variables[1:]
    # The optimizer around has no iterations and rate in use, and gets those of the one in it.
    state = [adam.iterations, adam.learning_rate]
    expected = [*state, np.int64(2), np.float32(512), *state, *slots]

    def make():
        return keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam())

    for found in restored(tf, keras, make, path, tmp_path):
        assert len(found.variables) == len(expected)
        for variable, wanted in zip(found.variables, expected, strict=True):
            np.testing.assert_array_equal(variable.numpy(), np.asarray(wanted), err_msg=variable.path)
