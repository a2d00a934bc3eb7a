"""The order in which imported operations are looked at: inputs before what takes them.

Format: tensorflow/core/common_runtime/graph_constructor.cc, GraphConstructor::InitFromEdges.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.graph.node import Operation
from ckpt_magics.graphs.ops.flow.branches import MERGES
from ckpt_magics.graphs.ops.flow.loops import NEXT_ITERATIONS

__all__ = ["inputs_first"]


def inputs_first(ops: Sequence[Operation], *, refuse_cycles: bool) -> Iterator[Operation]:
    """Yield operations after those that they take something from, or wait for.

    What is in or behind a circle follows at the end, in the order that was given.

    Args:
        ops: The operations, connected.
        refuse_cycles: Allow no other circles than loops.

    Raises:
        InvalidArgumentError: Operations wait for each other.
    """
    among = set(ops)
    users: dict[Operation, list[Operation]] = defaultdict(list)
    waiting: dict[Operation, int] = {}
    for op in ops:
        awaited = _awaited(op) & among
        waiting[op] = len(awaited)
        for other in awaited:
            users[other].append(op)
    ready = deque(op for op in ops if not waiting[op])
    while ready:
        op = ready.popleft()
        yield op
        del waiting[op]
        for user in users.pop(op, ()):
            waiting[user] -= 1
            if not waiting[user]:
                ready.append(user)
    if waiting and refuse_cycles:
        raise InvalidArgumentError(f"{len(waiting)} nodes in a cycle")
    yield from waiting


def _awaited(op: Operation) -> set[Operation]:
    inputs = {tensor.op for tensor in op.inputs}
    if op.type in MERGES:
        inputs = {source for source in inputs if source.type not in NEXT_ITERATIONS}
    return inputs.union(op.control_inputs)
