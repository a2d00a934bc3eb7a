"""The row that describes one op: its arguments, attributes, shape rule and NumPy kernel.

A row is written the way the op reads::

    Op("MatMul", "a: T, b: T -> product: T", (flag("transpose_a"), flag("transpose_b"), types("T", MATMUL_TYPES)),
       matmul_shape, matmul)

An argument's type is a dtype (``int32``), a type attribute (``T``), a reference to a variable (``Ref(T)``), several
tensors of one type (``N * T``), or a list of types (``list(dtypes)``).

Format: tensorflow/core/framework/op_def.proto.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from ckpt_magics.files.formats.dtypes import DType, as_dtype
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.philox import Philox
from ckpt_magics.graphs.ops.variable_values import SessionVariables
from ckpt_magics.proto.messages import AttrValue, FullTypeDef, NameAttrList, OpDef, OpDeprecation, TensorShapeProto

__all__ = [
    "UNKNOWN_RANK",
    "Arg",
    "Attr",
    "AttrContent",
    "Kernel",
    "KernelContext",
    "Op",
    "ShapeContext",
    "ShapeRule",
    "Sharing",
    "flag",
    "types",
]

AttrContent = Any
"""What an attribute holds: types as `DType`, strings as bytes, shapes and tensors as messages, lists of these."""


class ShapeContext(Protocol):
    """What a shape rule may ask about the operation whose outputs it is to describe."""

    def attr(self, name: str) -> AttrContent:
        """Return an attribute of the operation."""

    def shape(self, index: int) -> Shape:
        """Return the shape of one input."""

    def constant(self, index: int) -> Array | None:
        """Return the value of one input if it is the same in every run."""

    def handle_shape(self, index: int) -> Shape:
        """Return the shape of the variable that one input, a resource handle, stands for."""

    def graph_version(self) -> int:
        """Return the version of the GraphDef format that the graph was written in."""


class KernelContext(Protocol):
    """What a kernel may ask about the operation that it computes."""

    @property
    def node_name(self) -> str:
        """Name of the operation."""

    @property
    def is_imported(self) -> bool:
        """Whether the operation comes from a file, and may ask for anything."""

    @property
    def output_dtypes(self) -> Sequence[DType]:
        """Type of each output."""

    @property
    def variables(self) -> SessionVariables:
        """The variables of the session."""

    @property
    def random(self) -> np.random.Generator:
        """The operation's own stream of NumPy's random numbers, which goes on from one run to the next."""

    @property
    def philox(self) -> Philox:
        """The operation's own stream of TensorFlow's random numbers, which goes on from one run to the next."""

    def attr(self, name: str) -> AttrContent:
        """Return an attribute of the operation, or the op's default where it has none."""

    def call(self, function: NameAttrList, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401 -- as Kernel
        """Return what a function of the graph's library gives for some values."""


ShapeRule = Callable[[ShapeContext], list[Shape]]
"""Returns one shape per output.

Raises:
    InvalidArgumentError: The inputs' shapes do not go together.
"""

Kernel = Callable[..., Any]
"""Called as ``kernel(ctx, *inputs)``; returns the output, a tuple of outputs, or None if there is none.

Inputs are arrays or NumPy scalars, which a kernel never changes in place; references and resources are each a
`SessionVariable`.
"""

Sharing = Callable[..., Sequence[int]]
"""Called as a kernel; returns for each output the input whose memory it has, nothing if all have their own."""

_FIELDS = {"string": "s", "int": "i", "float": "f", "bool": "b", "type": "type", "shape": "shape", "tensor": "tensor"}
_REF = re.compile(r"Ref\((\w+)\)")
_REPEATED = re.compile(r"(\w+) \* (\w+|Ref\(\w+\))")
_LIST = re.compile(r"list\((\w+)\)")


@dataclass(frozen=True, slots=True)
class Arg:
    """One input or output.

    Attributes:
        name: Its name in the op's definition.
        type: Name of a dtype or of a type attribute; empty for a list of types.
        is_ref: It is a reference to a variable.
        number_attr: Attribute that counts its tensors, or empty.
        type_list_attr: Attribute that lists the types of its tensors, or empty.
    """

    name: str
    type: str = ""
    is_ref: bool = False
    number_attr: str = ""
    type_list_attr: str = ""


@dataclass(frozen=True, slots=True)
class Attr:
    """One attribute.

    Attributes:
        name: Its name.
        kind: Its type in the definition, as ``int`` or ``list(type)``.
        default: Value where a node has none; None when every node must have one. UNKNOWN_RANK for shapes.
        minimum: Least value of an int, least length of a list.
        allowed: The only values that it may have, for types and strings.
    """

    name: str
    kind: str
    default: AttrContent = None
    minimum: int | None = None
    allowed: Sequence[DType] | Sequence[bytes] = ()

    def definition(self) -> OpDef.AttrDef:
        """Return the attribute as a message."""
        message = OpDef.AttrDef(name=self.name, type=self.kind)
        if self.default is not None:
            message.default_value.CopyFrom(self.default_value())
        if self.minimum is not None:
            message.has_minimum, message.minimum = True, self.minimum
        if self.allowed:
            field = _FIELDS[self.kind.removeprefix("list(").removesuffix(")")]
            message.allowed_values.CopyFrom(_list_value(field, self.allowed))
        return message

    def default_value(self) -> AttrValue:
        """Return the default as a message."""
        if self.kind.startswith("list("):
            return _list_value(_FIELDS[self.kind[5:-1]], self.default)
        content: dict[str, Any] = {_FIELDS[self.kind]: _plain(self.default)}
        return AttrValue(**content)


def _plain(value: AttrContent) -> AttrContent:
    return value.number if isinstance(value, DType) else value


def _list_value(field: str, values: Sequence[AttrContent]) -> AttrValue:
    content: dict[str, Any] = {field: [_plain(value) for value in values]}
    return AttrValue(list=AttrValue.ListValue(**content))


UNKNOWN_RANK = TensorShapeProto(unknown_rank=True)
"""Default of a shape attribute that says nothing."""


def flag(name: str, default: bool | None = False) -> Attr:
    """Return a bool attribute."""
    return Attr(name, "bool", default)


def types(name: str, allowed: Sequence[DType] = (), default: DType | None = None) -> Attr:
    """Return a type attribute."""
    return Attr(name, "type", default, allowed=allowed)


@dataclass(frozen=True, eq=False)
class Op:
    """One op.

    Attributes:
        name: Its name in graphs.
        signature: Inputs and outputs, as ``x: T -> y: T``.
        attrs: Attributes in the order of the definition.
        infer: Shape rule.
        kernel: What computes the outputs.
        sharing: Which outputs have the memory of an input, for ops whose kernels can pass it on: such an output of a
            reference variable changes when the variable is assigned to.
        is_stateful: Two nodes with equal inputs may give different outputs.
        is_commutative: The inputs may change places.
        is_aggregate: The op accumulates its inputs.
        allows_uninitialized_input: It may refer to a variable that has no value yet.
        is_distributed: It may talk to other machines.
        deprecation: GraphDef version and reason since when graphs should not have the op.
        full_type: What the first output means, for the few ops whose definition says so.
    """

    name: str
    signature: str
    attrs: tuple[Attr, ...]
    infer: ShapeRule
    kernel: Kernel
    _: KW_ONLY
    sharing: Sharing | None = None
    is_stateful: bool = False
    is_commutative: bool = False
    is_aggregate: bool = False
    allows_uninitialized_input: bool = False
    is_distributed: bool = False
    deprecation: tuple[int, str] | None = None
    full_type: FullTypeDef | None = None

    @cached_property
    def inputs(self) -> tuple[Arg, ...]:
        """The arguments that the op takes."""
        return _parse_args(self.signature.partition("->")[0])

    @cached_property
    def outputs(self) -> tuple[Arg, ...]:
        """The arguments that the op gives."""
        return _parse_args(self.signature.partition("->")[2])

    @cached_property
    def attrs_by_name(self) -> dict[str, Attr]:
        """The attributes by name."""
        return {attr.name: attr for attr in self.attrs}

    @cached_property
    def defaults(self) -> dict[str, Attr]:
        """The attributes that have a default, by name."""
        return {attr.name: attr for attr in self.attrs if attr.default is not None}

    @cached_property
    def calls_functions(self) -> bool:
        """Whether attributes name functions of the graph's library."""
        return any(attr.kind in {"func", "list(func)"} for attr in self.attrs)

    def op_def(self) -> OpDef:
        """Return the definition as TensorFlow 2.21 writes it into ``stripped_op_list``."""
        message = OpDef(
            name=self.name,
            input_arg=[self._arg_def(arg) for arg in self.inputs],
            output_arg=[self._arg_def(arg) for arg in self.outputs],
            attr=[attr.definition() for attr in self.attrs],
            is_stateful=self.is_stateful,
            is_commutative=self.is_commutative,
            is_aggregate=self.is_aggregate,
            allows_uninitialized_input=self.allows_uninitialized_input,
            is_distributed_communication=self.is_distributed,
        )
        if self.deprecation is not None:
            version, reason = self.deprecation
            message.deprecation.CopyFrom(OpDeprecation(version=version, explanation=reason))
        if self.full_type is not None:
            message.output_arg[0].experimental_full_type.CopyFrom(self.full_type)
        return message

    def _arg_def(self, arg: Arg) -> OpDef.ArgDef:
        message = OpDef.ArgDef(
            name=arg.name, is_ref=arg.is_ref, number_attr=arg.number_attr, type_list_attr=arg.type_list_attr
        )
        if any(attr.name == arg.type for attr in self.attrs):
            message.type_attr = arg.type
        elif arg.type:
            message.type = as_dtype(arg.type).number
        return message


def _parse_args(text: str) -> tuple[Arg, ...]:
    return tuple(_parse_arg(*part.strip().split(": ")) for part in text.split(",") if part.strip())


def _parse_arg(name: str, kind: str) -> Arg:
    if match := _REF.fullmatch(kind):
        return Arg(name, match[1], is_ref=True)
    if match := _REPEATED.fullmatch(kind):
        return replace(_parse_arg(name, match[2]), number_attr=match[1])
    if match := _LIST.fullmatch(kind):
        return Arg(name, type_list_attr=match[1])
    return Arg(name, kind)
