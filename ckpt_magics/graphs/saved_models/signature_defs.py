"""Signatures: which tensors a caller of a SavedModel gives, and which it gets.

Format: tensorflow/python/saved_model/signature_def_utils_impl.py and utils_impl.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.names import prepend_scope
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.saved_models import model_layout as layout
from ckpt_magics.proto.messages import DT_FLOAT, DT_STRING, SignatureDef, TensorInfo

__all__ = [
    "build_signature_def",
    "build_tensor_info",
    "classification_signature_def",
    "get_tensor_from_tensor_info",
    "is_valid_signature",
    "predict_signature_def",
    "regression_signature_def",
]

_FORMS: Mapping[str, tuple[Mapping[str, int] | None, Mapping[str, int] | None]] = {
    layout.PREDICT_METHOD_NAME: (None, None),
    layout.REGRESS_METHOD_NAME: ({layout.REGRESS_INPUTS: DT_STRING}, {layout.REGRESS_OUTPUTS: DT_FLOAT}),
    layout.CLASSIFY_METHOD_NAME: (
        {layout.CLASSIFY_INPUTS: DT_STRING},
        {layout.CLASSIFY_OUTPUT_CLASSES: DT_STRING, layout.CLASSIFY_OUTPUT_SCORES: DT_FLOAT},
    ),
}
"""What TensorFlow Serving asks of the inputs and outputs of each method: the dtypes by name, or None for anything."""


def build_tensor_info(tensor: Any) -> TensorInfo:  # noqa: ANN401 -- a tensor or a variable
    """Return a tensor's name, dtype and static shape as a message."""
    return TensorInfo(
        name=tensor.name, dtype=tensor.dtype.base_dtype.as_datatype_enum, tensor_shape=tensor.get_shape().as_proto()
    )


def get_tensor_from_tensor_info(
    tensor_info: TensorInfo, graph: Graph | None = None, import_scope: str | None = None
) -> Tensor:
    """Return the tensor that a TensorInfo names.

    Args:
        tensor_info: The message.
        graph: Where to look. Default: the default graph.
        import_scope: Scope into which the model was loaded.

    Raises:
        KeyError: The graph has no such tensor.
    """
    return (graph or get_default_graph()).get_tensor_by_name(prepend_scope(tensor_info.name, import_scope))


def build_signature_def(
    inputs: Mapping[str, TensorInfo] | None = None,
    outputs: Mapping[str, TensorInfo] | None = None,
    method_name: str | None = None,
) -> SignatureDef:
    """Return a signature of these inputs, outputs and method; each may be missing."""
    return SignatureDef(inputs=inputs, outputs=outputs, method_name=method_name)


def predict_signature_def(inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> SignatureDef:
    """Return a signature of any tensors.

    Raises:
        ValueError: There are no inputs, or no outputs.
    """
    for what, tensors in (("inputs", inputs), ("outputs", outputs)):
        if not tensors:
            raise ValueError(f"Prediction {what} cannot be None or empty.")
    return build_signature_def(_infos(inputs), _infos(outputs), layout.PREDICT_METHOD_NAME)


def regression_signature_def(examples: Tensor, predictions: Tensor) -> SignatureDef:
    """Return a signature that takes serialized examples and gives float32 predictions.

    Raises:
        ValueError: A tensor is None or has another dtype.
    """
    if predictions is None:
        raise ValueError("Regression predictions cannot be None.")
    return _served(layout.REGRESS_METHOD_NAME, "Regression", examples, {layout.REGRESS_OUTPUTS: predictions})


def classification_signature_def(examples: Tensor, classes: Tensor | None, scores: Tensor | None) -> SignatureDef:
    """Return a signature that takes serialized examples and gives class labels, float32 scores, or both.

    Raises:
        ValueError: The examples, or both outputs, are None; or a tensor has another dtype.
    """
    outputs = {layout.CLASSIFY_OUTPUT_CLASSES: classes, layout.CLASSIFY_OUTPUT_SCORES: scores}
    given = {name: tensor for name, tensor in outputs.items() if tensor is not None}
    if not given:
        raise ValueError("Classification classes and scores cannot both be None.")
    return _served(layout.CLASSIFY_METHOD_NAME, "Classification", examples, given)


def _served(method: str, what: str, examples: Tensor, outputs: Mapping[str, Tensor]) -> SignatureDef:
    """Return a signature of one of the two forms that take serialized examples."""
    if not isinstance(examples, Tensor):
        raise ValueError(f"{what} examples must be a string Tensor, not {examples!r}.")  # noqa: TRY004 -- TensorFlow's
    result = build_signature_def(_infos({"inputs": examples}), _infos(outputs), method)
    if not is_valid_signature(result):
        dtypes = {name: tensor.dtype.name for name, tensor in {"examples": examples, **outputs}.items()}
        raise ValueError(
            f"{what} takes examples that are a string Tensor; its classes must be a string Tensor, and its scores or "
            f"predictions a float Tensor. The dtypes are {dtypes}."
        )
    return result


def _infos(tensors: Mapping[str, Any]) -> dict[str, TensorInfo]:
    return {name: build_tensor_info(tensor) for name, tensor in tensors.items()}


def is_valid_signature(signature_def: SignatureDef | None) -> bool:
    """Tell whether TensorFlow Serving can serve a signature."""
    form = _FORMS.get(signature_def.method_name) if signature_def is not None else None
    if signature_def is None or form is None or not signature_def.inputs or not signature_def.outputs:
        return False
    inputs, outputs = form
    return _fits(signature_def.inputs, inputs) and _fits(signature_def.outputs, outputs)


def _fits(infos: Mapping[str, TensorInfo], dtypes: Mapping[str, int] | None) -> bool:
    return dtypes is None or all(dtypes.get(name) == info.dtype for name, info in infos.items())
