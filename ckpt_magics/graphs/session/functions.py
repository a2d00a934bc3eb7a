"""The functions that a session's graph can call: planned when they are called first, with the session's variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ckpt_magics.errors import ResourceExhaustedError, visible
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.ops.row import KernelContext, Op
from ckpt_magics.graphs.ops.rows import find_op
from ckpt_magics.graphs.ops.shape_rules import unknown
from ckpt_magics.graphs.ops.variable_values import SessionVariables
from ckpt_magics.graphs.session.function_body import FunctionBody, library_body
from ckpt_magics.graphs.session.operation_context import OperationContext
from ckpt_magics.proto.messages import FunctionDef, NameAttrList

__all__ = ["Functions"]

Call = Callable[..., tuple[Any, ...]]


class Functions:
    """The functions of one session.

    Args:
        graph: The graph with the library.
        variables: The session's variables.
        plan: Returns what runs a function's body.
    """

    def __init__(
        self, graph: Graph, variables: SessionVariables, plan: Callable[[FunctionBody, Functions], Call]
    ) -> None:
        self._graph = graph
        self._variables = variables
        self._plan = plan
        self._calls: dict[bytes, Call] = {}
        self._contexts: dict[Operation, OperationContext] = {}

    def definitions(self) -> dict[str, FunctionDef]:
        """Return the functions of the library by name."""
        return {function.signature.name: function for function in self._graph.library.function}

    def row_of(self, op: Operation) -> Op | None:
        """Return the row of an operation's op, or one that calls the function of that name, or None."""
        row = find_op(op.type)
        if row is not None or all(function.signature.name != op.type for function in self._graph.library.function):
            return row
        called = NameAttrList(name=op.type, attr=op.node_def.attr)

        def kernel(ctx: KernelContext, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401 -- as Kernel
            return ctx.call(called, *values)

        return Op(op.type, "->", (), unknown, kernel)

    def context_of(self, op: Operation, row: Op) -> OperationContext:
        """Return what a kernel sees of an operation, the same in all runs of the session."""
        context = self._contexts.get(op)
        if context is None or context.is_outdated:
            context = self._contexts[op] = OperationContext(op, row, self._variables, self.call)
        return context

    def call(self, function: NameAttrList, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401 -- as Kernel
        """Return what a function gives.

        Raises:
            CheckpointError: A kernel in it failed, or the library has no such function.
        """
        key = function.SerializeToString(deterministic=True)
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = self._plan(library_body(self._graph, function), self)
        try:
            return call(*values)
        except RecursionError:
            raise ResourceExhaustedError(
                f"function '{visible(function.name)}' is called from within itself too often"
            ) from None

    def clear(self) -> None:
        """Forget what was worked out."""
        self._calls.clear()
        self._contexts.clear()
