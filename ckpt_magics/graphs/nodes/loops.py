"""Loops: nodes that a run computes again and again.

Format: tensorflow/python/ops/while_loop.py and control_flow_ops.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ckpt_magics.graphs.graph.default import get_default_graph
from ckpt_magics.graphs.graph.keys import GraphKeys
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.build import convert_to_tensor, name_scope
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.loop_context import WhileContext
from ckpt_magics.graphs.nodes.mathematics import logical_and
from ckpt_magics.graphs.nodes.structures import assert_same_structure, flatten, is_nested, map_structure, pack_like

__all__ = ["while_loop"]

Variables = Any
"""A nesting of tensors and of arrays of tensors."""


def while_loop(  # noqa: PLR0917 -- TensorFlow's own order of arguments
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Variables,
    shape_invariants: Any = None,  # noqa: ANN401 -- a nesting of shapes
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
    maximum_iterations: object = None,
    return_same_structure: bool = False,
) -> Variables:
    """Add a loop: ``body`` again and again, as long as ``cond`` holds.

    Args:
        cond: Makes a bool scalar from the loop's variables.
        body: Makes the variables of the next iteration from those of this one, in the same nesting.
        loop_vars: The variables before the first iteration.
        shape_invariants: What their shapes have in common in all iterations. Default: they stay as they are.
        parallel_iterations: Kept in the nodes.
        back_prop: Whether gradients go through the loop.
        swap_memory: Kept for TensorFlow.
        name: Name of the scope.
        maximum_iterations: How many iterations there are at most.
        return_same_structure: Return a list of one variable as such.

    Returns:
        The variables after the last iteration.

    Raises:
        TypeError: ``cond`` or ``body`` is no function.
        ValueError: There are no variables, or ``body`` returns others in number, nesting or shape.
    """
    for label, function in (("cond", cond), ("body", body)):
        if not callable(function):
            raise TypeError(f"'{label}' must be callable.")
    if parallel_iterations < 1:
        raise TypeError("'parallel_iterations' must be a positive integer.")
    with name_scope(name, "while", flatten(loop_vars)):
        if not loop_vars:
            raise ValueError("'loop_vars' must be provided.")
        single = len(loop_vars) == 1 and not return_same_structure
        limit = None
        if maximum_iterations is not None:
            limit = _limit(maximum_iterations)
            cond, body, loop_vars = _counted(cond, body, loop_vars, limit, single=single)
            single = False
            if shape_invariants is not None:
                shape_invariants = (TensorShape([]), shape_invariants)
        context = _context(limit, parallel_iterations, back_prop=back_prop, swap_memory=swap_memory)
        result = _build(context, cond, body, loop_vars, shape_invariants)
        if limit is not None:
            return result[1]
        return result[0] if single else result


def _limit(maximum_iterations: object) -> Tensor:
    limit = convert_to_tensor(maximum_iterations, name="maximum_iterations")
    if limit.shape.ndims != 0:
        raise ValueError(f"'maximum_iterations' must be a scalar. Received shape: {limit.shape}")
    return limit


def _counted(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Variables, limit: Tensor, *, single: bool
) -> tuple[Callable[..., Any], Callable[..., Any], Variables]:
    """Return the functions and variables of a loop that counts its iterations."""
    counter = constant(0, limit.dtype, name="iteration_counter")
    if single:
        return (
            lambda count, one: logical_and(count < limit, cond(one)),
            lambda count, one: (count + 1, body(one)),
            (counter, loop_vars[0]),
        )
    return (
        lambda count, several: logical_and(count < limit, cond(*several)),
        lambda count, several: (count + 1, body(*several)),
        (counter, loop_vars),
    )


def _context(limit: Tensor | None, parallel: int, *, back_prop: bool, swap_memory: bool) -> WhileContext:
    graph = get_default_graph()
    context = WhileContext(graph.unique_name("while_context"), graph, graph.flow_context)
    context.maximum_iterations = limit
    context.parallel_iterations = parallel
    context.back_prop, context.swap_memory = back_prop, swap_memory
    if context.outer is None:
        graph.add_to_collection(GraphKeys.WHILE_CONTEXT, context)
    return context


def _build(
    context: WhileContext,
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Variables,
    shape_invariants: Any,  # noqa: ANN401
) -> Variables:
    variables = map_structure(_as_variable, loop_vars)
    leaves = flatten(variables)
    first = [_flow(leaf) for leaf in leaves]
    shapes = [tensor.shape for tensor in first]
    if shape_invariants is not None:
        shapes = [TensorShape(shape) for shape in _flat_shapes(loop_vars, shape_invariants)]

    def packed(tensors: list[Tensor]) -> Variables:
        return pack_like(variables, [_with_flow(*pair) for pair in zip(leaves, tensors, strict=True)])

    def step(tensors: list[Tensor]) -> tuple[Variables, list[Tensor]]:
        given = packed(tensors)
        made = body(*given)
        made = made if is_nested(made) else [made]
        made = map_structure(_as_variable, made)
        assert_same_structure(list(given), list(made))
        return made, [_flow(leaf) for leaf in flatten(made)]

    with context.graph.in_flow_context(context):
        made, exits = context.build(first, shapes, lambda tensors: cond(*packed(tensors)), step)
    return pack_like(made, [_with_flow(*pair) for pair in zip(flatten(made), exits, strict=True)])


def _flat_shapes(loop_vars: Variables, shapes: Any) -> list[Any]:  # noqa: ANN401
    """Return a shape for each variable: shapes are nested as the variables are, and may be lists themselves."""
    if not is_nested(loop_vars):
        return [shapes]
    keys = sorted(loop_vars) if hasattr(loop_vars, "keys") else range(len(loop_vars))
    return [shape for key in keys for shape in _flat_shapes(loop_vars[key], shapes[key])]


def _as_variable(value: Any) -> Any:  # noqa: ANN401 -- a tensor or an array of tensors
    return value if hasattr(value, "with_flow") else convert_to_tensor(value)


def _flow(value: Any) -> Tensor:  # noqa: ANN401
    tensor: Tensor = getattr(value, "flow", value)
    return tensor


def _with_flow(value: Any, tensor: Tensor) -> Any:  # noqa: ANN401
    """Return a tensor in the place of a variable: for an array of tensors, the array after what the tensor says."""
    return value.with_flow(tensor) if hasattr(value, "with_flow") else tensor
