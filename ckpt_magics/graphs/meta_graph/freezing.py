"""A graph for its outputs alone, with the values of its variables as constants.

As TensorFlow's ``convert_variables_to_constants`` does it: a Const takes a variable's place and name, and what reads it
by a handle becomes an Identity, or a GatherV2 where it takes rows. What the outputs do not need is left out.

Source: tensorflow/python/framework/convert_to_constants.py, graph_util_impl.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

import numpy as np

from ckpt_magics.errors import FailedPreconditionError, NotFoundError, UnimplementedError, visible
from ckpt_magics.files.formats import dtypes
from ckpt_magics.files.formats.dtypes import dtype_by_number
from ckpt_magics.files.formats.tensor_proto import array_to_tensor_proto
from ckpt_magics.files.tensors.source import Array
from ckpt_magics.files.tensors.suggestions import Suggester, nearest_sentence
from ckpt_magics.graphs.ops.variable_kinds import KNOWN_VARIABLE_OPS
from ckpt_magics.proto.messages import GraphDef, NodeDef

__all__ = ["freeze_graph_def"]

_CHANGING = ("Assign", "Scatter", "Apply", "SparseApply", "CountUpTo")
"""What the names of ops begin with that change the variable whose reference they take first."""

_PASS_ON = frozenset({"Identity", "Enter", "RefEnter", "Switch", "Merge"})
"""Ops that pass a handle on as it is."""


def freeze_graph_def(
    graph: GraphDef, values: Mapping[str, Array], outputs: Sequence[str], left: AbstractSet[str] = frozenset()
) -> GraphDef:
    """Return the part of a graph that gives some outputs, without variables.

    Args:
        graph: The graph.
        values: Of its variables, by the names of their operations.
        outputs: Names of nodes, or of tensors such as ``prob:0``.
        left: Names of variables that are left as they are.

    Raises:
        NotFoundError: The graph has no such node.
        FailedPreconditionError: A variable that an output needs has no value.
        UnimplementedError: What an output needs changes a variable, or hands it to a function.
    """
    nodes = {node.name: node for node in graph.node}
    kept = _needed(nodes, list(map(_node_of, outputs)))
    handles = {name: variable for name, variable in _handles(kept).items() if variable.name not in left}
    variables = {name for name, node in kept.items() if node.op in KNOWN_VARIABLE_OPS and name not in left}
    references = variables - set(handles)
    frozen = GraphDef(versions=graph.versions, library=graph.library)
    for node in graph.node:
        if node.name in kept:
            frozen.node.extend(
                _without_variable(node, handles, references, values) if node.name not in left else [node]
            )
    _forget_places(frozen)
    return frozen


def _node_of(name: str) -> str:
    """The node that a name of an input or a tensor leads to."""
    return name.removeprefix("^").partition(":")[0]


def _needed(nodes: Mapping[str, NodeDef], outputs: Sequence[str]) -> dict[str, NodeDef]:
    """The nodes that outputs need, by name; what a variable takes, its first value, is not needed."""
    missing = next((name for name in outputs if name not in nodes), None)
    if missing is not None:
        near = Suggester(dict.fromkeys(nodes, ())).nearest(missing)
        raise NotFoundError(f"the graph has no node {visible(missing)}", hint=nearest_sentence(near) or None)
    needed: dict[str, NodeDef] = {}
    waiting = list(outputs)
    while waiting:
        name = waiting.pop()
        if name not in needed and name in nodes:
            needed[name] = nodes[name]
            waiting += map(_node_of, nodes[name].input)
    return needed


def _handles(nodes: Mapping[str, NodeDef]) -> dict[str, NodeDef]:
    """The variables' own nodes, by the names of all that give their handles: they, and what passes one on."""
    found = {name: node for name, node in nodes.items() if node.op == "VarHandleOp"}
    spread = True
    while spread:
        passing = (
            (name, found[_node_of(node.input[0])])
            for name, node in nodes.items()
            if name not in found and node.op in _PASS_ON and node.input and _node_of(node.input[0]) in found
        )
        further = dict(passing)
        found |= further
        spread = bool(further)
    return found


