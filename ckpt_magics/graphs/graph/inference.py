"""What can be said about a node before it runs: its attributes, and the dtypes and shapes of its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.files.formats.shapes import MAX_RANK, format_shape
from ckpt_magics.files.formats.tensor_proto import tensor_proto_to_array
from ckpt_magics.graphs.graph.attributes import attr_content, attr_value, guess_attr_value
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.ops.partial_shapes import Shape, shape_from_proto
from ckpt_magics.graphs.ops.row import AttrContent, Op
from ckpt_magics.graphs.ops.rows import find_op
from ckpt_magics.proto.messages import AttrValue, OpDef, TensorProto

__all__ = ["complete_attrs", "constant_value", "flatten_inputs", "infer_shapes", "known_op_def", "resource_shape"]

MAX_FOLDED_ELEMENTS = 1000
"""Constants above this size are no shapes, axes, sizes or paddings, which is all that shape rules ask for."""

MAX_PASSED_ON = 100
"""Ops in a row that pass a value on and are seen through; damaged graphs have circles of them."""

MAX_SIZE = (1 << 63) - 1
"""Largest size of a dimension."""


@cache
def known_op_def(op_type: str) -> OpDef | None:
    """Return the definition of an op that this package knows, or None."""
    row = find_op(op_type)
    return None if row is None else row.op_def()


def flatten_inputs(inputs: Sequence[Tensor | Sequence[Tensor]]) -> list[Tensor]:
    """Return inputs one after the other, those of a list argument too."""
    flat: list[Tensor] = []
    for item in inputs:
        flat.extend([item] if isinstance(item, Tensor) else item)
    return flat


def complete_attrs(
    op_def: OpDef | None, inputs: Sequence[Tensor | Sequence[Tensor]], given: Mapping[str, Any]
) -> dict[str, AttrValue]:
    """Return the attributes of a new node: the given ones, those that its inputs imply, and the defaults.

    Args:
        op_def: The op's definition, if it is known.
        inputs: One entry per argument of the op, a list for an argument that takes a list.
        given: Attributes by name, as AttrValue or Python values; None stands for "as the op has it".

    Raises:
        TypeError: A value is not what the op's definition asks for.
        ValueError: An attribute without a default is missing.
    """
    given = {name: value for name, value in given.items() if value is not None}
    if op_def is None:
        return {name: guess_attr_value(value) for name, value in given.items()}
    kinds = {attr.name: attr.type for attr in op_def.attr}
    attrs = {
        name: attr_value(value, kinds[name]) if name in kinds else guess_attr_value(value)
        for name, value in given.items()
    }
    for arg, item in zip(op_def.input_arg, inputs, strict=False):
        _imply(attrs, arg, item)
    for attr in op_def.attr:
        if attr.name not in attrs:
            if not attr.HasField("default_value"):
                raise ValueError(f"op {op_def.name} needs a value for its attribute {attr.name!r}")
            attrs[attr.name] = attr.default_value
    return attrs


def _imply(attrs: dict[str, AttrValue], arg: OpDef.ArgDef, item: Tensor | Sequence[Tensor]) -> None:
    """Add the attributes that the tensors of one argument settle; what the caller gave stands."""
    tensors = [item] if isinstance(item, Tensor) else list(item)
    if arg.type_list_attr:
        attrs.setdefault(arg.type_list_attr, attr_value([tensor.dtype for tensor in tensors], "list(type)"))
    if arg.number_attr:
        attrs.setdefault(arg.number_attr, attr_value(len(tensors), "int"))
    if arg.type_attr and tensors:
        attrs.setdefault(arg.type_attr, attr_value(tensors[0].dtype, "type"))


class _ShapeContext:
    """What a shape rule may ask about one operation."""

    def __init__(self, op: Operation, row: Op) -> None:
        self._op = op
        self._row = row

    def attr(self, name: str) -> AttrContent:
        return attr_content(self._op.node_def, self._row.attrs_by_name[name])

    def shape(self, index: int) -> Shape:
        return self._op.inputs[index].shape.sizes

    def constant(self, index: int) -> npt.NDArray[Any] | None:
        return constant_value(self._op.inputs[index])

    def handle_shape(self, index: int) -> Shape:
        return resource_shape(self._op.inputs[index])

    def graph_version(self) -> int:
        return self._op.graph.versions.producer


def infer_shapes(op: Operation) -> None:
    """Set the shapes of an operation's outputs as far as its row in the op table can tell them.

    Raises:
        InvalidArgumentError: The inputs' shapes or the attributes do not go together.
        IndexError: The operation has too few inputs.
    """
    row = find_op(op.type)
    if row is None or not op.outputs:
        return
    context = _ShapeContext(op, row)
    counted = row.outputs[0].number_attr if len(row.outputs) == 1 else ""
    if counted and context.attr(counted) != len(op.outputs):
        raise InvalidArgumentError(f"attribute '{counted}' does not count the {len(op.outputs)} outputs")
    for tensor, sizes in zip(op.outputs, row.infer(context), strict=True):
        _check_limits(sizes)
        tensor.replace_shape(TensorShape(sizes))


def _check_limits(sizes: Shape) -> None:
    if sizes is None:
        return
    if len(sizes) > MAX_RANK:
        raise InvalidArgumentError(f"the output has {len(sizes)} dimensions, more than {MAX_RANK}")
    if max((size for size in sizes if size is not None), default=0) > MAX_SIZE:
        raise InvalidArgumentError(f"no tensor can have shape {format_shape(sizes)}")


def _source(tensor: Tensor, passing: frozenset[str]) -> Tensor | None:
    """Return the tensor that ops which pass values on have taken, or None if there are too many of them."""
    for _ in range(MAX_PASSED_ON):
        if tensor.op.type not in passing or not tensor.op.inputs:
            return tensor
        tensor = tensor.op.inputs[0]
    return None


def resource_shape(handle: Tensor) -> Shape:
    """Return the shape of the variable that a resource handle stands for, or None."""
    source = _source(handle, frozenset({"Identity", "Switch"}))
    if source is None or "shape" not in source.op.attrs:
        return None
    attr = source.op.attrs["shape"]
    return shape_from_proto(attr.shape) if attr.HasField("shape") else None


def constant_value(tensor: Tensor) -> npt.NDArray[Any] | None:
    """Return the value of a tensor that is the same in every run, or None.

    Sees through the few ops that shapes are computed with.
    """
    source = _source(tensor, frozenset({"Identity", "StopGradient"}))
    if source is None:
        return None
    op = source.op
    if op.type == "Const":
        return _const_array(op)
    if op.type == "Shape" and op.inputs and op.inputs[0].shape.is_fully_defined():
        return np.array(op.inputs[0].shape.as_list(), source.dtype.numpy)
    if op.type == "Pack" and len(op.inputs) <= MAX_RANK and all(item.op.type == "Const" for item in op.inputs):
        parts = [_const_array(item.op) for item in op.inputs]
        return None if any(part is None or part.ndim for part in parts) else np.array(parts)
    return None


def _const_array(op: Operation) -> npt.NDArray[Any] | None:
    proto = op.attrs["value"].tensor if "value" in op.attrs else TensorProto()
    if len(proto.tensor_shape.dim) > MAX_RANK:
        return None
    count = TensorShape(proto.tensor_shape).num_elements()
    if not proto.dtype or count is None or count > MAX_FOLDED_ELEMENTS:
        return None
    return tensor_proto_to_array(proto)
