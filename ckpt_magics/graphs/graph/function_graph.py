"""A graph that becomes a function of another graph's library.

What operations inside take from outside becomes an argument, which the caller hands over.

Format: tensorflow/python/framework/func_graph.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ckpt_magics.files.formats.dtypes import RESOURCE
from ckpt_magics.graphs.graph.function_export import export_function
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import ShapeLike, TensorShape
from ckpt_magics.proto.messages import FunctionDef

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
                # Of a handle it would mean the shape of the variable.
                known = None if outside.dtype is RESOURCE else outside.shape
                self.captured[tensor] = self.add_argument(outside.dtype, known, name)
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
        inside = set(self.get_operations()).difference(arguments)
        effects = [
            op for op in self.get_operations() if op in inside and op.op_def is not None and op.op_def.is_stateful
        ]
        names = [_NOT_IN_NAMES.sub("_", op.name).lower() for op in arguments]
        return export_function(name, self.arguments, results, inside, effects, argument_names=names)
