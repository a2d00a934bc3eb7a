"""Under which names a graph's own nodes restore its variables: those of a Saver, or the function of a SavedModel.

Format: tensorflow/python/training/saver.py; tensorflow/python/checkpoint/functional_saver.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ckpt_magics.errors import CheckpointError
from ckpt_magics.files.formats.tensor_proto import tensor_proto_to_array
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.proto.messages import FunctionDef, NodeDef, TensorProto

__all__ = ["RestoredName", "restored_names"]

_RESTORES = frozenset({"RestoreV2", "RestoreSlice", "Restore"})
_ASSIGNS = frozenset({"Assign", "AssignVariableOp"})
_PASS_ON = frozenset({"Identity", "Reshape", "Cast"})
_CALLS = frozenset({"StatefulPartitionedCall", "PartitionedCall"})


class RestoredName(NamedTuple):
    """A variable and what it is restored from.

    Attributes:
        variable: The variable's operation.
        name: Name of the tensor in the checkpoint.
        spec: Part of the tensor, as ``5 2 2,2:0,2``; "" for all of it.
    """

    variable: Operation
    name: str
    spec: str


def restored_names(graph: Graph, restore: str) -> Iterator[RestoredName]:
    """Yield what the operation called ``restore`` gives a value to; nothing if the graph does not have it."""
    start = graph.find_operation(restore)
    pending = [] if start is None else [start]
    seen = set(pending)
    while pending:
        op = pending.pop()
        if op.type in _CALLS:
            yield from _by_call(op)
        elif op.type in _ASSIGNS:
            origin = _origin(op.inputs[1])
            if origin is not None:
                yield RestoredName(op.inputs[0].op, *origin)
            continue
        for before in op.control_inputs:
            if before not in seen:
                seen.add(before)
                pending.append(before)


def _origin(value: Tensor) -> tuple[str, str] | None:
    """Name and slice that a value is restored from; None if it comes from elsewhere."""
    while value.op.type in _PASS_ON:
        value = value.op.inputs[0]
    if value.op.type not in _RESTORES:
        return None
    texts = [_texts(tensor.op.node_def) for tensor in value.op.inputs[1:3]]
    return _chosen(texts, value.value_index)


def _by_call(call: Operation) -> Iterator[RestoredName]:
    """What a call of a function restores, whose body assigns to its arguments."""
    name = call.attrs["f"].func.name if "f" in call.attrs else ""
    function = next((one for one in call.graph.library.function if one.signature.name == name), None)
    if function is None:
        return
    given = {arg.name: tensor.op for arg, tensor in zip(function.signature.input_arg, call.inputs, strict=False)}
    nodes = {node.name: node for node in function.node_def}
    for node in function.node_def:
        if node.op == "AssignVariableOp" and len(node.input) > 1 and node.input[0] in given:
            origin = _origin_in_body(function, nodes, node.input[1])
            if origin is not None:
                yield RestoredName(given[node.input[0]], *origin)


def _origin_in_body(function: FunctionDef, nodes: dict[str, NodeDef], value: str) -> tuple[str, str] | None:
    """The same as `_origin` of a value in a function, where tensors are called ``node:output:position``."""
    for _ in function.node_def:  # a way without a loop is no longer than this
        name, _, output = value.partition(":")
        node = nodes.get(name)
        if node is None or not node.input:
            return None
        if node.op in _RESTORES:
            sources = [nodes.get(one.partition(":")[0]) for one in node.input[1:3]]
            position = output.rpartition(":")[2]
            texts = [_texts(source) if source is not None else [] for source in sources]
            return _chosen(texts, int(position)) if position.isdecimal() else None
        if node.op not in _PASS_ON:
            return None
        value = node.input[0]
    return None


def _chosen(texts: list[list[str]], position: int) -> tuple[str, str] | None:
    if not texts or any(len(listed) <= position for listed in texts):
        return None
    return texts[0][position], texts[1][position] if len(texts) > 1 else ""


def _texts(constant: NodeDef) -> list[str]:
    tensor = constant.attr["value"].tensor if constant.op == "Const" and "value" in constant.attr else TensorProto()
    try:
        texts = tensor_proto_to_array(tensor).reshape(-1).tolist()
    except CheckpointError:
        return []
    return [text.decode("utf-8", "surrogateescape") for text in texts if isinstance(text, bytes)]
