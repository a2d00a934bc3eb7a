"""``tf.saved_model``: writing SavedModels, loading them, and their signatures."""

from __future__ import annotations

from ckpt_magics.compat.lazy_names import lazy_names

_HOMES = {
    "ASSETS_DIRECTORY": "graphs.saved_models.model_layout",
    "ASSETS_KEY": "graphs.saved_models.model_layout",
    "Builder": "graphs.saved_models.model_builder:SavedModelBuilder",
    "CLASSIFY_INPUTS": "graphs.saved_models.model_layout",
    "CLASSIFY_METHOD_NAME": "graphs.saved_models.model_layout",
    "CLASSIFY_OUTPUT_CLASSES": "graphs.saved_models.model_layout",
    "CLASSIFY_OUTPUT_SCORES": "graphs.saved_models.model_layout",
    "DEFAULT_SERVING_SIGNATURE_DEF_KEY": "graphs.saved_models.model_layout",
    "GPU": "graphs.saved_models.model_layout",
    "LEGACY_INIT_OP_KEY": "graphs.saved_models.model_layout",
    "MAIN_OP_KEY": "graphs.saved_models.model_layout",
    "PREDICT_INPUTS": "graphs.saved_models.model_layout",
    "PREDICT_METHOD_NAME": "graphs.saved_models.model_layout",
    "PREDICT_OUTPUTS": "graphs.saved_models.model_layout",
    "REGRESS_INPUTS": "graphs.saved_models.model_layout",
    "REGRESS_METHOD_NAME": "graphs.saved_models.model_layout",
    "REGRESS_OUTPUTS": "graphs.saved_models.model_layout",
    "SAVED_MODEL_FILENAME_PB": "graphs.saved_models.model_layout",
    "SAVED_MODEL_FILENAME_PBTXT": "graphs.saved_models.model_layout",
    "SAVED_MODEL_SCHEMA_VERSION": "graphs.saved_models.model_layout",
    "SERVING": "graphs.saved_models.model_layout",
    "TPU": "graphs.saved_models.model_layout",
    "TRAINING": "graphs.saved_models.model_layout",
    "VARIABLES_DIRECTORY": "graphs.saved_models.model_layout",
    "VARIABLES_FILENAME": "graphs.saved_models.model_layout",
    "build_signature_def": "graphs.saved_models.signature_defs",
    "build_tensor_info": "graphs.saved_models.signature_defs",
    "builder": "compat.v1.saved_model.builder:",
    "classification_signature_def": "graphs.saved_models.signature_defs",
    "constants": "compat.v1.saved_model.constants:",
    "contains_saved_model": "graphs.saved_models.model_loader:maybe_saved_model_directory",
    "get_tensor_from_tensor_info": "graphs.saved_models.signature_defs",
    "is_valid_signature": "graphs.saved_models.signature_defs",
    "load": "graphs.saved_models.model_loader:load_saved_model",
    "loader": "compat.v1.saved_model.loader:",
    "main_op": "compat.v1.saved_model.main_op:",
    "main_op_with_restore": "graphs.saved_models.main_ops",
    "maybe_saved_model_directory": "graphs.saved_models.model_loader",
    "predict_signature_def": "graphs.saved_models.signature_defs",
    "regression_signature_def": "graphs.saved_models.signature_defs",
    "signature_constants": "compat.v1.saved_model.signature_constants:",
    "signature_def_utils": "compat.v1.saved_model.signature_def_utils:",
    "simple_save": "graphs.saved_models.model_builder",
    "tag_constants": "compat.v1.saved_model.tag_constants:",
    "utils": "compat.v1.saved_model.utils:",
}

__all__ = list(_HOMES)

__getattr__, __dir__ = lazy_names(__name__, _HOMES)
