"""A graph that becomes a function of another graph's library.

What operations inside take from outside becomes an argument, which the caller hands over. The definition names tensors
as ``node:output:index``, where ``output`` is the name that the op's definition gives.

Format: tensorflow/core/framework/function.proto; tensorflow/python/framework/func_graph.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.output_types import ArgumentType, argument_types
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.proto.messages import FunctionDef, NodeDef, OpDef

__all__ = ["FunctionGraph", "function_name"]

_NOT_IN_NAMES = re.compile(r"\W+")


def function_name(graph: Graph, wish: str) -> str:
    """Return a name that no function of the graph's library has."""
    wish = _NOT_IN_NAMES.sub("_", wish).strip("_") or "function"
    taken = {function.signature.name for function in graph.library.function}
    number = len(taken)
    while f"{wish}_{number}" in taken:
        number += 1
    return f"{wish}_{number}"


class FunctionGraph(Graph):
    """A function's graph.

    Args:
        outer: The graph that the function belongs to.

    Attributes:
        outer: The same.
        outermost: The graph that is no function.
        arguments: Placeholders of the arguments, then those of what is taken from outside.
        captured: What is taken from outside, in the order of their placeholders.
    """

    takes_from_outside = True

    def __init__(self, outer: Graph) -> None:
        super().__init__()
        self.outer = outer
        self.outermost: Graph = getattr(outer, "outermost", outer)
        self.arguments: list[Tensor] = []
        self.captured: dict[Tensor, Tensor] = {}
        self.library = outer.library
        self.versions = outer.versions
        self.scope_state = dict(outer.scope_state)
        self.seed = outer.seed

    def add_argument(self, dtype: object, shape: ShapeLike, name: str) -> Tensor:
        """Add an argument."""
        attrs = {"dtype": dtype, "shape": TensorShape(shape)}
        self.arguments.append(self.create_op("Placeholder", attrs=attrs, name=name).outputs[0])
        return self.arguments[-1]

    def taken(self, tensor: Tensor) -> Tensor:
        """Return what stands for a tensor of a graph outside."""
        if tensor not in self.captured:
            outside = self._handed_over(tensor)
            with self.control_dependencies(None):
                name = f"captured_{len(self.captured)}"
                self.captured[tensor] = self.add_argument(outside.dtype, outside.shape, name)
        return self.captured[tensor]

    def _handed_over(self, tensor: Tensor) -> Tensor:
        return tensor if tensor.graph is self.outer else self.outer.taken(tensor)

    def captured_outside(self) -> list[Tensor]:
        """Return what a call hands over besides the arguments, tensors of the outer graph."""
        return [self._handed_over(tensor) for tensor in self.captured]

    def definition(self, name: str, results: Sequence[Tensor]) -> FunctionDef:
        """Return the function.

        Args:
            name: What the library is to call it.
            results: What it gives.
        """
        arguments = [tensor.op for tensor in self.arguments]
        function = FunctionDef()
        function.signature.name = name
        for op in arguments:
            function.signature.input_arg.add(name=_argument_name(op), type=op.outputs[0].dtype.number)
        for index, tensor in enumerate(results):
            result = f"result_{index}"
            function.signature.output_arg.add(name=result, type=tensor.dtype.number)
            function.ret[result] = _inside_name(tensor, arguments)
        inside = [op for op in self.get_operations() if op not in set(arguments)]
        function.node_def.extend(_inside_node(op, arguments) for op in inside)
        for op in inside:
            if op.op_def is not None and op.op_def.is_stateful:
                function.signature.is_stateful = True
                function.signature.control_output.append(op.name)
                function.control_ret[op.name] = op.name
        return function


def _argument_name(op: Operation) -> str:
    return _NOT_IN_NAMES.sub("_", op.name).lower()


def _inside_name(tensor: Tensor, arguments: Sequence[Operation]) -> str:
    """Return the name of a tensor within a function."""
    op = tensor.op
    if op in arguments:
        return _argument_name(op)
    assert op.op_def is not None  # noqa: S101 -- only ops that are known have outputs
    start = 0
    for arg, count in _counted(op.op_def.output_arg, op.node_def):
        if tensor.value_index < start + count:
            return f"{op.name}:{arg.name}:{tensor.value_index - start}"
        start += count
    raise AssertionError(f"{tensor} is no output of its op")


def _counted(args: Iterable[OpDef.ArgDef], node: NodeDef) -> Iterator[tuple[OpDef.ArgDef, int]]:
    for arg in args:
        yield arg, sum(1 for _ in argument_types(ArgumentType.of([arg]), node))


def _inside_node(op: Operation, arguments: Sequence[Operation]) -> NodeDef:
    node = NodeDef()
    node.CopyFrom(op.node_def)
    # Colocation with something outside cannot be told inside.
    node.attr.pop("_class", None)
    node.input[:] = [_inside_name(tensor, arguments) for tensor in op.inputs]
    node.input.extend(f"^{other.name}" for other in op.control_inputs if other not in arguments)
    return node
