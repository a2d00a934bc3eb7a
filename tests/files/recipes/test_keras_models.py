"""The recipe for Keras' legacy layout puts weights into the order that Keras counts them in."""

import numpy as np
import pytest

from ckpt_magics.errors import InvalidArgumentError
from tests.files.recipes import keras_models as toys
from tests.files.recipes.converted import converted


def test_weights_are_in_the_order_of_layers_and_in_each_what_is_trained_first():
    made = converted("keras-2-h5", toys.keras_2())
    np.testing.assert_array_equal(list(made.values())[:-1], list(toys.in_order().values()))


def test_a_layer_is_a_scope():
    made = converted("keras-2-h5", toys.keras_2())
    layers = list(dict.fromkeys(name.partition("/")[0] for name in made))
    assert layers == [f"layer_with_weights-{at}" for at in range(13)]


def test_what_has_one_order_only_needs_no_graph():
    assert list(converted("keras-2-h5", toys.keras_2()))[-1] == "layer_with_weights-12/scale:0"


def test_what_has_no_known_order_is_refused():
    more = {f"layer_with_weights-12/shift{toys.END}": np.zeros(2, np.float32)}
    with pytest.raises(InvalidArgumentError, match="which of scale, shift comes first"):
        converted("keras-2-h5", toys.keras_2() | more)
