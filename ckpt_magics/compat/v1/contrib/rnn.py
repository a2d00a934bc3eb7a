"""``tf.contrib.rnn``: cells, and what steps them over lists."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "BasicLSTMCell": "graphs.layers.rnn_cells",
    "BasicRNNCell": "graphs.layers.rnn_cells",
    "DeviceWrapper": "graphs.layers.composed_cells",
    "DropoutWrapper": "graphs.layers.composed_cells",
    "GRUCell": "graphs.layers.rnn_cells",
    "LSTMCell": "graphs.layers.rnn_cells",
    "LSTMStateTuple": "graphs.layers.rnn_cells",
    "MultiRNNCell": "graphs.layers.composed_cells",
    "RNNCell": "graphs.layers.recurrent_cell",
    "ResidualWrapper": "graphs.layers.composed_cells",
    "static_bidirectional_rnn": "graphs.layers.recurrence",
    "static_rnn": "graphs.layers.recurrence",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
