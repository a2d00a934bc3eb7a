"""``tf.saved_model.signature_def_utils``: making signatures."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

HOMES = {
    "build_signature_def": "graphs.saved_models.signature_defs",
    "classification_signature_def": "graphs.saved_models.signature_defs",
    "is_valid_signature": "graphs.saved_models.signature_defs",
    "predict_signature_def": "graphs.saved_models.signature_defs",
    "regression_signature_def": "graphs.saved_models.signature_defs",
}

__all__ = list(HOMES)

__getattr__, __dir__ = lazy_names(__name__, HOMES)
