"""Make the models of this folder's tests anew: ``python -m tests.files.keras_models.make_golden``, in .venv-recipes-4.

Of each: ``NAME.index`` and its data, as tf_keras 2.21 saves weights in TensorFlow's format, ``NAME-3.index`` and its
data, a checkpoint of Keras 3.15, and ``NAME.weights.h5``, as Keras 3.15 saves the same values. And ``OPTIMIZER.index``
and its data, a checkpoint of a model and its optimizer after one step.
"""

import os

os.environ["TF_USE_LEGACY_KERAS"] = "1"

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from tests.files.recipes.references import keras_zoo as zoo

GOLDEN = Path(__file__).with_name("golden")
OPTIMIZERS = {
    "adam-legacy": lambda: (tf_keras, tf_keras.optimizers.legacy.Adam()),
    "adam-2": lambda: (tf_keras, tf_keras.optimizers.Adam()),
    "adam-3": lambda: (keras, keras.optimizers.Adam()),
    "sgd-legacy": lambda: (tf_keras, tf_keras.optimizers.legacy.SGD(momentum=0.9)),
}

if __name__ == "__main__":
    for make in (zoo.convolutions, zoo.recurrent, zoo.nested, zoo.subclass):
        old, new = zoo.made(make, tf_keras), zoo.made(make, keras)
        old.save_weights(str(GOLDEN / make.__name__), save_format="tf")
        tf.train.Checkpoint(model=new).write(str(GOLDEN / f"{make.__name__}-3"))
        new.save_weights(GOLDEN / f"{make.__name__}.weights.h5")
    for name, make in OPTIMIZERS.items():
        library, optimizer = make()
        model = zoo.made(zoo.trained, library)
        model.compile(optimizer, "mse")
        model.train_on_batch(np.ones((4, 4), np.float32), np.ones((4, 2), np.float32))
        tf.train.Checkpoint(model=model, optimizer=optimizer).write(str(GOLDEN / name))
    (GOLDEN / "checkpoint").unlink()
