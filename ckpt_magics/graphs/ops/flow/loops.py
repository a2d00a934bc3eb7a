"""Ops of loops: nodes that a run computes again and again, in frames of their own.

An Enter takes a value into the frame that it names, an Exit takes it out again. A Merge that takes an Enter and a
NextIteration has the first in the first iteration and the second in each later one; the frame ends when no
NextIteration has a value.

Format: tensorflow/core/kernels/control_flow_ops.cc, core/ops/control_flow_ops.cc, core/common_runtime/executor.cc.
"""

from __future__ import annotations

from ckpt_magics.graphs.ops.partial_shapes import Array, Shape
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, flag, types
from ckpt_magics.graphs.ops.shape_rules import like_input, scalar
from ckpt_magics.graphs.ops.sharing import first_input

__all__ = ["ENTERS", "EXITS", "NEXT_ITERATIONS", "ROWS"]

ENTERS = frozenset({"Enter", "RefEnter"})
"""Ops that take a value into a frame."""

EXITS = frozenset({"Exit", "RefExit"})
"""Ops that take a value out of a frame."""

NEXT_ITERATIONS = frozenset({"NextIteration", "RefNextIteration"})
"""Ops that hand a value to the next iteration."""


def _given(_ctx: KernelContext, value: Array) -> Array:
    return value


def _enter_shape(ctx: ShapeContext) -> list[Shape]:
    # What is not constant may have another shape in each iteration.
    return [ctx.shape(0) if ctx.attr("is_constant") else None]


T = types("T")
FRAME = (T, Attr("frame_name", "string"), flag("is_constant"), Attr("parallel_iterations", "int", 10))

ROWS: tuple[Op, ...] = (
    Op("Enter", "data: T -> output: T", FRAME, _enter_shape, _given, sharing=first_input),
    Op("RefEnter", "data: Ref(T) -> output: Ref(T)", FRAME, like_input(), _given),
    Op("Exit", "data: T -> output: T", (T,), like_input(), _given, sharing=first_input),
    Op("RefExit", "data: Ref(T) -> output: Ref(T)", (T,), like_input(), _given),
    Op("NextIteration", "data: T -> output: T", (T,), like_input(), _given, sharing=first_input),
    Op("RefNextIteration", "data: Ref(T) -> output: Ref(T)", (T,), like_input(), _given),
    Op("LoopCond", "input: bool -> output: bool", (), scalar, _given, sharing=first_input),
)
