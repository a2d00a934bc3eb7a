"""Contexts of conditionals and loops as the collections of a MetaGraph tell them.

Format: tensorflow/python/ops/control_flow_ops.py, CondContext.from_proto and WhileContext.from_proto.
"""

from __future__ import annotations

from typing import Any

from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.names import prepend_scope
from ckpt_magics.graphs.graph.node import Tensor
from ckpt_magics.graphs.nodes.branch_context import CondContext, Context
from ckpt_magics.graphs.nodes.loop_context import WhileContext
from ckpt_magics.proto.messages import CondContextDef, ControlFlowContextDef, ValuesDef, WhileContextDef

__all__ = ["context_from_proto"]


def context_from_proto(message: CondContextDef | WhileContextDef, graph: Graph, import_scope: str) -> Context:
    """Return the context that a message tells, with those inside; its operations know from then on where they are.

    Args:
        message: The message.
        graph: Where the nodes are.
        import_scope: Scope that they were imported into, or an empty string.

    Raises:
        KeyError: The graph does not have what the message names.
        ValueError: A name is none of a tensor.
    """
    return _Reader(graph, import_scope).context(message, None)


class _Reader:
    def __init__(self, graph: Graph, scope: str) -> None:
        self._graph = graph
        self._scope = scope

    def context(self, message: CondContextDef | WhileContextDef, outer: Context | None) -> Context:
        made: Context
        if isinstance(message, CondContextDef):
            name = prepend_scope(message.context_name, self._scope)
            made = CondContext(
                name, outer, self._tensor(message.pred_name), self._tensor(message.pivot_name), message.branch
            )
        else:
            made = self._loop(message, outer)
        self._take_values(made, message.values_def)
        for nested in message.nested_contexts:
            self.context(_content(nested), made)
        return made

    def _loop(self, message: WhileContextDef, outer: Context | None) -> WhileContext:
        made = WhileContext(prepend_scope(message.context_name, self._scope), self._graph, outer)
        made.parallel_iterations = message.parallel_iterations
        made.back_prop, made.swap_memory = message.back_prop, message.swap_memory
        if message.maximum_iterations_name:
            made.maximum_iterations = self._tensor(message.maximum_iterations_name)
        made.pivot = self._tensor(message.pivot_name)
        made.pivot_for_pred = self._tensor(message.pivot_for_pred_name)
        made.pivot_for_body = self._tensor(message.pivot_for_body_name)
        made.exits = [self._tensor(name) for name in message.loop_exit_names]
        made.enters = [self._tensor(name) for name in message.loop_enter_names]
        return made

    def _take_values(self, context: Context, message: ValuesDef) -> None:
        context.values = {prepend_scope(name, self._scope) for name in message.values}
        for name, inside in message.external_values.items():
            context.external[prepend_scope(name, self._scope)] = self._tensor(inside)
        own = (name.partition(":")[0] for name in context.values - set(context.external))
        for op in [self._graph.get_operation_by_name(name) for name in sorted(set(own))]:
            op.flow_context = context

    def _tensor(self, name: str) -> Tensor:
        return self._graph.get_tensor_by_name(prepend_scope(name, self._scope))


def _content(message: ControlFlowContextDef) -> Any:  # noqa: ANN401 -- one of two messages
    return message.cond_ctxt if message.HasField("cond_ctxt") else message.while_ctxt
