"""The dtypes of a node's outputs, from the definition of its op or, without one, from what surrounds the node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self

from ckpt_magics.errors import DataLossError, InvalidArgumentError
from ckpt_magics.files.formats.dtypes import DType, dtype_by_number
from ckpt_magics.graphs.graph.node import OutputType
from ckpt_magics.proto.messages import AttrValue, NodeDef, OpDef

__all__ = ["MAX_OUTPUTS", "ArgumentType", "add_defaults", "argument_types", "output_types"]

MAX_OUTPUTS = 1 << 16
"""More outputs than any op has; a node that asks for more comes from a damaged file."""

_REF_OFFSET = 100
"""DT_FLOAT_REF is DT_FLOAT + 100, and so on."""


class ArgumentType(NamedTuple):
    """How an op's definition settles the types of one argument; see OpDef.ArgDef.

    A plain copy: an import looks at it for every node, and protobuf's fields are slow to read.
    """

    name: str
    type: int
    type_attr: str
    number_attr: str
    type_list_attr: str
    is_ref: bool

    @classmethod
    def of(cls, args: Iterable[OpDef.ArgDef]) -> tuple[Self, ...]:
        """Return copies of the arguments of one side of an op."""
        return tuple(
            cls(arg.name, arg.type, arg.type_attr, arg.number_attr, arg.type_list_attr, arg.is_ref) for arg in args
        )


def add_defaults(node: NodeDef, op_def: OpDef | None) -> None:
    """Give a node the attributes that it lacks and its op has defaults for: files may leave them out."""
    for attr in op_def.attr if op_def is not None else ():
        if attr.name not in node.attr and attr.HasField("default_value"):
            node.attr[attr.name].CopyFrom(attr.default_value)


def output_types(op_def: OpDef | None, node: NodeDef) -> list[OutputType]:
    """Return the types of a node's outputs.

    Args:
        op_def: Definition of the node's op; without one the node has no outputs that are known.
        node: The node, with its attributes.

    Raises:
        InvalidArgumentError: An attribute that settles a type is missing or no type.
    """
    return [] if op_def is None else list(argument_types(ArgumentType.of(op_def.output_arg), node))


def argument_types(args: Iterable[ArgumentType], node: NodeDef) -> Iterator[OutputType]:
    """Yield the types of the arguments of one side of an op, a list argument's one by one.

    Raises:
        InvalidArgumentError: An attribute that settles a type is missing or no type.
    """
    for arg in args:
        if arg.type_list_attr:
            yield from (_output(number, node, arg) for number in _attr(node, arg.type_list_attr).list.type)
            continue
        number = arg.type or _attr(node, arg.type_attr).type
        count = _attr(node, arg.number_attr).i if arg.number_attr else 1
        if not 0 <= count <= MAX_OUTPUTS:
            raise InvalidArgumentError(f"node '{node.name}': attribute '{arg.number_attr}' is {count}")
        output = _output(number, node, arg)
        for _ in range(count):
            yield output


def _attr(node: NodeDef, name: str) -> AttrValue:
    if name not in node.attr:
        raise InvalidArgumentError(f"node '{node.name}' (op {node.op}) has no attribute '{name}'")
    return node.attr[name]


def _output(number: int, node: NodeDef, arg: ArgumentType) -> OutputType:
    is_ref = arg.is_ref
    if number > _REF_OFFSET:
        number, is_ref = number - _REF_OFFSET, True
    try:
        return OutputType(dtype_by_number(number), is_ref)
    except DataLossError as error:
        raise InvalidArgumentError(f"node '{node.name}', argument '{arg.name}': {error.message}") from error


def dtype_of_number(number: int, where: str) -> DType:
    """Return the dtype of a number from a graph.

    Raises:
        InvalidArgumentError: There is no such dtype.
    """
    try:
        return dtype_by_number(number)
    except DataLossError as error:
        raise InvalidArgumentError(f"{where}: {error.message}") from error
