"""Where in conditionals and loops an operation stands, and which tensors it may take there.

Format: tensorflow/python/ops/control_flow_util.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ckpt_magics.graphs.graph.node import Operation, Tensor

__all__ = ["FlowContext", "check_inputs", "is_inside", "loop_around", "output_context"]

ENTERS = frozenset({"Enter", "RefEnter"})
EXITS = frozenset({"Exit", "RefExit"})
SWITCHES = frozenset({"Switch", "RefSwitch"})


class FlowContext(Protocol):
    """A branch of a conditional, or a loop, that operations are made in.

    Attributes:
        name: Its name.
        outer: The one around it, or None.
        is_loop: Whether it is a loop.
        back_through: What tells the loop that this one, made for gradients, goes back through; None of others.
    """

    name: str
    outer: FlowContext | None
    is_loop: bool
    back_through: ForwardLoop | None

    def add_operation(self, op: Operation) -> None:
        """Fit a new operation in: what it takes from outside comes through nodes of the context."""

    def add_value(self, tensor: Tensor) -> Tensor:
        """Return what stands for a tensor inside."""


class ForwardLoop(Protocol):
    """A loop that another one, made for gradients, goes back through.

    Attributes:
        forward: Its context.
    """

    @property
    def forward(self) -> FlowContext:
        """Its context."""

    def in_turn(self, tensor: Tensor) -> Tensor:
        """Return what a tensor of the loop was in the iteration that is gone back through."""


def contexts_from(context: FlowContext | None) -> Iterator[FlowContext]:
    """Yield a context and those around it."""
    while context is not None:
        yield context
        context = context.outer


def loop_around(context: FlowContext | None) -> FlowContext | None:
    """Return the innermost loop that a context is or is in."""
    return next((one for one in contexts_from(context) if one.is_loop), None)


def is_inside(context: FlowContext | None, other: FlowContext | None) -> bool:
    """Return whether a context is another one or within it; everything is within None."""
    return other is None or any(one is other for one in contexts_from(context))


def output_context(op: Operation) -> FlowContext | None:
    """Return the context that an operation's outputs belong to: those of an exit are outside of the loop."""
    context: FlowContext | None = op.flow_context
    return context.outer if context is not None and op.type in EXITS else context


def check_inputs(op: Operation) -> None:
    """Refuse inputs from the inside of a loop that the operation isn't in.

    Raises:
        ValueError: There is one.
    """
    loop = loop_around(op.flow_context)
    for source in dict.fromkeys(tensor.op for tensor in op.inputs):
        theirs = loop_around(output_context(source))
        if theirs is None or is_inside(loop, theirs) or op.type in ENTERS | SWITCHES or _is_way_back(loop, theirs):
            continue
        where = "they are in different while loops." if loop is not None else f"'{source.name}' is in a while loop."
        raise ValueError(f"Cannot use '{source.name}' as input to '{op.name}' because {where}")


def _is_way_back(loop: FlowContext | None, other: FlowContext) -> bool:
    """Return whether one of two loops goes back through the other, one around it, or one right in it."""
    if loop is None:
        return False
    forward = _forward_of(loop)
    if forward is not None and (is_inside(forward, other) or other.outer is forward):
        return True
    theirs = _forward_of(other)
    return theirs is not None and is_inside(theirs, loop)


def _forward_of(loop: FlowContext) -> FlowContext | None:
    """Return the loop that another one goes back through, or None."""
    return None if loop.back_through is None else loop.back_through.forward
