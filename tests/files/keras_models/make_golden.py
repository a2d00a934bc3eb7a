"""Make the models of this folder's tests anew: ``python -m tests.files.keras_models.make_golden``, in .venv-recipes-4.

Of each: ``NAME.index`` and its data, as tf_keras 2.21 saves weights in TensorFlow's format, ``NAME-3.index`` and its
data, a checkpoint of Keras 3.15, and ``NAME.weights.h5``, as Keras 3.15 saves the same values. And ``OPTIMIZER.index``
and its data, a checkpoint of a model and its optimizer after one step.
"""

import os
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).with_name("golden")


def make_golden() -> None:
    """Write all files; the libraries are imported here, since this module is looked through for tests as others are."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import keras
    import tensorflow as tf
    import tf_keras

    from tests.files.recipes.references import keras_zoo as zoo

    optimizers = {
        "adam-legacy": (tf_keras, tf_keras.optimizers.legacy.Adam()),
        "adam-2": (tf_keras, tf_keras.optimizers.Adam()),
        "adam-3": (keras, keras.optimizers.Adam()),
        "sgd-legacy": (tf_keras, tf_keras.optimizers.legacy.SGD(momentum=0.9)),
    }
    for make in (zoo.convolutions, zoo.recurrent, zoo.nested, zoo.subclass):
        old, new = zoo.made(make, tf_keras), zoo.made(make, keras)
        old.save_weights(str(GOLDEN / make.__name__), save_format="tf")
        tf.train.Checkpoint(model=new).write(str(GOLDEN / f"{make.__name__}-3"))
        new.save_weights(GOLDEN / f"{make.__name__}.weights.h5")
    for name, (library, optimizer) in optimizers.items():
        model = zoo.made(zoo.trained, library)
        model.compile(optimizer, "mse")
        model.train_on_batch(np.ones((4, 4), np.float32), np.ones((4, 2), np.float32))
        tf.train.Checkpoint(model=model, optimizer=optimizer).write(str(GOLDEN / name))
    (GOLDEN / "checkpoint").unlink()


if __name__ == "__main__":
    make_golden()
