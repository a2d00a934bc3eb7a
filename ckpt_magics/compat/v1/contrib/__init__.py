"""``tf.contrib``: names that programs took from it and that have a plain twin."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "framework": "compat.v1.contrib.framework:",
    "layers": "compat.v1.contrib.layers:",
    "legacy_seq2seq": "compat.v1.contrib.legacy_seq2seq:",
    "rnn": "compat.v1.contrib.rnn:",
    "slim": "compat.v1.contrib.slim:",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
