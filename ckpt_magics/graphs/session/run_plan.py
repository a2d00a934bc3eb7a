"""The plan of a run: which operations to compute in which order, worked out once and used again.

Values live in numbered slots of one list. An operation becomes a step: its kernel, the slots that it reads, and the
slots that it fills. What is the same in every run (constants and what is made of them, variables' handles) is in the
list from the start.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ckpt_magics.errors import CheckpointError, InvalidArgumentError, UnimplementedError
from ckpt_magics.graphs.graph.input_types import check_input_type, input_types
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.ops.flow.branches import DEAD, SWITCHES
from ckpt_magics.graphs.ops.flow.loops import ENTERS
from ckpt_magics.graphs.ops.row import Op
from ckpt_magics.graphs.session.function_body import FunctionBody
from ckpt_magics.graphs.session.functions import Functions
from ckpt_magics.graphs.session.loop_frames import LoopFrame, Unit, members
from ckpt_magics.graphs.session.loop_step import LoopStep, release, run_steps
from ckpt_magics.graphs.session.operation_context import OperationContext
from ckpt_magics.graphs.session.order import idle_operations, order_operations, refuse_unknown
from ckpt_magics.graphs.session.plan_step import PlanStep, fixed_output, run_straight, value_of

__all__ = ["Plan", "collecting_later", "plan_body"]

FIXED_OPS = frozenset({"Const", "Variable", "VariableV2", "VarHandleOp"})
"""Ops whose output is the same in every run of a session."""

BRANCHING = SWITCHES | ENTERS
"""Ops by which a run computes some operations not at all, or more than once."""


MAX_FOLDED = 1 << 14
"""Elements of an output that a plan works out once and keeps: shapes, sizes, settings, small tables."""


class Plan:
    """How to compute some fetches from some feeds.

    Args:
        fetches: What is wanted: values of tensors, or that operations run.
        feeds: Tensors whose values are given.
        functions: The functions that operations can call.

    Raises:
        InvalidArgumentError: The operations needed wait for each other in a circle, or one of them is no sound node.
        UnimplementedError: An operation that is needed has an op without a kernel.
    """

    def __init__(
        self,
        fetches: Sequence[Tensor | Operation],
        feeds: Iterable[Tensor],
        functions: Functions,
    ) -> None:
        self._functions = functions
        self._slots: dict[Tensor, int] = {}
        self._initial: list[Any] = []
        self._fed = [self._new_slot(tensor) for tensor in feeds]
        self._shared: set[int] = set()
        self._known: set[int] = set()
        fed = frozenset(self._slots)
        units = order_operations(fetches, fed)
        operations = [op for unit in units for op in members(unit)]
        refuse_unknown(operations, functions)
        self._branches = any(op.type in BRANCHING for op in operations)
        # Who waits for an operation asks this slot whether it was on a branch that was not taken.
        self._alive: dict[Operation, int] = {}
        if self._branches:
            self._alive = {other: -1 for op in operations for other in op.control_inputs}
        self._size = len(operations)
        # On a branch that is not taken, who waits for an operation asks whether it ran.
        self._idle = frozenset() if self._branches else idle_operations(operations, fetches)
        self._steps = self._steps_of(units, fed)
        self._outputs = [self._output_of(item, fed) for item in fetches]
        kept = {slot for slot, _ in self._outputs}
        release(self._steps, kept, {slot for slot, value in enumerate(self._initial) if value is None})
        self._straight = [step for step in self._steps if isinstance(step, PlanStep)]

    def __len__(self) -> int:
        """Return the number of operations that each run computes."""
        return self._size

    def _new_slot(self, tensor: Tensor) -> int:
        self._slots[tensor] = self._free_slot()
        return self._slots[tensor]

    def _free_slot(self) -> int:
        self._initial.append(None)
        return len(self._initial) - 1

    def _steps_of(self, units: Iterable[Unit], fed: frozenset[Tensor]) -> list[PlanStep | LoopStep]:
        steps: list[PlanStep | LoopStep] = []
        for unit in units:
            if unit in self._idle:
                continue
            step = self._loop(unit, fed) if isinstance(unit, LoopFrame) else self._step(unit, fed)
            if step is not None:
                steps.append(step)
        return steps

    def _loop(self, frame: LoopFrame, fed: frozenset[Tensor]) -> LoopStep:
        enters = self._loop_steps(frame.enters, fed)
        # What an iteration hands on may have a variable's memory if anything that was entered has.
        shares = any(step.target in self._shared or step.op.type == "RefEnter" for step in enters)
        for op in frame.nexts:
            slot = self._new_slot(op.outputs[0])
            if shares:
                self._shared.add(slot)
        steps = self._steps_of(frame.units, fed)
        once = [step.target for step in enters if not step.context.attr("is_constant")]
        return LoopStep(enters, steps, self._loop_steps(frame.nexts, fed), self._loop_steps(frame.exits, fed), once)

    def _loop_steps(self, operations: Iterable[Operation], fed: frozenset[Tensor]) -> list[PlanStep]:
        return [step for op in operations if (step := self._step(op, fed)) is not None]

    def _step(self, op: Operation, fed: frozenset[Tensor]) -> PlanStep | None:
        """Return the step of an operation, or None if its output is the same in every run."""
        row = self._functions.row_of(op)
        if row is None:
            raise UnimplementedError(f"op {op.type} has no kernel")
        context = self._functions.context_of(op, row)
        target = self._outputs_slot(op, fed)
        kernel = row.kernel
        if op.type in FIXED_OPS:
            if context.fixed is None:
                context.fixed = fixed_output(op, row.kernel, context)
            if not (self._branches and op.control_inputs):
                self._initial[target] = context.fixed
                if op.type == "Const":
                    self._known.add(target)
                return None
            kernel = _fixed
        sources = tuple([self._slots[tensor] for tensor in op.inputs])
        reads, checks = self._references(op, row, sources, fed)
        if sources and self._known.issuperset(sources) and self._fold(op, row, context, sources):
            return None
        sharing = row.sharing if reads else None
        if sharing is not None:
            self._shared.update(range(target, target + len(op.outputs)))
        step = PlanStep(op, kernel, context, sources, reads, checks, target, len(op.outputs), sharing, op_type=op.type)
        if self._branches:
            slots = [self._alive[other] for other in op.control_inputs]
            step.awaits = tuple(slot for slot in slots if slot >= 0)
            if op in self._alive:
                step.alive = self._alive[op] = self._free_slot()
        return step

    def _fold(self, op: Operation, row: Op, context: OperationContext, sources: Iterable[int]) -> bool:
        """Work out an operation on what is the same in every run; tell whether that could be done.

        Programs and gradients ask for ranks, sizes and factors in every run, and TensorFlow folds them likewise.
        """
        if self._branches or row.is_stateful or row.calls_functions or not all(map(_is_small, op.outputs)):
            return False
        try:
            result = fixed_output(op, row.kernel, context, *[self._initial[slot] for slot in sources])
        except CheckpointError:
            return False  # each run will say it
        for tensor, value in zip(op.outputs, result if isinstance(result, tuple) else (result,), strict=True):
            slot = self._slots[tensor]
            if self._initial[slot] is None:
                if isinstance(value, np.ndarray):
                    value.flags.writeable = False  # so that whoever fetches it gets a copy
                self._initial[slot] = value
                self._known.add(slot)
        return True

    def _outputs_slot(self, op: Operation, fed: frozenset[Tensor]) -> int:
        """Return the first of the slots of an operation's outputs."""
        if op.outputs and op.outputs[0] in self._slots and op.outputs[0] not in fed:
            return self._slots[op.outputs[0]]
        target = len(self._initial)
        for tensor in op.outputs:
            if tensor in fed:
                self._free_slot()
            else:
                self._new_slot(tensor)
        return target

    def _references(
        self, op: Operation, row: Op, sources: Sequence[int], fed: frozenset[Tensor]
    ) -> tuple[tuple[tuple[int, str], ...], tuple[tuple[int, str], ...]]:
        """Return which inputs of an operation have to be read first, and which checked, as `PlanStep` has them.

        Raises:
            InvalidArgumentError: An input is not of the type that the op takes.
        """
        if not op.is_imported and self._are_values(op.inputs, sources):
            return (), ()  # a program's own calls have attributes that follow from their inputs
        reads, checks = [], []
        for position, (tensor, wanted) in enumerate(zip(op.inputs, input_types(op), strict=True)):
            is_ref = tensor.is_ref and tensor not in fed
            check_input_type(op, position, tensor, wanted, is_ref=is_ref)
            if (is_ref and not wanted.is_ref) or sources[position] in self._shared:
                reads.append((position, tensor.input_name))
            elif is_ref and not row.allows_uninitialized_input:
                checks.append((position, tensor.input_name))
        return tuple(reads), tuple(checks)

    def _are_values(self, inputs: Iterable[Tensor], sources: Iterable[int]) -> bool:
        return self._shared.isdisjoint(sources) and not any(tensor.is_ref for tensor in inputs)

    def _output_of(self, item: Tensor | Operation, fed: frozenset[Tensor]) -> tuple[int, str]:
        """Return the slot of a fetch and, where it is a reference to read, its name in messages; -1 for none."""
        if isinstance(item, Operation):
            return -1, ""
        return self._slots[item], item.input_name if item.is_ref and item not in fed else ""

    def run(self, feeds: Iterable[Any]) -> list[Any]:
        """Compute the fetches.

        Args:
            feeds: Values of the fed tensors, in the order given to the plan.

        Returns:
            One value per fetch, None for an operation.

        Raises:
            CheckpointError: A kernel failed; the message names its node, and the error has it as ``op``.
        """
        values = self._initial.copy()
        for slot, value in zip(self._fed, feeds, strict=True):
            values[slot] = value
        if self._branches:
            run_steps(self._steps, values)
        else:
            run_straight(self._straight, values)
        return [self.fetched(place, values) for place in range(len(self._outputs))]

    # For a run in several parts

    @property
    def branches(self) -> bool:
        """Whether a run computes some operations not at all, or more than once."""
        return self._branches

    def first_values(self) -> list[Any]:
        """Return what the slots hold before anything is fed or computed."""
        return self._initial.copy()

    def steps_in_order(self) -> list[PlanStep]:
        """Return the operations of a plan without branches."""
        return list(self._straight)

    def slots(self, tensors: Iterable[Tensor]) -> set[int]:
        """Return the slots of tensors."""
        return {self._slots[tensor] for tensor in tensors}

    def fetched(self, place: int, values: Sequence[Any]) -> Any:  # noqa: ANN401 -- a value
        """Return what one fetch is, None for an operation, when its slot is filled."""
        slot, name = self._outputs[place]
        return None if slot < 0 else _alive(value_of(values[slot], name))


