"""``tf.saved_model.signature_constants``: what signatures, their inputs and their outputs are called."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

HOMES = {
    "CLASSIFY_INPUTS": "graphs.saved_models.model_layout",
    "CLASSIFY_METHOD_NAME": "graphs.saved_models.model_layout",
    "CLASSIFY_OUTPUT_CLASSES": "graphs.saved_models.model_layout",
    "CLASSIFY_OUTPUT_SCORES": "graphs.saved_models.model_layout",
    "DEFAULT_SERVING_SIGNATURE_DEF_KEY": "graphs.saved_models.model_layout",
    "PREDICT_INPUTS": "graphs.saved_models.model_layout",
    "PREDICT_METHOD_NAME": "graphs.saved_models.model_layout",
    "PREDICT_OUTPUTS": "graphs.saved_models.model_layout",
    "REGRESS_INPUTS": "graphs.saved_models.model_layout",
    "REGRESS_METHOD_NAME": "graphs.saved_models.model_layout",
    "REGRESS_OUTPUTS": "graphs.saved_models.model_layout",
}

__all__ = list(HOMES)

__getattr__, __dir__ = lazy_names(__name__, HOMES)
