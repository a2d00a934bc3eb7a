"""Branches of a conditional: what is made in one takes tensors from outside through a Switch.

Format: tensorflow/python/ops/control_flow_ops.py, ControlFlowContext and CondContext.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ckpt_magics.graphs.graph.flow import FlowContext, ForwardLoop, is_inside, loop_around, output_context
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.names import strip_scope
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.build import apply
from ckpt_magics.proto.messages import CondContextDef, ControlFlowContextDef, ValuesDef

__all__ = ["CondContext", "Context", "switched"]


def switched(data: Tensor, pred: Tensor, name: str = "Switch") -> list[Tensor]:
    """Add the two ways of a tensor, that where ``pred`` is False first; only one of them has a value."""
    with data.graph.colocate_with(data, ignore_existing=True):
        ways: list[Tensor] = apply("RefSwitch" if data.is_ref else "Switch", data, pred, name=name)
        return ways


class Context:
    """What the branches of conditionals and loops have in common.

    Attributes:
        name: Its name.
        graph: Its graph.
        outer: The context around it, or None.
        nested: Those inside, outermost first.
        values: Names of the tensors that belong to it, and of those from outside that are used in it.
        external: What stands inside for a tensor from outside, by the name of that.
        back_through: The loop that this one goes back through, if it was made for gradients.
    """

    is_loop = False
    back_through: ForwardLoop | None = None

    def __init__(self, name: str, graph: Graph, outer: Any) -> None:  # noqa: ANN401 -- a context
        self.name = name
        self.graph = graph
        self.outer = outer
        self.nested: list[Context] = []
        self.values: set[str] = set()
        self.external: dict[str, Tensor] = {}
        if outer is not None:
            outer.nested.append(self)

    @property
    def outer_context(self) -> Any:  # noqa: ANN401 -- a context
        """The context around it, by TensorFlow's name."""
        return self.outer

    def add_operation(self, op: Operation) -> None:
        """Fit a new operation in; see `FlowContext`."""
        raise NotImplementedError

    def add_value(self, tensor: Tensor) -> Tensor:
        """Return what stands for a tensor inside; see `FlowContext`."""
        raise NotImplementedError

    def hand_out(self, results: Iterable[Tensor]) -> None:
        """Let the context around know of the results."""
        if self.outer is not None:
            self.outer.values.update(tensor.name for tensor in results)

    def values_def(self, export_scope: str | None) -> ValuesDef:
        """Return the names of the values as a message."""
        message = ValuesDef(values=[strip_scope(name, export_scope) for name in sorted(self.values)])
        for name, tensor in self.external.items():
            message.external_values[strip_scope(name, export_scope)] = strip_scope(tensor.name, export_scope)
        return message

    def nested_defs(self) -> list[ControlFlowContextDef]:
        """Return the contexts inside as messages."""
        return [context.as_nested() for context in self.nested]

    def as_nested(self) -> ControlFlowContextDef:
        """Return the context as a message inside of another one's."""
        raise NotImplementedError

    def _keep_inner_edges(self, op: Operation) -> list[Operation]:
        """Take off the operations to wait for that are outside of the loop, and return them."""
        loop = loop_around(self)
        if loop is None:
            return []
        inner = [other for other in op.control_inputs if loop_around(output_context(other)) is loop]
        outer = [other for other in op.control_inputs if other not in inner]
        if outer:
            op.await_only(inner)
        return outer

    def _hide(self, op: Operation) -> None:
        self.graph.prevent_fetching(op)
        for tensor in op.outputs:
            self.graph.prevent_feeding(tensor)

    def _around(self) -> Iterable[Any]:
        context: Any = self
        while context is not None:
            yield context
            context = context.outer


class CondContext(Context):
    """One branch of a conditional.

    Attributes:
        pred: The condition, as the branch knows it.
        pivot: What has a value where the branch is taken.
        branch: 1 for the branch of a condition that holds, 0 for the other one.
    """

    def __init__(self, name: str, outer: Any, pred: Tensor, pivot: Tensor, branch: int) -> None:  # noqa: ANN401
        super().__init__(name, pred.graph, outer)
        self.pred = pred
        self.pivot = pivot
        self.branch = branch

    @classmethod
    def begin(cls, pred: Tensor, pivot: Tensor, branch: int) -> CondContext:
        """Return the context of a new branch."""
        graph = pred.graph
        made = cls(graph.unique_name("cond_text"), graph.flow_context, pred, pivot, branch)
        made.values = {pred.name, pivot.name}
        made.external[pred.name] = pred
        pivot.op.flow_context = made
        return made

    def control_pivot(self) -> Tensor:
        """Return what operations wait for that take nothing."""
        return self.pivot

    def add_value(self, tensor: Tensor) -> Tensor:
        """Return what stands for a tensor inside: the way of a Switch, if it comes from outside."""
        if tensor.name in self.values:
            return self.external.get(tensor.name, tensor)
        result = self._from_outer(tensor)
        with self.graph.control_dependencies(None):
            result = switched(result, self.pred)[self.branch]
        self.graph.prevent_fetching(result.op)
        result.op.flow_context = self
        for context in self._around():
            context.values.add(result.name)
        self.external[tensor.name] = result
        return result

    def _from_outer(self, tensor: Tensor) -> Tensor:
        self.values.add(tensor.name)
        if self.outer is None:
            return tensor
        result: Tensor = self.outer.add_value(tensor)
        self.values.add(result.name)
        self.external[result.name] = result
        return result

    def add_operation(self, op: Operation) -> None:
        """Fit a new operation in: its inputs come through Switches; one without inputs waits for the branch."""
        if not op.inputs:
            self._keep_inner_edges(op)
            if not any(is_inside(other.flow_context, self) for other in op.control_inputs):
                op.await_only([*op.control_inputs, self.pivot.op])
        else:
            for index, tensor in enumerate(op.inputs):
                is_back_edge = op.type == "Merge" and tensor.op.type == "NextIteration"
                real = tensor if is_back_edge else self.add_value(tensor)
                if real is not tensor:
                    op.replace_input(index, real)
            self._keep_inner_edges(op)
            if op.op_def is None and any(op.type == f.signature.name for f in self.graph.library.function):
                op.await_only([*op.control_inputs, self.pivot.op])
        for context in self._around():
            context.values.update(tensor.name for tensor in op.outputs)
        if self.outer is not None or op.type not in {"Exit", "RefExit"}:
            self._hide(op)

    def result(self, tensor: Tensor) -> Tensor:
        """Return a result of the branch: what comes from outside goes through a Switch too."""
        if tensor.name in self.values:
            return self.external.get(tensor.name, tensor)
        real = switched(self._from_outer(tensor), self.pred)[self.branch]
        self.external[tensor.name] = real
        return real

    def to_proto(self, export_scope: str | None = None) -> CondContextDef | None:
        """Return the context as a message, or None if it is outside of ``export_scope``."""
        if export_scope is not None and not self.name.startswith(export_scope):
            return None
        return CondContextDef(
            context_name=strip_scope(self.name, export_scope),
            pred_name=strip_scope(self.pred.name, export_scope),
            pivot_name=strip_scope(self.pivot.name, export_scope),
            branch=self.branch,
            values_def=self.values_def(export_scope),
            nested_contexts=self.nested_defs(),
        )

    def as_nested(self) -> ControlFlowContextDef:
        """Return the context as a message inside of another one's."""
        return ControlFlowContextDef(cond_ctxt=self.to_proto())


_CHECKED: type[FlowContext] = CondContext
