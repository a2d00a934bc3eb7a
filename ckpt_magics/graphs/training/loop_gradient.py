"""The loop that goes back through another one, the last iteration first.

What it needs of the other's iterations lies on stacks: the loop forward pushes, the loop back pops. All that an
iteration pushes or pops is done before the next one does.

Follows tensorflow/python/ops/control_flow_state.py, _GradLoopState: nodes have the same names, in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ckpt_magics.files.formats.dtypes import INT32, RESOURCE
from ckpt_magics.graphs.graph.flow import ENTERS, SWITCHES, FlowContext, output_context
from ckpt_magics.graphs.graph.graph import Graph
from ckpt_magics.graphs.graph.inference import constant_value
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.nodes.branch_context import CondContext, switched
from ckpt_magics.graphs.nodes.build import apply, output
from ckpt_magics.graphs.nodes.constants import constant
from ckpt_magics.graphs.nodes.loop_context import WhileContext
from ckpt_magics.graphs.nodes.mathematics import add, greater_equal, subtract

__all__ = ["LoopGradient", "loop_back", "within"]

PASSES_ON = SWITCHES | {"Identity", "RefIdentity"}


class LoopGradient:
    """A loop and the one that goes back through it.

    Args:
        forward: The loop.
        around: The same of the loop around it, if gradients go through that too.

    Attributes:
        forward: The loop.
        around: As given.
        context: The loop back.
        merges: Where the gradient of a variable comes in, from outside and from the iteration after it, by the Switch
            that the variable goes through.
        known: What stands for a tensor of the loop in the loop back, by its name.
        exits: What came out of the loop before it was counted.
    """

    def __init__(self, forward: WhileContext, around: LoopGradient | None) -> None:
        self.forward = forward
        self.around = around
        self.merges: dict[Operation, Tensor] = {}
        self.known: dict[str, Tensor] = {}
        self.exits = tuple(forward.exits)
        self._graph = forward.graph
        self._outside = self._graph.flow_context
        self._pushed: Operation | None = None
        self._popped: Operation | None = None
        outer: FlowContext | None = forward.outer if around is None else around.forward
        with within(outer, self._graph):
            count, self._next = _count(forward, around)
        if around is None:
            with within(outer, self._graph):
                self.context = self._loop_back()
                self._left = _count_down(self.context, count)
        else:
            around.forward.values.add(count.name)
            history = around.push(count)
            with within(around.context, self._graph):
                self.context = self._loop_back()
                self._left = _count_down(self.context, around.pop(history, count))
            _await(around.pops, self.context.exits[-1].op)

    def _loop_back(self) -> WhileContext:
        forward = self.forward
        made = WhileContext(self._graph.unique_name(forward.name), self._graph, self._graph.flow_context)
        made.maximum_iterations = forward.maximum_iterations
        made.parallel_iterations = forward.parallel_iterations
        made.back_prop, made.swap_memory = forward.back_prop, forward.swap_memory
        made.back_through = self
        return made

    @property
    def turn(self) -> Operation:
        """What counts an iteration of the loop."""
        return self._next.op.inputs[0].op

    @property
    def pushes(self) -> Operation:
        """What the next iteration waits for, which itself waits for what branches push."""
        if self._pushed is None:
            self._pushed = self._trigger("f_sync", self.forward, self._next)
        return self._pushed

    @property
    def pops(self) -> Operation:
        """What the iteration before waits for in the loop back, which itself waits for what is popped."""
        if self._popped is None:
            self._popped = self._trigger("b_sync", self.context, self._left)
        return self._popped

    def _trigger(self, name: str, context: WhileContext, following: Tensor) -> Operation:
        with self._graph.control_dependencies(None):
            trigger: Operation = apply("ControlTrigger", name=name)
        trigger.flow_context = context
        _await(following.op, trigger)
        return trigger

    @contextmanager
    def outside(self) -> Iterator[None]:
        """Put nodes where the gradients were asked for."""
        with self._graph.in_flow_context(self._outside):
            yield

    @contextmanager
    def around_back(self) -> Iterator[None]:
        """Put nodes right outside of the loop back."""
        with self.outside(), within(self.context.outer, self._graph):
            yield

    def shape_outside(self, tensor: Tensor) -> Tensor:
        """Return the shape of what comes into the loop, right outside of the loop back."""
        measure = "VariableShape" if tensor.dtype is RESOURCE else "Shape"
        if self.around is None:
            return output(measure, tensor)
        with self.outside(), within(self.forward.outer, self._graph):
            shape = output(measure, tensor)
        return self.around.pop(self.around.push(shape), shape)

    # What is remembered

    def push(self, tensor: Tensor, *, is_bypass: bool = False) -> Tensor:
        """Let the loop remember a tensor of each iteration; returns the stack.

        Args:
            tensor: A tensor of the loop, or of a branch in it.
            is_bypass: Whether it has a value where the branch that it is noted in is not taken.
        """
        with self._graph.control_dependencies(None):
            with self.outside(), self._graph.colocate_with(tensor):
                stack = output("StackV2", constant(-1, INT32), elem_type=tensor.dtype, name="f_acc")
            handle = self.forward.add_value(stack)
            context = output_context(tensor.op)
            with self._graph.in_flow_context(context.outer if is_bypass and context is not None else context):
                pushed = output("StackPushV2", handle, tensor, swap_memory=self.forward.swap_memory).op
            pushed.flow_context = context
            _await(self._next.op if context is self.forward else self.pushes, pushed)
            _await(pushed, self.turn)
        return stack

    def pop(self, stack: Tensor, tensor: Tensor, *, is_bypass: bool = False) -> Tensor:
        """Return what a tensor was in the iteration that is gone back through.

        Args:
            stack: What `push` returned.
            tensor: What is remembered.
            is_bypass: As for `push`.
        """
        branch = _branch_of(tensor.op.flow_context, stack.op.flow_context)
        with self._graph.control_dependencies(None), self._graph.in_flow_context(self.context):
            if branch is not None:
                way = 1 - branch.branch if is_bypass else branch.branch
                stack = switched(stack, self._condition(branch.pred))[way]
            popped = output("StackPopV2", stack, elem_type=tensor.dtype)
            popped.set_shape(tensor.shape)
        if self.context.parallel_iterations > 1:
            _await(self.pops, popped.op)
        return popped

    def _condition(self, condition: Tensor) -> Tensor:
        """Return what stands for a condition in the innermost loop back that knows it."""
        loop: LoopGradient | None = self
        while loop is not None:
            if condition.name in loop.known:
                return loop.known[condition.name]
            loop = loop.around
        return condition

    def in_turn(self, tensor: Tensor) -> Tensor:
        """Return what a tensor of the loop was in the iteration that is gone back through; see `ForwardLoop`."""
        if tensor.name not in self.known:
            self.known[tensor.name] = self._in_turn(tensor)
        return self.known[tensor.name]

    def _in_turn(self, tensor: Tensor) -> Tensor:
        owner, source = self, tensor
        while (enter := _constant_enter(source)) is not None:
            # It is the same in all iterations: then the loop around it may remember it, or nobody has to.
            source = enter.inputs[0]
            if owner.around is None:
                return self.context.add_value(source)
            owner = owner.around
        if source.op.type == "Const":
            return constant(constant_value(source), source.dtype)
        with self.outside():
            stack = owner.push(source)
        popped = owner.pop(stack, source)
        return popped if owner is self else self.context.add_value(popped)

    def remembered_condition(self, condition: Tensor) -> Tensor:
        """Return what a condition in the loop was in the iteration that is gone back through."""
        if condition.name not in self.known:
            with self.outside():
                stack = self.push(condition)
            self.known[condition.name] = self.pop(stack, condition)
        return self.known[condition.name]


def loop_back(graph: Graph) -> LoopGradient | None:
    """Return the loop whose way back new operations are on, or None."""
    found = getattr(graph.flow_context, "back_through", None)
    return found if isinstance(found, LoopGradient) else None


@contextmanager
def within(context: FlowContext | None, graph: Graph) -> Iterator[None]:
    """Put nodes into a branch or loop; without one, where they would be anyway."""
    if context is None:
        yield
        return
    with graph.in_flow_context(context):
        yield


def _await(op: Operation, other: Operation) -> None:
    op.await_only([*op.control_inputs, other])


def _branch_of(context: FlowContext | None, end: FlowContext | None) -> CondContext | None:
    """Return the first branch from a context outwards, up to another one."""
    while context is not None and context is not end:
        if isinstance(context, CondContext):
            return context
        context = context.outer
    return None


def _constant_enter(tensor: Tensor) -> Operation | None:
    """Return the Enter that a tensor is as it came in by, if it is the same in all iterations."""
    op = tensor.op
    while op.type in PASSES_ON:
        op = op.inputs[0].op
    return op if op.type in ENTERS and op.get_attr("is_constant") else None


def _count(loop: WhileContext, around: LoopGradient | None) -> tuple[Tensor, Tensor]:
    """Let a loop count its iterations; returns how many there were, and the count that goes to the next one."""
    start = constant(0, name="f_count")
    if around is not None:
        # What an inner loop pushes is in the order of the outer one's iterations.
        _await(start.op, around.turn)
    assert loop.pivot is not None  # noqa: S101 -- the loop is there
    with loop.graph.in_flow_context(loop):
        entered = loop.take_in(start, "f_count")
        merged = apply("Merge", [entered, entered])[0]
        last, current = apply("Switch", merged, loop.pivot)
        following = output("NextIteration", add(current, 1))
        merged.op.replace_input(1, following)
        return loop.hand_over(last, "f_count"), following


def _count_down(loop: WhileContext, count: Tensor) -> Tensor:
    """Let a loop have as many iterations as ``count`` says; returns what goes to the next one."""
    one = constant(1, name="b_count")
    with loop.graph.in_flow_context(loop):
        entered = loop.take_in(count, "b_count")
        merged = loop.pivot_for_pred = apply("Merge", [entered, entered])[0]
        loop.pivot = output("LoopCond", greater_equal(merged, one), name="b_count")
        last, current = apply("Switch", merged, loop.pivot)
        loop.pivot_for_body = subtract(current, one)
        following = output("NextIteration", loop.pivot_for_body)
        merged.op.replace_input(1, following)
        loop.hand_over(last, "b_count")
        return following
