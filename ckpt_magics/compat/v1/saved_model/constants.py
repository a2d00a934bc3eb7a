"""``tf.saved_model.constants``: names inside a SavedModel."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

HOMES = {
    "ASSETS_DIRECTORY": "graphs.saved_models.model_layout",
    "ASSETS_KEY": "graphs.saved_models.model_layout",
    "LEGACY_INIT_OP_KEY": "graphs.saved_models.model_layout",
    "MAIN_OP_KEY": "graphs.saved_models.model_layout",
    "SAVED_MODEL_FILENAME_PB": "graphs.saved_models.model_layout",
    "SAVED_MODEL_FILENAME_PBTXT": "graphs.saved_models.model_layout",
    "SAVED_MODEL_SCHEMA_VERSION": "graphs.saved_models.model_layout",
    "VARIABLES_DIRECTORY": "graphs.saved_models.model_layout",
    "VARIABLES_FILENAME": "graphs.saved_models.model_layout",
}

__all__ = list(HOMES)

__getattr__, __dir__ = lazy_names(__name__, HOMES)
