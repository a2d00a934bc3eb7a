"""What is known of a node's outputs, their dtype and shape, from its attributes alone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.dtypes import dtype_by_number
from ckpt_magics.notebook.pictures.model.labels import ELLIPSIS
from ckpt_magics.proto import messages

# Attributes that hold an output's dtype, most telling first, for graphs that come without op definitions.
_DTYPE_ATTRS: Final = ("dtype", "DstT", "out_type", "output_type", "Tout", "T")
_DTYPE_LIST_ATTRS: Final = ("Tout", "component_types", "output_types", "dtypes", "T")
_RESULT_OF_OP: Final = {"Shape": messages.DT_INT32, "VarHandleOp": messages.DT_RESOURCE, "SaveV2": 0, "NoOp": 0}
_HANDLES: Final = frozenset({"resource", "variant"})
MAX_DIMS: Final = 8

OpDefs = Mapping[str, messages.OpDef]


def describe_output(node: messages.NodeDef, slot: int, op_defs: OpDefs) -> str:
    """Return dtype and shape of one output as ``float32 [?, 10]``; what is not known is left out."""
    dtype, shape = output_dtype(node, slot, op_defs), output_shape(node, slot)
    if dtype in _HANDLES:
        # The shape of a handle is always scalar, and never that of what it leads to.
        shape = ""
    return " ".join(part for part in (dtype, shape) if part)


def describe_node(node: messages.NodeDef, op_defs: OpDefs) -> str:
    """Return what a node holds: like its first output, but a resource variable shows its value's dtype."""
    if node.op != "VarHandleOp":
        return describe_output(node, 0, op_defs)
    shape = format_shape(node.attr["shape"].shape) if "shape" in node.attr else ""
    return " ".join(part for part in (dtype_name(_attr_type(node, "dtype")), shape) if part)


def output_dtype(node: messages.NodeDef, slot: int, op_defs: OpDefs) -> str:
    """Return the dtype of an output, ``""`` when the node does not say."""
    op_def = op_defs.get(node.op)
    if op_def is not None:
        types = _types_by_definition(node, op_def)
        return dtype_name(types[slot]) if 0 <= slot < len(types) else ""
    if node.op in _RESULT_OF_OP:
        return dtype_name(_RESULT_OF_OP[node.op])
    for name in _DTYPE_LIST_ATTRS:
        listed = node.attr[name].list.type if name in node.attr else ()
        if 0 <= slot < len(listed):
            return dtype_name(listed[slot])
    return next((dtype_name(number) for name in _DTYPE_ATTRS if (number := _attr_type(node, name))), "")


def _types_by_definition(node: messages.NodeDef, op_def: messages.OpDef) -> list[int]:
    """DataType numbers of all outputs, as the op's definition derives them from attributes."""
    types: list[int] = []
    for argument in op_def.output_arg:
        if argument.type_list_attr:
            types.extend(node.attr[argument.type_list_attr].list.type if argument.type_list_attr in node.attr else ())
            continue
        number = argument.type or _attr_type(node, argument.type_attr)
        # A count from a file: an op has as many outputs as its node spells out elsewhere, never millions.
        count = min(node.attr[argument.number_attr].i, 4096) if argument.number_attr in node.attr else 1
        types.extend([number] * max(count, 0))
    return types


def _attr_type(node: messages.NodeDef, name: str) -> int:
    return node.attr[name].type if name in node.attr else 0


def output_shape(node: messages.NodeDef, slot: int) -> str:
    """Return the shape of an output as ``[?, 10]``, ``""`` when it is not known."""
    shape = _known_shape(node, slot)
    return "" if shape is None else format_shape(shape)


def output_elements(node: messages.NodeDef, slot: int) -> int:
    """Return how many elements an output has for one of each dimension that is not known; 0 where no shape is."""
    shape = _known_shape(node, slot)
    return 0 if shape is None or shape.unknown_rank else math.prod(dim.size for dim in shape.dim if dim.size >= 0)


def _known_shape(node: messages.NodeDef, slot: int) -> messages.TensorShapeProto | None:
    attributes = node.attr
    if "_output_shapes" in attributes:
        shapes = attributes["_output_shapes"].list.shape
        return shapes[slot] if 0 <= slot < len(shapes) else None
    if node.op == "Const" and "value" in attributes:
        return attributes["value"].tensor.tensor_shape
    if "shape" in attributes and attributes["shape"].HasField("shape") and node.op != "VarHandleOp":
        return attributes["shape"].shape
    return None


def format_shape(shape: messages.TensorShapeProto) -> str:
    """Return a shape as ``[?, 10]``; unknown rank is ``""``, dimensions beyond the eighth become an ellipsis."""
    return "" if shape.unknown_rank else format_dims([dim.size for dim in shape.dim[: MAX_DIMS + 1]])


def format_dims(dims: Sequence[int | None]) -> str:
    """Return dimensions as text; None and negative numbers are unknown."""
    shown = ["?" if dim is None or dim < 0 else str(dim) for dim in dims[:MAX_DIMS]]
    if len(dims) > MAX_DIMS:
        shown.append(ELLIPSIS)
    return f"[{', '.join(shown)}]"


def dtype_name(number: int) -> str:
    """Return TensorFlow's name of a DataType number, a reference shown as what it refers to; ``""`` if unknown."""
    try:
        return dtype_by_number(number, allow_ref=True).name if number else ""
    except CheckpointError:
        return ""
