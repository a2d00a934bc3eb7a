"""The loops on the way of gradients, and the zeros that stand in for gradients of branches and exits.

A loop is gone back through as a whole: from all of its exits, those without a gradient with zeros, once the gradients
of the others are there.

Follows tensorflow/python/ops/control_flow_state.py, _ControlFlowState.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ckpt_magics.files.formats.dtypes import RESOURCE
from ckpt_magics.graphs.graph.flow import ENTERS, EXITS, SWITCHES, loop_around
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes import build
from ckpt_magics.graphs.nodes.arrays import identity, zeros_like
from ckpt_magics.graphs.nodes.branch_context import switched
from ckpt_magics.graphs.nodes.build import apply, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.training.loop_gradient import LoopGradient, within
from ckpt_magics.graphs.training.rule import is_differentiable

__all__ = ["FlowWalk", "is_loop_switch"]


class FlowWalk:
    """The loops that one call of `gradients` goes back through.

    Args:
        graph: Where they are.
        ops: The operations on the way, those nearer to the ``ys`` first.
        place: Puts nodes where an operation is, if that is wanted.
    """

    def __init__(
        self, graph: Graph, ops: Iterable[Operation], place: Callable[[Operation], AbstractContextManager[None]]
    ) -> None:
        self._graph = graph
        self._loops: dict[Any, LoopGradient] = {}
        self._unused: dict[LoopGradient, list[Tensor]] = {}
        self._deferred: dict[LoopGradient, list[Tensor]] = {}
        self._missing: dict[LoopGradient, int] = {}
        for op in ops:
            if op.type in EXITS and op.flow_context not in self._loops:
                with place(op):
                    self._add(op.flow_context)

    def _add(self, loop: Any) -> None:  # noqa: ANN401 -- a WhileContext
        made = LoopGradient(loop, self._loops.get(loop_around(loop.outer)))
        self._loops[loop] = made
        self._unused[made], self._deferred[made], self._missing[made] = [], [], len(made.exits)

    @property
    def exits(self) -> list[Operation]:
        """The operations by which something comes out of the loops."""
        return [outcome.op for loop in self._loops.values() for outcome in loop.exits]

    def __bool__(self) -> bool:
        return bool(self._loops)

    def _loop_of(self, op: Operation, *, outputs: bool = False) -> LoopGradient | None:
        """Return the loop that an operation is in, or its outputs are in."""
        context = op.flow_context
        if outputs and op.type in EXITS:
            context = context.outer
        return self._loops.get(loop_around(context))

    @contextmanager
    def back(self, op: Operation, *, outputs: bool = False) -> Iterator[None]:
        """Put nodes into the loop back where an operation, or its outputs, are in a loop."""
        loop = self._loop_of(op, outputs=outputs)
        with within(None if loop is None else loop.context, self._graph):
            yield

    # Exits

    def first_exits(self, pending: MutableMapping[Operation, int], starts: Container[Operation]) -> list[Tensor]:
        """Return the exits that nothing waits for, of loops of which that holds for all.

        Args:
            pending: How many gradients an operation waits for; what comes into the loops is made to wait.
            starts: The operations that the way begins at.
        """
        found = []
        for made in self._loops.values():
            for outcome in made.exits:
                if pending[outcome.op]:
                    continue
                self._missing[made] -= 1
                if outcome.op not in starts:
                    self._unused[made].append(outcome)
                if not self._missing[made]:
                    found += self._unused[made]
            for entered in made.forward.enters:
                pending[entered.op] = pending[entered.op] or 1
        return found

    def after_exit(self, outcome: Tensor, given: Container[Tensor]) -> tuple[list[Operation], list[Tensor]]:
        """Take note that what came out of a loop has all of its gradients.

        Args:
            outcome: That.
            given: The tensors that gradients have reached.

        Returns:
            What may be visited now: nothing before all exits of the loop are ready; and those of them that get zeros.
        """
        made = self._loops[outcome.op.flow_context]
        self._deferred[made].append(outcome)
        self._missing[made] -= 1
        if self._missing[made]:
            return [], []
        used = [one.op for one in self._deferred[made] if one in given]
        self._unused[made] += [one for one in self._deferred[made] if one not in given]
        unused = self._unused[made]
        return [*used, *(one.op for one in unused)], [one for one in unused if used and is_differentiable(one)]

    def zeros_for_exit(self, outcome: Tensor) -> Tensor:
        """Return zeros as the gradient of what comes out of a loop and isn't used."""
        outer = outcome.op.flow_context.outer
        around = self._loops.get(loop_around(outer))
        if around is None:
            known = outcome.shape.is_fully_defined()
            return build.zeros(outcome.shape, outcome.dtype) if known else zeros_like(outcome, optimize=False)
        if outcome.shape.is_fully_defined():
            with within(around.context, self._graph):
                return build.zeros(outcome.shape, outcome.dtype)
        with within(outer, self._graph):
            shape = output("Shape", outcome)
        stack = around.push(shape)
        with within(around.context, self._graph):
            return build.zeros(around.pop(stack, shape), outcome.dtype)

    # Outputs without a gradient

    def zeros(self, op: Operation, index: int) -> Tensor | None:
        """Return zeros as the gradient of an output that the ``ys`` don't depend on; None where it has to stay away."""
        if is_loop_switch(op):
            return None
        made = self._loop_of(op)
        if made is not None:
            return self._zeros_in_loop(made, op, op.outputs[index])
        if op.type in SWITCHES:
            return _zeros_of_bypass(op, op.outputs[index])
        tensor = op.outputs[index]
        if tensor.dtype is RESOURCE:
            return build.zeros(output("VariableShape", tensor))
        return zeros_like(tensor, optimize=False)

    def _zeros_in_loop(self, made: LoopGradient, op: Operation, tensor: Tensor) -> Tensor:
        context, is_bypass = op.flow_context, op.type in SWITCHES
        if tensor.shape.is_fully_defined():
            if tensor.dtype is RESOURCE:
                result = build.zeros(output("VariableShape", tensor))
            else:
                result = constant(0, tensor.dtype, tensor.shape)
            return switched(result, made.known[context.pred.name])[1 - context.branch] if is_bypass else result
        with within(context.outer if is_bypass else context, self._graph):
            measured = switched(op.inputs[0], context.pred)[1 - context.branch] if is_bypass else tensor
            shape = output("Shape", measured)
        if is_bypass:
            measured.op.flow_context = shape.op.flow_context = context
        with made.outside():
            stack = made.push(shape, is_bypass=is_bypass)
        return build.zeros(made.pop(stack, shape, is_bypass=is_bypass), tensor.dtype)

    # The end

    def finish(self) -> None:
        """Close the ways back of variables whose next value does not depend on the one before."""
        for made in self._loops.values():
            for merged in made.merges.values():
                first, second = merged.op.inputs
                if first is second:
                    merged.op.replace_input(1, self._no_gradient(made, first))

    def _no_gradient(self, made: LoopGradient, first: Tensor) -> Tensor:
        """Return zeros for the iterations before the last one."""
        if first.shape.is_fully_defined():
            with within(made.context, self._graph):
                return output("NextIteration", constant(0, first.dtype, first.shape))
        with within(made.context.outer, self._graph):
            zeros = build.zeros(output("Shape", first.op.inputs[0]))
        with within(made.context, self._graph):
            return output("NextIteration", zeros)


