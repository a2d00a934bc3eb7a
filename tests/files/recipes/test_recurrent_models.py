"""Recipes of recurrent layers put gates and biases where PyTorch's layers have them."""

import numpy as np
import pytest

from ckpt_magics import InvalidArgumentError
from tests.files.recipes import recurrent_models as toys
from tests.files.recipes.converted import assert_made, converted

UNITS = toys.UNITS


def gates(array, order):
    """The blocks of the last axis in another order."""
    blocks = np.split(array, array.shape[-1] // UNITS, axis=-1)
    return np.concatenate([blocks[at] for at in order], axis=-1)


def first_lstm(prefix, kernel, bias):
    kernel = gates(kernel, [0, 2, 1, 3])
    forget = np.repeat(np.float32([0, 1, 0, 0]), UNITS)
    return {
        prefix.format("weight_ih"): kernel[:-UNITS].T,
        prefix.format("weight_hh"): kernel[-UNITS:].T,
        prefix.format("bias_ih"): gates(bias, [0, 2, 1, 3]) + forget,
        prefix.format("bias_hh"): np.zeros_like(bias),
    }


def test_cells_of_the_first_tensorflow():
    arrays = toys.first_cells()
    layers = {
        "decoder/rnn/basic_lstm_cell": "decoder.rnn.{}_l0",
        "rnn/multi_rnn_cell/cell_0/lstm_cell": "rnn.{}_l0",
        "rnn/multi_rnn_cell/cell_1/lstm_cell": "rnn.{}_l1",
    }
    expected = {"dense.kernel": arrays["dense/kernel"]}
    for cell, prefix in layers.items():
        expected |= first_lstm(prefix, arrays[f"{cell}/kernel"], arrays[f"{cell}/bias"])
    assert_made(expected, converted("tf1-lstm-torch", arrays))


def test_a_cell_without_a_scope():
    arrays = toys.first_cells()
    kernel, bias = (arrays[f"decoder/rnn/basic_lstm_cell/{last}"] for last in ("kernel", "bias"))
    made = converted("tf1-lstm-torch", {"lstm_cell/kernel": kernel, "lstm_cell/bias": bias})
    assert_made(first_lstm("{}_l0", kernel, bias), made)


def test_lstm_of_keras():
    arrays = toys.keras_lstm()
    expected = {"dense.kernel": arrays["dense/kernel"]}
    for layer, cell in (("lstm", "lstm_cell"), ("lstm_1", "lstm_cell_1")):
        expected |= {
            f"{layer}.weight_ih_l0": arrays[f"{layer}/{cell}/kernel"].T,
            f"{layer}.weight_hh_l0": arrays[f"{layer}/{cell}/recurrent_kernel"].T,
            f"{layer}.bias_ih_l0": arrays[f"{layer}/{cell}/bias"],
            f"{layer}.bias_hh_l0": np.zeros(4 * UNITS, np.float32),
        }
    assert_made(expected, converted("keras-lstm-torch", arrays))


def test_gru_of_keras():
    arrays = {name.split("/")[2]: array for name, array in toys.keras_gru().items()}
    expected = {
        "gru.weight_ih_l0": gates(arrays["kernel"], [1, 0, 2]).T,
        "gru.weight_hh_l0": gates(arrays["recurrent_kernel"], [1, 0, 2]).T,
        "gru.bias_ih_l0": gates(arrays["bias"][0], [1, 0, 2]),
        "gru.bias_hh_l0": gates(arrays["bias"][1], [1, 0, 2]),
    }
    assert_made(expected, converted("keras-gru-torch", toys.keras_gru()))


@pytest.mark.parametrize("recipe", ["keras-lstm-torch", "keras-gru-torch"])
def test_two_directions_are_one_layer(recipe):
    kind = recipe.split("-")[1]
    make = {"lstm": toys.keras_lstm, "gru": toys.keras_gru}[kind]
    arrays = {name: array for name, array in make().items() if name.startswith(f"{kind}/")}
    sides = {f"both/{way}_{name}": array for way in ("forward", "backward") for name, array in arrays.items()}
    single = converted(recipe, arrays)
    expected = {
        f"both.{name.partition('.')[2]}{end}": array for end in ("", "_reverse") for name, array in single.items()
    }
    assert_made(expected, converted(recipe, sides))


def test_gru_that_resets_before_is_refused():
    arrays = {name: array[0] if "bias" in name else array for name, array in toys.keras_gru().items()}
    with pytest.raises(InvalidArgumentError, match="it stays"):
        converted("keras-gru-torch", arrays)
