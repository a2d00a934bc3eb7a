"""Names and shapes of what recurrent layers of TensorFlow and Keras save, with random numbers."""

import numpy as np

INPUTS, UNITS = 5, 4


def numbers(shapes):
    random = np.random.default_rng(len(shapes))
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def first_cells():
    """A cell alone, two cells in one, and a layer of another sort, with slots."""
    gates = 4 * UNITS
    cells = {
        "decoder/rnn/basic_lstm_cell": INPUTS,
        "rnn/multi_rnn_cell/cell_0/lstm_cell": INPUTS,
        "rnn/multi_rnn_cell/cell_1/lstm_cell": UNITS,
    }
    shapes = {f"{cell}/kernel": (rows + UNITS, gates) for cell, rows in cells.items()}
    shapes |= {f"{cell}/bias": (gates,) for cell in cells} | {"dense/kernel": (UNITS, 2)}
    arrays = numbers(shapes)
    slots = {f"{name}/{slot}": array + 1 for name, array in arrays.items() for slot in ("Adam", "Adam_1")}
    return arrays | slots | {"global_step": np.int64(7), "beta1_power": np.float32(0.9)}


def keras_lstm():
    shapes = {}
    for layer, cell, rows in (("lstm", "lstm_cell", INPUTS), ("lstm_1", "lstm_cell_1", UNITS)):
        shapes[f"{layer}/{cell}/kernel"] = (rows, 4 * UNITS)
        shapes[f"{layer}/{cell}/recurrent_kernel"] = (UNITS, 4 * UNITS)
        shapes[f"{layer}/{cell}/bias"] = (4 * UNITS,)
    return numbers(shapes | {"dense/kernel": (UNITS, 2)})


def keras_gru(rows=2):
    """As a checkpoint of objects has it."""
    shapes = {"kernel": (INPUTS, 3 * UNITS), "recurrent_kernel": (UNITS, 3 * UNITS), "bias": (rows, 3 * UNITS)}
    return numbers({f"gru/gru_cell/{last}/.ATTRIBUTES/VARIABLE_VALUE": shape for last, shape in shapes.items()})
