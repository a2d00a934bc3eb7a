"""Functions over variables: the ones there are, their initializers, assignments, and the global step.

Format: tensorflow/python/ops/variables.py, state_ops.py and training/training_util.py.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from ckpt_magics.files.formats.dtypes import INT64, STRING
from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.keys import REFERENCE_OPS, GraphKeys
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.build import group, name_scope, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.masks import boolean_mask
from ckpt_magics.graphs.variables.initializers import Zeros
from ckpt_magics.graphs.variables.partition import PartitionedVariable
from ckpt_magics.graphs.variables.replicas import VariableAggregation
from ckpt_magics.graphs.variables.variable import Variable
from ckpt_magics.graphs.variables.variable_scope import get_variable

__all__ = [
    "assert_variables_initialized",
    "assign",
    "assign_add",
    "assign_sub",
    "count_up_to",
    "create_global_step",
    "get_global_step",
    "get_or_create_global_step",
    "global_variables",
    "global_variables_initializer",
    "is_variable_initialized",
    "local_variables",
    "local_variables_initializer",
    "report_uninitialized_variables",
    "tables_initializer",
    "trainable_variables",
    "variables_initializer",
]

_LOG = logging.getLogger("ckpt_magics")


def global_variables(scope: str | None = None) -> list[Variable]:
    """Return the default graph's global variables, those whose names match ``scope``."""
    return get_default_graph().get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Variable]:
    """Return the default graph's local variables, which are not saved."""
    return get_default_graph().get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Variable]:
    """Return the default graph's trainable variables."""
    return get_default_graph().get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def variables_initializer(var_list: Sequence[Variable | PartitionedVariable], name: str = "init") -> Operation:
    """Add an operation that gives variables their first values."""
    return group(*(variable.initializer for variable in var_list), name=name)


def global_variables_initializer() -> Operation:
    """Add an operation that gives all global variables their first values."""
    return variables_initializer(global_variables())


def tables_initializer(name: str = "init_all_tables") -> Operation:
    """Add an operation that fills all tables of the graph."""
    return group(*get_default_graph().get_collection(GraphKeys.TABLE_INITIALIZERS), name=name)


def local_variables_initializer() -> Operation:
    """Add an operation that gives all local variables their first values."""
    return variables_initializer(local_variables())


def is_variable_initialized(variable: Variable | Tensor, name: str | None = None) -> Tensor:
    """Add a test whether a variable, or what a reference refers to, has a value."""
    return _has_value(variable, name)


def report_uninitialized_variables(
    var_list: Sequence[Variable | Tensor] | None = None, name: str = "report_uninitialized_variables"
) -> Tensor:
    """Add a test of many variables.

    Args:
        var_list: The variables. Default: the global and the local ones; in a graph without these collections, the
            references.
        name: Scope of the nodes.

    Returns:
        string [variables without a value], their names.
    """
    variables: list[Variable | Tensor] = list(var_list or ())
    if var_list is None:
        references = (op.outputs[0] for op in get_default_graph().get_operations() if op.type in REFERENCE_OPS)
        variables = [*global_variables(), *local_variables()] or list(references)
    with name_scope(name):
        tests = [_has_value(variable) for variable in variables]
        with get_default_graph().device("/cpu:0"):
            if not tests:
                return constant([], STRING)
            missing = output("LogicalNot", output("Pack", tests, name="stack"))
            return boolean_mask(constant([variable.op.name for variable in variables]), missing)


def assert_variables_initialized(var_list: Sequence[Variable] | None = None) -> Tensor | None:
    """Add a check that variables have values.

    Args:
        var_list: The variables. Default: the global and the local ones.

    Returns:
        A tensor that cannot be computed while one has none, or None if there are no variables.
    """
    variables = [*global_variables(), *local_variables()] if var_list is None else var_list
    # A node of its own for each: one whose shape is known would be a constant, and be computed without the variable.
    ranks = [output("Rank", variable) for variable in variables]
    if not ranks:
        return None
    return ranks[0] if len(ranks) == 1 else output("Pack", ranks)