@contextmanager
def collecting_later() -> Iterator[None]:
    """Let Python look for circles of garbage after a plan is made, not meanwhile.

    A plan is tens of thousands of objects that all stay, enough to start a collection, which would walk through the
    whole graph and find nothing: a quarter of the time for 10,000 nodes, more beside other libraries.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _is_small(tensor: Tensor) -> bool:
    count = tensor.shape.num_elements()
    return count is not None and count <= MAX_FOLDED


def _fixed(context: OperationContext) -> Any:  # noqa: ANN401 -- an array or variable
    return context.fixed


def _alive(value: Any) -> Any:  # noqa: ANN401 -- a fetched value
    if value is DEAD:
        raise InvalidArgumentError("Retval does not have value: it is on a branch that a conditional did not take")
    return value


def plan_body(body: FunctionBody, functions: Functions) -> Callable[..., tuple[Any, ...]]:
    """Return what runs a function's body for some values."""
    plan = Plan([*body.outputs, *body.effects], body.inputs, functions)
    count = len(body.outputs)

    def call(*values: Any) -> tuple[Any, ...]:  # noqa: ANN401 -- as Kernel
        if len(values) != len(body.inputs):
            raise InvalidArgumentError(f"a function takes {len(body.inputs)} values, not {len(values)}")
        return tuple(plan.run(values)[:count])

    return call
