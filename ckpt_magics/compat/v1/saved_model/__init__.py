"""``tf.saved_model``: writing SavedModels, loading them, and their signatures."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names
from ckpt_magics.compat.v1.saved_model import (
    constants,
    signature_constants,
    signature_def_utils,
    tag_constants,
    utils,
)

_OWN = {
    "Builder": "graphs.saved_models.model_builder:SavedModelBuilder",
    "builder": "compat.v1.saved_model.builder:",
    "constants": "compat.v1.saved_model.constants:",
    "contains_saved_model": "graphs.saved_models.model_loader:maybe_saved_model_directory",
    "load": "graphs.saved_models.model_loader:load_saved_model",
    "loader": "compat.v1.saved_model.loader:",
    "main_op": "compat.v1.saved_model.main_op:",
    "main_op_with_restore": "graphs.saved_models.main_ops",
    "maybe_saved_model_directory": "graphs.saved_models.model_loader",
    "signature_constants": "compat.v1.saved_model.signature_constants:",
    "signature_def_utils": "compat.v1.saved_model.signature_def_utils:",
    "simple_save": "graphs.saved_models.model_builder",
    "tag_constants": "compat.v1.saved_model.tag_constants:",
    "utils": "compat.v1.saved_model.utils:",
}

_SHARED = constants.HOMES | signature_constants.HOMES | signature_def_utils.HOMES | tag_constants.HOMES | utils.HOMES

_HOMES = dict(sorted((_SHARED | _OWN).items()))

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
