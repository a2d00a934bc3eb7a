"""``tf.saved_model.loader``: loading SavedModels."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "load": "graphs.saved_models.model_loader:load_saved_model",
    "maybe_saved_model_directory": "graphs.saved_models.model_loader",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
