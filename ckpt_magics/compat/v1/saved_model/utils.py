"""``tf.saved_model.utils``: tensors as messages."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

HOMES = {
    "build_tensor_info": "graphs.saved_models.signature_defs",
    "get_tensor_from_tensor_info": "graphs.saved_models.signature_defs",
}

__all__ = list(HOMES)

__getattr__, __dir__ = lazy_names(__name__, HOMES)
