"""A function's body with its gradients, taken apart into two functions: one forward, one back.

The way back needs values of the way forward: the function forward gives them besides its own outputs, and the function
back takes them as arguments. Which tensors these are is known once the gradients are there: those of the body that the
new nodes take. What is constant stands in both functions.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import RESOURCE, DType
from ckpt_magics.graphs.graph.function_export import export_function
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.arrays import zeros_like
from ckpt_magics.graphs.nodes.build import output, placeholder, zeros
from ckpt_magics.graphs.session.function_body import FunctionBody
from ckpt_magics.graphs.training.rule import dense
from ckpt_magics.proto.messages import FunctionDef, NameAttrList

__all__ = ["Differentiate", "DifferentiatedBody", "add_function", "zeros_at"]

Differentiate = Callable[..., Sequence[Any]]
"""`gradients`: called as ``differentiate(ys, xs, grad_ys)``."""


class DifferentiatedBody:
    """A function's body, with the gradients of some of its inputs.

    Args:
        differentiate: Adds the gradients.
        body: The function's graph, which is changed.
        given: Positions of the outputs that have a gradient.
        wanted: Positions of the inputs whose gradients are wanted.

    Attributes:
        body: The function's graph.
        seeds: The gradients of the outputs: placeholders.
        gradients: The gradients of the inputs by position, those that there are.
    """

    def __init__(
        self, differentiate: Differentiate, body: FunctionBody, given: Sequence[int], wanted: Sequence[int]
    ) -> None:
        self.body = body
        self._first_new = len(body.graph)
        ys, xs = [body.outputs[index] for index in given], [body.inputs[index] for index in wanted]
        with body.graph.as_default():
            self.seeds = [placeholder(y.dtype, y.shape, name="seed") for y in ys]
            found = differentiate(ys, xs, self.seeds) if ys and xs else [None] * len(xs)
            self.gradients = {
                index: dense(gradient) for index, gradient in zip(wanted, found, strict=True) if gradient is not None
            }

    def fill(self, position: int, dtype: DType) -> None:
        """Let the gradient of an input be zeros, if there is none."""
        if position not in self.gradients:
            with self.body.graph.as_default():
                self.gradients[position] = zeros_at(self.body.inputs[position], dtype)

    @property
    def arguments(self) -> dict[Tensor, int]:
        """The positions of the inputs."""
        return {tensor: index for index, tensor in enumerate(self.body.inputs)}

    def forward(self) -> set[Operation]:
        """Return the operations of the way forward; those that were changed may take new ones."""
        operations = list(self.body.graph.get_operations())[: self._first_new]
        placeholders = {tensor.op for tensor in self.body.inputs}
        return _behind(operations, lambda op: op in placeholders)

    def back(self, forward: set[Operation]) -> set[Operation]:
        """Return the operations of the way back, without what it shares with the way forward."""
        outside = forward | {tensor.op for tensor in (*self.body.inputs, *self.seeds)}
        return _behind([tensor.op for tensor in self.gradients.values()], outside.__contains__)

    def needed(self, back: Iterable[Operation]) -> list[Tensor]:
        """Return the tensors of the way forward that the way back takes, inputs too, constants not."""
        own = {*back, *(seed.op for seed in self.seeds)}
        taken = [tensor for op in sorted(own, key=lambda op: op.position) for tensor in op.inputs]
        return [
            tensor
            for tensor in dict.fromkeys([*taken, *self.gradients.values()])
            if tensor.op not in own and tensor.op.type != "Const"
        ]

    def export_back(
        self,
        name: str,
        back: set[Operation],
        *,
        replaced: dict[Tensor, Tensor],
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
    ) -> FunctionDef:
        """Return the function back; to be called when that forward is written, as it changes the way back.

        Args:
            name: Its name.
            back: Operations of the way back, new ones too.
            replaced: What stands for the tensors of the way forward.
            inputs: Its arguments.
            outputs: What it gives; what is replaced in it too.
        """
        for op in back:
            for index, tensor in enumerate(op.inputs):
                if tensor in replaced:
                    op.replace_input(index, replaced[tensor])
        results = [replaced.get(tensor, tensor) for tensor in outputs]
        taken = {tensor.op for tensor in (*results, *(tensor for op in back for tensor in op.inputs))}
        return export_function(name, inputs, results, back | {op for op in taken if op.type == "Const"})


def _behind(operations: Iterable[Operation], is_outside: Callable[[Operation], bool]) -> set[Operation]:
    """Return operations and all that they wait for, up to what is outside."""
    found: set[Operation] = set()
    queue = deque(operations)
    while queue:
        op = queue.popleft()
        if op not in found and not is_outside(op):
            found.add(op)
            queue.extend(tensor.op for tensor in op.inputs)
            queue.extend(op.control_inputs)
    return found


def zeros_at(tensor: Tensor, dtype: DType) -> Tensor:
    """Add zeros for a gradient: of the tensor's shape, or of the shape of the variable that it is a handle of."""
    if tensor.dtype is RESOURCE:
        return zeros(output("VariableShape", tensor), dtype)
    return zeros_like(tensor)


def add_function(graph: Graph, function: FunctionDef) -> NameAttrList:
    """Add a function to a graph's library under a name that is free, and return what calls it."""
    taken = {other.signature.name for other in graph.library.function}
    name, count = function.signature.name, 0
    while function.signature.name in taken:
        count += 1
        function.signature.name = f"{name}_{count}"
    graph.library.function.append(function)
    return NameAttrList(name=function.signature.name)
