"""Which operations a run needs, in what order, and whether all of them can be run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.ops.rows import find_op
from ckpt_magics.graphs.session.accesses import settle_accesses
from ckpt_magics.phrasing import names_text

__all__ = ["MAX_LISTED", "order_operations", "refuse_unknown"]

PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2"})

MAX_LISTED = 20
"""Things of a kind that one message names."""

LOOPS = frozenset({f"{prefix}{name}" for prefix in ("", "Ref") for name in ("Enter", "Exit", "NextIteration")}) | {
    "LoopCond"
}
"""Ops of loops, which run nodes again and again."""


def order_operations(fetches: Iterable[Tensor | Operation], fed: frozenset[Tensor]) -> list[Operation]:
    """Return the operations that the fetches need, each after all that it waits for.

    Raises:
        InvalidArgumentError: Some of them wait for each other in a circle.
    """
    roots = [item.op if isinstance(item, Tensor) else item for item in fetches if item not in fed]
    ordered = _in_order(roots, partial(_awaited, fed=fed))
    extra = settle_accesses(ordered, partial(_awaited, fed=fed))
    if not extra:
        return ordered
    return _in_order(roots, lambda op: chain(_awaited(op, fed), extra.get(op, ())))


def _in_order(roots: Iterable[Operation], awaited_by: Callable[[Operation], Iterable[Operation]]) -> list[Operation]:
    ordered: list[Operation] = []
    finished: dict[Operation, bool] = {}
    for root in roots:
        if root in finished:
            continue
        finished[root] = False
        # An explicit stack: graphs are deeper than Python's recursion goes.
        stack = [(root, iter(awaited_by(root)))]
        while stack:
            op, awaited = stack[-1]
            following = next((other for other in awaited if not finished.get(other, False)), None)
            if following is None:
                finished[op] = True
                ordered.append(op)
                stack.pop()
            elif following in finished:
                _refuse_circle([entry for entry, _ in stack], following)
            else:
                finished[following] = False
                stack.append((following, iter(awaited_by(following))))
    return ordered


def _awaited(op: Operation, fed: frozenset[Tensor]) -> Iterator[Operation]:
    for tensor in op.inputs:
        if tensor not in fed:
            yield tensor.op
    for other in op.control_inputs:
        # Feeding a placeholder stands for running it.
        if other.type not in PLACEHOLDERS or not any(tensor in fed for tensor in other.outputs):
            yield other


def _refuse_circle(path: list[Operation], op: Operation) -> None:
    circle = path[path.index(op) :]
    if LOOPS & {other.type for other in circle}:
        refuse_unknown(circle)
    names = ", ".join(visible(other.name) for other in circle[:5])
    raise InvalidArgumentError(f"Graph is invalid, contains a cycle with {len(circle)} nodes, including: {names}")


def refuse_unknown(operations: Iterable[Operation]) -> None:
    """Raise UnimplementedError if some of the operations have no kernel; the message names them all."""
    unknown: dict[str, str] = {}
    for op in operations:
        if find_op(op.type) is None:
            unknown.setdefault(op.type, op.name)
    if not unknown:
        return
    listed = [f"{visible(op_type)} (node {visible(name)})" for op_type, name in sorted(unknown.items())]
    hint = "Only what a fetch needs has to have kernels: fetch or feed something before these nodes"
    if unknown.keys() & LOOPS:
        hint += ". Loops and conditionals inside them are not run"
    first, name = next(iter(unknown.items()))
    raise UnimplementedError(
        f"No OpKernel was registered to support Op '{visible(first)}' used by {{{{node {visible(name)}}}}}. "
        f"Ops without a kernel among what is fetched: {names_text(listed, MAX_LISTED)}",
        hint=hint,
    )
