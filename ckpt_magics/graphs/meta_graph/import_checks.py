"""What TensorFlow refuses to import though it could be shown: nodes that do not fit the definitions of their ops.

Format: tensorflow/core/common_runtime/graph_constructor.cc and tensorflow/core/framework/node_def_util.cc.
"""

from __future__ import annotations

from collections.abc import Iterable

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, visible
from ckpt_magics.files.formats.dtypes import dtype_by_number
from ckpt_magics.graphs.graph.attributes import attr_kind
from ckpt_magics.graphs.graph.graph_versions import check_versions
from ckpt_magics.graphs.graph.inference import infer_shapes
from ckpt_magics.graphs.graph.input_types import check_input_type, input_types
from ckpt_magics.graphs.graph.names import is_op_name
from ckpt_magics.graphs.graph.node import COLOCATION_PREFIX, Operation
from ckpt_magics.proto.messages import AttrValue, GraphDef, NodeDef, OpDef

__all__ = ["check_attributes", "check_graph_def", "check_inputs", "colocation_leaders", "settle_shapes"]


def check_graph_def(graph_def: GraphDef) -> None:
    """Raise InvalidArgumentError if a graph is for other versions, or its nodes' names and groups are not sound."""
    check_versions(graph_def.versions)
    names = {node.name for node in graph_def.node}
    for node in graph_def.node:
        if not is_op_name(node.name):
            raise InvalidArgumentError(f"Node '{visible(node.name)}': Node name contains invalid characters")
        for leader in colocation_leaders(node):
            if leader not in names:
                raise InvalidArgumentError(
                    f"Node '{visible(node.name)}' expects to be colocated with unknown node '{visible(leader)}'"
                )


def colocation_leaders(node: NodeDef) -> list[str]:
    """Return the names of the nodes that a node is to be on one device with."""
    classes = node.attr["_class"].list.s if "_class" in node.attr else ()
    groups = [group.removeprefix(COLOCATION_PREFIX) for group in classes if group.startswith(COLOCATION_PREFIX)]
    names = [group.decode("utf-8", "surrogateescape") for group in groups]
    return [name for name in names if name != node.name]


def check_attributes(node: NodeDef, op_def: OpDef | None) -> None:
    """Raise InvalidArgumentError if a node lacks an attribute of its op, or has one that the op cannot have."""
    for attr in op_def.attr if op_def is not None else ():
        if attr.name not in node.attr:
            raise InvalidArgumentError(f"NodeDef missing attr '{attr.name}' from {_of(node)}")
        held = attr_kind(node.attr[attr.name])
        wanted = attr.type if attr.type != "list(attr)" else "list"
        if held not in {wanted, "list" if wanted.startswith("list(") else wanted, "placeholder"}:
            raise InvalidArgumentError(
                f"AttrValue had value with type '{held}' when '{attr.type}' expected\n\t for attr '{attr.name}'\n\t; "
                f"{_of(node)}"
            )
        if attr.HasField("allowed_values"):
            _check_allowed(node.attr[attr.name], attr)


def _check_allowed(value: AttrValue, attr: OpDef.AttrDef) -> None:
    field = "type" if attr.type.endswith(("type", "type)")) else "s"
    allowed = list(getattr(attr.allowed_values.list, field))
    held = getattr(value.list, field) if attr.type.startswith("list(") else [getattr(value, field)]
    for item in held:
        if item not in allowed:
            raise InvalidArgumentError(
                f"Value for attr '{attr.name}' of {_spoken(item)} is not in the list of allowed values: "
                f"{', '.join(map(_spoken, allowed))}"
            )


def _spoken(value: int | bytes) -> str:
    return f'"{visible(value)}"' if isinstance(value, bytes) else dtype_by_number(value, allow_ref=True).c_name


def _of(node: NodeDef) -> str:
    return f"Op<name={visible(node.op)}>; NodeDef: {{{{node {visible(node.name)}}}}}"


def check_inputs(operations: Iterable[Operation]) -> None:
    """Raise InvalidArgumentError if an operation whose op has a definition is not given what it takes."""
    for op in operations:
        if op.op_def is not None:
            for position, (tensor, wanted) in enumerate(zip(op.inputs, input_types(op), strict=True)):
                check_input_type(op, position, tensor, wanted, is_ref=tensor.is_ref)


def settle_shapes(op: Operation, *, checked: bool) -> None:
    """Infer the shapes of an operation's outputs that its graph does not state.

    Raises:
        InvalidArgumentError: The inputs' shapes do not go together, which only matters if that is to be ``checked``:
            a rule that does not fit a node says nothing about it, and the node is data all the same.
    """
    if any(tensor.shape.ndims is not None for tensor in op.outputs):
        return
    try:
        infer_shapes(op)
    except InvalidArgumentError as error:
        if checked:
            raise InvalidArgumentError(f"{error.message} for '{{{{node {visible(op.name)}}}}} = {op.type}'") from error
    except (CheckpointError, ArithmeticError, LookupError, TypeError, ValueError):
        return
