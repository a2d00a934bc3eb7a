"""A function of a graph's library as a graph of its own.

Inside a function a node's input is named by an argument of the function, or as ``node:output:index``, where ``output``
is the name that the op's definition gives and ``index`` counts the tensors of that name.

Format: tensorflow/core/framework/function.proto, function.cc (InstantiateFunction).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ckpt_magics.errors import InvalidArgumentError, NotFoundError, visible
from ckpt_magics.files.formats.dtypes import RESOURCE
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.inference import known_op_def
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.output_types import ArgumentType, add_defaults, argument_types
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.meta_graph.import_graph import import_graph_def
from ckpt_magics.proto.messages import (
    AttrValue,
    FunctionDef,
    GraphDef,
    NameAttrList,
    NodeDef,
    OpDef,
    OpList,
)

__all__ = ["FunctionBody", "called_functions", "library_body"]


@dataclass(frozen=True, slots=True)
class FunctionBody:
    """A function's graph.

    Attributes:
        graph: The nodes.
        inputs: Placeholders of the arguments.
        outputs: What it gives.
        effects: What else a call has to run.
    """

    graph: Graph
    inputs: list[Tensor]
    outputs: list[Tensor]
    effects: list[Operation]


def library_body(outer: Graph, function: NameAttrList, shapes: Sequence[TensorShape] = ()) -> FunctionBody:
    """Return a function of a graph's library as a graph that shares the library.

    Args:
        outer: The graph with the library.
        function: Name of the function, and what the call gives for its attributes.
        shapes: What is known of the arguments' shapes, if anything is.

    Raises:
        InvalidArgumentError: The function is not well formed.
        NotFoundError: The library has no such function.
    """
    definitions = {definition.signature.name: definition for definition in outer.library.function}
    if function.name not in definitions:
        raise NotFoundError(f"Function {visible(function.name)} is not defined.")
    signatures = {name: definition.signature for name, definition in definitions.items()}
    builder = _FunctionNodes(definitions[function.name], function.attr, signatures)
    graph_def = builder.graph_def()
    graph_def.versions.CopyFrom(outer.versions)
    for node, shape in zip(graph_def.node, shapes, strict=False):
        if node.attr["dtype"].type != RESOURCE.number:  # of a handle it would mean the shape of the variable
            node.attr["shape"].shape.CopyFrom(shape.as_proto())
    graph = Graph()
    graph.library = outer.library
    with graph.as_default():
        import_graph_def(graph_def, name="", producer_op_list=OpList(op=signatures.values()), checked=False)
    return FunctionBody(
        graph,
        [graph.get_tensor_by_name(f"{name}:0") for name in builder.arguments],
        [graph.get_tensor_by_name(name) for name in builder.results()],
        [graph.get_operation_by_name(name) for name in builder.effects()],
    )


class _FunctionNodes:
    """Rewrites the nodes of a function as nodes of a graph."""

    def __init__(self, function: FunctionDef, attrs: Mapping[str, AttrValue], signatures: Mapping[str, OpDef]) -> None:
        self._function = function
        self._attrs = attrs
        self._signatures = signatures
        self._tensors: dict[str, list[str]] = {}
        self.arguments: list[str] = []

    def graph_def(self) -> GraphDef:
        """Return the nodes, the arguments' placeholders first."""
        graph_def = GraphDef(node=[*self._placeholders(), *map(self._settled, self._function.node_def)])
        for node in graph_def.node:
            op_def = self._op_def(node.op)
            position = 0
            for arg in op_def.output_arg if op_def is not None else ():
                count = sum(1 for _ in argument_types(ArgumentType.of([arg]), node))
                # An argument's placeholder is known by its own name, entered before.
                names = [f"{node.name}:{position + index}" for index in range(count)]
                self._tensors.setdefault(f"{node.name}:{arg.name}", names)
                position += count
        for node in graph_def.node:
            node.input[:] = [name for text in node.input for name in self._found(text)]
        return graph_def

    def _placeholders(self) -> Iterator[NodeDef]:
        call = NodeDef(name=self._function.signature.name, attr=self._attrs)
        for arg in self._function.signature.input_arg:
            types = list(argument_types(ArgumentType.of([arg]), call))
            names = [arg.name] if len(types) == 1 else [f"{arg.name}_{index}" for index in range(len(types))]
            self._tensors[arg.name] = [f"{name}:0" for name in names]
            self.arguments.extend(names)
            for name, output in zip(names, types, strict=True):
                node = NodeDef(name=name, op="Placeholder")
                node.attr["dtype"].type = output.dtype.number
                node.attr["shape"].shape.unknown_rank = True
                yield node

    def _settled(self, node: NodeDef) -> NodeDef:
        """Return a node with the call's values for the attributes that the function leaves open."""
        settled = NodeDef()
        settled.CopyFrom(node)
        for name, value in node.attr.items():
            if value.WhichOneof("value") == "placeholder":
                if value.placeholder not in self._attrs:
                    raise InvalidArgumentError(f"No attr named '{visible(value.placeholder)}' in a function's call")
                settled.attr[name].CopyFrom(self._attrs[value.placeholder])
        add_defaults(settled, self._op_def(node.op))
        return settled

    def _op_def(self, op_type: str) -> OpDef | None:
        return known_op_def(op_type) or self._signatures.get(op_type)

    def _found(self, text: str) -> list[str]:
        """Return the tensors that a name inside the function stands for, as a graph names them."""
        if text.startswith("^"):
            return [text]
        if text in self._tensors:
            return self._tensors[text]
        name, _, index = text.rpartition(":")
        found = self._tensors.get(name, [])
        if not index.isdecimal() or int(index) >= len(found):
            raise InvalidArgumentError(
                f"function '{visible(self._function.signature.name)}': input '{visible(text)}' is not found"
            )
        return [found[int(index)]]

    def results(self) -> list[str]:
        """Return the names of the tensors that the function gives."""
        returned = self._function.ret
        names = []
        for arg in self._function.signature.output_arg:
            if arg.name not in returned:
                raise InvalidArgumentError(
                    f"function '{visible(self._function.signature.name)}': no output '{visible(arg.name)}' is returned"
                )
            names.extend(self._found(returned[arg.name]))
        return names

    def effects(self) -> list[str]:
        """Return the names of the nodes that run in each call, whatever of its outputs is wanted."""
        told = dict.fromkeys(self._function.control_ret.values())
        if told:
            return list(told)
        return [node.name for node in self._function.node_def if self._is_stateful(node.op)]

    def _is_stateful(self, op_type: str) -> bool:
        op_def = self._op_def(op_type)
        return op_def is not None and op_def.is_stateful


def called_functions(attrs: Mapping[str, AttrValue]) -> Iterator[NameAttrList]:
    """Yield the functions that the attributes of a node name."""
    for value in attrs.values():
        if value.HasField("func"):
            yield value.func
        yield from value.list.func
