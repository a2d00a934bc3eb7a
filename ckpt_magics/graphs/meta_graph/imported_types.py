"""The outputs of imported nodes: what definitions of ops say, and for unknown ops what the graph around them tells."""

from __future__ import annotations

from collections.abc import Mapping

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import VARIANT
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import OutputType
from ckpt_magics.graphs.graph.output_types import (
    MAX_OUTPUTS,
    ArgumentType,
    add_defaults,
    argument_types,
    dtype_of_number,
)
from ckpt_magics.graphs.meta_graph.imported_names import inputs_of
from ckpt_magics.proto.messages import GraphDef, NodeDef, OpDef

__all__ = ["ImportedTypes"]

FREE_OUTPUTS = 1 << 18
"""Outputs that an import may have in all, and one more for every `BYTES_PER_OUTPUT` bytes of the GraphDef.

A node can ask for thousands with one number. Who uses them names them, so a sound graph stays far below.
"""
BYTES_PER_OUTPUT = 16

UNKNOWN_OUTPUT = OutputType(VARIANT)
"""An output of which neither an op's definition nor a consumer tells the dtype: it can hold anything."""


class ImportedTypes:
    """What is known about the ops of one GraphDef.

    Args:
        graph: Where the nodes go; knows the definitions of earlier imports.
        graph_def: The nodes.
        op_defs: Definitions that came with it, functions included.
    """

    def __init__(self, graph: Graph, graph_def: GraphDef, op_defs: Mapping[str, OpDef]) -> None:
        self._graph = graph
        self._op_defs = op_defs
        self._graph_def = graph_def
        self._outputs_left = FREE_OUTPUTS + graph_def.ByteSize() // BYTES_PER_OUTPUT
        self._seen_outputs: dict[tuple[str, int], OutputType] | None = None
        self._used: dict[str, int] = {}
        # By identity: the definitions live as long as this object, in the graph's tables or in op_defs.
        self._args: dict[int, tuple[ArgumentType, ...]] = {}

    def op_def(self, op_type: str) -> OpDef | None:
        """Return the definition of an op, the package's own first."""
        return self._graph.op_def(op_type) or self._op_defs.get(op_type)

    def add_defaults(self, node: NodeDef) -> None:
        """Give a node the attributes that it leaves at the default of an op that the package knows.

        What its writer's op has at the default and the op here does not have at all goes.
        """
        known = self._graph.op_def(node.op)
        add_defaults(node, known)
        if known is not None and node.op in self._op_defs:
            names = {attr.name for attr in known.attr}
            for attr in self._op_defs[node.op].attr:
                if attr.name not in names and attr.name in node.attr and node.attr[attr.name] == attr.default_value:
                    del node.attr[attr.name]

    def outputs(self, node: NodeDef) -> list[OutputType]:
        """Return the types of a node's outputs, as well as they can be known.

        Raises:
            InvalidArgumentError: All nodes together ask for more outputs than a graph of this size has.
        """
        types = self._outputs(node)
        self._outputs_left -= len(types)
        if self._outputs_left < 0:
            raise InvalidArgumentError(
                f"Node '{visible(node.name)}' has {len(types)} outputs, and with it the graph has more than its size "
                f"of {self._graph_def.ByteSize()} bytes accounts for"
            )
        return types

    def _outputs(self, node: NodeDef) -> list[OutputType]:
        for op_def in (self._graph.op_def(node.op), self._op_defs.get(node.op)):
            if op_def is not None:
                try:
                    return list(argument_types(self._output_args(op_def), node))
                except InvalidArgumentError:
                    continue  # the node was written for another version of the op
        return self._outputs_from_surroundings(node)

    def _output_args(self, op_def: OpDef) -> tuple[ArgumentType, ...]:
        args = self._args.get(id(op_def))
        if args is None:
            args = self._args[id(op_def)] = ArgumentType.of(op_def.output_arg)
        return args

    def _outputs_from_surroundings(self, node: NodeDef) -> list[OutputType]:
        if self._seen_outputs is None:
            self._seen_outputs = self._look_at_consumers()
        stated = len(node.attr["_output_shapes"].list.shape) if "_output_shapes" in node.attr else 0
        count = max(stated, self._used.get(node.name, 0))
        default = self._own_type(node)
        return [self._seen_outputs.get((node.name, index), default) for index in range(count)]

    @staticmethod
    def _own_type(node: NodeDef) -> OutputType:
        """Return the only type among a node's attributes: most ops with one type attribute put out that type."""
        types = {attr.type for attr in node.attr.values() if attr.WhichOneof("value") == "type"}
        if len(types) != 1:
            return UNKNOWN_OUTPUT
        try:
            return OutputType(dtype_of_number(types.pop(), node.name))
        except InvalidArgumentError:
            return UNKNOWN_OUTPUT

    def _look_at_consumers(self) -> dict[tuple[str, int], OutputType]:
        """Return the types that known ops expect of their inputs, and count the outputs that nodes refer to."""
        seen: dict[tuple[str, int], OutputType] = {}
        for node in self._graph_def.node:
            sources = [(name, index) for control, name, index in inputs_of(node) if not control]
            for name, index in sources:
                if index < MAX_OUTPUTS:
                    self._used[name] = max(self._used.get(name, 0), index + 1)
            op_def = self.op_def(node.op)
            if op_def is None:
                continue
            try:
                wanted = list(argument_types(ArgumentType.of(op_def.input_arg), node))
            except InvalidArgumentError:
                continue
            seen.update(zip(sources, wanted, strict=False))
        return seen
