"""Operations of a graph as a function of its library: the mirror of how a session reads one.

Format: tensorflow/core/framework/function.proto; tensorflow/c/c_api_function.cc writes the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ckpt_magics.errors import UnimplementedError, visible
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.output_types import ArgumentType, argument_types
from ckpt_magics.proto.messages import FunctionDef, NodeDef, OpDef

__all__ = ["export_function"]


def export_function(
    name: str,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    operations: Iterable[Operation],
    effects: Iterable[Operation] = (),
    *,
    argument_names: Sequence[str] | None = None,
) -> FunctionDef:
    """Return some operations of a graph as a function.

    Args:
        name: The function's name.
        inputs: Tensors that become its arguments; what makes them is not part of it.
        outputs: What it gives.
        operations: What it consists of, in any order.
        effects: Those of the operations that every call runs.
        argument_names: What the arguments are called. Default: ``arg_0`` and so on.

    Raises:
        UnimplementedError: Nothing tells what the outputs of an op are called.
    """
    nodes = sorted(operations, key=lambda op: op.position)
    names = _Names(inputs, nodes, argument_names or [f"arg_{index}" for index in range(len(inputs))])
    function = FunctionDef(node_def=[names.node(op) for op in nodes])
    signature = function.signature
    signature.name = name
    signature.is_stateful = any(op.op_def is not None and op.op_def.is_stateful for op in nodes)
    signature.input_arg.extend(OpDef.ArgDef(name=names.of(item), type=item.dtype.number) for item in inputs)
    for index, item in enumerate(outputs):
        signature.output_arg.add(name=f"result_{index}", type=item.dtype.number)
        function.ret[f"result_{index}"] = names.of(item)
    for op in effects:
        function.control_ret[op.name] = op.name
        signature.control_output.append(op.name)
    return function


class _Names:
    """How the nodes of a function call tensors: arguments by name, others as ``node:output:index``."""

    def __init__(self, inputs: Sequence[Tensor], nodes: Sequence[Operation], wishes: Sequence[str]) -> None:
        self._nodes = {op.name for op in nodes}
        self._arguments = {tensor: self._free(wish) for tensor, wish in zip(inputs, wishes, strict=True)}
        self._outputs: dict[Operation, list[str]] = {}

    def _free(self, name: str) -> str:
        while name in self._nodes:
            name += "_"
        return name

    def of(self, tensor: Tensor) -> str:
        """Return the name of a tensor."""
        argument = self._arguments.get(tensor)
        if argument is not None:
            return argument
        if tensor.op not in self._outputs:
            self._outputs[tensor.op] = _output_names(tensor.op)
        return self._outputs[tensor.op][tensor.value_index]

    def node(self, op: Operation) -> NodeDef:
        """Return a node as it stands in the function: it waits for nothing outside, and is beside nothing outside."""
        node = NodeDef()
        node.CopyFrom(op.node_def)
        awaited = [f"^{other.name}" for other in op.control_inputs if other.name in self._nodes]
        node.input[:] = [*map(self.of, op.inputs), *awaited]
        if "_class" in node.attr:
            groups = [group for group in op.colocation_groups() if group.decode()[len("loc:@") :] in self._nodes]
            del node.attr["_class"]
            if groups:
                node.attr["_class"].list.s[:] = groups
        return node


def _output_names(op: Operation) -> list[str]:
    if op.op_def is None:
        raise UnimplementedError(f"op {visible(op.type)} is none of those whose outputs have names")
    return [
        f"{op.name}:{arg.name}:{index}"
        for arg in op.op_def.output_arg
        for index, _ in enumerate(argument_types(ArgumentType.of([arg]), op.node_def))
    ]
