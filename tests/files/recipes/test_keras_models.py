"""The recipe for Keras' legacy layout puts weights into the order that Keras counts them in."""

import numpy as np

from tests.files.recipes import keras_models as toys
from tests.files.recipes.converted import converted


def test_weights_are_in_the_order_of_layers_and_in_each_what_is_trained_first():
    made = converted("keras-2-h5", toys.keras_2())
    np.testing.assert_array_equal(list(made.values()), list(toys.in_order().values()))
    # However a file orders names: that of the names is the same.
    assert list(made) == sorted(made)


def test_a_layer_is_a_scope():
    made = converted("keras-2-h5", toys.keras_2())
    layers = list(dict.fromkeys(name.partition("/")[0] for name in made))
    assert layers == [f"layer_with_weights-{at:04d}" for at in range(12)]


def test_what_has_no_known_order_is_left_out():
    assert not any("scale" in name for name in converted("keras-2-h5", toys.keras_2()))
