"""Who comes first at a variable where the graph does not say it.

Two operations that use one variable, one of them to change it, may run in either order unless one waits for the other.
TensorFlow's executor starts operations as they become ready, first come, first served, and that is the order that a
program mostly sees: a loss that is fetched along with a training step is the loss before the step. The order here is
the one that a single thread of the executor would take.

Follows tensorflow/core/common_runtime/executor.cc, ScheduleReady.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ckpt_magics.files.formats.dtypes import RESOURCE
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.ops.rows import find_op
from ckpt_magics.graphs.session.loop_frames import Unit, members

__all__ = ["settle_accesses"]

U = TypeVar("U", Operation, Unit)

VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp"})

READING = frozenset({"IsVariableInitialized", "VarIsInitializedOp", "ReadVariableOp", "VariableShape", "RefSwitch"})
"""Ops that are given a variable and do not change it."""


def settle_accesses(
    units: Sequence[U], awaited: Callable[[U], Iterable[U]], operations: Iterable[Operation] | None = None
) -> dict[U, list[U]]:
    """Return for which others some operations have to wait besides those that the graph says.

    Args:
        units: The operations of a run or of a loop, each after all that it waits for; a loop stands for its own.
        awaited: Returns what one of them waits for.
        operations: All operations of the run, where that is more.
    """
    changing = {unit for unit in units if any(map(_changes, members(unit)))}
    if not changing:
        return {}
    ranks = _ranks(units, awaited)
    homes = _variables(operations if operations is not None else (op for unit in units for op in members(unit)))
    extra: dict[U, list[U]] = {}
    for accesses in _accesses(units, homes).values():
        if changing.isdisjoint(accesses):
            continue
        _order_one(sorted(accesses, key=ranks.__getitem__), changing, extra)
    return extra


def _changes(op: Operation) -> bool:
    if op.type in READING or not any(tensor.is_ref or tensor.dtype is RESOURCE for tensor in op.inputs):
        return False
    row = find_op(op.type)
    if row is None or row.sharing is not None:
        return False
    return any(
        tensor.dtype is RESOURCE or (tensor.is_ref and arg.is_ref)
        for tensor, arg in zip(op.inputs, row.inputs, strict=False)
    )


def _ranks(units: Sequence[U], awaited: Callable[[U], Iterable[U]]) -> dict[U, int]:
    """Return when each operation would start if all were served as they become ready."""
    waiting: dict[U, int] = {}
    followers: dict[U, list[U]] = {}
    for unit in sorted(units, key=lambda unit: unit.position):
        before = set(awaited(unit))
        waiting[unit] = len(before)
        for other in before:
            followers.setdefault(other, []).append(unit)
    ready = deque(unit for unit in waiting if not waiting[unit])
    ranks: dict[U, int] = {}
    while ready:
        unit = ready.popleft()
        ranks[unit] = len(ranks)
        for follower in followers.get(unit, ()):
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    return ranks


def _variables(operations: Iterable[Operation]) -> dict[Tensor, Operation]:
    """Return the tensors that are variables, or have a variable's memory, with the variable."""
    homes: dict[Tensor, Operation] = {}
    for op in operations:
        if op.type in VARIABLES:
            homes.update((tensor, op) for tensor in op.outputs)
            continue
        variable = next((homes[tensor] for tensor in op.inputs if tensor in homes), None)
        if variable is not None and _passes_on(op):
            homes.update((tensor, variable) for tensor in op.outputs)
    return homes


def _accesses(units: Iterable[U], homes: dict[Tensor, Operation]) -> dict[Operation, list[U]]:
    """Return, for each variable, what it or tensors in its memory are given to."""
    found: dict[Operation, dict[U, None]] = {}
    for unit in units:
        for op in members(unit):
            for tensor in op.inputs:
                if tensor in homes:
                    found.setdefault(homes[tensor], {})[unit] = None
    return {variable: list(accesses) for variable, accesses in found.items()}


def _passes_on(op: Operation) -> bool:
    row = find_op(op.type)
    return (row is not None and row.sharing is not None) or any(tensor.is_ref for tensor in op.outputs)


def _order_one(accesses: list[U], changing: set[U], extra: dict[U, list[U]]) -> None:
    """Let each change of a variable wait for the accesses before it, and these for the change before them."""
    last: U | None = None
    readers: list[U] = []
    for unit in accesses:
        if unit not in changing:
            readers.append(unit)
            if last is not None:
                extra.setdefault(unit, []).append(last)
            continue
        extra.setdefault(unit, []).extend(readers or ([] if last is None else [last]))
        last, readers = unit, []
