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

from ckpt_magics.files.formats.dtypes import RESOURCE
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.ops.rows import find_op

__all__ = ["settle_accesses"]

Awaited = Callable[[Operation], Iterable[Operation]]

VARIABLES = frozenset({"Variable", "VariableV2", "VarHandleOp"})

READING = frozenset({"IsVariableInitialized", "VarIsInitializedOp", "ReadVariableOp", "VariableShape", "RefSwitch"})
"""Ops that are given a variable and do not change it."""


def settle_accesses(operations: Sequence[Operation], awaited: Awaited) -> dict[Operation, list[Operation]]:
    """Return for which others some operations have to wait besides those that the graph says.

    Args:
        operations: The operations of a run, each after all that it waits for.
        awaited: Returns what an operation waits for.
    """
    changing = {op for op in operations if _changes(op)}
    if not changing:
        return {}
    ranks = _ranks(operations, awaited)
    extra: dict[Operation, list[Operation]] = {}
    for accesses in _accesses(operations).values():
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


def _ranks(operations: Sequence[Operation], awaited: Awaited) -> dict[Operation, int]:
    """Return when each operation would start if all were served as they become ready."""
    waiting: dict[Operation, int] = {}
    followers: dict[Operation, list[Operation]] = {op: [] for op in operations}
    for op in sorted(operations, key=lambda op: op.position):
        before = set(awaited(op))
        waiting[op] = len(before)
        for other in before:
            followers[other].append(op)
    ready = deque(op for op in waiting if not waiting[op])
    ranks: dict[Operation, int] = {}
    while ready:
        op = ready.popleft()
        ranks[op] = len(ranks)
        for follower in followers[op]:
            waiting[follower] -= 1
            if not waiting[follower]:
                ready.append(follower)
    return ranks


def _accesses(operations: Sequence[Operation]) -> dict[Operation, list[Operation]]:
    """Return, for each variable, the operations that it or tensors in its memory are given to."""
    homes: dict[Tensor, Operation] = {}
    found: dict[Operation, list[Operation]] = {}
    for op in operations:
        if op.type in VARIABLES:
            homes.update((tensor, op) for tensor in op.outputs)
            continue
        given = dict.fromkeys(homes[tensor] for tensor in op.inputs if tensor in homes)
        for variable in given:
            found.setdefault(variable, []).append(op)
        if given and _passes_on(op):
            homes.update((tensor, next(iter(given))) for tensor in op.outputs)
    return found


def _passes_on(op: Operation) -> bool:
    row = find_op(op.type)
    return (row is not None and row.sharing is not None) or any(tensor.is_ref for tensor in op.outputs)


def _order_one(accesses: list[Operation], changing: set[Operation], extra: dict[Operation, list[Operation]]) -> None:
    """Let each change of a variable wait for the accesses before it, and these for the change before them."""
    last: Operation | None = None
    readers: list[Operation] = []
    for op in accesses:
        if op not in changing:
            readers.append(op)
            if last is not None:
                extra.setdefault(op, []).append(last)
            continue
        extra.setdefault(op, []).extend(readers or ([] if last is None else [last]))
        last, readers = op, []
