"""A step of a plan: one operation, its kernel, and where its inputs come from and its outputs go to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from ckpt_magics.errors import (
    CheckpointError,
    FailedPreconditionError,
    InvalidArgumentError,
    ResourceExhaustedError,
    visible,
)
from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.ops.flow.branches import DEAD
from ckpt_magics.graphs.ops.partial_shapes import Array
from ckpt_magics.graphs.ops.row import Kernel, Sharing
from ckpt_magics.graphs.ops.variable_values import SessionVariable
from ckpt_magics.graphs.session.operation_context import OperationContext
from ckpt_magics.graphs.session.shared import Shared

__all__ = ["PlanStep", "fixed_output", "value_of"]

Held = Any
"""What a slot holds: an array or scalar, a `SessionVariable`, or a `Shared` value."""

KERNEL_ERRORS = (
    CheckpointError,
    MemoryError,
    ValueError,
    TypeError,
    IndexError,
    KeyError,
    ArithmeticError,
    AttributeError,
)
"""What goes wrong in kernels: their own refusals, NumPy's, and a handle of another kind than the op takes."""


@dataclass(slots=True)
class PlanStep:
    """One operation of a plan.

    Attributes:
        op: The operation.
        kernel: What computes it.
        context: What the kernel sees of it.
        sources: Slot of each input.
        reads: Inputs that are references, or may have a variable's memory, where the op wants values: position, name in
            messages.
        checks: Inputs that are references to variables which must have a value: position, name in messages.
        target: First slot of its outputs.
        count: Number of its outputs.
        sharing: Tells which outputs have an input's memory, if an input may have a variable's.
        awaits: Slots that say whether operations which it waits for were on a branch that was not taken.
        alive: Slot that says the same of it, or -1 where nothing asks.
        done: Slots that no later step reads.
        op_type: The kind of op.
        is_plain: Its kernel takes what the slots hold.
    """

    op: Operation
    kernel: Kernel
    context: OperationContext
    sources: tuple[int, ...]
    reads: tuple[tuple[int, str], ...]
    checks: tuple[tuple[int, str], ...]
    target: int
    count: int
    sharing: Sharing | None = None
    awaits: tuple[int, ...] = ()
    alive: int = -1
    done: tuple[int, ...] = ()
    op_type: str = ""
    is_plain: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_plain = self.sharing is None and not self.reads and not self.checks

    def slots_read(self) -> Iterator[int]:
        """Yield the slots whose values it takes."""
        yield from self.sources
        yield from self.awaits

    def slots_written(self) -> Iterator[int]:
        """Yield the slots of its outputs."""
        yield from range(self.target, self.target + self.count)

    def put(self, result: Any, values: list[Held]) -> None:  # noqa: ANN401 -- as Kernel
        """Put what the kernel returned into the slots."""
        if self.count == 1:
            values[self.target] = result[0] if isinstance(result, tuple) else result
        elif self.count:
            values[self.target : self.target + self.count] = result

    def compute(self, inputs: list[Held]) -> Any:  # noqa: ANN401 -- as Kernel
        """Return what the kernel makes of the inputs, which may be changed.

        Raises:
            CheckpointError: The kernel failed; the message names the node, and the error has it as ``op``.
        """
        try:
            if self.sharing is not None:
                return self._pass_memory_on(self.sharing, inputs)
            if self.reads or self.checks:
                self._dereference(inputs)
            return self.kernel(self.context, *inputs)
        except KERNEL_ERRORS as error:
            raise _named(error, self.op) from error.__cause__

    def _dereference(self, inputs: list[Held]) -> None:
        """Put values in the place of references, and refuse variables without a value."""
        for position, name in self.reads:
            inputs[position] = value_of(inputs[position], name)
        for position, name in self.checks:
            value_of(inputs[position], name)

    def _pass_memory_on(self, sharing: Sharing, inputs: list[Held]) -> tuple[Held, ...]:
        """Compute an op whose outputs may have its inputs' memory, which may be variables'."""
        held = [_in_memory(item) for item in inputs]
        given = held.copy()
        self._dereference(given)
        result = self.kernel(self.context, *given)
        outputs = list(result) if isinstance(result, tuple) else [result]
        for index, position in enumerate(sharing(self.context, *given)):
            source = held[position]
            if isinstance(source, Shared) and outputs[index] is not DEAD:
                same = outputs[index] is given[position]
                remake = partial(self._remake, given, position, index)
                outputs[index] = source if same else source.derive(outputs[index], remake)
        return tuple(outputs)

    def _remake(self, inputs: list[Array], position: int, index: int, value: Array) -> Array:
        """Compute one output again, from another value of one of the inputs."""
        result = self.kernel(self.context, *inputs[:position], value, *inputs[position + 1 :])
        return result[index] if isinstance(result, tuple) else result


def _in_memory(held: Held) -> Held:
    return Shared(held.buffer) if isinstance(held, SessionVariable) and held.buffer is not None else held


def value_of(held: Held, name: str) -> Held:
    """Return the value of what a slot holds as it is now.

    Args:
        held: A variable is read only as a reference.
        name: The reference's name in messages; empty where a variable stands for itself, as a handle.

    Raises:
        FailedPreconditionError: It is a reference to a variable that has no value.
    """
    if isinstance(held, Shared):
        return held.read()
    if isinstance(held, SessionVariable) and name:
        if held.value is None:
            raise FailedPreconditionError(f"Attempting to use uninitialized value {visible(name)}")
        return held.value
    return held


def run_straight(steps: Iterable[PlanStep], values: list[Held]) -> None:
    """Compute steps of which all run.

    A small network's step is some dozens of operations of a few microseconds each: here nothing is called that can be
    spared, so this says what `PlanStep.compute` and `PlanStep.put` say once more for the plainest steps.

    Args:
        steps: The steps in their order.
        values: What the slots hold.

    Raises:
        CheckpointError: A kernel failed.
    """
    for step in steps:
        inputs = [values[slot] for slot in step.sources]
        if step.is_plain:
            try:
                result = step.kernel(step.context, *inputs)
            except KERNEL_ERRORS as error:
                raise _named(error, step.op) from error.__cause__
        else:
            result = step.compute(inputs)
        if step.count == 1:
            values[step.target] = result[0] if isinstance(result, tuple) else result
        else:
            step.put(result, values)
        for slot in step.done:
            values[slot] = None


def fixed_output(op: Operation, kernel: Kernel, context: OperationContext, *inputs: Held) -> Held:
    """Compute an op that gives the same in every run.

    Raises:
        CheckpointError: As `PlanStep.compute`.
    """
    try:
        return kernel(context, *inputs)
    except KERNEL_ERRORS as error:
        raise _named(error, op) from error.__cause__


def _named(error: Exception, op: Operation) -> CheckpointError:
    """Return an error as one of this package whose message names the node that it comes from, as TensorFlow's do."""
    if isinstance(error, CheckpointError):
        named = error
    elif isinstance(error, MemoryError):
        named = ResourceExhaustedError(f"out of memory: {error}")
    else:
        named = InvalidArgumentError(f"{op.type}: {error}")
    named.message = f"{named.message}\n\t [[{{{{node {visible(op.name)}}}}}]]"
    named.args = (named.message,)
    named.op, named.node_def = op, op.node_def
    return named
