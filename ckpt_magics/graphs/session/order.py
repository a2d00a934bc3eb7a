"""Which operations a run needs, in what order, and whether all of them can be run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import TypeVar

from ckpt_magics.errors import InvalidArgumentError, UnimplementedError, visible
from ckpt_magics.graphs.graph.node import Operation, Tensor
from ckpt_magics.graphs.ops.flow.branches import MERGES
from ckpt_magics.graphs.ops.flow.loops import ENTERS, EXITS, NEXT_ITERATIONS
from ckpt_magics.graphs.ops.rows import find_op
from ckpt_magics.graphs.session.accesses import settle_accesses
from ckpt_magics.graphs.session.function_body import called_functions
from ckpt_magics.graphs.session.functions import Functions
from ckpt_magics.graphs.session.loop_frames import LoopFrame, Unit, assign_frames, dependencies
from ckpt_magics.phrasing import names_text

__all__ = ["idle_operations", "order_operations", "refuse_unknown"]

PLACEHOLDERS = frozenset({"Placeholder", "PlaceholderV2"})

U = TypeVar("U", Operation, Unit)

MAX_LISTED = 20
"""Things of a kind that one message names."""


def order_operations(fetches: Iterable[Tensor | Operation], fed: frozenset[Tensor]) -> list[Unit]:
    """Return the operations that the fetches need, each after all that it waits for; a loop stands for all of its own.

    Raises:
        InvalidArgumentError: Some of them wait for each other in a circle, or a loop is not well formed.
    """
    roots = [item.op if isinstance(item, Tensor) else item for item in fetches if item not in fed]
    awaited = _Awaited(fed).__getitem__
    ordered = _in_order(roots, awaited, partial(_handed_on, fed=fed))
    if any(op.type in ENTERS or op.type in EXITS for op in ordered):
        root, homes = assign_frames(ordered, awaited)
        _refuse_inside(roots, homes, root)
        _arrange(root, homes, awaited)
        return root.units
    extra = settle_accesses(ordered, awaited)
    if extra:
        ordered = _in_order(roots, lambda op: awaited(op) + extra[op] if op in extra else awaited(op))
    return list(ordered)


def _arrange(
    frame: LoopFrame, homes: dict[Operation, LoopFrame], awaited: Callable[[Operation], Iterable[Operation]]
) -> None:
    """Bring the units of a frame and of those inside it into the order in which one iteration runs them."""
    waits = dependencies(frame, homes, awaited)
    units = _in_order(frame.units, waits.__getitem__)
    extra = settle_accesses(units, waits.__getitem__, homes)
    frame.units = _in_order(units, lambda unit: chain(waits[unit], extra.get(unit, ()))) if extra else units
    for unit in units:
        if isinstance(unit, LoopFrame):
            _arrange(unit, homes, awaited)


def _refuse_inside(roots: Iterable[Operation], homes: dict[Operation, LoopFrame], root: LoopFrame) -> None:
    for op in roots:
        if homes[op] is not root and not (op.type in EXITS and homes[op].outer is root):
            raise InvalidArgumentError(
                f"{{{{node {visible(op.name)}}}}} runs in every iteration of loop '{visible(homes[op].name)}', and "
                "cannot be fetched: fetch what the loop gives"
            )


def _in_order(
    roots: Iterable[U], awaited_by: Callable[[U], Iterable[U]], later: Callable[[U], Iterable[U]] | None = None
) -> list[U]:
    """Return the roots and all that they wait for, each after what it waits for.

    Args:
        roots: What is wanted.
        awaited_by: Returns what one of them waits for.
        later: Returns what has to be among them too wherever one of them is, but need not come before it.
    """
    ordered: list[U] = []
    finished: dict[U, bool] = {}
    wanted = list(roots)
    for root in wanted:
        if root in finished:
            continue
        finished[root] = False
        # An explicit stack: graphs are deeper than Python's recursion goes.
        stack = [(root, iter(awaited_by(root)))]
        while stack:
            op, awaited = stack[-1]
            for following in awaited:
                if not finished.get(following, False):
                    break
            else:
                finished[op] = True
                ordered.append(op)
                stack.pop()
                if later is not None:
                    wanted.extend(later(op))
                continue
            if following in finished:
                _refuse_circle([entry for entry, _ in stack], following)
            finished[following] = False
            stack.append((following, iter(awaited_by(following))))
    return ordered


class _Awaited(dict[Operation, list[Operation]]):
    """What each operation waits for, in a loop within one iteration: worked out once, for several walks ask."""

    def __init__(self, fed: frozenset[Tensor]) -> None:
        super().__init__()
        self._fed = fed

    def __missing__(self, op: Operation) -> list[Operation]:
        fed = self._fed
        if op.type in MERGES:
            inputs = [tensor for tensor in op.inputs if tensor.op.type not in NEXT_ITERATIONS]
        else:
            inputs = op.inputs
        self[op] = [
            *[tensor.op for tensor in inputs if tensor not in fed],
            # Feeding a placeholder stands for running it.
            *[op for op in op.control_inputs if op.type not in PLACEHOLDERS or fed.isdisjoint(op.outputs)],
        ]
        return self[op]


def _handed_on(op: Operation, fed: frozenset[Tensor]) -> Iterable[Operation]:
    """Return what gives an operation values for the next iteration."""
    if op.type not in MERGES:
        return ()
    return [tensor.op for tensor in op.inputs if tensor not in fed and tensor.op.type in NEXT_ITERATIONS]


def _refuse_circle(path: list[U], unit: U) -> None:
    circle = path[path.index(unit) :]
    names = ", ".join(visible(other.name) for other in circle[:5])
    raise InvalidArgumentError(f"Graph is invalid, contains a cycle with {len(circle)} nodes, including: {names}")


def idle_operations(operations: Sequence[Operation], fetches: Iterable[Tensor | Operation]) -> frozenset[Operation]:
    """Return operations that others only wait for, and that leave nothing behind: none of them need be computed.

    Gradients are full of them: each rule makes the gradients of all inputs, which wait for each other, those of images
    and labels too.

    Args:
        operations: Those of a run, in its order.
        fetches: What is wanted.

    Follows tensorflow/core/grappler/optimizers/dependency_optimizer.cc, SafeToConvertToNoOp.
    """
    used = {item.op if isinstance(item, Tensor) else item for item in fetches}
    idle = []
    for op in reversed(operations):
        if op not in used and _leaves_nothing(op):
            idle.append(op)
        else:
            used.update([tensor.op for tensor in op.inputs])
    return frozenset(idle)


def _leaves_nothing(op: Operation) -> bool:
    row = find_op(op.type)
    if row is None or row.is_stateful or row.calls_functions:
        return False
    return bool(op.inputs) and not any(arg.is_ref for arg in row.inputs)


def refuse_unknown(operations: Iterable[Operation], functions: Functions) -> None:
    """Raise UnimplementedError if some of the operations have no kernel; the message names them all.

    Those in the functions that they call count too.
    """
    definitions = functions.definitions()
    unknown: dict[str, str] = {}
    seen: set[str] = set()
    nodes = deque(op.node_def for op in operations)
    while nodes:
        node = nodes.popleft()
        row = find_op(node.op)
        if row is None and node.op not in definitions:
            unknown.setdefault(node.op, node.name)
        elif definitions and (row is None or row.calls_functions):
            called = {node.op} if row is None else {function.name for function in called_functions(node.attr)}
            for name in (called & definitions.keys()) - seen:
                seen.add(name)
                nodes.extend(definitions[name].node_def)
    if not unknown:
        return
    listed = [f"{visible(op_type)} (node {visible(name)})" for op_type, name in sorted(unknown.items())]
    hint = "Only what a fetch needs has to have kernels: fetch or feed something before these nodes"
    first, name = next(iter(unknown.items()))
    raise UnimplementedError(
        f"No OpKernel was registered to support Op '{visible(first)}' used by {{{{node {visible(name)}}}}}. "
        f"Ops without a kernel among what is fetched: {names_text(listed, MAX_LISTED)}",
        hint=hint,
    )
