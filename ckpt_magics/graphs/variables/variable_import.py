"""Finding the nodes of a variable in a graph that was imported."""

from __future__ import annotations

from ckpt_magics.errors import InvalidArgumentError, visible
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.inference import resource_shape
from ckpt_magics.graphs.graph.names import prepend_scope
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.variables.variable_nodes import VariableNodes
from ckpt_magics.proto.messages import VariableDef

__all__ = ["find_nodes"]


def find_nodes(graph: Graph, variable_def: VariableDef, import_scope: str | None) -> VariableNodes:
    """Return the nodes that a VariableDef names.

    Args:
        graph: Where they are.
        variable_def: Their names.
        import_scope: Scope to look for them in.

    Raises:
        InvalidArgumentError: The graph does not have them, or they are no variable.
    """
    handle = _tensor(graph, variable_def.variable_name, import_scope)
    if variable_def.is_resource:
        default_snapshot = f"{variable_def.variable_name.partition(':')[0]}/Read/ReadVariableOp:0"
        snapshot = _tensor(graph, variable_def.snapshot_name or default_snapshot, import_scope)
    else:
        snapshot = _tensor(graph, variable_def.snapshot_name, import_scope)
    if snapshot.shape.ndims is None:
        snapshot.set_shape(resource_shape(handle))
    initial_value = None
    if variable_def.initial_value_name:
        initial_value = _tensor(graph, variable_def.initial_value_name, import_scope)
    initializer = None
    if variable_def.initializer_name:
        initializer = _element(graph, variable_def.initializer_name, import_scope)
    if isinstance(initializer, Tensor):
        raise InvalidArgumentError(f"'{visible(initializer.name)}' is a tensor, not a variable's initializer")
    return VariableNodes(handle, initializer, snapshot, initial_value)


def _element(graph: Graph, name: str, import_scope: str | None) -> Tensor | Operation:
    try:
        return graph.as_graph_element(prepend_scope(name, import_scope))
    except (KeyError, ValueError) as error:
        raise InvalidArgumentError(f"a variable's VariableDef does not fit the graph: {error.args[0]}") from error


def _tensor(graph: Graph, name: str, import_scope: str | None) -> Tensor:
    element = _element(graph, name, import_scope)
    if not isinstance(element, Tensor):
        raise InvalidArgumentError(f"a variable's VariableDef names operation '{visible(name)}' in place of a tensor")
    return element