def is_loop_switch(op: Operation) -> bool:
    """Tell whether an operation lets a variable of a loop out or into the next iteration."""
    context = op.flow_context
    return op.type in SWITCHES and context is not None and context.is_loop and not _is_branch_switch(op)


def _is_branch_switch(op: Operation) -> bool:
    """Tell whether an operation lets a tensor into one of two branches: then all that takes it is in branches."""
    takers = (taker for tensor in op.outputs for taker in tensor.consumers())
    contexts = [one.flow_context.outer if one.type in ENTERS else one.flow_context for one in takers]
    return all(context is not None and not context.is_loop for context in contexts)


def _zeros_of_bypass(op: Operation, tensor: Tensor) -> Tensor:
    """Return zeros that have a value where the branch is not taken that a Switch leads to."""
    context = op.flow_context
    if context is None:
        return zeros_like(tensor, optimize=False)
    bypass = apply("Switch", op.inputs[0], context.pred)[1 - context.branch]
    pivot = identity(bypass)
    if tensor.dtype is RESOURCE:
        with op.graph.control_dependencies([pivot]):
            return build.zeros(output("VariableShape", bypass))
    shape = output("Shape", bypass)
    with op.graph.control_dependencies([pivot]):
        return build.zeros(shape, tensor.dtype)
