"""Attribute values of nodes: Python values to AttrValue messages and back.

Format: tensorflow/core/framework/attr_value.proto.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import DType, as_dtype, dtype_by_number
from ckpt_magics.files.formats.shapes import MAX_RANK
from ckpt_magics.files.formats.tensor_proto import array_to_tensor_proto
from ckpt_magics.graphs.graph.shape import TensorShape, as_shape
from ckpt_magics.graphs.ops.row import Attr, AttrContent
from ckpt_magics.proto.messages import AttrValue, NameAttrList, NodeDef, TensorProto, TensorShapeProto

__all__ = ["attr_content", "attr_kind", "attr_value", "guess_attr_value", "python_value"]


def _text(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def _tensor(value: object) -> TensorProto:
    return value if isinstance(value, TensorProto) else array_to_tensor_proto(np.asarray(value), as_dtype(value))


def _function(value: str | NameAttrList) -> NameAttrList:
    return value if isinstance(value, NameAttrList) else NameAttrList(name=value)


_FIELDS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "string": ("s", _text),
    "int": ("i", int),
    "float": ("f", float),
    "bool": ("b", bool),
    "type": ("type", lambda value: as_dtype(value).number),
    "shape": ("shape", lambda value: as_shape(value).as_proto()),
    "tensor": ("tensor", _tensor),
    "func": ("func", _function),
}
"""By the type that an OpDef gives an attribute: the field that holds it, and what makes the field's value."""


def attr_value(value: object, kind: str) -> AttrValue:
    """Return a Python value as the attribute that an OpDef asks for.

    Args:
        value: Any spelling of the value; an AttrValue is taken as it is.
        kind: The attribute's type in the OpDef, as ``type`` or ``list(shape)``.

    Raises:
        TypeError: The value cannot be one of that type.
    """
    if isinstance(value, AttrValue):
        return value
    if not kind.startswith("list("):
        field, convert = _FIELDS[kind]
        return AttrValue(**{field: convert(value)})
    field, convert = _FIELDS[kind[5:-1]]
    if not isinstance(value, Iterable) or isinstance(value, (str, bytes)):
        raise TypeError(f"an attribute of type {kind} takes a list, not {value!r}")
    return AttrValue(list=AttrValue.ListValue(**{field: [convert(item) for item in value]}))


def attr_kind(value: AttrValue) -> str:
    """Return the type of what an attribute holds, as an OpDef names it; of a list only ``list``, of nothing ``list``.

    TensorFlow takes no value at all for an empty list.
    """
    field = value.WhichOneof("value") or "list"
    return next((kind for kind, (held, _) in _FIELDS.items() if held == field), field)


def guess_attr_value(value: object) -> AttrValue:
    """Return a Python value as an attribute of an op whose definition is not known.

    Raises:
        TypeError: The value is of no type that attributes have.
    """
    if isinstance(value, AttrValue):
        return value
    if isinstance(value, (list, tuple)):
        return attr_value(value, f"list({_guess_kind(value[0])})" if value else "list(int)")
    return attr_value(value, _guess_kind(value))


def _guess_kind(value: object) -> str:
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (bool, "bool"),
        (int, "int"),
        (float, "float"),
        ((str, bytes), "string"),
        (DType, "type"),
        ((TensorShape, TensorShapeProto), "shape"),
        ((TensorProto, np.ndarray, np.generic), "tensor"),
        (NameAttrList, "func"),
    )
    for types, kind in kinds:
        if isinstance(value, types):
            return kind
    raise TypeError(f"{value!r} cannot be the value of an attribute")


def python_value(attr: AttrValue) -> Any:  # noqa: ANN401 -- what an attribute holds is known at run time only
    """Return what an attribute holds, as ``Operation.get_attr`` gives it.

    Types come as `DType`; strings as bytes; shapes, tensors and functions as the messages they are.

    Raises:
        InvalidArgumentError: The attribute holds a number that is no known type, or nothing.
    """
    field = attr.WhichOneof("value")
    if field is None:
        raise InvalidArgumentError("the attribute has no value")
    value = getattr(attr, field)
    if field == "type":
        return dtype_by_number(value, allow_ref=True)
    if field != "list":
        return value
    if value.type:
        return [dtype_by_number(number, allow_ref=True) for number in value.type]
    return next(
        (
            list(getattr(value, name))
            for name in ("s", "i", "f", "b", "shape", "tensor", "func")
            if getattr(value, name)
        ),
        [],
    )


def attr_content(node: NodeDef, attr: Attr) -> AttrContent:
    """Return what a node has for an attribute that its op's row asks for, or the row's default.

    Raises:
        InvalidArgumentError: The node has none and the row has no default, or the node has one of another type, or a
            shape that no tensor has.
    """
    if attr.name not in node.attr:
        if attr.default is None:
            raise InvalidArgumentError(f"node '{visible(node.name)}' (op {node.op}) has no attribute '{attr.name}'")
        return python_value(attr.default_value())
    value = node.attr[attr.name]
    is_list = attr.kind.startswith("list(")
    held = value.WhichOneof("value")
    if is_list and held is None:
        return []  # TensorFlow takes no value at all for an empty list
    if held != ("list" if is_list else _FIELDS[attr.kind][0]):
        raise InvalidArgumentError(
            f"node '{visible(node.name)}' (op {node.op}): attribute '{attr.name}' should be of type {attr.kind}, and "
            f"has {'nothing' if held is None else f'a value in field {held!r}'}"
        )
    if held == "shape" and len(value.shape.dim) > MAX_RANK:
        raise InvalidArgumentError(
            f"node '{visible(node.name)}': attribute '{attr.name}' has {len(value.shape.dim)} dimensions, more than "
            f"{MAX_RANK}"
        )
    if not is_list:
        return python_value(value)
    items = getattr(value.list, _FIELDS[attr.kind[5:-1]][0])
    return [dtype_by_number(number, allow_ref=True) for number in items] if attr.kind == "list(type)" else list(items)
