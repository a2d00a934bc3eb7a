"""``tf.saved_model.main_op``: what a SavedModel runs when it is loaded."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "main_op": "graphs.saved_models.main_ops",
    "main_op_with_restore": "graphs.saved_models.main_ops",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
