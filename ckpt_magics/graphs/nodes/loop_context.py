"""Loops: what is made in one takes tensors from outside through an Enter.

Format: tensorflow/python/ops/control_flow_ops.py, WhileContext.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ckpt_magics.graphs.graph.flow import FlowContext, loop_around, output_context
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.names import strip_scope
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.graph.shape import TensorShape
from ckpt_magics.graphs.nodes.branch_context import Context, switched
from ckpt_magics.graphs.nodes.build import apply, convert_to_tensor, identity, output
from ckpt_magics.proto.messages import ControlFlowContextDef, WhileContextDef

__all__ = ["WhileContext"]

MEASURES = frozenset({"Shape", "Size", "Rank"})
"""Ops of which a loop that goes back through another one takes the result from there: it is smaller than the tensor."""


class WhileContext(Context):
    """One loop.

    Attributes:
        parallel_iterations: How many iterations may run at once; kept in the nodes.
        maximum_iterations: How many there are at most, or None.
        back_prop: Whether gradients go through it.
        swap_memory: Kept for TensorFlow.
        pivot: Whether there is another iteration.
        pivot_for_pred: What operations of the condition wait for.
        pivot_for_body: What operations of the body wait for.
        enters: The loop's variables as they come in.
        exits: As they come out.
    """

    is_loop = True

    def __init__(self, name: str, graph: Graph, outer: Any) -> None:  # noqa: ANN401 -- a context
        super().__init__(name, graph, outer)
        self.parallel_iterations = 10
        self.maximum_iterations: Tensor | None = None
        self.back_prop = True
        self.swap_memory = False
        self.pivot: Tensor | None = None
        self.pivot_for_pred: Tensor | None = None
        self.pivot_for_body: Tensor | None = None
        self.enters: list[Tensor] = []
        self.exits: list[Tensor] = []

    def control_pivot(self) -> Tensor:
        """Return what operations wait for that take nothing of this iteration."""
        pivot = self.pivot_for_pred if self.pivot_for_body is None else self.pivot_for_body
        assert pivot is not None  # noqa: S101 -- set before anything is made inside
        return pivot

    # What is made inside

    def add_value(self, tensor: Tensor) -> Tensor:
        """Return what stands for a tensor inside: a constant Enter, if it comes from outside."""
        if tensor.name in self.values or tensor.op.flow_context is self:
            return self.external.get(tensor.name, tensor)
        self.values.add(tensor.name)
        current = loop_around(self.graph.flow_context)
        if isinstance(current, WhileContext) and current.goes_back_through(output_context(tensor.op)):
            assert current.back_through is not None  # noqa: S101 -- it goes back through one
            self.external[tensor.name] = current.back_through.in_turn(tensor)
            return self.external[tensor.name]
        result = tensor if self.outer is None else self.outer.add_value(tensor)
        with self.graph.control_dependencies(None):
            enter = self.enter(result, is_constant=True)
            self.graph.prevent_feeding(enter)
        self._settle([enter])
        self.values.add(enter.name)
        self.external[tensor.name] = enter
        return enter

    def enter(self, tensor: Tensor, *, is_constant: bool = False, name: str | None = None) -> Tensor:
        """Add what takes a tensor into the loop, with its shape: into every iteration, or into the first one only."""
        kind = "RefEnter" if tensor.is_ref else "Enter"
        entered = output(
            kind,
            tensor,
            frame_name=self.name,
            is_constant=is_constant,
            parallel_iterations=self.parallel_iterations,
            name=name,
        )
        entered.set_shape(tensor.shape)
        return entered

    def add_operation(self, op: Operation) -> None:
        """Fit a new operation in: its inputs come through Enters; one without inputs waits for the iteration."""
        if op.type in MEASURES and self.goes_back_through(op.inputs[0].op.flow_context):
            op.flow_context = op.inputs[0].op.flow_context
            op.flow_context.add_operation(op)
            return
        if not op.inputs:
            outside = self._keep_inner_edges(op)
            if not op.control_inputs:
                op.await_only([self.control_pivot().op])
        else:
            for index, tensor in enumerate(op.inputs):
                real = self.add_value(tensor)
                if real is not tensor:
                    op.replace_input(index, real)
            outside = self._keep_inner_edges(op)
            if not op.control_inputs and all(_is_constant_enter(tensor.op) for tensor in op.inputs):
                op.await_only([self.control_pivot().op])
        self.values.update(tensor.name for tensor in op.outputs)
        self._await_outside(op, outside)
        if self.outer is not None or op.type not in {"Exit", "RefExit"}:
            self._hide(op)

    def goes_back_through(self, context: FlowContext | None) -> bool:
        """Tell whether the loop that this one goes back through is the innermost around a context."""
        return self.back_through is not None and loop_around(context) is self.back_through.forward

    def _await_outside(self, op: Operation, outside: Sequence[Operation]) -> None:
        if not outside:
            return
        with self.graph.control_dependencies(None), self.graph.in_flow_context(self):
            inside = [identity(other.outputs[0]).op for other in outside if other.outputs]
        op.await_only([*op.control_inputs, *inside])

    def _settle(self, enters: Iterable[Tensor]) -> None:
        """Put Enters into the loop; they wait for what the open blocks say, as far as that is outside of the loop."""
        for enter in enters:
            awaited = self.graph.awaited_by([enter.op.inputs[0].op])
            enter.op.flow_context = self
            enter.op.await_only([*enter.op.control_inputs, *(op for op in awaited if self._is_around(op))])
            self.graph.note_in_dependencies(enter.op)

    def _is_around(self, op: Operation) -> bool:
        wanted = output_context(op)
        around = self.outer
        while around is not wanted:
            if around is None or around.is_loop:
                return False
            around = around.outer
        return True

    # The loop itself

    def take_in(self, tensor: Tensor, name: str) -> Tensor:
        """Add a variable of the loop, inside of it: what it is at first; returns it as it comes in."""
        self.values.add(tensor.name)
        entered = self.enter(tensor, name=name)
        self.enters.append(entered)
        return entered

    def hand_over(self, tensor: Tensor, name: str | None = None) -> Tensor:
        """Add what a variable of the loop is at last; returns it as it comes out."""
        result = output("RefExit" if tensor.is_ref else "Exit", tensor, name=name)
        self.exits.append(result)
        self.hand_out([result])
        return result

    def build(
        self,
        first: Sequence[Tensor],
        shapes: Sequence[TensorShape],
        condition: Callable[[list[Tensor]], Any],
        body: Callable[[list[Tensor]], tuple[Any, list[Any]]],
    ) -> tuple[Any, list[Tensor]]:
        """Add the loop.

        Args:
            first: Its variables before the first iteration.
            shapes: What their shapes have in common in all iterations.
            condition: Makes the condition from the variables.
            body: Makes the next variables; returns what the caller wants back, and the variables one by one.

        Returns:
            What ``body`` returns first, and the variables after the last iteration.

        Raises:
            ValueError: A variable has a shape that does not go with those in ``shapes``.
        """
        self._enter_variables(first, shapes)
        merges = [apply("Merge", [enter, enter])[0] for enter in self.enters]
        self.pivot_for_pred = merges[0]
        self.pivot = output("LoopCond", convert_to_tensor(condition(merges)), name="LoopCond")
        ways = [switched(merge, self.pivot) for merge in merges]
        variables = [identity(way[1]) for way in ways]
        self.pivot_for_body = variables[0]
        original, leaves = body(variables)
        following = [convert_to_tensor(leaf) for leaf in leaves]
        for merge, tensor in zip(merges, following, strict=True):
            self._close(merge, tensor)
        return original, [self.hand_over(way[0]) for way in ways]

    def _enter_variables(self, first: Sequence[Tensor], shapes: Sequence[TensorShape]) -> None:
        self.values = {tensor.name for tensor in first}
        real = list(first) if self.outer is None else [self.outer.add_value(tensor) for tensor in first]
        with self.graph.control_dependencies(None):
            for tensor, shape in zip(real, shapes, strict=True):
                enter = self.enter(tensor)
                if not _is_at_least(tensor.shape, shape):
                    raise ValueError(
                        f"The shape invariant specified for {tensor.name} is not compatible with the initial shape of "
                        f"the loop variable. It enters the loop with shape {tensor.shape}, but the specified shape "
                        f"invariant is {shape}."
                    )
                enter.replace_shape(shape)
                self.graph.prevent_feeding(enter)
                self.enters.append(enter)
        pivot = next((context.control_pivot() for context in self._around() if context is not self), None)
        for enter in self.enters:
            if pivot is not None and _is_constant_enter(enter.op.inputs[0].op):
                enter.op.await_only([*enter.op.control_inputs, pivot.op])
        self._settle(self.enters)
        self.values = {enter.name for enter in self.enters}

    def _close(self, merge: Tensor, following: Tensor) -> None:
        tensor = output("RefNextIteration" if following.is_ref else "NextIteration", following)
        if not _is_at_least(tensor.shape, merge.shape):
            before = merge.op.inputs[0].op.inputs[0]
            raise ValueError(
                f"Input tensor '{before.name}' enters the loop with shape {before.shape}, but has shape {tensor.shape} "
                "after one iteration. To allow the shape to vary across iterations, use the `shape_invariants` "
                "argument of tf.while_loop to specify a less-specific shape."
            )
        merge.op.replace_input(1, tensor)

    # As a message

    def to_proto(self, export_scope: str | None = None) -> WhileContextDef | None:
        """Return the context as a message, or None if it is outside of ``export_scope``."""
        if export_scope is not None and not self.name.startswith(export_scope):
            return None
        maximum = self.maximum_iterations
        message = WhileContextDef(
            context_name=strip_scope(self.name, export_scope),
            parallel_iterations=self.parallel_iterations,
            back_prop=self.back_prop,
            swap_memory=self.swap_memory,
            loop_exit_names=[strip_scope(tensor.name, export_scope) for tensor in self.exits],
            loop_enter_names=[strip_scope(tensor.name, export_scope) for tensor in self.enters],
            maximum_iterations_name="" if maximum is None else strip_scope(maximum.name, export_scope),
            values_def=self.values_def(export_scope),
            nested_contexts=self.nested_defs(),
        )
        for field in ("pivot", "pivot_for_pred", "pivot_for_body"):
            setattr(message, f"{field}_name", strip_scope(getattr(self, field).name, export_scope))
        return message

    def as_nested(self) -> ControlFlowContextDef:
        """Return the context as a message inside of another one's."""
        return ControlFlowContextDef(while_ctxt=self.to_proto())


def _is_constant_enter(op: Operation) -> bool:
    return op.type in {"Enter", "RefEnter"} and op.attrs["is_constant"].b


def _is_at_least(shape: TensorShape, wanted: TensorShape) -> bool:
    """Return whether a shape is known at least as well as another one."""
    if wanted.ndims is None:
        return True
    if shape.ndims != wanted.ndims:
        return False
    return all(known is None or size == known for size, known in zip(shape.as_list(), wanted.as_list(), strict=True))


_CHECKED: type[FlowContext] = WhileContext
