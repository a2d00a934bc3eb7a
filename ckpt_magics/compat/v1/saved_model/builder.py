"""``tf.saved_model.builder``: writing SavedModels."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "SavedModelBuilder": "graphs.saved_models.model_builder",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
