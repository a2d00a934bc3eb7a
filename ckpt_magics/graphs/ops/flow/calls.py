"""Ops that call functions of the graph's library: conditionals and loops of TensorFlow 2, and plain calls.

Format: tensorflow/core/kernels/functional_ops.cc, partitioned_function_ops.cc, core/ops/functional_ops.cc.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ckpt_magics.errors import InvalidArgumentError
from ckpt_magics.graphs.ops.partial_shapes import Array, Shape, shape_from_proto
from ckpt_magics.graphs.ops.row import Attr, KernelContext, Op, ShapeContext, types

__all__ = ["ROWS"]


def _told_shapes(ctx: ShapeContext) -> list[Shape]:
    shapes = ctx.attr("output_shapes")
    count = len(ctx.attr("Tout"))
    return [shape_from_proto(shape) for shape in shapes] if len(shapes) == count else [None] * count


def _unknown_shapes(ctx: ShapeContext) -> list[Shape]:
    return [None] * len(ctx.attr("Tout"))


def _loop_shapes(ctx: ShapeContext) -> list[Shape]:
    shapes = ctx.attr("output_shapes")
    count = len(ctx.attr("T"))
    if len(shapes) == count:
        return [shape_from_proto(shape) for shape in shapes]
    return [ctx.shape(index) for index in range(count)]


def _truth(value: Array) -> bool:
    """Tell whether a value counts as true: a scalar that is not zero or empty, or a tensor with elements."""
    return bool(np.asarray(value)[()]) if not np.ndim(value) else bool(np.size(value))


def _if(ctx: KernelContext, condition: Array, *values: Array) -> tuple[Any, ...]:
    return ctx.call(ctx.attr("then_branch" if _truth(condition) else "else_branch"), *values)


def _case(ctx: KernelContext, index: Array, *values: Array) -> tuple[Any, ...]:
    branches = ctx.attr("branches")
    return ctx.call(branches[index if 0 <= index < len(branches) else -1], *values)


def _while(ctx: KernelContext, *values: Array) -> tuple[Any, ...]:
    condition, body = ctx.attr("cond"), ctx.attr("body")
    while True:
        results = ctx.call(condition, *values)
        if len(results) != 1:
            raise InvalidArgumentError(f"Expected a single value from the condition of a loop, got {len(results)}")
        if not _truth(results[0]):
            return values
        values = ctx.call(body, *values)


def _call(ctx: KernelContext, *values: Array) -> tuple[Any, ...]:
    return ctx.call(ctx.attr("f"), *values)


def _remote_call(ctx: KernelContext, _target: Array, *values: Array) -> tuple[Any, ...]:
    return ctx.call(ctx.attr("f"), *values)


TAKEN, GIVEN = (Attr(name, "list(type)", minimum=0) for name in ("Tin", "Tout"))
SHAPES = Attr("output_shapes", "list(shape)", ())
IF_ATTRS = (types("Tcond"), TAKEN, GIVEN, Attr("then_branch", "func"), Attr("else_branch", "func"), SHAPES)
CASE_ATTRS = (TAKEN, GIVEN, Attr("branches", "list(func)", minimum=1), SHAPES)
WHILE_ATTRS = (
    Attr("T", "list(type)", minimum=0),
    Attr("cond", "func"),
    Attr("body", "func"),
    SHAPES,
    Attr("parallel_iterations", "int", 10),
)
CALL_ATTRS = (
    TAKEN,
    GIVEN,
    Attr("f", "func"),
    *(Attr(name, "string", b"") for name in ("config", "config_proto", "executor_type")),
)
REMOTE_ATTRS = (*(Attr(name, "list(type)", minimum=1) for name in ("Tin", "Tout")), Attr("f", "func"))

IF = "cond: Tcond, input: list(Tin) -> output: list(Tout)"
CASE = "branch_index: int32, input: list(Tin) -> output: list(Tout)"
WHILE = "input: list(T) -> output: list(T)"
CALL = "args: list(Tin) -> output: list(Tout)"

ROWS: tuple[Op, ...] = (
    Op("If", IF, IF_ATTRS, _told_shapes, _if, is_stateful=True),
    Op("StatelessIf", IF, IF_ATTRS, _told_shapes, _if),
    Op("Case", CASE, CASE_ATTRS, _told_shapes, _case, is_stateful=True),
    Op("StatelessCase", CASE, CASE_ATTRS, _told_shapes, _case),
    Op("While", WHILE, WHILE_ATTRS, _loop_shapes, _while, is_stateful=True),
    Op("StatelessWhile", WHILE, WHILE_ATTRS, _loop_shapes, _while),
    Op("PartitionedCall", CALL, CALL_ATTRS, _unknown_shapes, _call),
    Op("StatefulPartitionedCall", CALL, CALL_ATTRS, _unknown_shapes, _call, is_stateful=True, is_distributed=True),
    Op(
        "RemoteCall",
        f"target: string, {CALL}",
        REMOTE_ATTRS,
        _unknown_shapes,
        _remote_call,
        is_stateful=True,
    ),
)
