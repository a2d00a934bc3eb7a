"""``tf.contrib.legacy_seq2seq``: decoders that are written out step by step."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "basic_rnn_seq2seq": "graphs.layers.legacy_decoders",
    "rnn_decoder": "graphs.layers.legacy_decoders",
    "sequence_loss": "graphs.layers.legacy_decoders",
    "sequence_loss_by_example": "graphs.layers.legacy_decoders",
    "tied_rnn_seq2seq": "graphs.layers.legacy_decoders",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
