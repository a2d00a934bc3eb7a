"""``tf.saved_model.tag_constants``: what graphs in a SavedModel are found by."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

HOMES = {
    "GPU": "graphs.saved_models.model_layout",
    "SERVING": "graphs.saved_models.model_layout",
    "TPU": "graphs.saved_models.model_layout",
    "TRAINING": "graphs.saved_models.model_layout",
}

__all__ = list(HOMES)

__getattr__, __dir__ = lazy_names(__name__, HOMES)
