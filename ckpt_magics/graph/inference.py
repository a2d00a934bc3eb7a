"""What can be said about a node before it runs: its attributes, and the dtypes and shapes of its outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from ckpt_magics.formats.tensor_proto import tensor_proto_to_array
from ckpt_magics.graph.attributes import attr_value, guess_attr_value, python_value
from ckpt_magics.graph.node import Operation, Tensor
from ckpt_magics.graph.shape import TensorShape
from ckpt_magics.ops.table import find_op
from ckpt_magics.proto.messages import AttrValue, OpDef

__all__ = ["complete_attrs", "constant_value", "flatten_inputs", "infer_shapes", "known_op_def"]

MAX_FOLDED_ELEMENTS = 10_000
"""Constants above this size are no shapes, axes or sizes, which is all that shape rules ask for."""


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

    def __init__(self, op: Operation) -> None:
        self._op = op

    def attr(self, name: str) -> Any:  # noqa: ANN401 -- the attribute's own type
        return python_value(self._op.attrs[name])

    def shape(self, index: int) -> tuple[int | None, ...] | None:
        return self._op.inputs[index].shape.sizes

    def constant(self, index: int) -> npt.NDArray[Any] | None:
        return constant_value(self._op.inputs[index])

    def handle_shape(self, index: int) -> tuple[int | None, ...] | None:
        return resource_shape(self._op.inputs[index])


def infer_shapes(op: Operation) -> None:
    """Set the shapes of an operation's outputs as far as its row in the op table can tell them."""
    row = find_op(op.type)
    if row is None or not op.outputs:
        return
    for tensor, sizes in zip(op.outputs, row.infer(_ShapeContext(op)), strict=True):
        tensor.replace_shape(TensorShape(sizes))


def resource_shape(handle: Tensor) -> tuple[int | None, ...] | None:
    """Return the shape of the variable that a resource handle stands for, or None."""
    while handle.op.type == "Identity":
        handle = handle.op.inputs[0]
    attrs = handle.op.attrs
    return TensorShape(attrs["shape"].shape).sizes if "shape" in attrs else None


def constant_value(tensor: Tensor) -> npt.NDArray[Any] | None:
    """Return the value of a tensor that is the same in every run, or None.

    Sees through the few ops that shapes are computed with.
    """
    while tensor.op.type in {"Identity", "StopGradient"}:
        tensor = tensor.op.inputs[0]
    op = tensor.op
    if op.type == "Const":
        return _const_array(op)
    if op.type == "Shape" and op.inputs[0].shape.is_fully_defined():
        return np.array(op.inputs[0].shape.as_list(), tensor.dtype.numpy)
    if op.type == "Pack" and all(item.op.type == "Const" for item in op.inputs):
        parts = [_const_array(item.op) for item in op.inputs]
        return None if any(part is None or part.ndim for part in parts) else np.array(parts)
    return None


def _const_array(op: Operation) -> npt.NDArray[Any] | None:
    proto = op.attrs["value"].tensor
    count = TensorShape(proto.tensor_shape).num_elements()
    if count is None or count > MAX_FOLDED_ELEMENTS:
        return None
    return tensor_proto_to_array(proto)
