"""The plan of a run: which operations to compute in which order, worked out once and used again.

Values live in numbered slots of one list. An operation becomes a step: its kernel, the slots that it reads, and the
slots that it fills. What is the same in every run (constants, variables' handles) is in the list from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.files.formats.dtypes import DType
from ckpt_magics.graphs.graph.inference import known_op_def
from ckpt_magics.graphs.graph.node import Operation, OutputType, Tensor
from ckpt_magics.graphs.graph.output_types import ArgumentType, argument_types
from ckpt_magics.graphs.ops.branches import DEAD, SWITCHES, is_dead
from ckpt_magics.graphs.ops.row import Op
from ckpt_magics.graphs.ops.rows import find_op
from ckpt_magics.graphs.session.operation_context import OperationContext
from ckpt_magics.graphs.session.order import MAX_LISTED, order_operations, refuse_unknown
from ckpt_magics.graphs.session.plan_step import PlanStep, fixed_output, value_of

__all__ = ["Plan"]

FIXED_OPS = frozenset({"Const", "Variable", "VariableV2", "VarHandleOp"})
"""Ops whose output is the same in every run of a session."""


class Plan:
    """How to compute some fetches from some feeds.

    Args:
        fetches: What is wanted: values of tensors, or that operations run.
        feeds: Tensors whose values are given.
        context_of: Returns what a kernel sees of an operation.

    Raises:
        InvalidArgumentError: The operations needed wait for each other in a circle, or one of them is no sound node.
        UnimplementedError: An operation that is needed has an op without a kernel.
    """

    def __init__(
        self,
        fetches: Sequence[Tensor | Operation],
        feeds: Iterable[Tensor],
        context_of: Callable[[Operation, Op], OperationContext],
    ) -> None:
        self._slots: dict[Tensor, int] = {}
        self._initial: list[Any] = []
        self._fed = [self._new_slot(tensor) for tensor in feeds]
        self._shared: set[int] = set()
        fed = frozenset(self._slots)
        self._steps: list[PlanStep] = []
        operations = order_operations(fetches, fed)
        refuse_unknown(operations)
        self._has_branches = any(op.type in SWITCHES for op in operations)
        for op in operations:
            self._add(op, fed, context_of)
        self._outputs = [self._output_of(item, fed) for item in fetches]
        self._release()

    def __len__(self) -> int:
        """Return the number of operations that each run computes."""
        return len(self._steps)

    def _new_slot(self, tensor: Tensor) -> int:
        self._slots[tensor] = len(self._initial)
        self._initial.append(None)
        return self._slots[tensor]

    def _add(
        self, op: Operation, fed: frozenset[Tensor], context_of: Callable[[Operation, Op], OperationContext]
    ) -> None:
        row = find_op(op.type)
        if row is None:
            raise UnimplementedError(f"op {op.type} has no kernel")
        context = context_of(op, row)
        target = len(self._initial)
        for tensor in op.outputs:
            if tensor in fed:
                self._initial.append(None)
            else:
                self._new_slot(tensor)
        kernel = row.kernel
        if op.type in FIXED_OPS:
            if context.fixed is None:
                context.fixed = fixed_output(op, row.kernel, context)
            if not (self._has_branches and op.control_inputs):
                self._initial[target] = context.fixed
                return
            kernel = _fixed
        sources = tuple(self._slots[tensor] for tensor in op.inputs)
        reads, checks = [], []
        for position, (tensor, wanted) in enumerate(zip(op.inputs, _input_types(op), strict=True)):
            is_ref = tensor.is_ref and tensor not in fed
            if tensor.dtype != wanted.dtype or (wanted.is_ref and not is_ref):
                raise InvalidArgumentError(
                    f"Input {position} of node {visible(op.name)} was passed {_type_name(tensor.dtype, is_ref)} from "
                    f"{visible(tensor.name)} incompatible with expected {_type_name(*wanted)}."
                )
            if (is_ref and not wanted.is_ref) or sources[position] in self._shared:
                reads.append((position, tensor.input_name))
            elif is_ref and not row.allows_uninitialized_input:
                checks.append((position, tensor.input_name))
        sharing = row.sharing if reads else None
        if sharing is not None:
            self._shared.update(range(target, target + len(op.outputs)))
        self._steps.append(
            PlanStep(op, kernel, context, sources, tuple(reads), tuple(checks), target, len(op.outputs), sharing)
        )

    def _output_of(self, item: Tensor | Operation, fed: frozenset[Tensor]) -> tuple[int, str]:
        """Return the slot of a fetch and, where it is a reference to read, its name in messages; -1 for none."""
        if isinstance(item, Operation):
            return -1, ""
        return self._slots[item], item.input_name if item.is_ref and item not in fed else ""

    def _release(self) -> None:
        """Note with each step which values no later step needs, so that they need not be kept in memory."""
        kept = {slot for slot, _ in self._outputs}
        for step in reversed(self._steps):
            used = {slot for slot in step.sources if self._initial[slot] is None} - kept
            step.done = tuple(used)
            kept |= used

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
        skipped: set[Operation] = set()
        for step in self._steps:
            inputs = [values[slot] for slot in step.sources]
            if self._has_branches and _is_skipped(step.op, inputs, skipped):
                skipped.add(step.op)
                result: Any = (DEAD,) * step.count
            else:
                result = step.compute(inputs)
            if step.count == 1:
                values[step.target] = result[0] if isinstance(result, tuple) else result
            elif step.count:
                values[step.target : step.target + step.count] = result
            for slot in step.done:
                values[slot] = None
        return [None if slot < 0 else _alive(value_of(values[slot], name)) for slot, name in self._outputs]


def _fixed(context: OperationContext) -> Any:  # noqa: ANN401 -- an array or variable
    return context.fixed


def _is_skipped(op: Operation, inputs: Sequence[Any], skipped: set[Operation]) -> bool:
    """Tell whether an operation is on a branch that a conditional did not take."""
    if op.type != "Merge" and not skipped.isdisjoint(op.control_inputs):
        return True
    return is_dead(op.type, inputs)


def _alive(value: Any) -> Any:  # noqa: ANN401 -- a fetched value
    if value is DEAD:
        raise InvalidArgumentError("Retval does not have value: it is on a branch that a conditional did not take")
    return value


@cache
def _input_arguments(op_type: str) -> tuple[ArgumentType, ...]:
    op_def = known_op_def(op_type)
    return () if op_def is None else ArgumentType.of(op_def.input_arg)


def _input_types(op: Operation) -> list[OutputType]:
    """Return what an operation has to be given; imported ones may lack it.

    Raises:
        InvalidArgumentError: It has more or fewer inputs.
    """
    wanted = list(argument_types(_input_arguments(op.type), op.node_def))
    if len(wanted) != len(op.inputs):
        names = [_type_name(*output) for output in wanted[:MAX_LISTED]] + ["..."] * (len(wanted) > MAX_LISTED)
        raise InvalidArgumentError(
            f"NodeDef expected inputs '{', '.join(names)}' do not match {len(op.inputs)} inputs specified by node "
            f"{visible(op.name)} (op {op.type})"
        )
    return wanted


def _type_name(dtype: DType, is_ref: bool) -> str:
    return f"{dtype.c_name}_ref" if is_ref else dtype.c_name