def _has_value(variable: Variable | Tensor, name: str | None = None) -> Tensor:
    if isinstance(variable, Tensor):
        return output("IsVariableInitialized", variable, dtype=variable.dtype, name=name)
    return variable.is_initialized(name)


def assign(
    ref: Any,  # noqa: ANN401 -- a variable or a reference
    value: object,
    validate_shape: bool | None = None,
    use_locking: bool | None = None,
    name: str | None = None,
) -> Any:  # noqa: ANN401 -- as Variable.assign
    """Add an assignment to a variable or to a reference; unlike the variable's method it locks."""
    if isinstance(ref, Variable) and ref.is_resource:
        return ref.assign(value, name=name)
    return output("Assign", ref, value, validate_shape=validate_shape, use_locking=use_locking, name=name)


def assign_add(ref: Any, value: object, use_locking: bool | None = None, name: str | None = None) -> Any:  # noqa: ANN401 -- as assign
    """Add an increment of a variable or of a reference."""
    if isinstance(ref, Variable) and ref.is_resource:
        return ref.assign_add(value, name=name)
    return output("AssignAdd", ref, value, use_locking=use_locking, name=name)


def assign_sub(ref: Any, value: object, use_locking: bool | None = None, name: str | None = None) -> Any:  # noqa: ANN401 -- as assign
    """Add a decrement of a variable or of a reference."""
    if isinstance(ref, Variable) and ref.is_resource:
        return ref.assign_sub(value, name=name)
    return output("AssignSub", ref, value, use_locking=use_locking, name=name)


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Tensor:  # noqa: ANN401 -- a variable or a reference
    """Add a node that gives a counter's value and adds 1, and raises OutOfRangeError where it is ``limit``."""
    if isinstance(ref, Variable) and ref.is_resource:
        return output("ResourceCountUpTo", ref.handle, limit=limit, T=ref.dtype, name=name)
    return output("CountUpTo", ref, limit=limit, name=name)


def get_global_step(graph: Graph | None = None) -> Any | None:  # noqa: ANN401 -- a variable, or what an import found
    """Return the graph's global step, or None; also if several things claim to be it, as a line in the log says.

    Raises:
        TypeError: It is no scalar integer.
    """
    graph = graph or get_default_graph()
    found = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if len(found) > 1:
        _LOG.error("Multiple tensors in global_step collection.")
        return None
    if not found and "global_step" not in graph:
        return None
    step = found[0] if found else graph.get_tensor_by_name("global_step:0")
    _check_global_step(step)
    return step


def _check_global_step(step: Any) -> None:  # noqa: ANN401 -- whatever an import found
    if not isinstance(step, (Variable, PartitionedVariable, Tensor)):
        raise TypeError(f'Existing "global_step" must be a Variable or Tensor: {step}.')
    if not step.dtype.is_integer:
        raise TypeError(f'Existing "global_step" does not have integer type: {step.dtype!r}')
    if step.shape.ndims != 0 and step.shape.is_fully_defined():
        raise TypeError(f'Existing "global_step" is not scalar: {step.shape}')


def create_global_step(graph: Graph | None = None) -> Variable | PartitionedVariable:
    """Add the variable that counts training steps.

    Raises:
        ValueError: The graph has one.
    """
    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ValueError('"global_step" already exists.')
    with graph.as_default(), graph.name_scope(None):
        return get_variable(
            GraphKeys.GLOBAL_STEP,
            shape=[],
            dtype=INT64,
            initializer=Zeros(),
            trainable=False,
            aggregation=VariableAggregation.ONLY_FIRST_REPLICA,  # replicas count together, not each for itself
            collections=[GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP],
        )


def get_or_create_global_step(graph: Graph | None = None) -> Any:  # noqa: ANN401 -- as get_global_step
    """Return the graph's global step, a new one if it has none."""
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found