def _without_variable(
    node: NodeDef, handles: Mapping[str, NodeDef], references: AbstractSet[str], values: Mapping[str, Array]
) -> Iterator[NodeDef]:
    """What stands in a node's place: a constant for a variable, and ops on values for those on handles."""
    taken = [_node_of(name) for name in node.input if not name.startswith("^")]
    if node.op in KNOWN_VARIABLE_OPS:
        yield _constant(node, values)
    elif not any(name in handles for name in taken):
        # Only of a variable itself: ScatterNd makes a tensor of its own.
        if references & set(taken[:1]) and node.op.startswith(_CHANGING):
            raise _changes(node)
        yield node
    else:
        yield from _on_values(node, handles[next(name for name in taken if name in handles)])


def _constant(node: NodeDef, values: Mapping[str, Array]) -> NodeDef:
    if node.name not in values:
        raise FailedPreconditionError(
            f"the variable {visible(node.name)} has no value",
            hint="Restore a checkpoint first, or run the initializer.",
        )
    dtype = dtype_by_number(node.attr["dtype"].type, allow_ref=True)
    constant = NodeDef(name=node.name, op="Const", device=node.device)
    constant.attr["dtype"].type = dtype.number
    constant.attr["value"].tensor.CopyFrom(array_to_tensor_proto(np.asarray(values[node.name]), dtype))
    return constant


def _on_values(node: NodeDef, variable: NodeDef) -> Iterator[NodeDef]:
    """A node that takes a handle, as one that takes the value."""
    number = variable.attr["dtype"].type
    if node.op in _PASS_ON or node.op == "ReadVariableOp":
        passed = NodeDef(name=node.name, op="Identity" if node.op == "ReadVariableOp" else node.op, device=node.device)
        passed.input.extend(node.input)
        for name, attr in node.attr.items():
            if node.op != "ReadVariableOp" and name not in {"T", "_handle_shapes", "_handle_dtypes"}:
                passed.attr[name].CopyFrom(attr)
        passed.attr["T"].type = number
        yield passed
    elif node.op == "ResourceGather":
        yield from _gather(node, number)
    elif node.op == "VariableShape":
        shape = NodeDef(name=node.name, op="Shape", device=node.device, input=node.input)
        shape.attr["T"].type = number
        shape.attr["out_type"].CopyFrom(node.attr["out_type"])
        yield shape
    else:
        raise _changes(node)


def _gather(node: NodeDef, number: int) -> Iterator[NodeDef]:
    axis = NodeDef(name=f"{node.name}/axis", op="Const", device=node.device)
    axis.attr["dtype"].type = dtypes.INT32.number
    batch_dims = node.attr["batch_dims"].i
    axis.attr["value"].tensor.CopyFrom(array_to_tensor_proto(np.array(batch_dims, np.int32), dtypes.INT32))
    data = [name for name in node.input if not name.startswith("^")]
    control = [name for name in node.input if name.startswith("^")]
    gather = NodeDef(name=node.name, op="GatherV2", device=node.device, input=[*data, axis.name, *control])
    gather.attr["Tparams"].type = number
    gather.attr["Tindices"].CopyFrom(node.attr["Tindices"])
    gather.attr["Taxis"].type = dtypes.INT32.number
    gather.attr["batch_dims"].i = batch_dims
    yield from (axis, gather)


def _changes(node: NodeDef) -> UnimplementedError:
    return UnimplementedError(
        f"{visible(node.name)} ({visible(node.op)}), which an output needs, changes a variable or hands it on",
        hint="Name outputs that only read: --outputs NAME.",
    )


def _forget_places(graph: GraphDef) -> None:
    """Leave out that nodes are to run where others do that are not there any more."""
    names = {node.name.encode() for node in graph.node}
    for node in graph.node:
        if "_class" in node.attr:
            places = [place for place in node.attr["_class"].list.s if place.removeprefix(b"loc:@") in names]
            del node.attr["_class"]
            if places:
                node.attr["_class"].list.s.extend(places)
